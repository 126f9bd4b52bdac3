import { createHmac } from "node:crypto";

/**
 * Numbers that only the holder of `seed` can foresee: the 32-bit little-endian words of HMAC-SHA256(seed, "label|counter"),
 * counter from 0 in decimal. The same seed and label give the same numbers everywhere and for ever.
 */
export class KeyedStream {
  readonly #seed: Uint8Array;
  readonly #label: string;
  #counter = 0;
  #words = new DataView(new ArrayBuffer(0));
  #at = 0;

  constructor(seed: Uint8Array, label: string) {
    this.#seed = seed;
    this.#label = label;
  }

  /** The next number from 0 to 2^32 - 1. */
  next(): number {
    if (this.#at >= this.#words.byteLength) {
      const block = createHmac("sha256", this.#seed).update(`${this.#label}|${this.#counter++}`).digest();
      this.#words = new DataView(block.buffer, block.byteOffset, block.length);
      this.#at = 0;
    }
    this.#at += 4;
    return this.#words.getUint32(this.#at - 4, true);
  }

  /** The next number from 0 to `count` - 1, each as likely: words that would favour some are thrown away. `count` up to 2^53. */
  below(count: number): number {
    if (count <= 1) return 0;
    if (!(count <= 2 ** 53)) throw new RangeError(`a draw below ${count}`);
    const wide = count > 2 ** 32;
    const range = wide ? 2 ** 53 : 2 ** 32;
    const fair = range - (range % count);
    for (;;) {
      const drawn = wide ? (this.next() & 0x1fffff) * 2 ** 32 + this.next() : this.next();
      if (drawn < fair) return drawn % count;
    }
  }
}
