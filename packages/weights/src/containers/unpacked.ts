import { WeightsError } from "../error.ts";
import { headBytes, keptWindowBytes, maxExpansion, maxKeptBytes, maxUnpackPasses } from "../limits.ts";
import type { Reader } from "../tensor.ts";
import type { Codec, Decompressor } from "./codec.ts";

/** Packed bytes handed to the decompressor at a time. */
const feedBytes = 256 * 1024;

/** The packed bytes of a stream: a range of a reader. */
export interface PackedRange {
  readonly reader: Reader;
  readonly at: number;
  readonly bytes: number;
  readonly codec: Codec;
}

/**
 * A compressed stream as a reader of what it unpacks to. Forward reads cost one pass. A stream of up to 64 MiB is kept whole; of a
 * longer one the last 8 MiB are kept, and reading further back unpacks again from the beginning.
 *
 * `read` throws MALFORMED for a broken stream and EXPANDS beyond `maxExpansion` or after `maxUnpackPasses` passes.
 */
export class UnpackedReader implements Reader {
  readonly size: number;
  readonly #packed: PackedRange;
  #chunks: Uint8Array[] = [];
  #keptAt = 0;
  #keptBytes = 0;
  #stream: AsyncGenerator<Uint8Array> | undefined;
  #unpackedBytes = 0;
  #queue: Promise<unknown> = Promise.resolve();

  /** @param size How much it unpacks to, as the archive says; a lie makes reads come back short. */
  constructor(packed: PackedRange, size: number) {
    this.#packed = packed;
    this.size = size;
  }

  /** Reads wait for each other: there is one stream. */
  read(at: number, length: number): Promise<Uint8Array> {
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
    const end = Math.min(at + length, this.size);
    if (at < 0 || at >= end) return new Uint8Array(0);
    if (!this.#stream && end <= headBytes) {
      const head = await this.#peek();
      if (head.length >= end) return head.subarray(at, end);
    }
    if (at < this.#keptAt || !this.#stream) await this.#restart();
    while (this.#keptAt + this.#keptBytes < end && (await this.#advance(at)));
    return this.#copy(at, Math.min(end, this.#keptAt + this.#keptBytes));
  }

  /** Most members of an archive are looked at once, at their beginning: no decompressor is kept for that. */
  async #peek(): Promise<Uint8Array> {
    const { reader, at, bytes, codec } = this.#packed;
    return codec.peek(await reader.read(at, Math.min(bytes, headBytes)));
  }

  async #restart(): Promise<void> {
    await this.close();
    this.#stream = unpack(this.#packed);
  }

  /** One chunk more; false at the end. Chunks before both `wantedAt` and the window are let go. */
  async #advance(wantedAt: number): Promise<boolean> {
    const next = await this.#stream?.next();
    if (!next || next.done) return false;
    this.#unpackedBytes += next.value.length;
    if (this.#unpackedBytes > maxUnpackPasses * Math.max(this.size, maxKeptBytes)) {
      throw new WeightsError("EXPANDS", `read back and forth more than ${maxUnpackPasses} times`);
    }
    this.#chunks.push(next.value);
    this.#keptBytes += next.value.length;
    if (this.size <= maxKeptBytes) return true;
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

/** How many bytes a stream unpacks to, by unpacking it once. @throws {WeightsError} MALFORMED, EXPANDS. */
export async function unpackedSize(packed: PackedRange): Promise<number> {
  let bytes = 0;
  for await (const chunk of unpack(packed)) bytes += chunk.length;
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
      if (unpacked > maxKeptBytes && unpacked > maxExpansion * progress.fed) {
        throw new WeightsError("EXPANDS", `unpacks to more than ${maxExpansion} times its size`, { at });
      }
      yield chunk;
    }
  } catch (error) {
    if (progress.failure !== undefined) throw progress.failure; // the file could not be read: no fault of the stream
    if (error instanceof WeightsError) throw error;
    throw new WeightsError("MALFORMED", `the ${codec.name} stream is broken`, { at, cause: error });
  } finally {
    stream.destroy();
    await feeding;
  }
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
