// Source: HDF5 File Format Specification 3.0, VII.C (fixed array) and VII.D (extensible array); sizes of blocks as the HDF Group's H5EAhdr.c
// computes them.
import { WeightsError } from "../error.ts";
import type { Chunk } from "./chunk-index.ts";
import { readLength, readOffset, type Hdf5File } from "./file.ts";
import { readNumber } from "./tree.ts";

/** What the elements of an array are: addresses of chunks, with size and filter mask if there are filters. */
export interface ArrayEntry {
  /** Of a chunk without filters. */
  readonly bytes: number;
  readonly isFiltered: boolean;
}

/** Most elements that are walked over, written or not. */
const maxElements = 1_000_000;

/** Reads elements one after the other into a map; those without an address are not there. */
class ElementReader {
  readonly found = new Map<number, Chunk>();
  readonly elementBytes: number;
  readonly #file: Hdf5File;
  readonly #entry: ArrayEntry;
  #read = 0;

  constructor(file: Hdf5File, entry: ArrayEntry, elementBytes: number) {
    const least = file.offsetBytes + (entry.isFiltered ? 5 : 0);
    if (elementBytes < least || elementBytes > 32) {
      throw new WeightsError("MALFORMED", `an HDF5 array of elements of ${elementBytes} bytes`);
    }
    this.#file = file;
    this.#entry = entry;
    this.elementBytes = elementBytes;
  }

  async read(at: number, first: number, count: number): Promise<void> {
    const { offsetBytes, base, pages } = this.#file;
    for (let i = 0; i < count; i++) {
      if (++this.#read > maxElements) throw new WeightsError("TOO_MANY", "an HDF5 array without end", { at });
      const element = at + i * this.elementBytes;
      const address = await readOffset(this.#file, element);
      if (address === undefined) continue;
      const sizeBytes = this.elementBytes - offsetBytes - 4;
      const { isFiltered, bytes } = this.#entry;
      const stored = isFiltered ? await readNumber(this.#file, element + offsetBytes, sizeBytes) : bytes;
      const skipped = isFiltered ? await pages.u32(element + offsetBytes + sizeBytes) : 0;
      this.found.set(first + i, { at: base + address, bytes: stored, skipped });
    }
  }
}

async function expect({ pages }: Hdf5File, at: number, signature: string): Promise<void> {
  const found = Buffer.from(await pages.bytes(at, 4, "a signature")).toString("latin1");
  if (found !== signature) throw new WeightsError("MALFORMED", `no HDF5 ${signature} block`, { at });
}

/** A fixed array: one data block, in pages if it is long. */
export async function readArray(
  file: Hdf5File,
  address: number,
  entry: ArrayEntry,
): Promise<ReadonlyMap<number, Chunk>> {
  const { pages, base, offsetBytes, lengthBytes } = file;
  const at = base + address;
  await expect(file, at, "FAHD");
  const elements = new ElementReader(file, entry, await pages.u8(at + 6));
  const pageBits = await pages.u8(at + 7);
  const count = (await readLength(file, at + 8)) ?? 0;
  const block = await readOffset(file, at + 8 + lengthBytes);
  if (block === undefined) return elements.found;
  const blockAt = base + block;
  await expect(file, blockAt, "FADB");
  const prefix = blockAt + 6 + offsetBytes;
  const perPage = 2 ** Math.min(pageBits, 32);
  if (count <= perPage) {
    await elements.read(prefix, 0, count);
    return elements.found;
  }
  const pageCount = Math.ceil(count / perPage);
  const bitmapBytes = Math.ceil(pageCount / 8);
  let next = prefix + bitmapBytes + 4; // behind the bitmap's checksum
  for (let page = 0; page < pageCount; page++) {
    const inPage = Math.min(perPage, count - page * perPage);
    const isWritten = ((await pages.u8(prefix + (page >> 3))) & (0x80 >> (page & 7))) !== 0;
    if (isWritten) await elements.read(next, page * perPage, inPage);
    next += inPage * elements.elementBytes + 4;
  }
  return elements.found;
}

interface Growing {
  readonly file: Hdf5File;
  readonly elements: ElementReader;
  /** Elements of the smallest data block; at most so many in a page of a larger one. */
  readonly least: number;
  readonly perPage: number;
  /** Bytes of a block's own offset. */
  readonly ownOffsetBytes: number;
  /** Elements written so far. */
  readonly count: number;
}

/** An extensible array: the first elements in its index block, the next in data blocks, the rest in data blocks of secondary blocks. */
export async function readGrowingArray(
  file: Hdf5File,
  address: number,
  entry: ArrayEntry,
): Promise<ReadonlyMap<number, Chunk>> {
  const { pages, base, offsetBytes, lengthBytes } = file;
  const at = base + address;
  await expect(file, at, "EAHD");
  const elements = new ElementReader(file, entry, await pages.u8(at + 6));
  const [bits, inIndex, least, pointers, pageBits] = await pages.bytes(at + 7, 5, "an extensible array");
  const statistics = at + 12;
  const count = (await readLength(file, statistics + 4 * lengthBytes)) ?? 0;
  const index = await readOffset(file, statistics + 6 * lengthBytes);
  if (index === undefined) return elements.found;
  const array = {
    file,
    elements,
    least: least ?? 0,
    perPage: 2 ** Math.min(pageBits ?? 0, 32),
    ownOffsetBytes: Math.ceil((bits ?? 0) / 8),
    count,
  };
  const [leastBits, pointerBits] = [Math.log2(array.least), Math.log2(pointers ?? 0)];
  if (!Number.isInteger(leastBits) || !Number.isInteger(pointerBits) || (bits ?? 99) > 64) {
    throw new WeightsError("MALFORMED", "an extensible array of impossible blocks", { at });
  }
  const indexAt = base + index;
  await expect(file, indexAt, "EAIB");
  let next = indexAt + 6 + offsetBytes;
  await elements.read(next, 0, Math.min(inIndex ?? 0, count));
  next += (inIndex ?? 0) * elements.elementBytes;
  let first = inIndex ?? 0;
  const supers = 1 + (bits ?? 0) - leastBits;
  for (let i = 0; i < supers && first < count; i++) {
    const { blocks, perBlock } = superBlock(i, array.least);
    if (i < 2 * pointerBits) {
      await readBlocks(array, { at: next, first, blocks, perBlock });
      next += blocks * offsetBytes;
    } else {
      const secondary = await readOffset(file, next);
      if (secondary !== undefined) await readSecondary(array, { at: base + secondary, first, blocks, perBlock });
      next += offsetBytes;
    }
    first += blocks * perBlock;
  }
  return elements.found;
}

/** H5EAhdr.c: data blocks and their elements double in turn. */
function superBlock(i: number, least: number): { blocks: number; perBlock: number } {
  return { blocks: 2 ** Math.floor(i / 2), perBlock: 2 ** Math.floor((i + 1) / 2) * least };
}

interface Blocks {
  /** Of the addresses of the data blocks, or of the secondary block. */
  readonly at: number;
  readonly first: number;
  readonly blocks: number;
  readonly perBlock: number;
}

async function readSecondary(array: Growing, { at, first, blocks, perBlock }: Blocks): Promise<void> {
  const { file, perPage, ownOffsetBytes } = array;
  await expect(file, at, "EASB");
  const bitmapAt = at + 6 + file.offsetBytes + ownOffsetBytes;
  const bitmapBytes = perBlock > perPage ? Math.ceil(perBlock / perPage / 8) : 0;
  await readBlocks(array, { at: bitmapAt + blocks * bitmapBytes, first, blocks, perBlock }, bitmapAt);
}

async function readBlocks(array: Growing, { at, first, blocks, perBlock }: Blocks, bitmapAt?: number): Promise<void> {
  const { file, elements, perPage, count } = array;
  for (let i = 0; i < blocks && first + i * perBlock < count; i++) {
    const block = await readOffset(file, at + i * file.offsetBytes);
    if (block === undefined) continue;
    const blockAt = file.base + block;
    await expect(file, blockAt, "EADB");
    const prefix = blockAt + 6 + file.offsetBytes + array.ownOffsetBytes;
    const from = first + i * perBlock;
    if (perBlock <= perPage) {
      await elements.read(prefix, from, Math.min(perBlock, count - from));
      continue;
    }
    const pageCount = perBlock / perPage;
    const bits = bitmapAt === undefined ? undefined : bitmapAt + i * Math.ceil(pageCount / 8);
    for (let page = 0; page < pageCount && from + page * perPage < count; page++) {
      const isWritten = bits === undefined || ((await file.pages.u8(bits + (page >> 3))) & (0x80 >> (page & 7))) !== 0;
      const pageAt = prefix + 4 + page * (perPage * elements.elementBytes + 4);
      if (isWritten)
        await elements.read(pageAt, from + page * perPage, Math.min(perPage, count - from - page * perPage));
    }
  }
}
