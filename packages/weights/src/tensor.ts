/**
 * How a tensor's elements are stored: one word per element type, or the name of a GGML block type in lower case (`q4_k`).
 * The words are safetensors' own in lower case; other formats are mapped to them.
 */
export type Dtype = string;

/** Where one tensor's bytes lie. Nothing of it is read yet. */
export interface Tensor {
  readonly name: string;
  readonly dtype: Dtype;
  /** Outermost dimension first (C order), whatever the file's own order. A scalar has no dimensions. */
  readonly shape: readonly number[];
  /** Of its first stored byte, counted from 0 in the file, or in the sibling file `file`. */
  readonly offset: number;
  readonly bytes: number;
  /**
   * The sibling file that holds the bytes, as the model file names it; `!/name` for a compressed member of this archive, `!hdf5/…` for a
   * dataset of it that is put together from chunks; undefined when it is this file. `Sources` opens any of them.
   */
  readonly file?: string;
  /** Where its bytes run through several sibling files, one after the other: these, and `offset` counts through them all. */
  readonly files?: readonly string[];
  /** In elements, where the stored order is not C order (PyTorch views). Undefined: contiguous. */
  readonly strides?: readonly number[];
  /**
   * Set where the rows of each attention head are stored interleaved, first of one half, then of the other: how many heads there are. llama.cpp
   * stores query and key so; digests and tiles take the rows in their original order.
   */
  readonly interleavedHeads?: number;
  /** Set where multi-byte numbers are stored most significant byte first; undefined: little-endian. */
  readonly byteOrder?: "big";
  /** The bytes themselves, for the rare format that stores them encoded (varints, compressed); then `offset` is that of the encoding. */
  readonly inline?: Uint8Array;
}

/** Something a person should know about a file that was read all the same: code inside, an orphan shard, a name clash. */
export interface FileFinding {
  readonly what: string;
  readonly at?: number;
}

/** A model file as far as its header tells. */
export interface ModelFile {
  readonly format: string;
  readonly tensors: readonly Tensor[];
  /** The file's own metadata, as strings, with at most `maxMetadataEntries` entries; no prompt or weight. */
  readonly metadata: Readonly<Record<string, string>>;
  /** For an index: the sibling files that hold the tensors. */
  readonly shards?: readonly string[];
  readonly findings: readonly FileFinding[];
  /** At least so many bytes are missing at the end of the file: it is a truncated copy, or one still being written. */
  readonly missingBytes?: number;
}

/** Bytes of one file, read by somebody else. Reads beyond the end return fewer bytes. */
export interface Reader {
  readonly size: number;
  read(at: number, length: number): Uint8Array | Promise<Uint8Array>;
}
