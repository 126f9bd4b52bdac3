import { WeightsError } from "../error.ts";
import {
  freeExpansionBytes,
  headBytes,
  keptWindowBytes,
  maxExpansion,
  maxKeptBytes,
  maxUnpackPasses,
  maxWholeBytes,
} from "../limits.ts";
import type { Reader } from "../tensor.ts";
import type { Budget } from "./allowance.ts";
import type { Codec, Decompressor } from "./codec.ts";

/** Packed bytes handed to the decompressor at a time. */
const feedBytes = 64 * 1024;

/** The packed bytes of a stream: a range of a reader. */
interface PackedRange {
  readonly reader: Reader;
  readonly at: number;
  readonly bytes: number;
  readonly codec: Codec;
  /** What may be unpacked to look into it; undefined: as much as it takes. */
  readonly budget?: Budget | undefined;
}

/**
 * A compressed stream as a reader of what it unpacks to. Forward reads cost one pass. A stream of up to `maxKeptBytes` is kept whole; of a
 * longer one the last `keptWindowBytes` are kept, and reading further back unpacks again from the beginning.
 *
 * `read` throws MALFORMED for a broken stream, EXPANDS beyond `maxExpansion` or after `maxUnpackPasses` passes, BUDGET.
 */
export class UnpackedReader implements Reader {
  readonly #packed: PackedRange;
  #size: number;
  #head: Uint8Array | undefined;
  #chunks: Uint8Array[] = [];
  #keptAt = 0;
  #keptBytes = 0;
  #stream: AsyncGenerator<Uint8Array> | undefined;
  #unpackedBytes = 0;
  #reached = 0;
  #queue: Promise<unknown> = Promise.resolve();

  /**
   * @param size How much it unpacks to, as the archive says; a lie makes reads come back short. Undefined: nobody says, and
   * finding out would cost a pass; then `size` is out of reach until a read came to the end.
   */
  constructor(packed: PackedRange, size?: number) {
    this.#packed = packed;
    this.#size = size ?? Number.MAX_SAFE_INTEGER;
  }

  get size(): number {
    return this.#size;
  }

  /** A second reader of the same stream: reading elsewhere with it does not lose this one's place. */
  fork(): UnpackedReader {
    return new UnpackedReader(this.#packed, this.#size);
  }

  /** Reads wait for each other: there is one stream. */
  read(at: number, length: number): Uint8Array | Promise<Uint8Array> {
    const result = this.#queue.then(() => this.#read(at, length));
    this.#queue = result.catch(() => undefined); // the caller sees the failure; the next read starts anew
    return result;
  }

  /** Lets go of the decompressor and of what was kept; a later read starts anew. */
  async close(): Promise<void> {
    await this.#stream?.return(undefined);
    this.#stream = undefined;
    this.#chunks = [];
    this.#keptAt = 0;
    this.#keptBytes = 0;
  }

  async #read(at: number, length: number): Promise<Uint8Array> {
    const end = Math.min(at + length, this.#size);
    if (at < 0 || at >= end) return new Uint8Array(0);
    if (!this.#stream && end <= headBytes && at >= 0) {
      const head = (this.#head ??= await this.#peek());
      if (head.length >= end) return head.subarray(at, end);
    }
    if (at + length <= this.#keptAt + this.#keptBytes && at >= this.#keptAt) return this.#copy(at, end);
    if (at < this.#keptAt || !this.#stream) await this.#restart();
    while (this.#keptAt + this.#keptBytes < end && (await this.#advance(at)));
    return this.#copy(at, Math.min(end, this.#keptAt + this.#keptBytes));
  }

  /** Most members of an archive are looked at once, at their beginning: no decompressor is kept for that. */
  async #peek(): Promise<Uint8Array> {
    const { reader, at, bytes, codec } = this.#packed;
    return codec.peek(await reader.read(at, Math.min(bytes, headBytes))).slice(0, headBytes);
  }

  async #restart(): Promise<void> {
    await this.close();
    const whole = await this.#unpackWhole();
    if (whole) this.#keep(whole);
    this.#stream = whole ? nothing() : unpack(this.#packed);
  }

  /** Of a short stream all at once. */
  async #unpackWhole(): Promise<Uint8Array | undefined> {
    const { reader, at, bytes, codec } = this.#packed;
    if (!codec.whole || this.#size > maxWholeBytes || bytes > 2 * maxWholeBytes) return undefined;
    return codec.whole(await reader.read(at, bytes), this.#size);
  }

  #keep(chunk: Uint8Array): void {
    this.#packed.budget?.spend(chunk.length);
    this.#chunks.push(chunk);
    this.#keptBytes += chunk.length;
    this.#unpackedBytes += chunk.length;
    this.#reached = Math.max(this.#reached, this.#keptAt + this.#keptBytes);
  }

  /** One chunk more; false at the end. Chunks before both `wantedAt` and the window are let go. */
  async #advance(wantedAt: number): Promise<boolean> {
    const next = await this.#stream?.next();
    if (!next || next.done) {
      this.#size = Math.min(this.#size, this.#keptAt + this.#keptBytes);
      return false;
    }
    this.#keep(next.value);
    if (this.#unpackedBytes > maxUnpackPasses * Math.max(this.#reached, freeExpansionBytes)) {
      throw new WeightsError("EXPANDS", `read back and forth more than ${maxUnpackPasses} times`);
    }
    if (this.#keptAt + this.#keptBytes <= maxKeptBytes) return true;
    for (let first = this.#chunks[0]; first; first = this.#chunks[0]) {
      const over = this.#keptBytes - first.length >= keptWindowBytes && this.#keptAt + first.length <= wantedAt;
      if (!over) break;
      this.#chunks.shift();
      this.#keptAt += first.length;
      this.#keptBytes -= first.length;
    }
    return true;
  }

  #copy(at: number, end: number): Uint8Array {
    const out = new Uint8Array(Math.max(0, end - at));
    let chunkAt = this.#keptAt;
    for (const chunk of this.#chunks) {
      const from = Math.max(at, chunkAt);
      const to = Math.min(end, chunkAt + chunk.length);
      if (from < to) out.set(chunk.subarray(from - chunkAt, to - chunkAt), from - at);
      chunkAt += chunk.length;
    }
    return out;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** How many bytes a stream unpacks to, by unpacking it once. @throws {WeightsError} MALFORMED, EXPANDS, BUDGET. */
export async function unpackedSize(packed: PackedRange): Promise<number> {
  let bytes = 0;
  for await (const chunk of unpack(packed)) {
    bytes += chunk.length;
    packed.budget?.spend(chunk.length);
  }
  return bytes;
}

async function* unpack(packed: PackedRange): AsyncGenerator<Uint8Array> {
  const { at, codec } = packed;
  const stream = codec.stream();
  const progress: Progress = { fed: 0, failure: undefined };
  const feeding = feed(stream, packed, progress);
  let unpacked = 0;
  try {
    for await (const chunk of stream) {
      unpacked += chunk.length;
      if (unpacked > freeExpansionBytes && unpacked > maxExpansion * progress.fed) {
        throw new WeightsError("EXPANDS", `unpacks to more than ${maxExpansion} times its size`, { at });
      }
      yield chunk;
    }
  } catch (error) {
    if (progress.failure !== undefined) throw progress.failure; // the file could not be read: no fault of the stream
    if (unpacked > 0 && isEarlyEnd(error)) return; // a stream that was cut: what came is what there is
    if (error instanceof WeightsError) throw error;
    throw new WeightsError("MALFORMED", `the ${codec.name} stream is broken`, { at, cause: error });
  } finally {
    stream.destroy();
    await feeding;
  }
}

/** Node's zlib, when the packed bytes end before the stream does. */
function isEarlyEnd(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "Z_BUF_ERROR";
}

interface Progress {
  fed: number;
  failure: unknown;
}

/** Writes the packed bytes into the stream until it ends or is closed; a write that a closed stream swallowed is not waited for. */
async function feed(stream: Decompressor, { reader, at, bytes }: PackedRange, progress: Progress): Promise<void> {
  const closed = new Promise<void>((done) => void stream.once("close", done));
  try {
    while (progress.fed < bytes && !stream.destroyed) {
      const piece = await reader.read(at + progress.fed, Math.min(feedBytes, bytes - progress.fed));
      if (piece.length === 0) break;
      progress.fed += piece.length;
      const written = new Promise<void>((done) => void stream.write(piece, () => done())); // an error reaches the reading side
      await Promise.race([written, closed]);
    }
    if (!stream.destroyed) stream.end();
  } catch (error) {
    progress.failure = error;
    stream.destroy();
  }
}
