import { Worker } from "node:worker_threads";
import { maxSilenceMs, workerHeapMb, workerYoungMb } from "./limits.ts";
import type { ReadAnswer, ReadJob } from "./read-candidate.ts";
import type { Place } from "./open-file.ts";
import type { Walked } from "./walk.ts";
import type { Job, Message } from "./worker.ts";

type Answer = Exclude<Message, { kind: "reading" }>;

interface Desk {
  worker: Worker;
  busy: boolean;
}

/** Why a job got no answer: its worker died of it, or fell silent. */
export class JobLost extends Error {
  override readonly name = "JobLost";
}

/** Threads that walk and read. A job that kills its thread is lost alone; the thread is replaced. */
export class Crew {
  readonly #desks: Desk[] = [];
  readonly #waiting: ((desk: Desk) => void)[] = [];
  readonly #skip: readonly string[];
  readonly #onRead: (bytes: number) => void;
  #closed = false;

  constructor(size: number, options: { readonly skip: Iterable<string>; readonly onRead: (bytes: number) => void }) {
    this.#skip = [...options.skip];
    this.#onRead = options.onRead;
    for (let i = 0; i < size; i++) this.#desks.push({ worker: this.#hire(), busy: false });
  }

  /** @throws {JobLost} */
  async walk(places: readonly Place[]): Promise<Walked> {
    const answer = await this.#run({ kind: "walk", places });
    if (answer.kind !== "walked") throw new JobLost("the worker answered another question");
    return answer.walked;
  }

  /** @throws {JobLost} */
  async read(job: ReadJob): Promise<ReadAnswer> {
    const answer = await this.#run({ kind: "read", ...job });
    if (answer.kind !== "read") throw new JobLost("the worker answered another question");
    return answer.answer;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#desks.map(({ worker }) => worker.terminate()));
  }

  async #run(job: Job): Promise<Answer> {
    const desk = await this.#freeDesk();
    try {
      return await this.#ask(desk.worker, job);
    } catch (error) {
      // Not awaited: a thread that hangs in a system call ends when that returns.
      void desk.worker.terminate();
      if (!this.#closed) desk.worker = this.#hire();
      throw error;
    } finally {
      this.#leave(desk);
    }
  }

  #ask(worker: Worker, job: Job): Promise<Answer> {
    return new Promise((done, failed) => {
      const silent = (): void => end(() => failed(new JobLost(`gave no sign for ${maxSilenceMs / 1000} s`)));
      let timer = setTimeout(silent, maxSilenceMs);
      const end = (then: () => void): void => {
        clearTimeout(timer);
        worker.off("message", onMessage);
        worker.off("error", onError);
        worker.off("exit", onExit);
        then();
      };
      const onMessage = (message: Message): void => {
        if (message.kind !== "reading") {
          end(() => done(message));
          return;
        }
        this.#onRead(message.bytes);
        clearTimeout(timer);
        timer = setTimeout(silent, maxSilenceMs);
      };
      const onError = (error: Error): void => end(() => failed(lost(error)));
      const onExit = (): void => end(() => failed(new JobLost("its reader ended")));
      worker.on("message", onMessage);
      worker.on("error", onError);
      worker.on("exit", onExit);
      worker.postMessage(job);
    });
  }

  #hire(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: { skip: this.#skip },
      resourceLimits: { maxOldGenerationSizeMb: workerHeapMb, maxYoungGenerationSizeMb: workerYoungMb },
    });
    worker.on("error", () => undefined); // told to whoever waits for an answer
    worker.setMaxListeners(0);
    return worker;
  }

  #freeDesk(): Promise<Desk> | Desk {
    const free = this.#desks.find((it) => !it.busy);
    if (!free) return new Promise((done) => this.#waiting.push(done));
    free.busy = true;
    return free;
  }

  #leave(desk: Desk): void {
    const next = this.#waiting.shift();
    if (next) next(desk);
    else desk.busy = false;
  }
}

function lost(error: Error): JobLost {
  const code = "code" in error ? error.code : undefined;
  if (code === "ERR_WORKER_OUT_OF_MEMORY")
    return new JobLost(`needs more than ${workerHeapMb} MB of memory to be read`);
  return new JobLost(`made its reader fail: ${error.message}`, { cause: error });
}
