import { WeightsError } from "../error.ts";
import { startsWith } from "../formats/format.ts";
import { maxRecogniseBytes } from "../limits.ts";
import { siblingName } from "../sibling.ts";
import type { Reader } from "../tensor.ts";
import type { Budget, LeftOutCode } from "./allowance.ts";
import { deflate, gzip, zlib, zstd, type Codec } from "./codec.ts";
import { bzip2, lzmaInZip, xz } from "./own-codec.ts";
import { rangeReader } from "./range.ts";
import { beginsLikeTar, readTar, type TarMember } from "./tar.ts";
import { unpackedSize, UnpackedReader } from "./unpacked.ts";
import { beginsLikeZip, endsLikeZip, readLocalHeader, type ZipMember } from "./zip.ts";
import { firstHeader, readZipMembers } from "./zip-salvage.ts";

/** One file in a container. Where it cannot be opened, `problem` says why; a reader beside it gives what may be read all the same. */
export interface ContainerMember {
  /** As the archive has it; never a path to open. Empty for a compressed stream, which names nothing. */
  readonly name: string;
  readonly reader?: Reader;
  readonly problem?: string;
  /** Set where it was passed over to save time; then there is no reader. */
  readonly leftOut?: LeftOutCode;
  /** A file of the same folder in the same archive. */
  sibling(name: string): Promise<Reader | undefined>;
  /** Any file of the same archive, by its path; undefined where archives of this kind hold no images. */
  entry?(path: string): Promise<Reader | undefined>;
  /** Lets go of what reading it keeps in memory. */
  close?(): Promise<void>;
}

type Wanted = (name: string) => boolean;

/** A file that holds files. */
export interface Container {
  readonly name: string;
  /** By the first bytes alone; `peek` may unpack some of them. Never throws. */
  mayBe(head: Uint8Array, size: number): boolean;
  /** Whether it is, where the first bytes do not decide. Throws only what the reader throws. */
  confirm?(reader: Reader): Promise<boolean>;
  /**
   * @param budget What may be unpacked to look into it; undefined: as much as it takes, and no member is too small.
   * @param wanted Members that it says no to may be left out; undefined: none.
   * @throws {WeightsError} for an archive that can't be listed; a single bad member is a `problem` instead.
   */
  open(reader: Reader, budget?: Budget, wanted?: Wanted): AsyncGenerator<ContainerMember>;
  /** For a compressed stream: the beginning of what is inside. */
  readonly codec?: Codec;
}

const noSibling = (): Promise<undefined> => Promise.resolve(undefined);

/** Also a zip behind a program: llamafile. */
export const zipContainer: Container = { name: "zip", mayBe: (head) => beginsLikeZip(head), open: openZip };

export const tarContainer: Container = { name: "tar", mayBe: (head) => beginsLikeTar(head), open: openTar };

/** Programs with a zip at their end: an Actually Portable Executable, or a large ELF. Everything smaller holds no model. */
export const llamafile: Container = {
  name: "llamafile",
  mayBe: (head, size) => startsWith(head, "MZqFpD") || (startsWith(head, "\x7fELF") && size > 4 * 1024 * 1024),
  confirm: async (reader) => (await endsLikeZip(reader)) || isCutLlamafile(reader),
  open: openZip,
};

/** Its program names no size, so a copy without its end is told by the first member behind the program. */
async function isCutLlamafile(reader: Reader): Promise<boolean> {
  const head = await reader.read(0, Math.min(8, reader.size));
  return startsWith(head, "MZqFpD") && (await firstHeader(reader)) !== undefined;
}

export const streams: readonly Container[] = [
  streamContainer(gzip, (head) => startsWith(head, "\x1f\x8b\x08")),
  streamContainer(zstd, (head) => startsWith(head, "\x28\xb5\x2f\xfd")),
  streamContainer(zlib, (head) => ((head[0] ?? 0) & 0x8f) === 8 && (((head[0] ?? 0) << 8) | (head[1] ?? 0)) % 31 === 0),
];

/** A compressed stream, which holds one file without a name. */
export function streamContainer(codec: Codec, begins: (head: Uint8Array) => boolean): Container {
  return { name: codec.name, codec, mayBe: begins, open: (reader, budget) => openStream(reader, codec, budget) };
}

/** What is inside must be measured first, which costs a pass, unless it is a tar: that is read from front to back. */
async function* openStream(reader: Reader, codec: Codec, budget?: Budget): AsyncGenerator<ContainerMember> {
  const packed = { reader, at: 0, bytes: reader.size, codec, budget };
  const head = codec.peek(await reader.read(0, Math.min(reader.size, codec.peekBytes ?? maxRecogniseBytes / 2)));
  const size = beginsLikeTar(head) ? undefined : await (codec.measure ?? unpackedSize)(packed);
  const unpacked = new UnpackedReader(packed, size);
  yield { name: "", reader: unpacked, sibling: noSibling, close: () => unpacked.close() };
}

async function* openTar(reader: Reader, budget?: Budget): AsyncGenerator<ContainerMember> {
  // Siblings are read beside the walk, so that it does not lose its place in a stream.
  const aside = reader instanceof UnpackedReader ? reader.fork() : reader;
  let byName: Map<string, TarMember> | undefined;
  try {
    for await (const { name, at, bytes } of readTar(reader)) {
      const entry = async (wanted: string): Promise<Reader | undefined> => {
        byName ??= await indexTar(aside);
        const found = byName.get(wanted) ?? byName.get(`./${wanted}`);
        if (found) budget?.grant(2 * found.bytes);
        return found && rangeReader(aside, found.at, found.bytes);
      };
      const sibling = (wanted: string): Promise<Reader | undefined> => entry(beside(name, wanted));
      if (bytes < (budget?.leastMemberBytes ?? 0)) yield { name, sibling, leftOut: "SMALL_MEMBER" };
      else yield { name, reader: rangeReader(reader, at, bytes), sibling, entry };
    }
  } finally {
    if (aside instanceof UnpackedReader) await aside.close();
  }
}

async function indexTar(reader: Reader): Promise<Map<string, TarMember>> {
  const byName = new Map<string, TarMember>();
  for await (const it of readTar(reader)) byName.set(it.name, it);
  return byName;
}

async function* openZip(reader: Reader, budget?: Budget, wanted?: Wanted): AsyncGenerator<ContainerMember> {
  const { members, cut } = await readZipMembers(reader);
  const byName = new Map(members.map((it) => [it.name, it]));
  for (const member of members) {
    if ((member.name.endsWith("/") && member.bytes === 0) || wanted?.(member.name) === false) continue;
    const sibling = async (wanted: string): Promise<Reader | undefined> => {
      const found = byName.get(beside(member.name, wanted));
      if (found) budget?.grant(2 * found.bytes);
      return found && openZipMember(reader, found, budget);
    };
    if (member.bytes < (budget?.leastMemberBytes ?? 0)) yield { name: member.name, sibling, leftOut: "SMALL_MEMBER" };
    else yield { name: member.name, sibling, ...(await opened(reader, member, budget)) };
  }
  if (cut) yield { name: "", sibling: noSibling, problem: "the zip is cut: what came last is not there" };
}

async function opened(
  reader: Reader,
  member: ZipMember,
  budget: Budget | undefined,
): Promise<Pick<ContainerMember, "reader" | "problem" | "close">> {
  try {
    const inside = await openZipMember(reader, member, budget);
    const problem = member.encrypted ? { problem: `${JSON.stringify(member.name)} is encrypted, or says so` } : {};
    const close = inside instanceof UnpackedReader ? { close: () => inside.close() } : {};
    return { reader: inside, ...problem, ...close };
  } catch (error) {
    if (error instanceof WeightsError) return { problem: error.message };
    throw error;
  }
}

/** APPNOTE 6.3.10, §4.4.5. */
const zipCodecs: ReadonlyMap<number, Codec> = new Map([
  [8, deflate],
  [12, bzip2],
  [14, lzmaInZip],
  [93, zstd],
  [95, xz],
]);

/**
 * A zip member as a file: where it lies if stored, else unpacked as it is read. A flag that says "encrypted" is not believed, as loaders
 * do not believe it: what is encrypted is noise, what only says so is not.
 * @throws {WeightsError} UNSUPPORTED if it is packed in a way we do not know, else as `readLocalHeader`.
 */
export async function openZipMember(reader: Reader, member: ZipMember, budget?: Budget): Promise<Reader> {
  const { dataAt } = await readLocalHeader(reader, member);
  if (member.method === 0) return rangeReader(reader, dataAt, member.storedBytes);
  const codec = zipCodecs.get(member.method);
  if (!codec) {
    throw new WeightsError("UNSUPPORTED", `${JSON.stringify(member.name)} has zip method ${member.method}`, {
      at: dataAt,
    });
  }
  const packed = { reader, at: dataAt, bytes: member.storedBytes, codec, budget };
  return new UnpackedReader(packed, member.cut ? await unpackedSize(packed) : member.bytes);
}

function beside(name: string, wanted: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1) + siblingName(wanted);
}
