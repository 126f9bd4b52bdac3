import { exactNumber } from "./cursor.ts";
import { WeightsError } from "./error.ts";
import { maxHeaderBytes, maxPieceBytes } from "./limits.ts";
import type { Reader } from "./tensor.ts";

const pageBytes = 16 * 1024;
const maxPages = 256;

/** Most numbers read: a model of 10,000 tensors takes half a million, a hostile one sends the reader in circles. */
const maxNumbers = 20_000_000;

/**
 * Reads single numbers anywhere in a file, little-endian, keeping the pages last used: for formats that are a graph of offsets.
 *
 * Every method throws OUT_OF_FILE beyond the end, TOO_LARGE once `maxHeaderBytes` and TOO_MANY once 20 million numbers were read.
 */
export class Pages {
  readonly size: number;
  readonly #reader: Reader;
  readonly #pages = new Map<number, DataView>();
  #readBytes = 0;
  #numbers = 0;

  constructor(reader: Reader) {
    this.#reader = reader;
    this.size = reader.size;
  }

  async u8(at: number): Promise<number> {
    const { view, from } = await this.#locate(at, 1);
    return view.getUint8(from);
  }

  async u16(at: number): Promise<number> {
    const { view, from } = await this.#locate(at, 2);
    return view.getUint16(from, true);
  }

  async u32(at: number): Promise<number> {
    const { view, from } = await this.#locate(at, 4);
    return view.getUint32(from, true);
  }

  async i32(at: number): Promise<number> {
    const { view, from } = await this.#locate(at, 4);
    return view.getInt32(from, true);
  }

  /** As a number. @throws {WeightsError} TOO_LARGE above 2^53 - 1. */
  async u64(at: number, what: string): Promise<number> {
    const { view, from } = await this.#locate(at, 8);
    return exactNumber(view.getBigUint64(from, true), what, at);
  }

  async bytes(at: number, length: number, what: string): Promise<Uint8Array> {
    if (length > maxPieceBytes) throw new WeightsError("TOO_LARGE", `${what} has ${length} bytes`, { at });
    if (length === 0) return new Uint8Array(0);
    const { view, from } = await this.#locate(at, length);
    return new Uint8Array(view.buffer, view.byteOffset + from, length).slice();
  }

  async #locate(at: number, length: number): Promise<{ view: DataView; from: number }> {
    if (!Number.isSafeInteger(at) || at < 0 || at + length > this.size) {
      throw new WeightsError("OUT_OF_FILE", `${length} bytes at ${at} in a file of ${this.size}`, { at });
    }
    if (++this.#numbers > maxNumbers) throw new WeightsError("TOO_MANY", "a header that goes in circles", { at });
    const page = Math.floor(at / pageBytes);
    const from = at - page * pageBytes;
    if (from + length > pageBytes) return { view: await this.#load(at, length), from: 0 };
    let view = this.#pages.get(page);
    if (!view) {
      view = await this.#load(page * pageBytes, Math.min(pageBytes, this.size - page * pageBytes));
      if (this.#pages.size >= maxPages) this.#pages.delete(this.#pages.keys().next().value ?? 0);
      this.#pages.set(page, view);
    }
    return { view, from };
  }

  async #load(at: number, length: number): Promise<DataView> {
    this.#readBytes += length;
    if (this.#readBytes > maxHeaderBytes) {
      throw new WeightsError("TOO_LARGE", `the header is spread over more than ${maxHeaderBytes} bytes`, { at });
    }
    const bytes = await this.#reader.read(at, length);
    if (bytes.length < length) {
      throw new WeightsError("TRUNCATED", `${length} bytes were promised, ${bytes.length} came`, { at });
    }
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }
}
