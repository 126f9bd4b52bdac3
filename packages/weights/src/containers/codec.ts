import {
  constants,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from "node:zlib";
import { headBytes } from "../limits.ts";
import type { PackedBytes } from "./input.ts";

/** Node's own streams, or one of ours that offers as much: packed bytes in, unpacked bytes out. */
export interface Decompressor extends AsyncIterable<Uint8Array> {
  readonly destroyed: boolean;
  write(piece: Uint8Array, done: () => void): unknown;
  end(): unknown;
  destroy(): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** A way of compressing that can be undone: by Node's zlib, or by a decoder of ours. */
export interface Codec {
  readonly name: string;
  /** The beginning of what `packed`, the beginning of a stream, unpacks to; empty if it is no such stream. Never throws. */
  peek(packed: Uint8Array): Uint8Array;
  /** All of a short stream, which unpacks to at most `most` bytes; undefined if it is no such stream. Never throws. */
  whole?(packed: Uint8Array, most: number): Uint8Array | undefined;
  /**
   * How many packed bytes a peek may need to see anything. If it still sees nothing, the first block is longer or broken: "could not
   * tell". Undefined where the beginning of a stream is too weak a sign for that.
   */
  readonly peekBytes?: number;
  /** How much a stream unpacks to, where that can be told without unpacking it. @throws {WeightsError} as unpacking. */
  measure?(packed: PackedBytes): Promise<number>;
  /** A fresh decompressor; it takes the packed stream and gives the unpacked one. */
  stream(): Decompressor;
}

/** Packed bytes that a peek of DEFLATE looks at: they unpack to 4 MB at the very most. */
const peekBytes = 4096;

/** What it looks at first: most often that unpacks to a head, in a third of the time. */
const shortPeekBytes = 1280;

const lenient = { finishFlush: constants.Z_SYNC_FLUSH }; // accept a stream that ends early
const chunkSize = 64 * 1024;

export const gzip: Codec = {
  name: "gzip",
  peek: (packed) => peekWith(gunzipSync, packed),
  whole: (packed, most) => wholeWith(gunzipSync, packed, most),
  stream: () => createGunzip({ chunkSize }),
};

/** RFC 1950: joblib's default when asked to compress. */
export const zlib: Codec = {
  name: "zlib",
  peek: (packed) => peekWith(inflateSync, packed),
  whole: (packed, most) => wholeWith(inflateSync, packed, most),
  stream: () => createInflate({ chunkSize }),
};

/** RFC 1951: a zip's method 8. */
export const deflate: Codec = {
  name: "deflate",
  peek: (packed) => peekWith(inflateRawSync, packed),
  whole: (packed, most) => wholeWith(inflateRawSync, packed, most),
  stream: () => createInflateRaw({ chunkSize }),
};

/** Longest block of zstd, and what stands before it. */
const zstdBlockBytes = 128 * 1024 + 32;

/** RFC 8878: a zip's method 93, and newer OCI layers. Needs whole blocks, so a peek looks at more. */
export const zstd: Codec = {
  name: "zstd",
  peekBytes: zstdBlockBytes,
  peek: (packed) => quietly(() => zstdDecompressSync(packed, { finishFlush: constants.ZSTD_e_flush })),
  stream: () => createZstdDecompress({ chunkSize }),
};

/** A stream that is none unpacks to nothing: the one place where a decompressor's error is an answer. */
function quietly(unpack: () => Uint8Array): Uint8Array {
  try {
    return unpack();
  } catch {
    return new Uint8Array(0);
  }
}

type Inflater = (packed: Uint8Array, options: { finishFlush?: number; maxOutputLength?: number }) => Uint8Array;

function peekWith(inflater: Inflater, packed: Uint8Array): Uint8Array {
  const short = quietly(() => inflater(packed.subarray(0, shortPeekBytes), lenient));
  if (short.length >= headBytes || packed.length <= shortPeekBytes) return short;
  return quietly(() => inflater(packed.subarray(0, peekBytes), lenient));
}

/** A stream that is cut or unpacks to more than it should is left to whoever can say what is wrong with it. */
function wholeWith(inflater: Inflater, packed: Uint8Array, most: number): Uint8Array | undefined {
  const unpacked = quietly(() => inflater(packed, { maxOutputLength: Math.max(1, most) }));
  return unpacked.length > 0 ? unpacked : undefined;
}
