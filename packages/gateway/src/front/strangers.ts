import { guessesPerMinute, maxAddresses } from "../limits.ts";
import { Bucket } from "../admission/gcra.ts";

const minuteMs = 60_000;

/** Who sends keys that are none: each address gets a bucket of guesses. The addresses that guessed longest ago go first. */
export class Strangers {
  readonly #buckets = new Map<string, Bucket>();

  /** Counts one failed key. False when the address has used up its guesses. */
  mayGuess(address: string, now: number): boolean {
    const bucket = this.#buckets.get(address) ?? new Bucket(guessesPerMinute, minuteMs);
    this.#buckets.delete(address);
    this.#buckets.set(address, bucket);
    if (this.#buckets.size > maxAddresses) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    if (bucket.waitMs(1, now) !== 0) return false;
    bucket.take(1, now);
    return true;
  }
}
