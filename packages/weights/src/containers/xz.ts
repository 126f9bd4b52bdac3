// Source: Lasse Collin, "The .xz File Format" 1.2.1.
import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { WeightsError } from "../error.ts";
import { maxArchiveIndexBytes } from "../limits.ts";
import { startsWith } from "../formats/format.ts";
import { Crc64 } from "./crc64.ts";
import { need, unpackRange, type Input, type PackedBytes, type Unpack, type Unpacking } from "./input.ts";
import { chunkHeaderBytes, lzma2Stream, readChunkHeader } from "./lzma-streams.ts";

export const xzMagic = "\xfd7zXZ\0";

const lzma2Filter = 0x21;

/** Bytes of a check by its number: none, CRC32, CRC64, SHA-256 and those reserved. */
const checkBytes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const;

/** Streams one after the other, with padding between them. All checks are verified: CRC32, CRC64, SHA-256. */
export const unpackXz: Unpack = (input) => walkStreams(input, unpackBlock);

/**
 * How many bytes an xz file unpacks to. Taken from the headers of LZMA2's chunks, which no decoder can be told apart from; the index at the
 * end, which would be cheaper, may lie. Reads all packed bytes, unpacks none.
 * @throws {WeightsError} as unpacking, but for broken symbols and checks of what is inside.
 */
export async function xzSize(packed: PackedBytes): Promise<number> {
  let size = 0;
  const measure: BlockReader = (input) => measureBlock(input, (bytes) => (size += bytes));
  for await (const _ of unpackRange(packed, (input) => walkStreams(input, measure)));
  return size;
}

/** Reads a block's data, up to its padding. Returns what it unpacked to, and the value of its check; an empty one is not compared. */
type BlockReader = (
  input: Input,
  header: BlockHeader,
  check: Check,
) => Unpacking<{ unpacked: number; sum: Uint8Array }>;

function* walkStreams(input: Input, readBlock: BlockReader): Unpacking {
  for (let count = 0; ; count++) {
    yield* need(input, count === 0 ? 12 : 0, "an xz header");
    if (count > 0 && !(yield* skipPadding(input))) return;
    yield* walkStream(input, readBlock);
  }
}

/** Multiples of four zeros may follow a stream. Whether another stream follows. */
function* skipPadding(input: Input): Unpacking<boolean> {
  for (;;) {
    if (input.left < 4 && !input.last) yield 4;
    if (input.left === 0) return false;
    yield* need(input, 4, "the padding of an xz stream");
    if (input.bytes[input.at] !== 0) return true;
    if (input.u32() !== 0) throw new WeightsError("MALFORMED", "an xz stream with broken padding");
  }
}

interface BlockRecord {
  readonly unpadded: number;
  readonly unpacked: number;
}

function* walkStream(input: Input, readBlock: BlockReader): Unpacking {
  yield* need(input, 12, "an xz header");
  const header = input.take(12).slice();
  if (!startsWith(header, xzMagic)) throw new WeightsError("MALFORMED", "no xz header");
  const flags = header.subarray(6, 8);
  if (crc32(flags) !== u32(header, 8)) throw new WeightsError("MALFORMED", "an xz header with a wrong CRC32");
  if (flags[0] !== 0 || (flags[1] ?? 0) > 15) throw new WeightsError("UNSUPPORTED", "an xz stream of an unknown kind");
  const check = checkOf(flags[1] ?? 0);
  const records: BlockRecord[] = [];
  for (;;) {
    yield* need(input, 1, "an xz stream");
    if (input.bytes[input.at] === 0) break;
    if (records.length >= maxBlocks) throw new WeightsError("TOO_MANY", `more than ${maxBlocks} xz blocks`);
    records.push(yield* walkBlock(input, check, readBlock));
  }
  const indexBytes = yield* readIndex(input, records);
  yield* need(input, 12, "an xz footer");
  const footer = input.take(12);
  const isRight =
    startsWith(footer, "YZ", 10) &&
    crc32(footer.subarray(4, 10)) === u32(footer, 0) &&
    u32(footer, 4) === indexBytes / 4 - 1;
  if (!isRight || footer[8] !== flags[0] || footer[9] !== flags[1])
    throw new WeightsError("MALFORMED", "a wrong xz footer");
}

/** Most blocks of a stream: `xz -T0` makes one for each 192 MiB at most, and one for each 1 MiB at the fastest. */
const maxBlocks = 1_000_000;

interface BlockHeader {
  readonly windowBytes: number;
  readonly packed: number | undefined;
  readonly unpacked: number | undefined;
}

function* walkBlock(input: Input, check: Check, readBlock: BlockReader): Unpacking<BlockRecord> {
  const headerBytes = ((input.bytes[input.at] ?? 0) + 1) * 4;
  yield* need(input, headerBytes, "an xz block's header");
  const header = readBlockHeader(input.take(headerBytes));
  const counter = new TakeCounter(input);
  const { unpacked, sum } = yield* counter.during(readBlock(input, header, check));
  const packed = counter.taken;
  if ((header.packed ?? packed) !== packed || (header.unpacked ?? unpacked) !== unpacked) {
    throw new WeightsError("MALFORMED", "an xz block of another size than its header says");
  }
  const paddingBytes = -packed & 3;
  yield* need(input, paddingBytes + check.bytes, "an xz block's check");
  if (input.take(paddingBytes).some((it) => it !== 0))
    throw new WeightsError("MALFORMED", "an xz block with broken padding");
  const stated = input.take(check.bytes);
  if (sum.length > 0 && !sum.every((it, i) => it === stated[i])) {
    throw new WeightsError("MALFORMED", `an xz block with a wrong ${check.name}`);
  }
  return { unpadded: headerBytes + packed + check.bytes, unpacked };
}

/** Counts what a decoder takes from an input, whose `at` starts over whenever more is read. */
class TakeCounter {
  taken = 0;
  readonly #input: Input;

  constructor(input: Input) {
    this.#input = input;
  }

  *during<T>(steps: Unpacking<T>): Unpacking<T> {
    let left = this.#input.left;
    for (;;) {
      const step = steps.next();
      this.taken += left - this.#input.left;
      if (step.done) return step.value;
      yield step.value;
      left = this.#input.left;
    }
  }
}

function readBlockHeader(header: Uint8Array): BlockHeader {
  const end = header.length - 4;
  if (crc32(header.subarray(0, end)) !== u32(header, end)) {
    throw new WeightsError("MALFORMED", "an xz block's header with a wrong CRC32");
  }
  const flags = header[1] ?? 0;
  if (flags & 0x3c) throw new WeightsError("UNSUPPORTED", "an xz block with unknown flags");
  if (flags & 3) throw new WeightsError("UNSUPPORTED", `an xz block with ${(flags & 3) + 1} filters`);
  const numbers = new Numbers(header.subarray(0, end), 2);
  const packed = flags & 0x40 ? numbers.next() : undefined;
  const unpacked = flags & 0x80 ? numbers.next() : undefined;
  const filter = numbers.next();
  if (filter !== lzma2Filter || numbers.next() !== 1)
    throw new WeightsError("UNSUPPORTED", `an xz block with filter ${filter}`);
  return { windowBytes: lzma2Window(header[numbers.at] ?? 255), packed, unpacked };
}

/** LZMA2's one byte of properties. @throws {WeightsError} MALFORMED above 40. */
export function lzma2Window(byte: number): number {
  if (byte > 40) throw new WeightsError("MALFORMED", `LZMA2 properties of ${byte}`);
  return byte === 40 ? 0xffffffff : (2 | (byte & 1)) * 2 ** ((byte >> 1) + 11);
}

function* unpackBlock(
  input: Input,
  { windowBytes, unpacked: size }: BlockHeader,
  check: Check,
): ReturnType<BlockReader> {
  const sum = check.begin();
  let unpacked = 0;
  for (const step of lzma2Stream(windowBytes, size)(input)) {
    if (typeof step !== "number") {
      sum.update(step);
      unpacked += step.length;
    }
    yield step;
  }
  return { unpacked, sum: sum.digest() };
}

function* measureBlock(input: Input, onSize: (bytes: number) => void): ReturnType<BlockReader> {
  let unpacked = 0;
  for (;;) {
    yield* need(input, 1, "an LZMA2 stream");
    const headerBytes = chunkHeaderBytes(input.bytes[input.at] ?? 0);
    yield* need(input, headerBytes, "an LZMA2 chunk's header");
    const header = input.take(headerBytes);
    if (headerBytes === 1) break;
    const chunk = readChunkHeader(header);
    yield* need(input, chunk.packed, "an LZMA2 chunk");
    input.take(chunk.packed);
    unpacked += chunk.unpacked;
  }
  onSize(unpacked);
  return { unpacked, sum: new Uint8Array(0) };
}

/** The index repeats the sizes of all blocks. @returns Its bytes, all counted. */
function* readIndex(input: Input, records: readonly BlockRecord[]): Unpacking<number> {
  const most = Math.min(2 + 9 + 18 * records.length + 3 + 4, maxArchiveIndexBytes);
  if (input.left < most && !input.last) yield most;
  const numbers = new Numbers(input.bytes.subarray(input.at, Math.min(input.end, input.at + most)), 1);
  const isRight =
    numbers.next() === records.length &&
    records.every(({ unpadded, unpacked }) => numbers.next() === unpadded && numbers.next() === unpacked);
  if (!isRight) throw new WeightsError("MALFORMED", "an xz index that does not fit its blocks");
  const bytes = numbers.at + (-numbers.at & 3);
  yield* need(input, bytes + 4, "an xz index");
  const index = input.take(bytes).slice();
  if (crc32(index) !== input.u32() || index.subarray(numbers.at).some((it) => it !== 0)) {
    throw new WeightsError("MALFORMED", "an xz index with a wrong CRC32");
  }
  return bytes + 4;
}

/** Multibyte integers, §1.2: 7 bits a byte, low first. */
class Numbers {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  next(): number {
    let value = 0;
    for (let i = 0; i < 9; i++) {
      if (this.at >= this.#bytes.length) throw new WeightsError("TRUNCATED", "the xz stream ends within a number");
      const byte = this.#bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte >= 0x80) continue;
      if (!Number.isSafeInteger(value)) throw new WeightsError("TOO_LARGE", "an xz size beyond 2^53");
      return value;
    }
    throw new WeightsError("MALFORMED", "an xz number without end");
  }
}

interface RunningSum {
  update(bytes: Uint8Array): void;
  /** As it is stored; empty where there is nothing to compare. */
  digest(): Uint8Array;
}

interface Check {
  readonly name: string;
  readonly bytes: number;
  begin(): RunningSum;
}

/** Checks that are reserved are skipped, as the specification asks. */
function checkOf(id: number): Check {
  const bytes = checkBytes[id] ?? 0;
  switch (id) {
    case 1:
      return { name: "CRC32", bytes, begin: beginCrc32 };
    case 4:
      return { name: "CRC64", bytes, begin: () => new Crc64() };
    case 10:
      return { name: "SHA-256", bytes, begin: () => beginSha256(createHash("sha256")) };
    default:
      return { name: "check", bytes, begin: () => ({ update: () => undefined, digest: () => new Uint8Array(0) }) };
  }
}

function beginCrc32(): RunningSum {
  let sum = 0;
  return {
    update: (bytes) => void (sum = crc32(bytes, sum)),
    digest: () => Uint8Array.of(sum & 255, (sum >>> 8) & 255, (sum >>> 16) & 255, sum >>> 24),
  };
}

function beginSha256(hash: Hash): RunningSum {
  return { update: (bytes) => void hash.update(bytes), digest: () => new Uint8Array(hash.digest()) };
}

function u32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at, true);
}
