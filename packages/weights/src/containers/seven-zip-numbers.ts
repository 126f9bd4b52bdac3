// Source: Igor Pavlov, 7-Zip 26, `DOC/7zFormat.txt`, "Notes about Notation and encoding".
import { WeightsError } from "../error.ts";

/** Numbers of a header that is in memory. All methods throw TRUNCATED beyond its end. */
export class HeaderBytes {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw new WeightsError("TRUNCATED", "a 7z header that ends too early");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  u32(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.take(4);
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
  }

  /** "REAL_UINT64" packed: as many ones as the first byte begins with, so many bytes follow; what is left of it are the highest bits. */
  number(): number {
    const first = this.byte();
    let value = 0;
    let mask = 0x80;
    for (let i = 0; i < 8; i++, mask >>= 1) {
      if (!(first & mask)) {
        value += (first & (mask - 1)) * 2 ** (8 * i);
        break;
      }
      value += this.byte() * 2 ** (8 * i);
    }
    if (!Number.isSafeInteger(value)) throw new WeightsError("TOO_LARGE", "a 7z number beyond 2^53");
    return value;
  }

  /** A number of things, each of which takes a byte of the header or stands for one below `most`. */
  count(what: string, most: number): number {
    const value = this.number();
    if (value > most) throw new WeightsError("TOO_MANY", `${value} ${what} in a 7z`);
    return value;
  }

  expect(id: number): void {
    const found = this.number();
    if (found !== id) throw new WeightsError("MALFORMED", `7z property ${found} where ${id} belongs`);
  }

  bits(count: number): boolean[] {
    const bytes = this.take(Math.ceil(count / 8));
    return Array.from({ length: count }, (_, i) => (((bytes[i >> 3] ?? 0) << (i & 7)) & 0x80) !== 0);
  }

  rest(encoding: string): string {
    return new TextDecoder(encoding).decode(this.take(this.#bytes.length - this.#at));
  }
}
