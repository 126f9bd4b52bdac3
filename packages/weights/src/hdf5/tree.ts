// Source: HDF5 File Format Specification 3.0, III.A.2 (B-tree version 2).
import { WeightsError } from "../error.ts";
import { readLength, readOffset, type Hdf5File } from "./file.ts";

/** A record of a tree: where it lies, and how long it is. */
interface TreeRecord {
  readonly at: number;
  readonly bytes: number;
}

/** A tree's header. Nodes of level 0 are leaves. */
interface Tree {
  readonly file: Hdf5File;
  readonly nodeBytes: number;
  readonly recordBytes: number;
  /** Bytes of a child's record count, and of the count of all records below it, by the child's level. */
  readonly countBytes: number;
  readonly totalBytes: readonly number[];
}

/** Most records of one tree: links of a group, or chunks of a dataset. */
const maxRecords = 1_000_000;

/** Deepest tree that is followed: a node has dozens of records, so 16 levels hold anything. */
const maxLevels = 16;

/** Signature, version and type before the records, checksum behind them. */
const overheadBytes = 10;

/** All records of a tree, in no order that matters. @throws {WeightsError} MALFORMED, TOO_MANY, TOO_DEEP; as the pages. */
export async function readTree(file: Hdf5File, address: number): Promise<TreeRecord[]> {
  const { pages, base, offsetBytes } = file;
  const at = base + address;
  if ((await pages.u32(at)) !== 0x44485442) throw new WeightsError("MALFORMED", "no HDF5 tree", { at }); // "BTHD"
  const nodeBytes = await pages.u32(at + 6);
  const recordBytes = await pages.u16(at + 10);
  const level = await pages.u16(at + 12);
  const root = await readOffset(file, at + 16);
  const count = await pages.u16(at + 16 + offsetBytes);
  const total = (await readLength(file, at + 18 + offsetBytes)) ?? 0;
  if (root === undefined || total === 0) return [];
  if (level > maxLevels) throw new WeightsError("TOO_DEEP", `an HDF5 tree of ${level} levels`, { at });
  if (total > maxRecords) throw new WeightsError("TOO_MANY", `an HDF5 tree of ${total} records`, { at });
  if (recordBytes === 0 || nodeBytes < overheadBytes + recordBytes) {
    throw new WeightsError("MALFORMED", `HDF5 tree nodes of ${nodeBytes} bytes`, { at });
  }
  const tree = { file, nodeBytes, recordBytes, ...widths({ nodeBytes, recordBytes, offsetBytes, level }) };
  const records: TreeRecord[] = [];
  const pending = [{ at: base + root, level, count }];
  for (let node = pending.pop(); node; node = pending.pop()) {
    pending.push(...(await readNode(tree, node, records)));
    if (records.length > maxRecords || pending.length > maxRecords) {
      throw new WeightsError("TOO_MANY", "an HDF5 tree without end", { at });
    }
  }
  return records;
}

interface TreeNode {
  readonly at: number;
  readonly level: number;
  readonly count: number;
}

/** Numbers of records are stored in as few bytes as the largest node of a level needs. */
function widths(shape: { nodeBytes: number; recordBytes: number; offsetBytes: number; level: number }): {
  countBytes: number;
  totalBytes: number[];
} {
  const { nodeBytes, recordBytes, offsetBytes, level } = shape;
  const leaf = Math.floor((nodeBytes - overheadBytes) / recordBytes);
  const countBytes = bytesFor(leaf);
  const totalBytes = [0];
  for (let most = leaf, i = 1; i <= level; i++) {
    const pointer = offsetBytes + countBytes + (totalBytes[i - 1] ?? 0);
    const records = Math.floor((nodeBytes - overheadBytes - pointer) / (recordBytes + pointer));
    most = Math.min(Number.MAX_SAFE_INTEGER, (records + 1) * most + records);
    totalBytes.push(bytesFor(most));
  }
  return { countBytes, totalBytes };
}

/** How many bytes hold numbers up to this one. */
export function bytesFor(most: number): number {
  return Math.floor(Math.log2(Math.max(1, most)) / 8) + 1;
}

/** Adds a node's records; answers with its children. */
async function readNode(tree: Tree, { at, level, count }: TreeNode, records: TreeRecord[]): Promise<TreeNode[]> {
  const { file, recordBytes, nodeBytes, countBytes, totalBytes } = tree;
  const isLeaf = level === 0;
  const signature = isLeaf ? 0x464c5442 : 0x4e495442; // "BTLF", "BTIN"
  if ((await file.pages.u32(at)) !== signature || overheadBytes + count * recordBytes > nodeBytes) {
    throw new WeightsError("MALFORMED", "no HDF5 tree node", { at });
  }
  for (let i = 0; i < count; i++) records.push({ at: at + 6 + i * recordBytes, bytes: recordBytes });
  if (isLeaf) return [];
  const children: TreeNode[] = [];
  let next = at + 6 + count * recordBytes;
  for (let i = 0; i <= count; i++) {
    const child = await readOffset(file, next);
    const below = await readNumber(file, next + file.offsetBytes, countBytes);
    if (child !== undefined) children.push({ at: file.base + child, level: level - 1, count: below });
    next += file.offsetBytes + countBytes + (totalBytes[level - 1] ?? 0);
  }
  return children;
}

/** A little-endian number of any width; beyond 2^53 it is wrong anyway, and only large. */
export async function readNumber({ pages }: Hdf5File, at: number, width: number): Promise<number> {
  const bytes = await pages.bytes(at, width, "a number");
  return bytes.reduceRight((sum, it) => sum * 256 + it, 0);
}
