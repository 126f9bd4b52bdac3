// Source: HDF5 File Format Specification 3.0, IV.A.2.i (layout), IV.A.2.l (filter pipeline), IV.A.2.f (fill value).
import { WeightsError } from "../error.ts";
import { maxDimensions } from "../limits.ts";
import { readLength, readOffset, type Hdf5File, type Message } from "./file.ts";
import { readNumber } from "./tree.ts";

/** How the chunks of a dataset are found. */
type ChunkIndex =
  | { readonly kind: "tree" | "tree2" | "array" | "growing" | "implicit" }
  | { readonly kind: "single"; readonly bytes: number | undefined; readonly skipped: number };

/** Where the chunks of a dataset lie, and how large one is. */
export interface ChunkLayout {
  readonly index: ChunkIndex;
  /** In elements, as many as the dataset has axes. */
  readonly chunk: readonly number[];
  /** Of the index; undefined if nothing was ever written. */
  readonly address: number | undefined;
}

/**
 * The layout message of a chunked dataset.
 * @throws {WeightsError} MALFORMED, UNSUPPORTED for an index that the specification does not have.
 */
export async function readChunkLayout(file: Hdf5File, { at }: Pick<Message, "at">): Promise<ChunkLayout> {
  const version = await file.pages.u8(at);
  if (version < 3) return layoutOfTree(file, { rankAt: at + 1, addressAt: at + 8, dimsAt: at + 8 + file.offsetBytes });
  if (version === 3)
    return layoutOfTree(file, { rankAt: at + 2, addressAt: at + 3, dimsAt: at + 3 + file.offsetBytes });
  return newLayout(file, at);
}

/** The last of the dimensions is the size of an element. */
async function layoutOfTree(
  file: Hdf5File,
  { rankAt, addressAt, dimsAt }: { rankAt: number; addressAt: number; dimsAt: number },
): Promise<ChunkLayout> {
  const rank = (await file.pages.u8(rankAt)) - 1;
  const chunk = await readDimensions(file, { at: dimsAt, rank, width: 4 });
  return { index: { kind: "tree" }, chunk, address: await readOffset(file, addressAt) };
}

async function readDimensions(
  file: Hdf5File,
  { at, rank, width }: { at: number; rank: number; width: number },
): Promise<number[]> {
  if (rank < 0 || rank > maxDimensions) throw new WeightsError("MALFORMED", `chunks of ${rank} dimensions`, { at });
  const dims: number[] = [];
  for (let i = 0; i < rank; i++) dims.push(await readNumber(file, at + i * width, width));
  if (dims.some((it) => it < 1)) throw new WeightsError("MALFORMED", "chunks without elements", { at });
  return dims;
}

/** Version 4 on: five kinds of index, each with a few bytes of its own before the address. */
async function newLayout(file: Hdf5File, at: number): Promise<ChunkLayout> {
  const { pages, lengthBytes } = file;
  const flags = await pages.u8(at + 2);
  const rank = (await pages.u8(at + 3)) - 1;
  const width = await pages.u8(at + 4);
  if (width < 1 || width > 8) throw new WeightsError("MALFORMED", `chunk sizes of ${width} bytes`, { at });
  const chunk = await readDimensions(file, { at: at + 5, rank, width });
  const kindAt = at + 5 + (rank + 1) * width;
  const kind = await pages.u8(kindAt);
  const next = kindAt + 1;
  const address = (bytes: number): Promise<number | undefined> => readOffset(file, next + bytes);
  switch (kind) {
    case 1: {
      const isFiltered = (flags & 2) !== 0;
      const bytes = isFiltered ? ((await readLength(file, next)) ?? 0) : undefined;
      const skipped = isFiltered ? await pages.u32(next + lengthBytes) : 0;
      return {
        index: { kind: "single", bytes, skipped },
        chunk,
        address: await address(isFiltered ? lengthBytes + 4 : 0),
      };
    }
    case 2:
      return { index: { kind: "implicit" }, chunk, address: await address(0) };
    case 3:
      return { index: { kind: "array" }, chunk, address: await address(1) };
    case 4:
      return { index: { kind: "growing" }, chunk, address: await address(5) };
    case 5:
      return { index: { kind: "tree2" }, chunk, address: await address(6) };
    default:
      throw new WeightsError("UNSUPPORTED", `HDF5 chunk index ${kind}`, { at: kindAt });
  }
}

/** One step of the pipeline that a chunk went through when it was written. */
export interface Filter {
  readonly id: number;
  readonly values: readonly number[];
}

/** Most filters of one dataset: the library's own maximum. */
const maxFilters = 32;

/** The filter pipeline message, in the order in which filters were applied. @throws {WeightsError} TOO_MANY. */
export async function readFilters({ pages }: Hdf5File, message: Message | undefined): Promise<Filter[]> {
  if (!message) return [];
  const { at } = message;
  const isNew = (await pages.u8(at)) >= 2;
  const count = await pages.u8(at + 1);
  if (count > maxFilters) throw new WeightsError("TOO_MANY", `${count} filters`, { at });
  const filters: Filter[] = [];
  let next = at + (isNew ? 2 : 8);
  for (let i = 0; i < count; i++) {
    const id = await pages.u16(next);
    const hasName = !isNew || id >= 256;
    const nameBytes = hasName ? await pages.u16(next + 2) : 0;
    next += hasName ? 4 : 2;
    const valueCount = await pages.u16(next + 2);
    next += 4 + (isNew ? nameBytes : Math.ceil(nameBytes / 8) * 8);
    if (valueCount > 256) throw new WeightsError("TOO_MANY", `a filter with ${valueCount} values`, { at: next });
    const values: number[] = [];
    for (let k = 0; k < valueCount; k++) values.push(await pages.u32(next + 4 * k));
    next += 4 * (valueCount + (isNew ? 0 : valueCount % 2));
    filters.push({ id, values });
  }
  return filters;
}

/** The value of what was never written, as stored bytes; empty for zeros. Message 5, versions 1 to 3; the old message 4 is passed over. */
export async function readFill({ pages }: Hdf5File, message: Message | undefined): Promise<Uint8Array> {
  if (!message) return new Uint8Array(0);
  const { at } = message;
  const version = await pages.u8(at);
  const isDefined = version < 3 ? (await pages.u8(at + 3)) !== 0 : ((await pages.u8(at + 1)) & 0x20) !== 0;
  const sizeAt = at + (version < 3 ? 4 : 2);
  if (!isDefined) return new Uint8Array(0);
  const bytes = await pages.u32(sizeAt);
  return bytes > 64 ? new Uint8Array(0) : pages.bytes(sizeAt + 4, bytes, "a fill value");
}
