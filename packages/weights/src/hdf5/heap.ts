// Source: HDF5 File Format Specification 3.0, III.G (fractal heap).
import { WeightsError } from "../error.ts";
import { readLength, readOffset, type Hdf5File } from "./file.ts";
import { bytesFor, readNumber } from "./tree.ts";

/** A heap whose blocks double in size row by row; objects are named by ids that say where they lie in it. */
interface Heap {
  readonly file: Hdf5File;
  readonly idBytes: number;
  /** Bytes of an object's offset in the heap and of its length. */
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly width: number;
  readonly firstBlock: number;
  readonly maxDirectBlock: number;
  readonly root: number;
  /** Of the root; 0 if it is itself a block with objects. */
  readonly rows: number;
}

/** Deepest nesting of blocks: each level is at least twice the one below. */
const maxLevels = 32;

/** @throws {WeightsError} MALFORMED; UNSUPPORTED for a heap with filters, which h5py never makes. Undefined if it holds nothing. */
export async function openHeap(file: Hdf5File, address: number): Promise<Heap | undefined> {
  const { pages, base, offsetBytes: o, lengthBytes: l } = file;
  const at = base + address;
  if ((await pages.u32(at)) !== 0x50485246) throw new WeightsError("MALFORMED", "no HDF5 fractal heap", { at }); // "FRHP"
  const idBytes = await pages.u16(at + 5);
  if ((await pages.u16(at + 7)) !== 0) throw new WeightsError("UNSUPPORTED", "an HDF5 heap with filters", { at });
  const maxManaged = await pages.u32(at + 10);
  const table = at + 14 + 2 * o + 10 * l;
  const width = await pages.u16(table);
  const firstBlock = (await readLength(file, table + 2)) ?? 0;
  const maxDirectBlock = (await readLength(file, table + 2 + l)) ?? 0;
  const heapBits = await pages.u16(table + 2 + 2 * l);
  const root = await readOffset(file, table + 6 + 2 * l);
  const rows = await pages.u16(table + 6 + 2 * l + o);
  const isSound = [width, firstBlock, maxDirectBlock].every((it) => it > 0 && Number.isInteger(Math.log2(it)));
  if (!isSound || heapBits > 64) throw new WeightsError("MALFORMED", "an HDF5 heap of impossible blocks", { at });
  if (root === undefined) return undefined;
  return {
    file,
    idBytes,
    offsetBytes: Math.ceil(heapBits / 8),
    lengthBytes: bytesFor(Math.min(maxDirectBlock, maxManaged)),
    width,
    firstBlock,
    maxDirectBlock,
    root: base + root,
    rows,
  };
}

/**
 * Where the object with the id at `idAt` lies; undefined for an object outside the heap's blocks ("huge"), which no link is.
 * @throws {WeightsError} MALFORMED for an id that points nowhere.
 */
export async function locateInHeap(heap: Heap, idAt: number): Promise<number | undefined> {
  const { file } = heap;
  const kind = ((await file.pages.u8(idAt)) >> 4) & 3;
  if (kind === 2) return idAt + 1; // so short that the id holds it
  if (kind !== 0) return undefined;
  let offset = await readNumber(file, idAt + 1, heap.offsetBytes);
  let block = heap.root;
  let { rows } = heap;
  for (let level = 0; rows > 0; level++) {
    if (level > maxLevels) throw new WeightsError("TOO_DEEP", "an HDF5 heap without end", { at: idAt });
    const place = placeOf(heap, offset);
    if (place.row >= rows) throw new WeightsError("MALFORMED", "an HDF5 heap id beyond its heap", { at: idAt });
    const found = await childOf(heap, block, place);
    if (found === undefined)
      throw new WeightsError("MALFORMED", "an HDF5 heap id of a block that is not there", { at: idAt });
    block = file.base + found;
    offset -= place.offset;
    rows = place.blockBytes <= heap.maxDirectBlock ? 0 : rowsOf(heap, place.blockBytes);
  }
  return block + offset;
}

interface Place {
  readonly row: number;
  readonly column: number;
  /** Of the block, in the heap; how long it is. */
  readonly offset: number;
  readonly blockBytes: number;
}

/** Rows 0 and 1 have blocks of the first size; from then on each row's are twice as long. */
function placeOf({ width, firstBlock }: Heap, offset: number): Place {
  const firstRow = width * firstBlock;
  const row = offset < firstRow ? 0 : Math.floor(Math.log2(offset / firstRow)) + 1;
  const rowAt = row === 0 ? 0 : firstRow * 2 ** (row - 1);
  const blockBytes = firstBlock * 2 ** Math.max(0, row - 1);
  const column = Math.floor((offset - rowAt) / blockBytes);
  return { row, column, offset: rowAt + column * blockBytes, blockBytes };
}

/** How many rows an indirect block of this size has. */
function rowsOf({ width, firstBlock }: Heap, blockBytes: number): number {
  return Math.log2(blockBytes) - Math.log2(firstBlock * width) + 1;
}

/** The address of a child of an indirect block; undefined if there is none. */
async function childOf(
  { file, offsetBytes, width }: Heap,
  at: number,
  { row, column }: Place,
): Promise<number | undefined> {
  if ((await file.pages.u32(at)) !== 0x42494846) throw new WeightsError("MALFORMED", "no HDF5 heap block", { at }); // "FHIB"
  const childrenAt = at + 5 + file.offsetBytes + offsetBytes;
  return readOffset(file, childrenAt + (row * width + column) * file.offsetBytes);
}
