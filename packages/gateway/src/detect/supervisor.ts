import { Worker } from "node:worker_threads";
import type { RingWriter } from "../tap/ring.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./protocol.ts";
import { Pulse, type Work } from "./pulse.ts";

/** Waits before a dead worker is started again, in ms: the first at once, then longer, so that a bad record is no spinning wheel. */
const restartMs = [100, 500, 2_000, 5_000];
/** How long a worker must live to count as well again, in ms. */
const wellMs = 60_000;
/** How often a sign of life is looked for, as a share of how long may pass without one. */
const looks = 20;
/** How long one linking of accounts may go without one, as a multiple of that: 2,000 accounts take five seconds of a core that others use too. */
const longTimes = 4;
/** How long a thread may take to its first sign, in ms: until then it only reads its own program. */
const birthMs = 120_000;
/** How long the gateway's own start waits for its detectors, in ms. */
const patienceMs = 30_000;

/** What the supervisor tells of its worker. */
export interface Told {
  readonly heard: (it: FromWorker) => void;
  /** The worker is gone, and detectors are blind until `back`. */
  readonly gone: (why: string) => void;
  readonly back: () => void;
  /** It gave no sign of life, and will be ended. */
  readonly hung: (work: Work) => void;
}

/** Keeps a detector worker running. */
export class Supervisor {
  readonly #makeStart: () => WorkerStart;
  readonly #told: Told;
  readonly #retell: () => void;
  readonly #pulse: Pulse;
  readonly #hangMs: number;
  readonly #startMs: number;
  #looking: NodeJS.Timeout | undefined;
  /** The last beat, and at how many looks it was still the last. */
  #beat = 0;
  #still = 0;
  #worker: Worker | undefined;
  #deaths = 0;
  #bornAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  #isReady = false;
  /** Whether this worker gave its first sign. */
  #isBorn = false;
  #ready: (() => void) | undefined;

  /**
   * @param retell Called for each new worker: it must be told all names again.
   * @param limits How long a worker may give no sign of life while it works, and while it starts.
   */
  constructor(
    makeStart: () => WorkerStart,
    told: Told,
    retell: () => void,
    pulse: Pulse,
    { hangMs, startMs }: { readonly hangMs: number; readonly startMs: number },
  ) {
    this.#makeStart = makeStart;
    this.#told = told;
    this.#retell = retell;
    this.#pulse = pulse;
    this.#hangMs = hangMs;
    this.#startMs = startMs;
  }

  /** Starts the worker, and waits until it reads. A worker that cannot start does not keep the gateway from serving. */
  async start(): Promise<void> {
    const ready = new Promise<void>((done) => (this.#ready = done));
    this.#begin();
    this.#looking = setInterval(() => this.#look(), this.#lookMs);
    this.#looking.unref();
    await Promise.race([ready, new Promise<void>((done) => setTimeout(done, patienceMs).unref())]);
    if (!this.#isReady) this.#told.gone("it has not begun yet");
  }

  get #lookMs(): number {
    return Math.min(this.#hangMs, this.#startMs) / looks;
  }

  get #patienceMs(): number {
    if (!this.#isReady) return this.#isBorn ? this.#startMs : birthMs;
    return this.#pulse.work === "links accounts" ? longTimes * this.#hangMs : this.#hangMs;
  }

  /** Looks are counted, not time: while this whole machine or process stood still, nobody looked. */
  #look(): void {
    const worker = this.#worker;
    const { count, work } = this.#pulse;
    if (!worker || count !== this.#beat) {
      this.#isBorn = worker !== undefined;
      this.#beat = count;
      this.#still = 0;
      return;
    }
    if (++this.#still * this.#lookMs < this.#patienceMs) return;
    this.#still = 0;
    this.#told.hung(work);
    this.#told.gone(`it ${work} and gives no sign of life`);
    void worker.terminate();
  }

  #begin(): void {
    this.#bornAt = Date.now();
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: this.#makeStart() });
    this.#worker = worker;
    this.#isReady = false;
    this.#isBorn = false;
    this.#still = 0;
    worker.on("message", (it: FromWorker) => {
      if (it.say === "ready") {
        this.#isReady = true;
        this.#told.back();
        this.#ready?.();
      }
      this.#told.heard(it);
    });
    let why = "ended";
    worker.on("error", (error) => (why = error.message));
    worker.on("exit", () => this.#ended(worker, why));
    this.#retell();
  }

  #ended(worker: Worker, why: string): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#isReady = false;
    if (this.#stopping) return;
    this.#told.gone(why);
    if (Date.now() - this.#bornAt > wellMs) this.#deaths = 0;
    const wait = restartMs[Math.min(this.#deaths++, restartMs.length - 1)] ?? 5_000;
    this.#timer = setTimeout(() => this.#begin(), wait);
    this.#timer.unref();
  }

  tell(it: ToWorker): void {
    this.#worker?.postMessage(it);
  }

  /** For tests: ends it as a crash would. */
  kill(): void {
    void this.#worker?.terminate();
  }

  /**
   * Lets the worker read what is left and write what it remembers, for at most `ms`, then ends it.
   * @returns Whether it was done by then.
   */
  async stop(ring: RingWriter, ms: number): Promise<boolean> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    clearInterval(this.#looking);
    const worker = this.#worker;
    if (!worker) return false;
    const ended = new Promise<boolean>((done) => worker.once("exit", (code) => done(code === 0)));
    ring.close();
    const isDone = await Promise.race([
      ended,
      new Promise<boolean>((done) => setTimeout(() => done(false), ms).unref()),
    ]);
    await worker.terminate();
    return isDone;
  }
}
