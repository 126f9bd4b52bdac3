// Source: Igor Pavlov, 7-Zip 26, `DOC/7zFormat.txt` and `DOC/Methods.txt`.
import { crc32 } from "node:zlib";
import { readExactly } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { maxArchiveIndexBytes } from "../limits.ts";
import type { Reader } from "../tensor.ts";
import { unpackBzip2 } from "./bzip2.ts";
import { deflate, zstd, type Codec } from "./codec.ts";
import type { Budget } from "./allowance.ts";
import type { Container, ContainerMember } from "./container.ts";
import { undoDelta, undoX86, type Filter } from "./filters.ts";
import type { Unpack } from "./input.ts";
import { lzma2Stream, lzmaStream } from "./lzma-streams.ts";
import { ownCodec } from "./own-codec.ts";
import { rangeReader } from "./range.ts";
import { checkCrc, readSevenZipHeader, type Coder, type Folder, type SevenZipHeader } from "./seven-zip-header.ts";
import { UnpackedReader } from "./unpacked.ts";
import { lzma2Window } from "./xz.ts";

const signatureBytes = 32;

/** DOC/Methods.txt: 7zAES, which also packs headers that hide their names. */
const aes = "06f10701";

/** How often a header may be packed: 7-Zip does it once. */
const maxHeaderLayers = 4;

/** What we say of bytes that are encrypted: a gap, never a "no". */
const encryptedNotOpened = "is encrypted, not opened";

/**
 * 7z archives: LZMA, LZMA2, deflate, bzip2, zstd and stored files, solid or not. The CRC-32 of the headers is verified, and that of each
 * file as far as it is unpacked.
 *
 * Filters for x86 and delta are undone. Blind spot: BCJ2 and the filters of other machines, PPMd; encrypted files; parts of a split archive must be joined before.
 */
export const sevenZip: Container = {
  name: "7z",
  mayBe: (head) => head[0] === 0x37 && Buffer.from(head.subarray(0, 6)).toString("latin1") === "7z\xbc\xaf\x27\x1c",
  open: openSevenZip,
};

async function* openSevenZip(reader: Reader, budget?: Budget): AsyncGenerator<ContainerMember> {
  const { folders, names } = await readArchive(reader);
  let next = 0;
  for (const folder of folders) {
    const opened = openFolder(reader, folder, budget);
    let at = 0;
    for (const part of folder.parts) {
      const name = names[next++] ?? "";
      const sibling = (): Promise<undefined> => Promise.resolve(undefined);
      if (part.bytes < (budget?.leastMemberBytes ?? 0)) yield { name, sibling, leftOut: "SMALL_MEMBER" };
      else if (typeof opened === "string") yield { name, sibling, problem: opened };
      else yield { name, sibling, reader: rangeReader(opened, at, part.bytes) };
      at += part.bytes;
    }
    if (opened instanceof UnpackedReader) await opened.close();
  }
}

/** Signature header, then the header that it points to, unpacked if it is packed. @throws {WeightsError} ENCRYPTED if it hides its names. */
async function readArchive(reader: Reader): Promise<SevenZipHeader> {
  const signature = Buffer.from(await readExactly(reader, 0, signatureBytes, "a 7z signature"));
  checkCrc(signature.subarray(12), signature.readUInt32LE(8), "a 7z signature");
  const [offset, bytes] = [Number(signature.readBigUInt64LE(12)), Number(signature.readBigUInt64LE(20))];
  if (bytes === 0) return { encoded: false, folders: [], names: [] };
  let header = await readExactly(reader, signatureBytes + offset, bytes, "a 7z header", maxArchiveIndexBytes);
  checkCrc(header, signature.readUInt32LE(28), "a 7z header");
  for (let layer = 0; layer < maxHeaderLayers; layer++) {
    const found = readSevenZipHeader(header);
    if (!found.encoded) return found;
    const [folder] = found.folders;
    if (!folder) throw new WeightsError("MALFORMED", "a 7z header packed into nothing");
    header = await unpackHeader(reader, folder);
  }
  throw new WeightsError("TOO_DEEP", `a 7z header packed more than ${maxHeaderLayers} times`);
}

async function unpackHeader(reader: Reader, folder: Folder): Promise<Uint8Array> {
  if (folder.unpacked > maxArchiveIndexBytes) {
    throw new WeightsError("TOO_LARGE", `a 7z header of ${folder.unpacked} bytes, more than ${maxArchiveIndexBytes}`);
  }
  const opened = openFolder(reader, folder);
  if (typeof opened === "string") {
    const isEncrypted = folder.coders.some((it) => it.method === aes);
    throw new WeightsError(isEncrypted ? "ENCRYPTED" : "UNSUPPORTED", `the list of files ${opened}`);
  }
  const header = await readExactly(opened, 0, folder.unpacked, "a packed 7z header");
  checkCrc(header, folder.crc, "a packed 7z header");
  return header;
}

/** What a folder unpacks to, or why it can't be. */
function openFolder(reader: Reader, folder: Folder, budget?: Budget): Reader | string {
  const [packed] = folder.packed;
  const [first, ...filters] = folder.chain ?? [];
  const names = folder.coders.map((it) => nameOf(it.method)).join(" and ");
  if (folder.coders.some((it) => it.method === aes)) return encryptedNotOpened;
  if (!first || !packed) return `is packed by ${names}, whose streams branch: not opened`;
  const at = signatureBytes + packed.at;
  if (at + packed.bytes > reader.size) return "lies beyond the end of the file";
  if (first.method === "00" && filters.length === 0) return rangeReader(reader, at, packed.bytes);
  const codec = codecOf(first, filters, folder);
  if (!codec) return `is packed by ${names}, which can't be opened`;
  return new UnpackedReader({ reader, at, bytes: packed.bytes, codec, budget }, folder.unpacked);
}

/** Decoders of ours may have filters behind them; those of Node stand alone. */
function codecOf(first: Coder, filters: readonly Coder[], folder: Folder): Codec | undefined {
  const unpack = decoderOf(first);
  if (!unpack) return filters.length === 0 ? nodeCodecs.get(first.method) : undefined;
  const undo = filters.map(filterOf);
  if (undo.includes(undefined)) return undefined;
  const whole: Unpack = (input) => undo.reduce((steps, filter) => filter?.(steps) ?? steps, unpack(input));
  return ownCodec(nameOf(first.method), checked(whole, folder));
}

const nodeCodecs: ReadonlyMap<string, Codec> = new Map([
  ["040108", deflate],
  ["04f71101", zstd],
]);

function decoderOf({ method, properties, unpacked: size }: Coder): Unpack | undefined {
  switch (method) {
    case "030101": {
      if (properties.length < 5) return undefined;
      const windowBytes = new DataView(properties.buffer, properties.byteOffset, properties.length).getUint32(1, true);
      return lzmaStream({ properties: properties[0] ?? 0, windowBytes, size });
    }
    case "21":
      return (input) => lzma2Stream(lzma2Window(properties[0] ?? 255), size)(input);
    case "040202":
      return unpackBzip2;
    default:
      return undefined;
  }
}

function filterOf({ method, properties }: Coder): Filter | undefined {
  if (method === "03030103" || method === "04") return undoX86;
  return method === "03" ? undoDelta((properties[0] ?? 0) + 1) : undefined;
}

/** Compares the sum of each file when its last byte came, and the length of the whole. */
function checked(unpack: Unpack, { parts, unpacked }: Folder): Unpack {
  return function* (input) {
    let part = 0;
    let left = parts[0]?.bytes ?? 0;
    let sum = 0;
    let done = 0;
    for (const step of unpack(input)) {
      yield step;
      if (typeof step === "number") continue;
      done += step.length;
      for (let from = 0; from < step.length && part < parts.length;) {
        const piece = step.subarray(from, from + left);
        sum = crc32(piece, sum);
        from += piece.length;
        left -= piece.length;
        if (left > 0) continue;
        const stated = parts[part]?.crc;
        if (stated !== undefined && stated !== sum)
          throw new WeightsError("MALFORMED", "a file of a 7z with a wrong CRC32");
        left = parts[++part]?.bytes ?? 0;
        sum = 0;
      }
    }
    if (done !== unpacked) throw new WeightsError("MALFORMED", `a 7z folder of ${done} bytes, not ${unpacked}`);
  };
}

/** DOC/Methods.txt */
const methodNames: ReadonlyMap<string, string> = new Map([
  ["03", "delta"],
  ["030401", "PPMd"],
  ["03030103", "BCJ"],
  ["0303011b", "BCJ2"],
  ["0a", "ARM64"],
  ["04", "BCJ"],
  ["030101", "LZMA"],
  ["21", "LZMA2"],
  ["040109", "deflate64"],
]);

function nameOf(method: string): string {
  return methodNames.get(method) ?? `method ${method}`;
}
