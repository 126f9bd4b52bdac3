// Source: LZMA SDK, "lzma-specification.txt" (the .lzma header); "The .xz File Format" 1.2.1, §5.3.1, and xz-embedded (LZMA2's chunks).
import { WeightsError } from "../error.ts";
import { need, type Input, type Unpack, type Unpacking } from "./input.ts";
import { LzmaDecoder, maxSymbolBytes } from "./lzma.ts";

/** A raw LZMA stream: what a 7z folder, a zip member or an `.lzma` file holds behind its properties. */
interface LzmaProperties {
  readonly properties: number;
  readonly windowBytes: number;
  /** Of what it unpacks to; undefined where only an end marker tells. */
  readonly size: number | undefined;
}

/** @throws {WeightsError} TRUNCATED, MALFORMED, TOO_LARGE. */
export function lzmaStream({ properties, windowBytes, size }: LzmaProperties): Unpack {
  return function* (input) {
    const decoder = new LzmaDecoder(windowBytes, size);
    decoder.setProperties(properties);
    yield* need(input, 5, "the beginning of an LZMA stream");
    decoder.start(input.take(5));
    yield* unpackSymbols(decoder, input, { most: size ?? Infinity, end: undefined });
  };
}

/** `.lzma`: 13 bytes of header, then a raw stream. */
export const lzmaAlone: Unpack = function* (input) {
  yield* need(input, 13, "an .lzma header");
  const properties = input.u8();
  const windowBytes = input.u32();
  const [low, high] = [input.u32(), input.u32()];
  const size = low === 0xffffffff && high === 0xffffffff ? undefined : high * 2 ** 32 + low;
  yield* lzmaStream({ properties, windowBytes, size })(input);
};

/** Whether a file begins like an `.lzma` file of a common encoder: there is no magic. */
export function beginsLikeLzmaAlone(head: Uint8Array): boolean {
  if (head.length < 18 || head[0] !== 0x5d || head[13] !== 0) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const window = view.getUint32(1, true);
  const high = view.getUint32(9, true);
  return (
    window >= 4096 && isRound(window) && (high < 2 ** 16 || (high === 0xffffffff && view.getUint32(5, true) === high))
  );
}

/** 2^n or 2^n + 2^(n - 1), as encoders choose windows. */
function isRound(bytes: number): boolean {
  return Number.isInteger(Math.log2(bytes)) || Number.isInteger(Math.log2(bytes / 3));
}

interface Extent {
  /** Unpacked bytes at most; Infinity: until an end marker. */
  readonly most: number;
  /** Packed bytes in all; undefined: as many as it takes. */
  readonly end: number | undefined;
}

/**
 * Symbols until so many bytes are unpacked, given out as they come.
 * @throws {WeightsError} TRUNCATED, or MALFORMED if a match reaches beyond the end.
 */
function* unpackSymbols(decoder: LzmaDecoder, input: Input, { most, end }: Extent): Unpacking<number> {
  let packedLeft = end ?? Infinity;
  let left = most;
  while (left > 0 && !decoder.ended) {
    const there = Math.min(input.left, packedLeft);
    const last = input.last || there === packedLeft;
    const { bytes, at } = input;
    try {
      input.at = decoder.run({ input: bytes, at, end: at + there, last }, left);
    } catch (error) {
      yield decoder.output(); // what came before is good, and may be a model's header
      throw error;
    }
    packedLeft -= input.at - at;
    const piece = decoder.output();
    left -= piece.length;
    if (piece.length > 0) yield piece;
    const isShort = !last && there - (input.at - at) < maxSymbolBytes;
    if (isShort && left > 0 && !decoder.ended) yield Math.min(packedLeft, 2 * maxSymbolBytes);
  }
  if (decoder.isInMatch) throw new WeightsError("MALFORMED", "an LZMA match that reaches beyond its stream");
  return packedLeft;
}

/** A chunk of LZMA2: 1 or 2 bytes of what it is, its sizes, and which resets it asks for. */
interface Chunk {
  readonly isPacked: boolean;
  readonly resets: "nothing" | "state" | "properties" | "window";
  readonly unpacked: number;
  readonly packed: number;
}

/** Bytes of a chunk's header by its first byte, which is counted; 1 for the end. */
export function chunkHeaderBytes(control: number): number {
  if (control === 0) return 1;
  if (control < 0x80) return 3;
  return control >= 0xc0 ? 6 : 5; // with properties
}

/** @throws {WeightsError} MALFORMED for a byte that begins no chunk. */
export function readChunkHeader(header: Uint8Array): Chunk {
  const [control = 0, a = 0, b = 0, c = 0, d = 0] = header;
  if (control < 0x80) {
    if (control > 2) throw new WeightsError("MALFORMED", `an LZMA2 chunk that begins with ${control}`);
    const size = a * 256 + b + 1;
    return { isPacked: false, resets: control === 1 ? "window" : "nothing", unpacked: size, packed: size };
  }
  const resets = (["nothing", "state", "properties", "window"] as const)[(control >> 5) & 3] ?? "nothing";
  return { isPacked: true, resets, unpacked: (control & 31) * 65_536 + a * 256 + b + 1, packed: c * 256 + d + 1 };
}

/** LZMA2 up to and with its end marker. @throws {WeightsError} TRUNCATED, MALFORMED, TOO_LARGE. */
export function lzma2Stream(windowBytes: number, size?: number): Unpack {
  return function* (input) {
    const decoder = new LzmaDecoder(windowBytes, size);
    let missing: "window" | "properties" | undefined = "window";
    for (;;) {
      yield* need(input, 1, "an LZMA2 stream");
      const control = input.bytes[input.at] ?? 0;
      const headerBytes = chunkHeaderBytes(control);
      yield* need(input, headerBytes, "an LZMA2 chunk's header");
      const header = input.take(headerBytes);
      if (control === 0) return;
      const chunk = readChunkHeader(header);
      if (chunk.resets === "window") decoder.resetWindow();
      else if (missing === "window") throw new WeightsError("MALFORMED", "an LZMA2 stream that begins without a reset");
      if (!chunk.isPacked) {
        missing = missing === "window" ? "properties" : missing;
        yield* copyChunk(decoder, input, chunk.unpacked);
        continue;
      }
      if (missing !== undefined && headerBytes < 6) {
        throw new WeightsError("MALFORMED", "an LZMA2 chunk before any properties");
      }
      missing = undefined;
      if (headerBytes === 6) setLimitedProperties(decoder, header[5] ?? 0);
      else if (chunk.resets === "state") decoder.resetState();
      yield* unpackChunk(decoder, input, chunk);
    }
  };
}

/** LZMA2 allows lc + lp up to 4. */
function setLimitedProperties(decoder: LzmaDecoder, byte: number): void {
  if ((byte % 9) + (Math.floor(byte / 9) % 5) > 4) throw new WeightsError("MALFORMED", `LZMA2 properties of ${byte}`);
  decoder.setProperties(byte);
}

function* copyChunk(decoder: LzmaDecoder, input: Input, bytes: number): Unpacking {
  for (let left = bytes; left > 0;) {
    yield* need(input, 1, "an LZMA2 chunk");
    const piece = input.take(Math.min(left, input.left, decoder.room));
    decoder.copy(piece);
    left -= piece.length;
    yield decoder.output();
  }
}

function* unpackChunk(decoder: LzmaDecoder, input: Input, { unpacked, packed }: Chunk): Unpacking {
  yield* need(input, 5, "an LZMA2 chunk");
  if (packed < 5) throw new WeightsError("MALFORMED", `an LZMA2 chunk of ${packed} bytes`);
  decoder.start(input.take(5));
  const left = yield* unpackSymbols(decoder, input, { most: unpacked, end: packed - 5 });
  if (left !== 0 || !decoder.isAtRest)
    throw new WeightsError("MALFORMED", "an LZMA2 chunk of another size than it says");
}

/** APPNOTE 6.3.10, §5.8.8: version, length of the properties, the properties, then a raw stream that ends by its marker or its member. */
export const zipLzma: Unpack = function* (input) {
  yield* need(input, 4, "a zip's LZMA header");
  const header = input.take(4);
  const bytes = (header[2] ?? 0) + (header[3] ?? 0) * 256;
  if (bytes !== 5) throw new WeightsError("UNSUPPORTED", `LZMA properties of ${bytes} bytes`);
  yield* need(input, bytes, "a zip's LZMA header");
  const properties = input.u8();
  const windowBytes = input.u32();
  yield* lzmaStream({ properties, windowBytes, size: undefined })(input);
};
