import { z } from "zod";

/** A memory as plain JSON: keys in the order of their last use, oldest first. */
export interface RememberedState {
  readonly entries: readonly (readonly [key: string, at: number, value: unknown])[];
  readonly dropped: number;
}

const stored = z.object({
  entries: z.array(z.tuple([z.string(), z.number(), z.unknown()])),
  dropped: z.int().nonnegative(),
});

/**
 * States by key, bounded in number and in age. A flood of new keys pushes out those used longest ago, and is counted: memory
 * stays small, and what was forgotten is said. Age is told by events' own time, so replaying is the same as living.
 */
export class Remembered<Value> {
  readonly #limit: number;
  readonly #ageMs: number;
  readonly #entries = new Map<string, { at: number; value: Value }>();
  /** Stands before the oldest key that is left: looking for it from the start would pass over all that were deleted, each time. */
  #inOrder = this.#entries.keys();
  #dropped = 0;

  constructor(limit: number, ageMs: number) {
    this.#limit = limit;
    this.#ageMs = ageMs;
  }

  /** How many were pushed out before their time. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The value of a key, unless it was last kept longer ago than memory lasts. */
  recall(key: string, now: number): Value | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (now - entry.at > this.#ageMs) return undefined;
    return entry.value;
  }

  /** Keeps a value as the most recently used. `at` never goes back: a late event must not age a state. */
  keep(key: string, value: Value, at: number): void {
    const before = this.#entries.get(key);
    if (before) {
      // The same object again: entries live long, and one is kept for nearly every event.
      before.at = Math.max(at, before.at);
      before.value = value;
      this.#entries.delete(key);
      this.#entries.set(key, before);
      return;
    }
    this.#entries.set(key, { at, value });
    if (this.#entries.size <= this.#limit) return;
    const oldest = this.#inOrder.next();
    if (!oldest.done) this.#entries.delete(oldest.value);
    this.#dropped++;
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  values(): Value[] {
    return [...this.#entries.values()].map((it) => it.value);
  }

  snapshot(): RememberedState {
    return {
      entries: [...this.#entries].map(([key, { at, value }]) => [key, at, structuredClone(value)] as const),
      dropped: this.#dropped,
    };
  }

  /** Takes over a snapshot of its own kind. What a value means is its owner's business: states are ours, not strangers'. */
  restore(state: unknown): void {
    const { entries, dropped } = stored.parse(state);
    this.#entries.clear();
    this.#inOrder = this.#entries.keys();
    for (const [key, at, value] of entries) this.#entries.set(key, { at, value: value as Value });
    this.#dropped = dropped;
  }
}
