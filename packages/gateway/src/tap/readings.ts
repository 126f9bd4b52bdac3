import { maxPrincipals } from "../limits.ts";

/** What detectors read of one principal, as numbers: NaN where there is nothing to say. */
export interface SlotReading {
  readonly queries: number;
  /** Reading over alarm level; NaN while calibrating. */
  readonly novelty: number;
  readonly learning: number;
  /** Agreement of a clone, 0…1. */
  readonly progress: number;
  /** 1 while alarms can be promised, 0 while calibrating. */
  readonly ready: number;
  /** Which model it is of, by its number; the one read last. */
  readonly model: number;
}

const fields = ["queries", "novelty", "learning", "progress", "ready", "model"] as const;

/** The table in which the worker leaves its readings, one row a principal. Written by one thread, read by the other. */
export class Readings {
  readonly memory: SharedArrayBuffer;
  readonly #numbers: Float64Array;

  constructor(memory = new SharedArrayBuffer(8 * fields.length * maxPrincipals)) {
    this.memory = memory;
    this.#numbers = new Float64Array(memory);
  }

  write(slot: number, reading: SlotReading): void {
    fields.forEach((it, i) => (this.#numbers[slot * fields.length + i] = reading[it]));
  }

  /** Undefined when nothing was read yet. */
  read(slot: number): SlotReading | undefined {
    const at = slot * fields.length;
    const [queries = 0, novelty = NaN, learning = NaN, progress = NaN, ready = 0, model = 0] = this.#numbers.subarray(
      at,
      at + fields.length,
    );
    return queries === 0 ? undefined : { queries, novelty, learning, progress, ready, model };
  }
}
