// Source: Joe Tsai, "BZIP2: Format Specification" (2016), read off bzip2 1.0.6, which has no specification of its own.
import { WeightsError } from "../error.ts";
import type { Input, Unpack, Unpacking } from "./input.ts";
import { decodeSymbols, readTables, type BitSource } from "./bzip2-symbols.ts";

const blockMagic = 0x314159265359;
const endMagic = 0x177245385090;

/** Unpacked bytes handed out at a time. */
const pieceBytes = 256 * 1024;

/** Bytes that a block of level 1 to 9 takes at most: 20 bits for each of its 100,000 to 900,000 symbols, its tables, and what ends the stream. */
function mostBlockBytes(level: number): number {
  return level * 250_000 + 40_000;
}

/** What a peek must look at to see into the first block. */
export const bzip2PeekBytes = mostBlockBytes(9);

/** Streams one after the other, as parallel compressors write them. The CRC-32 of each block and of each stream is verified. */
export const unpackBzip2: Unpack = function* (input) {
  for (let count = 0; ; count++) {
    if (input.left < 4 && !input.last) yield 4;
    if (count > 0 && input.left === 0) return;
    const [b = 0, z = 0, h = 0, digit = 0] = input.bytes.subarray(input.at, input.end);
    if (b !== 0x42 || z !== 0x5a || h !== 0x68 || digit < 0x31 || digit > 0x39) {
      throw new WeightsError(
        "MALFORMED",
        count === 0 ? "no bzip2 header" : "bytes that are no bzip2 follow the stream",
      );
    }
    input.at += 4;
    yield* unpackStream(input, digit - 0x30);
  }
};

function* unpackStream(input: Input, level: number): Unpacking {
  const bits = new Bits(input);
  let sum = 0;
  let isFirst = true;
  for (;;) {
    const most = mostBlockBytes(level);
    if (input.left < most && !input.last) yield most;
    const magic = bits.take(24) * 2 ** 24 + bits.take(24);
    const stated = (bits.take(16) * 65_536 + bits.take(16)) >>> 0;
    if (magic === endMagic) {
      if (stated !== sum) throw new WeightsError("MALFORMED", "a bzip2 stream with a wrong CRC-32");
      bits.align();
      return;
    }
    if (magic !== blockMagic) throw new WeightsError("MALFORMED", "no bzip2 block");
    const block = readBlock(bits, level * 100_000);
    const found = isFirst && sumOf(block) !== stated ? undefined : yield* unpackBlock(block);
    if (found !== stated) throw new WeightsError("MALFORMED", "a bzip2 block with a wrong CRC-32");
    isFirst = false;
    sum = (((sum << 1) | (sum >>> 31)) ^ found) >>> 0;
  }
}

interface Block {
  readonly links: Uint32Array;
  /** Where its first byte stands. */
  readonly first: number;
}

function readBlock(bits: Bits, most: number): Block {
  if (bits.take(1) === 1) {
    throw new WeightsError("UNSUPPORTED", "a randomised bzip2 block: bzip2 stopped writing them in 1997");
  }
  const first = bits.take(24);
  const block = decodeSymbols(bits, readTables(bits), most);
  if (first >= block.length) throw new WeightsError("MALFORMED", "a bzip2 block that begins beyond its end");
  return { links: linkBlock(block), first };
}

/** @returns The CRC-32 of what it gave out. */
function* unpackBlock({ links, first }: Block): Generator<Uint8Array, number> {
  const runs = new Runs();
  let at = (links[first] ?? 0) >>> 8;
  for (let done = 0; done < links.length; done++) {
    const link = links[at] ?? 0;
    at = link >>> 8;
    if (runs.add(link & 255)) yield runs.piece();
  }
  yield runs.piece();
  return runs.sum;
}

/** Of a broken block every byte is wrong, and may look like anything: the first of a stream gives nothing out before it was summed up. */
function sumOf(block: Block): number {
  const steps = unpackBlock(block);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Undoes the Burrows-Wheeler transform: for each place, the byte there in sorted order and where the next one stands. */
function linkBlock(block: Uint8Array): Uint32Array {
  const starts = new Uint32Array(257);
  for (const byte of block) starts[byte + 1] = (starts[byte + 1] ?? 0) + 1;
  for (let i = 1; i < 257; i++) starts[i] = (starts[i] ?? 0) + (starts[i - 1] ?? 0);
  const links = new Uint32Array(block.length);
  for (let i = 0; i < block.length; i++) links[i] = block[i] ?? 0;
  for (let i = 0; i < block.length; i++) {
    const byte = block[i] ?? 0;
    const to = starts[byte] ?? 0;
    starts[byte] = to + 1;
    links[to] = ((links[to] ?? 0) & 255) | (i << 8);
  }
  return links;
}

/** Undoes the first run-length coding (a byte four times, then how often it follows) and sums up what comes out. */
class Runs {
  #out = new Uint8Array(pieceBytes + 256);
  #length = 0;
  #last = -1;
  #equal = 0;
  #crc = -1;

  /** Whether a piece is due. */
  add(byte: number): boolean {
    if (this.#equal === 4) {
      this.#out.fill(this.#last, this.#length, this.#length + byte);
      this.#length += byte;
      this.#equal = 0;
      this.#last = -1;
    } else {
      this.#equal = byte === this.#last ? this.#equal + 1 : 1;
      this.#last = byte;
      this.#out[this.#length++] = byte;
    }
    return this.#length >= pieceBytes;
  }

  piece(): Uint8Array {
    const piece = this.#out.subarray(0, this.#length);
    let crc = this.#crc;
    for (let i = 0; i < piece.length; i++) crc = (crc << 8) ^ (remainders[(crc >>> 24) ^ (piece[i] ?? 0)] ?? 0);
    this.#crc = crc;
    this.#length = 0;
    return piece;
  }

  get sum(): number {
    return ~this.#crc >>> 0;
  }
}

/** CRC-32 with its most significant bit first: not the one that zlib has. */
const remainders = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte << 24;
  for (let i = 0; i < 8; i++) rest = rest < 0 ? (rest << 1) ^ 0x04c11db7 : rest << 1;
  return rest >>> 0;
});

function cutBlock(): WeightsError {
  return new WeightsError("TRUNCATED", "the packed stream ends within a bzip2 block");
}

/** Bits of an input, most significant first. */
class Bits implements BitSource {
  readonly #input: Input;
  #held = 0;
  #count = 0;

  constructor(input: Input) {
    this.#input = input;
  }

  /** @param count At most 24. @throws {WeightsError} TRUNCATED where there are none. */
  take(count: number): number {
    while (this.#count < count) {
      const input = this.#input;
      if (input.at >= input.end) throw cutBlock();
      this.#held = (this.#held << 8) | (input.bytes[input.at++] ?? 0);
      this.#count += 8;
    }
    this.#count -= count;
    return (this.#held >>> this.#count) & ((1 << count) - 1);
  }

  peek(count: number): number {
    while (this.#count < count) {
      const { bytes, at, end } = this.#input;
      this.#held = (this.#held << 8) | (at < end ? (bytes[at] ?? 0) : 0);
      this.#input.at++; // beyond the end, which `drop` finds out
      this.#count += 8;
    }
    return (this.#held >>> (this.#count - count)) & ((1 << count) - 1);
  }

  drop(count: number): void {
    this.#count -= count;
    if (this.#input.at - (this.#count >> 3) > this.#input.end) throw cutBlock();
  }

  /** Passes over what is left of the byte begun. */
  align(): void {
    this.#input.at -= this.#count >> 3; // whole bytes that were only peeked at
    this.#count = 0;
  }
}
