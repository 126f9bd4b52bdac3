// Source: HDF5 File Format Specification 3.0, III.A.1 and III.A.2 (B-trees), VII.A to VII.D (chunk indexes), and where it is silent the
// HDF Group's H5Dbtree2.c, H5Dfarray.c and H5Dearray.c, as cited.
import { WeightsError } from "../error.ts";
import { readOffset, type Hdf5File } from "./file.ts";
import type { ChunkLayout } from "./layout.ts";
import { readArray, readGrowingArray, type ArrayEntry } from "./arrays.ts";
import { readNumber, readTree } from "./tree.ts";

/** One stored chunk. */
export interface Chunk {
  readonly at: number;
  /** As stored: packed, if there are filters. */
  readonly bytes: number;
  /** Bit i: filter i was left out for this chunk. */
  readonly skipped: number;
}

/** Most chunks of one dataset: a 70B embedding in h5py's own chunks has 40,000. */
const maxChunks = 1_000_000;

/** What the index of a dataset must know of it. */
interface ChunkedShape extends ChunkLayout {
  readonly shape: readonly number[];
  /** Axes that may grow to any length have Infinity. */
  readonly maxShape: readonly number[];
  readonly elementBytes: number;
  readonly isFiltered: boolean;
}

/** How many chunks lie along each axis. */
export function gridOf({ shape, chunk }: Pick<ChunkedShape, "shape" | "chunk">): number[] {
  return shape.map((it, i) => Math.ceil(it / (chunk[i] ?? 1)));
}

/**
 * The chunks by their number in the grid, C order; those never written are not there.
 * @throws {WeightsError} MALFORMED, TOO_MANY, UNSUPPORTED; as the pages.
 */
export async function readChunkIndex(file: Hdf5File, dataset: ChunkedShape): Promise<Map<number, Chunk>> {
  const { index, address, shape, chunk, elementBytes, isFiltered } = dataset;
  const grid = gridOf(dataset);
  const count = product(grid);
  if (chunk.length !== shape.length) throw new WeightsError("MALFORMED", "chunks with other axes than their dataset");
  if (count > maxChunks) throw new WeightsError("TOO_MANY", `${count} chunks`);
  if (address === undefined) return new Map();
  const bytes = product(chunk) * elementBytes;
  const entry = { bytes, isFiltered };
  switch (index.kind) {
    case "single":
      return new Map([[0, { at: file.base + address, bytes: index.bytes ?? bytes, skipped: index.skipped }]]);
    case "implicit":
      return new Map(
        Array.from({ length: count }, (_, i) => [i, { at: file.base + address + i * bytes, bytes, skipped: 0 }]),
      );
    case "tree":
      return readOldTree(file, address, { grid, chunk });
    case "tree2":
      return readNewTree(file, address, { grid, entry });
    case "array":
      return placed(await readArray(file, address, entry), numbering(dataset, grid, false));
    case "growing":
      return placed(await readGrowingArray(file, address, entry), numbering(dataset, grid, true));
  }
}

function product(numbers: readonly number[]): number {
  return numbers.reduce((all, it) => all * it, 1);
}

/** A chunk's number by its place in the grid; undefined outside: of a dataset that shrank. */
function numberOf(place: readonly number[], grid: readonly number[]): number | undefined {
  let number = 0;
  for (const [axis, length] of grid.entries()) {
    const at = place[axis] ?? 0;
    if (at >= length) return undefined;
    number = number * length + at;
  }
  return number;
}

/** B-tree version 1, node type 1: keys of size, filter mask and offsets in elements, the last of them in bytes. */
async function readOldTree(
  file: Hdf5File,
  address: number,
  { grid, chunk }: { grid: readonly number[]; chunk: readonly number[] },
): Promise<Map<number, Chunk>> {
  const { pages, offsetBytes } = file;
  const chunks = new Map<number, Chunk>();
  const keyBytes = 8 + 8 * (chunk.length + 1);
  const pending = [file.base + address];
  for (let visited = 0; pending.length > 0; visited++) {
    const at = pending.pop() ?? 0;
    if (visited > maxChunks) throw new WeightsError("TOO_MANY", "an HDF5 tree without end", { at });
    if ((await pages.u32(at)) !== 0x45455254 || (await pages.u8(at + 4)) !== 1) {
      throw new WeightsError("MALFORMED", "no HDF5 tree of chunks", { at }); // "TREE"
    }
    const isLeaf = (await pages.u8(at + 5)) === 0;
    const count = await pages.u16(at + 6);
    for (let i = 0; i < count; i++) {
      const key = at + 8 + 2 * offsetBytes + i * (keyBytes + offsetBytes);
      const child = await readOffset(file, key + keyBytes);
      if (child === undefined) continue;
      if (!isLeaf) {
        pending.push(file.base + child);
        continue;
      }
      const place: number[] = [];
      for (const [axis, length] of chunk.entries())
        place.push((await pages.u64(key + 8 + 8 * axis, "a chunk's place")) / length);
      const number = numberOf(place, grid);
      if (number === undefined || !Number.isInteger(number)) continue;
      chunks.set(number, { at: file.base + child, bytes: await pages.u32(key), skipped: await pages.u32(key + 4) });
    }
  }
  return chunks;
}

/** H5Dbtree2.c: address, then size and filter mask if there are filters, then the place in the grid, 8 bytes each. */
async function readNewTree(
  file: Hdf5File,
  address: number,
  { grid, entry }: { grid: readonly number[]; entry: ArrayEntry },
): Promise<Map<number, Chunk>> {
  const { pages, offsetBytes } = file;
  const chunks = new Map<number, Chunk>();
  for (const { at, bytes } of await readTree(file, address)) {
    const sizeBytes = bytes - offsetBytes - 8 * grid.length - (entry.isFiltered ? 4 : 0);
    if (sizeBytes < 0 || sizeBytes > 8 || (entry.isFiltered && sizeBytes === 0)) {
      throw new WeightsError("MALFORMED", `chunk records of ${bytes} bytes`, { at });
    }
    const child = await readOffset(file, at);
    if (child === undefined) continue;
    const stored = entry.isFiltered ? await readNumber(file, at + offsetBytes, sizeBytes) : entry.bytes;
    const skipped = entry.isFiltered ? await pages.u32(at + offsetBytes + sizeBytes) : 0;
    const place: number[] = [];
    for (const axis of grid.keys()) {
      place.push(await pages.u64(at + bytes - 8 * (grid.length - axis), "a chunk's place"));
    }
    const number = numberOf(place, grid);
    if (number !== undefined) chunks.set(number, { at: file.base + child, bytes: stored, skipped });
  }
  return chunks;
}

/**
 * Arrays are numbered over the largest grid that the dataset may grow to. In a growing one the axis without an end comes first
 * (H5Dearray.c, "swizzle").
 */
function numbering(
  { maxShape, chunk }: ChunkedShape,
  grid: readonly number[],
  grows: boolean,
): (index: number) => number | undefined {
  const most = maxShape.map((it, i) => Math.ceil(it / (chunk[i] ?? 1)));
  const order = [...most.keys()];
  const endless = most.indexOf(Infinity);
  if (grows && endless > 0) {
    order.splice(endless, 1);
    order.unshift(endless);
  }
  return (index) => {
    const place = grid.map(() => 0);
    let rest = index;
    for (const axis of order.toReversed()) {
      const length = most[axis] ?? 1;
      const isFirst = axis === order[0];
      place[axis] = isFirst ? rest : rest % length;
      rest = Math.floor(rest / length);
    }
    return numberOf(place, grid);
  };
}

function placed(
  entries: ReadonlyMap<number, Chunk>,
  numberAt: (index: number) => number | undefined,
): Map<number, Chunk> {
  const chunks = new Map<number, Chunk>();
  for (const [index, chunk] of entries) {
    const number = numberAt(index);
    if (number !== undefined) chunks.set(number, chunk);
  }
  return chunks;
}
