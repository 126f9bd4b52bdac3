// Source: PKWARE APPNOTE 6.3.10, §4.3 to 4.5.
import { Cursor, exactNumber, readExactly } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { maxMembers, maxNameBytes } from "../limits.ts";
import type { Reader } from "../tensor.ts";

/** One file in a zip archive, as its central directory tells. */
export interface ZipMember {
  readonly name: string;
  /** 0 stored, 8 deflated, 93 zstd; others are not read. */
  readonly method: number;
  readonly encrypted: boolean;
  readonly storedBytes: number;
  readonly bytes: number;
  /** The file ends within it. */
  readonly cut?: boolean;
  /** Of its local header, counted from the file's first byte. */
  readonly headerAt: number;
}

const localSignature = 0x04034b50;
const centralSignature = 0x02014b50;
const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locatorSignature = 0x07064b50;

const endBytes = 22;
const maxCommentBytes = 0xffff;

/** Whether a file begins like a zip: a member, an empty archive, or a spanning marker. */
export function beginsLikeZip(head: Uint8Array): boolean {
  if (head[0] !== 0x50 || head[1] !== 0x4b) return false;
  return (head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6) || (head[2] === 7 && head[3] === 8);
}

/** Whether the last 64 KiB hold the end record of a zip. Throws only what the reader throws. */
export async function endsLikeZip(reader: Reader): Promise<boolean> {
  const tailBytes = Math.min(reader.size, endBytes + maxCommentBytes);
  const tail = Buffer.from(await reader.read(reader.size - tailBytes, tailBytes));
  return indexOfEnd(tail) >= 0;
}

/**
 * The members that the central directory lists. Bytes may come before the archive (self-extracting programs, llamafile).
 * @throws {WeightsError} TRUNCATED without an end record, MALFORMED or TOO_MANY for a directory that is none.
 */
export function readZipDirectory(reader: Reader): Promise<readonly ZipMember[]> {
  const known = directories.get(reader) ?? walkDirectory(reader);
  directories.set(reader, known);
  return known;
}

/** Recognising a zip and opening it read the same directory: kept as long as its reader is. */
const directories = new WeakMap<Reader, Promise<readonly ZipMember[]>>();

async function walkDirectory(reader: Reader): Promise<ZipMember[]> {
  const end = await findEnd(reader);
  const cursor = new Cursor(reader, end.directoryAt, end.directoryAt + end.directoryBytes);
  const members: ZipMember[] = [];
  while (cursor.left >= 46) members.push(await readEntry(cursor, end.shift, members.length));
  if (members.length !== end.count) {
    throw new WeightsError("MALFORMED", `the zip directory has ${members.length} members, its end says ${end.count}`, {
      at: end.directoryAt,
    });
  }
  return members;
}

interface End {
  readonly count: number;
  readonly directoryAt: number;
  readonly directoryBytes: number;
  /** Bytes before the archive that its own offsets do not count. */
  readonly shift: number;
}

/** Most archives have no comment, so a short look at the tail comes first. */
async function findEnd(reader: Reader): Promise<End> {
  for (const most of [endBytes + 1024, endBytes + maxCommentBytes]) {
    const tailBytes = Math.min(reader.size, most);
    const tailAt = reader.size - tailBytes;
    const tail = Buffer.from(await readExactly(reader, tailAt, tailBytes, "the end of the zip"));
    const at = indexOfEnd(tail);
    if (at >= 0) return readEnd(reader, tail.subarray(at), tailAt + at);
  }
  throw new WeightsError("TRUNCATED", "the zip has no directory at its end", { at: reader.size });
}

/** The last end record whose comment fits; -1 if there is none. */
function indexOfEnd(tail: Buffer): number {
  for (let i = tail.length - endBytes; i >= 0; i--) {
    if (tail.readUInt32LE(i) === endSignature && i + endBytes + tail.readUInt16LE(i + 20) <= tail.length) return i;
  }
  return -1;
}

interface EndRecord {
  readonly count: number;
  readonly directoryBytes: number;
  readonly offset: number;
  /** Where this record begins: the directory stands right before it. */
  readonly at: number;
}

/** PyTorch always writes a zip64 end, also where the plain one would do: then the directory stands before that. */
async function readEnd(reader: Reader, record: Buffer, at: number): Promise<End> {
  const plain = {
    count: record.readUInt16LE(10),
    directoryBytes: record.readUInt32LE(12),
    offset: record.readUInt32LE(16),
    at,
  };
  const end = (await readEnd64(reader, at)) ?? plain;
  if (end.count > maxMembers) throw new WeightsError("TOO_MANY", `${end.count} zip members`, { at });
  const { count, directoryBytes, offset } = end;
  for (const directoryAt of [end.at - directoryBytes, offset]) {
    if (await isDirectory(reader, directoryAt, directoryBytes)) {
      return { count, directoryAt, directoryBytes, shift: Math.max(0, directoryAt - offset) };
    }
  }
  throw new WeightsError("OUT_OF_FILE", `the zip directory lies at ${offset} with ${directoryBytes} bytes`, { at });
}

async function isDirectory(reader: Reader, at: number, bytes: number): Promise<boolean> {
  if (at < 0 || at + bytes > reader.size) return false;
  if (bytes === 0) return true;
  const first = Buffer.from(await reader.read(at, Math.min(4, bytes)));
  return first.length === 4 && first.readUInt32LE(0) === centralSignature;
}

/** Undefined where no locator stands before the plain end record. */
async function readEnd64(reader: Reader, at: number): Promise<EndRecord | undefined> {
  if (at < 20) return undefined;
  const locator = Buffer.from(await readExactly(reader, at - 20, 20, "the zip64 locator"));
  if (locator.readUInt32LE(0) !== locatorSignature) return undefined;
  const stated = exactNumber(locator.readBigUInt64LE(8), "the place of the zip64 end", at - 12);
  for (const endAt of [at - 20 - 56, stated]) {
    if (endAt < 0 || endAt + 56 > at) continue;
    const end = Buffer.from(await readExactly(reader, endAt, 56, "the zip64 end"));
    if (end.readUInt32LE(0) !== end64Signature) continue;
    return {
      count: exactNumber(end.readBigUInt64LE(32), "the member count", endAt),
      directoryBytes: exactNumber(end.readBigUInt64LE(40), "the directory's size", endAt),
      offset: exactNumber(end.readBigUInt64LE(48), "the directory's place", endAt),
      at: endAt,
    };
  }
  return undefined;
}

async function readEntry(cursor: Cursor, shift: number, index: number): Promise<ZipMember> {
  const at = cursor.at;
  if (index >= maxMembers) throw new WeightsError("TOO_MANY", `more than ${maxMembers} zip members`, { at });
  await cursor.want(46, "a zip directory entry");
  const fixed = Buffer.from(cursor.take(46));
  if (fixed.readUInt32LE(0) !== centralSignature) throw new WeightsError("MALFORMED", "no zip directory entry", { at });
  const nameBytes = fixed.readUInt16LE(28);
  const extraBytes = fixed.readUInt16LE(30);
  await cursor.want(nameBytes + extraBytes, "a zip member's name");
  const name = new TextDecoder().decode(cursor.take(Math.min(nameBytes, maxNameBytes)));
  const extra = Buffer.from(cursor.take(extraBytes));
  cursor.skip(fixed.readUInt16LE(32), "a zip member's comment");
  const sizes = wideSizes(fixed, extra, at);
  return {
    name,
    method: fixed.readUInt16LE(10),
    encrypted: (fixed.readUInt16LE(8) & 1) !== 0,
    storedBytes: sizes.stored,
    bytes: sizes.bytes,
    headerAt: shift + sizes.headerAt,
  };
}

/** APPNOTE §4.5.3: fields that read 0xffffffff stand in the zip64 extra field, in this order. */
function wideSizes(fixed: Buffer, extra: Buffer, at: number): { bytes: number; stored: number; headerAt: number } {
  let bytes = fixed.readUInt32LE(24);
  let stored = fixed.readUInt32LE(20);
  let headerAt = fixed.readUInt32LE(42);
  for (let i = 0; i + 4 <= extra.length; i += 4 + extra.readUInt16LE(i + 2)) {
    if (extra.readUInt16LE(i) !== 1) continue;
    const field = extra.subarray(i + 4, i + 4 + extra.readUInt16LE(i + 2));
    let next = 0;
    const wide = (narrow: number): number => {
      if (narrow !== 0xffffffff || next + 8 > field.length) return narrow;
      next += 8;
      return exactNumber(field.readBigUInt64LE(next - 8), "a zip64 size", at);
    };
    bytes = wide(bytes);
    stored = wide(stored);
    headerAt = wide(headerAt);
    break;
  }
  return { bytes, stored, headerAt };
}

/** A member's local header: where its bytes begin, and the name it has there. */
interface LocalHeader {
  readonly name: string;
  readonly dataAt: number;
}

/**
 * @throws {WeightsError} MALFORMED where no local header stands, OUT_OF_FILE if the member's bytes do not fit into the file.
 */
export async function readLocalHeader(reader: Reader, member: ZipMember): Promise<LocalHeader> {
  const { headerAt } = member;
  const fixed = Buffer.from(await readExactly(reader, headerAt, 30, "a zip member's header"));
  if (fixed.readUInt32LE(0) !== localSignature)
    throw new WeightsError("MALFORMED", "no zip member's header", { at: headerAt });
  const nameBytes = fixed.readUInt16LE(26);
  const name = new TextDecoder().decode(await readExactly(reader, headerAt + 30, nameBytes, "a zip member's name"));
  const dataAt = headerAt + 30 + nameBytes + fixed.readUInt16LE(28);
  if (dataAt + member.storedBytes > reader.size) {
    throw new WeightsError("OUT_OF_FILE", `member ${JSON.stringify(member.name)} ends beyond the file`, {
      at: headerAt,
    });
  }
  return { name, dataAt };
}
