// Who fails waits: longer each time, never for ever, and never whom others failed for.

/** Tries before the first wait: a person mistypes a password, then remembers another. */
const free = 5;
/** Longest wait, in ms: a guesser has a hundred tries a day, and a person locked out by one is in after a coffee. */
const longestMs = 15 * 60_000;
/** After this long without a failure all is forgotten, in ms. */
const forgetMs = 60 * 60_000;
/** Most names and addresses of strangers that are remembered; the oldest goes. */
const maxStrangers = 10_000;

interface Failures {
  count: number;
  at: number;
}

/** Counts failures by key: an account's name, an address, a browser that is known. In memory: a restart forgives. */
export class Delays {
  readonly #kept = new Map<string, Failures>();
  readonly #strangers = new Map<string, Failures>();
  readonly #isKnown: (key: string) => boolean;

  /** @param isKnown Keys of which there are few, which nobody's flood may push out. */
  constructor(isKnown: (key: string) => boolean) {
    this.#isKnown = isKnown;
  }

  /** Until when these may not try, in ms since 1970; 0: they may now. */
  until(keys: readonly string[], now: number): number {
    return Math.max(0, ...keys.map((it) => this.#until(it, now)));
  }

  /** Counts a try as failed, before it is known whether it is: many at once are no way around. */
  count(keys: readonly string[], now: number): void {
    for (const it of keys) {
      const map = this.#mapOf(it);
      const before = map.get(it);
      const count = before && now - before.at < forgetMs ? before.count + 1 : 1;
      map.delete(it);
      map.set(it, { count, at: now });
    }
    for (const [it] of this.#strangers) {
      if (this.#strangers.size <= maxStrangers) break;
      this.#strangers.delete(it);
    }
  }

  /** It was none: only this try. */
  uncount(keys: readonly string[]): void {
    for (const it of keys) {
      const found = this.#mapOf(it).get(it);
      if (found) found.count--;
    }
  }

  forget(keys: readonly string[]): void {
    for (const it of keys) this.#mapOf(it).delete(it);
  }

  #until(key: string, now: number): number {
    const found = this.#mapOf(key).get(key);
    if (!found || now - found.at >= forgetMs || found.count < free) return 0;
    const until = found.at + Math.min(longestMs, 1000 * 2 ** Math.min(20, found.count - free));
    return until > now ? until : 0;
  }

  #mapOf(key: string): Map<string, Failures> {
    return this.#isKnown(key) ? this.#kept : this.#strangers;
  }
}
