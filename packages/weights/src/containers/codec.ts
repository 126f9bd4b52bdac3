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
  type Gunzip,
  type Inflate,
  type InflateRaw,
  type ZstdDecompress,
} from "node:zlib";

/** Node's own streams: packed bytes in, unpacked bytes out. */
export type Decompressor = Gunzip | Inflate | InflateRaw | ZstdDecompress;

/** A way of compressing that Node's zlib can undo. */
export interface Codec {
  readonly name: string;
  /** The beginning of what `packed`, the beginning of a stream, unpacks to; empty if it is no such stream. Never throws. */
  peek(packed: Uint8Array): Uint8Array;
  /** A fresh decompressor; it takes the packed stream and gives the unpacked one. */
  stream(): Decompressor;
}

/** Packed bytes that a peek of DEFLATE looks at: they unpack to 4 MB at the very most. */
const peekBytes = 4096;

const lenient = { finishFlush: constants.Z_SYNC_FLUSH }; // accept a stream that ends early
const chunkSize = 256 * 1024;

export const gzip: Codec = {
  name: "gzip",
  peek: (packed) => quietly(() => gunzipSync(packed.subarray(0, peekBytes), lenient)),
  stream: () => createGunzip({ chunkSize }),
};

/** RFC 1950: joblib's default when asked to compress. */
export const zlib: Codec = {
  name: "zlib",
  peek: (packed) => quietly(() => inflateSync(packed.subarray(0, peekBytes), lenient)),
  stream: () => createInflate({ chunkSize }),
};

/** RFC 1951: a zip's method 8. */
export const deflate: Codec = {
  name: "deflate",
  peek: (packed) => quietly(() => inflateRawSync(packed.subarray(0, peekBytes), lenient)),
  stream: () => createInflateRaw({ chunkSize }),
};

/** RFC 8878: a zip's method 93, and newer OCI layers. Needs whole blocks, so a peek looks at more. */
export const zstd: Codec = {
  name: "zstd",
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
