import { readExactly } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { freeExpansionBytes, maxUnpackPasses } from "../limits.ts";
import type { Reader } from "../tensor.ts";
import { gridOf, type Chunk } from "./chunk-index.ts";
import { undoFilters } from "./filters.ts";
import type { Filter } from "./layout.ts";

/** Largest chunk, in bytes, unpacked: h5py's own choice has at most 1 MiB, and a chunk is held in memory as a whole. */
const maxChunkBytes = 64 * 1024 * 1024;

/** Unpacked chunks kept in memory, in bytes: a row of h5py's own chunks across a wide matrix. */
const keptChunkBytes = 32 * 1024 * 1024;

/** A dataset that is stored in chunks, as far as reading it needs. */
interface ChunkedDataset {
  readonly shape: readonly number[];
  readonly chunk: readonly number[];
  readonly elementBytes: number;
  readonly filters: readonly Filter[];
  /** Of one element that was never written; empty for zeros. */
  readonly fill: Uint8Array;
  /** By their number in the grid, C order. */
  readonly chunks: ReadonlyMap<number, Chunk>;
}

/**
 * A chunked dataset as its bytes in C order. Chunks are unpacked when they are read; the last ones are kept.
 *
 * `read` throws MALFORMED for a broken chunk, TRUNCATED for one beyond the end, EXPANDS after unpacking too much over and over.
 */
export class ChunkedReader implements Reader {
  readonly size: number;
  readonly #reader: Reader;
  readonly #dataset: ChunkedDataset;
  readonly #grid: readonly number[];
  readonly #chunkBytes: number;
  readonly #kept = new Map<number, Uint8Array>();
  #unpackedBytes = 0;

  /** @throws {WeightsError} TOO_LARGE for chunks beyond `maxChunkBytes`. */
  constructor(reader: Reader, dataset: ChunkedDataset) {
    const { shape, chunk, elementBytes } = dataset;
    this.#reader = reader;
    this.#dataset = dataset;
    this.#grid = gridOf(dataset);
    this.size = shape.reduce((product, it) => product * it, elementBytes);
    this.#chunkBytes = chunk.reduce((product, it) => product * it, elementBytes);
    if (this.#chunkBytes > maxChunkBytes) throw new WeightsError("TOO_LARGE", `chunks of ${this.#chunkBytes} bytes`);
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    const out = new Uint8Array(Math.max(0, Math.min(length, this.size - at)));
    for (let done = 0; done < out.length;) done += await this.#copyRun(at + done, out, done);
    return out;
  }

  /** As many bytes as lie in one row of one chunk. @returns How many. */
  async #copyRun(at: number, out: Uint8Array, to: number): Promise<number> {
    const { shape, chunk, elementBytes } = this.#dataset;
    const inElement = at % elementBytes;
    let rest = (at - inElement) / elementBytes;
    let number = 0;
    let inChunk = 0;
    let scale = 1;
    let step = 1;
    let run = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const length = shape[axis] ?? 1;
      const most = chunk[axis] ?? 1;
      const index = rest % length;
      rest = Math.floor(rest / length);
      if (axis === shape.length - 1) run = Math.min(most - (index % most), length - index);
      number += Math.floor(index / most) * scale;
      inChunk += (index % most) * step;
      scale *= this.#grid[axis] ?? 1;
      step *= most;
    }
    const bytes = Math.min(run * elementBytes - inElement, out.length - to);
    const from = inChunk * elementBytes + inElement;
    out.set((await this.#unpacked(number)).subarray(from, from + bytes), to);
    return bytes;
  }

  async #unpacked(number: number): Promise<Uint8Array> {
    const kept = this.#kept.get(number);
    if (kept) return kept;
    this.#unpackedBytes += this.#chunkBytes;
    if (this.#unpackedBytes > maxUnpackPasses * Math.max(this.size, freeExpansionBytes)) {
      throw new WeightsError("EXPANDS", `chunks unpacked more than ${maxUnpackPasses} times`);
    }
    const bytes = await this.#unpack(this.#dataset.chunks.get(number));
    const most = Math.max(1, Math.floor(keptChunkBytes / this.#chunkBytes));
    if (this.#kept.size >= most) this.#kept.delete(this.#kept.keys().next().value ?? 0);
    this.#kept.set(number, bytes);
    return bytes;
  }

  async #unpack(chunk: Chunk | undefined): Promise<Uint8Array> {
    const { filters, fill } = this.#dataset;
    if (!chunk) {
      const bytes = new Uint8Array(this.#chunkBytes);
      return fill.length > 0 ? bytes.map((_, i) => fill[i % fill.length] ?? 0) : bytes;
    }
    const stored = await readExactly(this.#reader, chunk.at, chunk.bytes, "a chunk", 2 * maxChunkBytes);
    const bytes = undoFilters(filters, stored, chunk.skipped, this.#chunkBytes);
    if (bytes.length !== this.#chunkBytes) {
      throw new WeightsError("MALFORMED", `a chunk of ${bytes.length} bytes, not ${this.#chunkBytes}`, {
        at: chunk.at,
      });
    }
    return bytes;
  }
}
