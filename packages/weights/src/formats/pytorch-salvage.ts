// Reads what is left of a PyTorch archive whose directory was cut off: an interrupted download, or a copy under way.
import { Cursor, readExactly } from "../cursor.ts";
import { bitsOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { maxMembers } from "../limits.ts";
import { collectStorages, type StoragePlace } from "../pickle/torch.ts";
import { walkPickle, type PickleWalk } from "../pickle/machine.ts";
import type { Reader } from "../tensor.ts";

/** How far the next member's header may lie behind the end of one whose size is known, or of a short one: padding and descriptor. */
const maxGapBytes = 64 * 1024;

const headerMagic = Buffer.of(0x50, 0x4b, 3, 4); // "PK", local header

interface Salvaged {
  readonly walk: PickleWalk;
  readonly places: ReadonlyMap<string, StoragePlace>;
  /** `<root>/data/` */
  readonly folder: string;
}

/**
 * Walks the local headers from the front. The pickle ends where its opcodes end, a storage where the pickle says, so that missing
 * sizes (data descriptors) do not matter. Undefined if the pickle itself is cut off.
 */
export async function salvage(reader: Reader): Promise<Salvaged | undefined> {
  let found: Omit<Salvaged, "places"> | undefined;
  let sizes: ReadonlyMap<string, number> = new Map();
  const places = new Map<string, StoragePlace>();
  let at: number | undefined = 0;
  for (let count = 0; at !== undefined && count < maxMembers; count++) {
    const header = await readHeader(reader, at);
    if (!header) break;
    const { name, dataAt } = header;
    let end = dataAt + header.bytes;
    if (!found && name.endsWith("data.pkl") && header.method === 0) {
      const cursor = new Cursor(reader, dataAt);
      const walk = await walkPickle(cursor);
      if (walk.broke) return undefined;
      found = { walk, folder: `${name.slice(0, -"data.pkl".length)}data/` };
      sizes = sizesOf(walk);
      end = cursor.at;
    }
    const key = found && name.startsWith(found.folder) ? name.slice(found.folder.length) : undefined;
    const bytes = key === undefined ? undefined : sizes.get(key);
    if (key !== undefined && bytes !== undefined && header.method === 0) {
      places.set(key, { at: dataAt, bytes });
      end = dataAt + bytes;
    }
    at = await nextHeader(reader, end);
  }
  return found && { ...found, places };
}

function sizesOf({ value }: PickleWalk): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const [key, { dtype, elements }] of collectStorages(value))
    sizes.set(key, (elements * (bitsOf(dtype) ?? 8)) / 8);
  return sizes;
}

interface Header {
  readonly name: string;
  readonly method: number;
  /** 0 where the size stands in a descriptor behind the data. */
  readonly bytes: number;
  readonly dataAt: number;
}

async function readHeader(reader: Reader, at: number): Promise<Header | undefined> {
  try {
    const fixed = Buffer.from(await readExactly(reader, at, 30, "a zip member's header"));
    const nameBytes = fixed.readUInt16LE(26);
    const name = Buffer.from(await readExactly(reader, at + 30, nameBytes, "a zip member's name")).toString("utf8");
    const stored = fixed.readUInt32LE(18);
    const bytes = stored === 0xffffffff ? 0 : stored;
    return { name, method: fixed.readUInt16LE(8), bytes, dataAt: at + 30 + nameBytes + fixed.readUInt16LE(28) };
  } catch (error) {
    if (error instanceof WeightsError) return undefined; // cut off within this header
    throw error;
  }
}

async function nextHeader(reader: Reader, from: number): Promise<number | undefined> {
  if (from >= reader.size) return undefined;
  const gap = await reader.read(from, Math.min(maxGapBytes, reader.size - from));
  const at = Buffer.from(gap).indexOf(headerMagic);
  return at < 0 ? undefined : from + at;
}
