// Source: Yann Collet, "LZ4 Frame Format Description" 1.6.4 and "LZ4 Block Format Description".
import { WeightsError } from "../error.ts";
import { need, type Input, type Unpack, type Unpacking } from "./input.ts";
import { XxHash32 } from "./xxhash32.ts";

export const lz4Magic = "\x04\x22\x4d\x18";

const frameMagic = 0x184d2204;
const skippable = 0x184d2a50;
const historyBytes = 64 * 1024;

/** Frames one after the other; those that are to be skipped are. Header, block and content checksums are verified. */
export const unpackLz4: Unpack = function* (input) {
  for (let count = 0; ; count++) {
    if (input.left < 4 && !input.last) yield 4;
    if (count > 0 && input.left === 0) return;
    yield* need(input, 4, "an lz4 frame's magic");
    const magic = input.u32();
    if ((magic & 0xfffffff0) >>> 0 === skippable) yield* skipFrame(input);
    else if (magic === frameMagic) yield* unpackFrame(input);
    else throw new WeightsError("MALFORMED", count === 0 ? "no lz4 frame" : "bytes that are no lz4 follow the frame");
  }
};

function* skipFrame(input: Input): Unpacking {
  yield* need(input, 4, "a frame to skip");
  for (let left = input.u32(); left > 0;) {
    yield* need(input, 1, "a frame to skip");
    left -= input.take(Math.min(left, input.left)).length;
  }
}

interface Frame {
  readonly maxBlock: number;
  readonly isLinked: boolean;
  readonly hasBlockSums: boolean;
  readonly hasSum: boolean;
  /** Of the content; undefined if it does not tell. */
  readonly size: number | undefined;
}

function* readFrame(input: Input): Unpacking<Frame> {
  yield* need(input, 2, "an lz4 frame's header");
  const flags = input.bytes[input.at] ?? 0;
  const hasSize = (flags & 8) !== 0;
  if (flags >> 6 !== 1 || flags & 2) throw new WeightsError("UNSUPPORTED", `an lz4 frame with the flags ${flags}`);
  if (flags & 1) throw new WeightsError("UNSUPPORTED", "an lz4 frame that needs a dictionary");
  const length = 2 + (hasSize ? 8 : 0);
  yield* need(input, length + 1, "an lz4 frame's header");
  const header = input.take(length).slice();
  if (input.u8() !== ((new XxHash32().update(header).digest() >>> 8) & 255)) {
    throw new WeightsError("MALFORMED", "an lz4 frame's header with a wrong checksum");
  }
  const code = ((header[1] ?? 0) >> 4) & 7;
  if (code < 4) throw new WeightsError("MALFORMED", `lz4 blocks of the size ${code}`);
  const size = hasSize ? Number(new DataView(header.buffer).getBigUint64(2, true)) : undefined;
  return {
    maxBlock: 1 << (8 + 2 * code),
    isLinked: (flags & 0x20) === 0,
    hasBlockSums: (flags & 0x10) !== 0,
    hasSum: (flags & 4) !== 0,
    size,
  };
}

function* unpackFrame(input: Input): Unpacking {
  const frame = yield* readFrame(input);
  const sum = new XxHash32();
  const window = new Window(frame.maxBlock);
  let unpacked = 0;
  for (;;) {
    yield* need(input, 4, "an lz4 block's size");
    const field = input.u32();
    if (field === 0) break;
    const size = field & 0x7fffffff;
    if (size > frame.maxBlock) throw new WeightsError("MALFORMED", `an lz4 block of ${size} bytes`);
    if (!frame.isLinked) window.forget();
    const bytes = size + (frame.hasBlockSums ? 4 : 0);
    if (input.left < bytes && !input.last) yield bytes;
    const isCut = input.left < bytes;
    const packed = input.take(Math.min(size, input.left));
    if (!isCut && frame.hasBlockSums && new XxHash32().update(packed).digest() !== input.u32()) {
      throw new WeightsError("MALFORMED", "an lz4 block with a wrong checksum");
    }
    try {
      if (field === size) window.unpack(packed);
      else window.copy(packed);
    } finally {
      yield window.block; // of a broken one what came before is good
    }
    const { block } = window;
    if (isCut) throw new WeightsError("TRUNCATED", "the packed stream ends within an lz4 block");
    if (frame.hasSum) sum.update(block);
    unpacked += block.length;
  }
  yield* need(input, frame.hasSum ? 4 : 0, "an lz4 frame's checksum");
  if (frame.hasSum && input.u32() !== sum.digest())
    throw new WeightsError("MALFORMED", "an lz4 frame with a wrong checksum");
  if ((frame.size ?? unpacked) !== unpacked)
    throw new WeightsError("MALFORMED", "an lz4 frame of another size than it says");
}

/** The block at hand, with the 64 KiB before it, to which it may refer. */
class Window {
  readonly #bytes: Uint8Array;
  readonly #maxBlock: number;
  #from = 0; // of the history
  #start = 0; // of the block
  #end = 0;

  constructor(maxBlock: number) {
    this.#maxBlock = maxBlock;
    this.#bytes = new Uint8Array(historyBytes + maxBlock);
  }

  forget(): void {
    this.#from = this.#start = this.#end = 0;
  }

  #begin(): void {
    const kept = Math.min(historyBytes, this.#end - this.#from);
    this.#bytes.copyWithin(0, this.#end - kept, this.#end);
    this.#from = 0;
    this.#start = this.#end = kept;
  }

  /** What was unpacked last, valid until the next. */
  get block(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  copy(block: Uint8Array): void {
    this.#begin();
    this.#bytes.set(block, this.#start);
    this.#end = this.#start + block.length;
  }

  /** Unpacks a block, as far as it goes. @throws {WeightsError} MALFORMED beyond the block's maximum or before the window. */
  unpack(packed: Uint8Array): void {
    this.#begin();
    const most = this.#start + this.#maxBlock;
    const out = this.#bytes;
    let to = this.#start;
    let at = 0;
    const length = (nibble: number): number => {
      let total = nibble;
      if (nibble < 15) return total;
      for (let byte = 255; byte === 255 && at < packed.length; total += byte) byte = packed[at++] ?? 0;
      return total;
    };
    while (at < packed.length) {
      const token = packed[at++] ?? 0;
      const literals = Math.min(length(token >> 4), packed.length - at);
      if (to + literals > most) throw tooLong();
      out.set(packed.subarray(at, at + literals), to);
      at += literals;
      to += literals;
      this.#end = to;
      if (at + 2 > packed.length) break; // the last sequence has literals only
      const distance = (packed[at] ?? 0) | ((packed[at + 1] ?? 0) << 8);
      at += 2;
      const match = length(token & 15) + 4;
      if (distance === 0 || distance > to)
        throw new WeightsError("MALFORMED", `an lz4 reference ${distance} bytes back`);
      if (to + match > most) throw tooLong();
      if (distance >= match) out.copyWithin(to, to - distance, to - distance + match);
      else for (let i = to; i < to + match; i++) out[i] = out[i - distance] ?? 0;
      to += match;
      this.#end = to;
    }
  }
}

function tooLong(): WeightsError {
  return new WeightsError("MALFORMED", "an lz4 block longer than its frame allows");
}
