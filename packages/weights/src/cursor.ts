import { WeightsError } from "./error.ts";
import { maxHeaderBytes, maxPieceBytes } from "./limits.ts";
import type { Reader } from "./tensor.ts";

const windowBytes = 64 * 1024;

/**
 * Walks over a header from front to back, reading a window at a time. Ask for bytes with `want` (which may wait for the
 * reader), then take them synchronously: taking what was not wanted is a bug and throws a RangeError.
 * All numbers are little-endian unless `bigEndian` is set.
 *
 * `want` throws TRUNCATED beyond `end`, TOO_LARGE beyond `maxPieceBytes` at once or `maxHeaderBytes` in all.
 */
export class Cursor {
  readonly end: number;
  bigEndian = false;
  readonly #reader: Reader;
  #window: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#window.buffer);
  #windowAt = 0;
  #at: number;
  #walked = 0;

  constructor(reader: Reader, at = 0, end = reader.size) {
    this.#reader = reader;
    this.#at = at;
    this.end = Math.min(end, reader.size);
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.end - this.#at;
  }

  /** Whether the next `count` bytes are in memory already: the fast way past `want` in a loop. */
  holds(count: number): boolean {
    return (
      this.#at >= this.#windowAt &&
      this.#at + count <= this.#windowAt + this.#window.length &&
      this.#at + count <= this.end
    );
  }

  async want(count: number, what: string): Promise<void> {
    if (this.holds(count)) return;
    if (count > this.left) {
      throw new WeightsError("TRUNCATED", `${what} needs ${count} bytes, ${Math.max(0, this.left)} are left`, {
        at: this.#at,
      });
    }
    if (count > maxPieceBytes) {
      throw new WeightsError("TOO_LARGE", `${what} has ${count} bytes, more than ${maxPieceBytes}`, { at: this.#at });
    }
    await this.#load(Math.min(Math.max(count, windowBytes), this.left), count, what);
  }

  async #load(length: number, needed: number, what: string): Promise<void> {
    this.#walked += length;
    if (this.#walked > maxHeaderBytes) {
      throw new WeightsError("TOO_LARGE", `the header is longer than ${maxHeaderBytes} bytes`, { at: this.#at });
    }
    const window = await this.#reader.read(this.#at, length);
    if (window.length < needed) {
      throw new WeightsError("TRUNCATED", `${what} needs ${needed} bytes, the file gave ${window.length}`, {
        at: this.#at,
      });
    }
    this.#window = window;
    this.#view = new DataView(window.buffer, window.byteOffset, window.length);
    this.#windowAt = this.#at;
  }

  /** @throws {WeightsError} OUT_OF_FILE beyond `end`; going backwards is allowed and re-reads. */
  seek(at: number, what: string): void {
    if (at < 0 || at > this.end) {
      throw new WeightsError("OUT_OF_FILE", `${what} lies at byte ${at}, beyond the end at ${this.end}`, {
        at: this.#at,
      });
    }
    this.#at = at;
  }

  skip(count: number, what: string): void {
    this.seek(this.#at + count, what);
  }

  /** The next byte, without taking it. */
  peek(): number {
    return this.#view.getUint8(this.#at - this.#windowAt);
  }

  u8(): number {
    return this.#view.getUint8(this.#step(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#step(2), !this.bigEndian);
  }

  u32(): number {
    return this.#view.getUint32(this.#step(4), !this.bigEndian);
  }

  i32(): number {
    return this.#view.getInt32(this.#step(4), !this.bigEndian);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#step(8), !this.bigEndian);
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#step(8), !this.bigEndian);
  }

  f32(): number {
    return this.#view.getFloat32(this.#step(4), !this.bigEndian);
  }

  f64(): number {
    return this.#view.getFloat64(this.#step(8), !this.bigEndian);
  }

  /** A view on the window, valid until the next `want`; copy what is kept. */
  take(count: number): Uint8Array {
    const from = this.#step(count);
    if (from + count > this.#window.length) throw new RangeError("taken without being wanted");
    return this.#window.subarray(from, from + count);
  }

  #step(count: number): number {
    const from = this.#at - this.#windowAt;
    this.#at += count;
    return from;
  }
}

/**
 * A 64-bit size or offset as a number.
 * @throws {WeightsError} TOO_LARGE above 2^53 - 1: no file is that large, so the number lies.
 */
export function exactNumber(value: bigint, what: string, at?: number): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new WeightsError("TOO_LARGE", `${what} is ${value}`, { at });
  }
  return Number(value);
}

/**
 * Exactly `length` bytes from `at`.
 * @throws {WeightsError} TRUNCATED if the file ends before; TOO_LARGE beyond `maxPieceBytes` unless `most` says otherwise.
 */
export async function readExactly(
  reader: Reader,
  at: number,
  length: number,
  what: string,
  most = maxPieceBytes,
): Promise<Uint8Array> {
  if (length > most) throw new WeightsError("TOO_LARGE", `${what} has ${length} bytes, more than ${most}`, { at });
  const inside = at >= 0 && at + length <= reader.size;
  const bytes = inside ? await reader.read(at, length) : new Uint8Array(0);
  if (bytes.length !== length || !inside) {
    throw new WeightsError("TRUNCATED", `${what} needs ${length} bytes, the file has ${reader.size}`, { at });
  }
  return bytes;
}
