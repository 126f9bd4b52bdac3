/** What the detectors' thread does at this moment, as far as it may hang. */
export const works = [
  "reads",
  "starts",
  "loads the encoder",
  "encodes a prompt",
  "links accounts",
  "writes what it remembers",
] as const;
export type Work = (typeof works)[number];

/** A sign of life in shared memory: the detectors' thread beats, the main thread looks whether it still does. */
export class Pulse {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** From the thread that works. @param work What it begins; absent: it goes on with the same. */
  beat(work?: Work): void {
    if (work !== undefined) Atomics.store(this.#words, 1, works.indexOf(work));
    Atomics.add(this.#words, 0, 1);
  }

  /** Changes with each beat. */
  get count(): number {
    return Atomics.load(this.#words, 0);
  }

  get work(): Work {
    return works[Atomics.load(this.#words, 1)] ?? "reads";
  }
}
