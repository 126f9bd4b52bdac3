// Source: Igor Pavlov, 7-Zip 26, `DOC/7zFormat.txt`.
import { crc32 } from "node:zlib";
import { WeightsError } from "../error.ts";
import { maxMembers } from "../limits.ts";
import { HeaderBytes } from "./seven-zip-numbers.ts";

/** One packed stream and how it was packed. */
export interface Folder {
  readonly coders: readonly Coder[];
  /** Where each coder takes in what one other gave: the coders from the packed bytes on; undefined for branches. */
  readonly chain: readonly Coder[] | undefined;
  /** Of the packed streams, counted from behind the signature header; one for each stream that the coders take in. */
  readonly packed: readonly { readonly at: number; readonly bytes: number }[];
  /** Of what the whole folder unpacks to. */
  readonly unpacked: number;
  readonly crc: number | undefined;
  /** The files in it, one after the other. */
  readonly parts: readonly { readonly bytes: number; readonly crc: number | undefined }[];
}

/** A method by its id, in hex, and the properties that it was given. */
export interface Coder {
  readonly method: string;
  readonly properties: Uint8Array;
  readonly inputs: number;
  readonly outputs: number;
  /** Of what it gives, in bytes; of the first of several streams. */
  readonly unpacked: number;
}

/** What an archive's header tells; `encoded` if it is itself packed: the only folder unpacks to the header. */
export interface SevenZipHeader {
  readonly encoded: boolean;
  readonly folders: readonly Folder[];
  /** Names of the files that have bytes, in the order in which the folders hold them. */
  readonly names: readonly string[];
}

// 7zFormat.txt, "Property IDs"
const end = 0x00;
const header = 0x01;
const archiveProperties = 0x02;
const additionalStreams = 0x03;
const mainStreams = 0x04;
const filesInfo = 0x05;
const packInfo = 0x06;
const unpackInfo = 0x07;
const subStreams = 0x08;
const size = 0x09;
const crc = 0x0a;
const folder = 0x0b;
const unpackSizes = 0x0c;
const partCounts = 0x0d;
const emptyStream = 0x0e;
const names = 0x11;
const encodedHeader = 0x17;

/** Most coders of a folder and streams of a coder: BCJ2 with LZMA has four of each. */
const maxCoders = 32;

/** Most folders: one for each file of an archive that is not solid. */
const maxFolders = maxMembers;

/**
 * Reads a header that is in memory.
 * @throws {WeightsError} TRUNCATED, MALFORMED, TOO_MANY, TOO_LARGE; UNSUPPORTED for parts that no 7-Zip writes.
 */
export function readSevenZipHeader(bytes: Uint8Array): SevenZipHeader {
  const cursor = new HeaderBytes(bytes);
  const kind = cursor.number();
  if (kind === encodedHeader) return { encoded: true, folders: readStreams(cursor), names: [] };
  if (kind !== header) throw new WeightsError("MALFORMED", `a 7z header that begins with ${kind}`);
  let folders: readonly Folder[] = [];
  let found: readonly string[] = [];
  const once = new Once();
  for (let id = cursor.number(); id !== end; id = cursor.number()) {
    once.see(id);
    if (id === mainStreams) folders = readStreams(cursor);
    else if (id === filesInfo) found = readFiles(cursor);
    else if (id === archiveProperties) skipProperties(cursor);
    else
      throw new WeightsError(
        "UNSUPPORTED",
        id === additionalStreams ? "a 7z with additional streams" : `7z property ${id}`,
      );
  }
  return { encoded: false, folders, names: found };
}

function skipProperties(cursor: HeaderBytes): void {
  for (let id = cursor.number(); id !== end; id = cursor.number()) cursor.take(cursor.number());
}

/** Parts that stand once: each may be as long as an archive can be, in a few bytes. */
class Once {
  readonly #seen = new Set<number>();

  see(id: number): void {
    if (this.#seen.has(id)) throw new WeightsError("MALFORMED", `7z property ${id} twice`);
    this.#seen.add(id);
  }
}

interface Streams {
  packAt: number;
  packSizes: number[];
  folders: Omit<Folder, "packed" | "parts">[];
  parts: Folder["parts"][] | undefined;
}

function readStreams(cursor: HeaderBytes): Folder[] {
  const streams: Streams = { packAt: 0, packSizes: [], folders: [], parts: undefined };
  const once = new Once();
  for (let id = cursor.number(); id !== end; id = cursor.number()) {
    once.see(id);
    if (id === packInfo) readPackInfo(cursor, streams);
    else if (id === unpackInfo) streams.folders = readFolders(cursor);
    else if (id === subStreams) streams.parts = readParts(cursor, streams.folders);
    else throw new WeightsError("MALFORMED", `7z property ${id} among the streams`);
  }
  return placeFolders(streams);
}

/** The packed streams lie one after the other; each folder takes as many as its coders take in from outside. */
function placeFolders({ packAt, packSizes, folders, parts }: Streams): Folder[] {
  let at = packAt;
  let next = 0;
  return folders.map((it, i) => {
    const taken = inputsOf(it.coders) - (outputsOf(it.coders) - 1);
    const packed: { at: number; bytes: number }[] = [];
    for (let k = 0; k < taken; k++) {
      const bytes = packSizes[next++];
      if (bytes === undefined) throw new WeightsError("MALFORMED", "a 7z folder without packed bytes");
      packed.push({ at, bytes });
      at += bytes;
      if (!Number.isSafeInteger(at)) throw new WeightsError("TOO_LARGE", "a 7z beyond 2^53 bytes");
    }
    return { ...it, packed, parts: parts?.[i] ?? [{ bytes: it.unpacked, crc: it.crc }] };
  });
}

function readPackInfo(cursor: HeaderBytes, streams: Streams): void {
  streams.packAt = cursor.number();
  const count = cursor.count("packed streams", maxFolders * 4);
  for (let id = cursor.number(); id !== end; id = cursor.number()) {
    if (id === size) for (let i = 0; i < count; i++) streams.packSizes.push(cursor.number());
    else if (id === crc) readDigests(cursor, count);
    else throw new WeightsError("MALFORMED", `7z property ${id} among the packed streams`);
  }
}

function readFolders(cursor: HeaderBytes): Streams["folders"] {
  cursor.expect(folder);
  const count = cursor.count("folders", maxFolders);
  if (cursor.byte() !== 0) throw new WeightsError("UNSUPPORTED", "a 7z with folders elsewhere");
  const coders = Array.from({ length: count }, () => readCoders(cursor));
  cursor.expect(unpackSizes);
  const unpacked = coders.map((it) => {
    return Array.from({ length: outputsOf(it.coders) }, () => cursor.number());
  });
  let crcs: readonly (number | undefined)[] = [];
  for (let id = cursor.number(); id !== end; id = cursor.number()) {
    if (id !== crc) throw new WeightsError("MALFORMED", `7z property ${id} among the folders`);
    crcs = readDigests(cursor, count);
  }
  return coders.map((it, i) => {
    const sizes = unpacked[i] ?? [];
    const chain = it.chain?.map((index) => ({ ...(it.coders[index] ?? none), unpacked: sizes[index] ?? 0 }));
    return { coders: it.coders, chain, unpacked: sizes[it.main] ?? 0, crc: crcs[i] };
  });
}

const none: Coder = { method: "", properties: new Uint8Array(0), inputs: 1, outputs: 1, unpacked: 0 };

/** A folder's coders, and which of their outputs is the folder's own: the one that no coder takes in. */
function readCoders(cursor: HeaderBytes): { coders: Coder[]; chain: number[] | undefined; main: number } {
  const count = cursor.count("coders", maxCoders);
  if (count === 0) throw new WeightsError("MALFORMED", "a 7z folder without coders");
  const coders = Array.from({ length: count }, () => readCoder(cursor));
  const outputs = outputsOf(coders);
  const inputs = inputsOf(coders);
  if (inputs > maxCoders || outputs > maxCoders || inputs < outputs - 1) {
    throw new WeightsError("MALFORMED", `a 7z folder with ${inputs} streams in and ${outputs} out`);
  }
  const takers = new Map<number, number>(); // by the output, the input that takes it
  for (let i = 0; i < outputs - 1; i++) {
    const taker = cursor.number();
    takers.set(cursor.number(), taker);
  }
  const packed = inputs - (outputs - 1);
  if (packed > 1) for (let i = 0; i < packed; i++) cursor.number(); // which input each packed stream feeds
  const main = Array.from({ length: outputs }, (_, i) => i).findIndex((it) => !takers.has(it));
  if (main < 0) throw new WeightsError("MALFORMED", "a 7z folder whose coders form a circle");
  return { coders, chain: chainOf(coders, takers), main };
}

/** Coders with one stream in and one out, whose numbers are then those of the coders. */
function chainOf(coders: readonly Coder[], takers: ReadonlyMap<number, number>): number[] | undefined {
  const taken = new Set(takers.values());
  if (coders.some((it) => it.inputs !== 1 || it.outputs !== 1)) return undefined;
  const chain: number[] = [];
  let next: number | undefined = coders.findIndex((_, i) => !taken.has(i));
  while (next !== undefined && coders[next] && !chain.includes(next)) {
    chain.push(next);
    next = takers.get(next);
  }
  return chain.length === coders.length ? chain : undefined;
}

function readCoder(cursor: HeaderBytes): Coder {
  const flags = cursor.byte();
  if (flags & 0xc0) throw new WeightsError("MALFORMED", `a 7z coder with the flags ${flags}`);
  const method = Buffer.from(cursor.take(flags & 15)).toString("hex");
  const isComplex = (flags & 0x10) !== 0;
  const inputs = isComplex ? cursor.count("inputs", maxCoders) : 1;
  const outputs = isComplex ? cursor.count("outputs", maxCoders) : 1;
  const properties = flags & 0x20 ? cursor.take(cursor.number()).slice() : new Uint8Array(0);
  return { method, properties, inputs, outputs, unpacked: 0 };
}

function inputsOf(coders: readonly Coder[]): number {
  return coders.reduce((sum, it) => sum + it.inputs, 0);
}

function outputsOf(coders: readonly Coder[]): number {
  return coders.reduce((sum, it) => sum + it.outputs, 0);
}

/** How many files each folder holds, how long they are but for the last, and their checksums where the folder's own does not serve. */
function readParts(cursor: HeaderBytes, folders: Streams["folders"]): Folder["parts"][] {
  let counts = folders.map(() => 1);
  let id = cursor.number();
  if (id === partCounts) {
    counts = folders.map(() => cursor.count("files of a folder", maxMembers));
    if (counts.reduce((sum, it) => sum + it, 0) > maxMembers) throw new WeightsError("TOO_MANY", "7z members");
    id = cursor.number();
  }
  const sizes = folders.map(({ unpacked }, i) => {
    const count = counts[i] ?? 0;
    const list = Array.from({ length: Math.max(0, count - 1) }, () => (id === size ? cursor.number() : 0));
    const last = unpacked - list.reduce((sum, it) => sum + it, 0);
    if (last < 0) throw new WeightsError("MALFORMED", "7z files longer than their folder");
    return count > 0 ? [...list, last] : [];
  });
  if (id === size) id = cursor.number();
  const own = folders.map((it, i) => counts[i] === 1 && it.crc !== undefined);
  const unknown = counts.reduce((sum, it, i) => sum + (own[i] ? 0 : it), 0);
  let crcs: readonly (number | undefined)[] = [];
  for (; id !== end; id = cursor.number()) {
    if (id !== crc) throw new WeightsError("MALFORMED", `7z property ${id} among the files' sizes`);
    crcs = readDigests(cursor, unknown);
  }
  let next = 0;
  return sizes.map((list, i) => list.map((bytes) => ({ bytes, crc: own[i] ? folders[i]?.crc : crcs[next++] })));
}

function readDigests(cursor: HeaderBytes, count: number): (number | undefined)[] {
  const known = cursor.byte() === 0 ? cursor.bits(count) : undefined;
  return Array.from({ length: count }, (_, i) => (known && !known[i] ? undefined : cursor.u32()));
}

/** Names of the files that have a stream; folders and empty files have none. */
function readFiles(cursor: HeaderBytes): string[] {
  const count = cursor.count("files", maxMembers);
  let empty: readonly boolean[] = [];
  let list: readonly string[] = [];
  for (let id = cursor.number(); id !== end; id = cursor.number()) {
    const property = new HeaderBytes(cursor.take(cursor.number()));
    if (id === emptyStream) empty = property.bits(count);
    if (id !== names) continue;
    if (property.byte() !== 0) throw new WeightsError("UNSUPPORTED", "a 7z with names elsewhere");
    list = property.rest("utf-16le").split("\0");
  }
  return Array.from({ length: count }, (_, i) => list[i] ?? "").filter((_, i) => !empty[i]);
}

/** @throws {WeightsError} MALFORMED for another CRC-32. */
export function checkCrc(bytes: Uint8Array, stated: number | undefined, what: string): void {
  if (stated !== undefined && crc32(bytes) !== stated)
    throw new WeightsError("MALFORMED", `${what} with a wrong CRC32`);
}
