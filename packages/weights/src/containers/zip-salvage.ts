// Source: PKWARE APPNOTE 6.3.10, §4.3.7 (local header), §4.5.3 (zip64).
import { readExactly } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { headBytes, maxMembers, maxNameBytes } from "../limits.ts";
import type { Reader } from "../tensor.ts";
import { readZipDirectory, type ZipMember } from "./zip.ts";

/** The members of a zip, and whether its end is missing; then the last one may be cut. */
interface ZipMembers {
  readonly members: readonly ZipMember[];
  readonly cut: boolean;
}

/** How far into a program its zip may begin, in bytes: llamafile's own code has 30 MB at most. */
const maxProgramBytes = 64 * 1024 * 1024;

const searchBytes = 1024 * 1024;
const localSignature = Buffer.of(0x50, 0x4b, 3, 4);

/** Sizes stand in a descriptor behind the data, APPNOTE §4.4.4 bit 3. */
const describedLater = 8;

/**
 * The members that the directory lists; of a zip whose end is missing those whose local headers follow each other from the front. The walk
 * stops at a member whose header does not tell its size.
 *
 * @throws {WeightsError} as `readZipDirectory`, also for a cut zip of which no member is left.
 */
export async function readZipMembers(reader: Reader): Promise<ZipMembers> {
  try {
    return { members: await readZipDirectory(reader), cut: false };
  } catch (error) {
    if (!(error instanceof WeightsError) || error.code !== "TRUNCATED") throw error;
    const members = await (salvaged.get(reader) ?? keep(reader));
    if (members.length === 0) throw error;
    return { members, cut: true };
  }
}

/** As directories are, each is walked once for its reader. */
const salvaged = new WeakMap<Reader, Promise<readonly ZipMember[]>>();

function keep(reader: Reader): Promise<readonly ZipMember[]> {
  const walk = walkLocalHeaders(reader);
  salvaged.set(reader, walk);
  return walk;
}

async function walkLocalHeaders(reader: Reader): Promise<ZipMember[]> {
  const members: ZipMember[] = [];
  let at = await firstHeader(reader);
  while (at !== undefined && members.length < maxMembers) {
    const header = await readHeader(reader, at);
    if (!header) break;
    members.push(header.member);
    at = header.next;
  }
  return members;
}

/** At the beginning, or behind a program. Throws only what the reader throws. */
export async function firstHeader(reader: Reader): Promise<number | undefined> {
  const overlap = localSignature.length - 1;
  const head = Buffer.from(await reader.read(0, Math.min(2, reader.size)));
  const most = head.toString("latin1") === "PK" ? headBytes : maxProgramBytes; // a zip proper begins at once
  for (let at = 0; at < Math.min(reader.size, most); at += searchBytes) {
    const bytes = Buffer.from(await reader.read(at, Math.min(searchBytes + overlap, reader.size - at)));
    const found = bytes.indexOf(localSignature);
    if (found >= 0) return at + found;
  }
  return undefined;
}

/** Undefined where no whole header stands; `next` is undefined behind a member that is cut or of unknown size. */
async function readHeader(
  reader: Reader,
  at: number,
): Promise<{ member: ZipMember; next: number | undefined } | undefined> {
  if (at + 30 > reader.size) return undefined;
  const fixed = Buffer.from(await readExactly(reader, at, 30, "a zip member's header"));
  if (fixed.indexOf(localSignature) !== 0) return undefined;
  const [nameBytes, extraBytes] = [fixed.readUInt16LE(26), fixed.readUInt16LE(28)];
  const dataAt = at + 30 + nameBytes + extraBytes;
  if (dataAt > reader.size || nameBytes > maxNameBytes) return undefined;
  const more = Buffer.from(await readExactly(reader, at + 30, nameBytes + extraBytes, "a zip member's name"));
  const sizes = wideSizes(fixed, more.subarray(nameBytes));
  const flags = fixed.readUInt16LE(6);
  const unknown = (flags & describedLater) !== 0 && sizes.stored === 0;
  const left = reader.size - dataAt;
  const member = {
    name: more.toString("utf8", 0, nameBytes),
    method: fixed.readUInt16LE(8),
    encrypted: (flags & 1) !== 0,
    storedBytes: unknown ? left : Math.min(sizes.stored, left),
    bytes: sizes.bytes,
    headerAt: at,
    ...((unknown || sizes.stored > left) && { cut: true }),
  };
  return { member, next: unknown || sizes.stored > left ? undefined : dataAt + sizes.stored };
}

/** In a local header the extra field has both sizes, uncompressed first. */
function wideSizes(fixed: Buffer, extra: Buffer): { bytes: number; stored: number } {
  const sizes = { bytes: fixed.readUInt32LE(22), stored: fixed.readUInt32LE(18) };
  for (let i = 0; i + 4 <= extra.length; i += 4 + extra.readUInt16LE(i + 2)) {
    if (extra.readUInt16LE(i) !== 1 || i + 20 > extra.length) continue;
    const [bytes, stored] = [extra.readBigUInt64LE(i + 4), extra.readBigUInt64LE(i + 12)];
    const isWide = sizes.bytes === 0xffffffff || sizes.stored === 0xffffffff;
    if (isWide && bytes <= Number.MAX_SAFE_INTEGER && stored <= Number.MAX_SAFE_INTEGER)
      return { bytes: Number(bytes), stored: Number(stored) };
  }
  return sizes;
}
