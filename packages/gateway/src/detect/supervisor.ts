import { Worker } from "node:worker_threads";
import type { RingWriter } from "../tap/ring.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./protocol.ts";

/** Waits before a dead worker is started again, in ms: the first at once, then longer, so that a bad record is no spinning wheel. */
const restartMs = [100, 500, 2_000, 5_000];
/** How long a worker must live to count as well again, in ms. */
const wellMs = 60_000;

/** What the supervisor tells of its worker. */
export interface Told {
  readonly heard: (it: FromWorker) => void;
  /** The worker is gone, and detectors are blind until `back`. */
  readonly gone: (why: string) => void;
  readonly back: () => void;
}

/** Keeps a detector worker running. */
export class Supervisor {
  readonly #makeStart: () => WorkerStart;
  readonly #told: Told;
  readonly #retell: () => void;
  #worker: Worker | undefined;
  #deaths = 0;
  #bornAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  #ready: (() => void) | undefined;

  /** @param retell Called for each new worker: it must be told all names again. */
  constructor(makeStart: () => WorkerStart, told: Told, retell: () => void) {
    this.#makeStart = makeStart;
    this.#told = told;
    this.#retell = retell;
  }

  /** Starts the worker, and waits until it reads. A worker that cannot start does not keep the gateway from serving. */
  async start(): Promise<void> {
    const ready = new Promise<void>((done) => (this.#ready = done));
    this.#begin();
    await Promise.race([ready, new Promise<void>((done) => setTimeout(done, 30_000).unref())]);
  }

  #begin(): void {
    this.#bornAt = Date.now();
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: this.#makeStart() });
    this.#worker = worker;
    worker.on("message", (it: FromWorker) => {
      if (it.say === "ready") {
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

  /** For tests and for changes of what a worker is started with: ends it as a crash would. */
  kill(): void {
    void this.#worker?.terminate();
  }

  /** Lets the worker read what is left, for at most `ms`, then ends it. */
  async stop(ring: RingWriter, ms: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise<void>((done) => worker.once("exit", () => done()));
    ring.close();
    await Promise.race([ended, new Promise<void>((done) => setTimeout(done, ms).unref())]);
    await worker.terminate();
  }
}
