import type { TileStats } from "./condition.ts";

/** A sample of a matrix: clipped, and rounded to 8 or 16 bits. */
export interface Tile {
  readonly rows: number;
  readonly cols: number;
  /** Entry i, row by row, is `centre + scale * values[i]`; the largest and smallest codes were clipped. */
  readonly values: Int8Array | Int16Array;
  readonly centre: number;
  readonly scale: number;
  /** 256 bits, see `sketchOf`. */
  readonly sketch: Uint32Array;
  readonly stats: TileStats;
}

/** What is kept of one matrix. */
export interface TensorRecord {
  /** As the file names it; for messages alone. */
  readonly name: string;
  readonly dtype: string;
  /** `rows x cols x rest`: matrices of one class are compared with each other. */
  readonly shapeClass: string;
  readonly rows: number;
  readonly cols: number;
  /** Its place among all matrices of its class in the model, from 0, and how many there are, sampled or not. */
  readonly order: number;
  readonly of: number;
  /** All of its class were sampled, so that a copy has a partner for it. */
  readonly whole: boolean;
  /** It seems to hold a vector for each token; then `extraTiles` are those that a copy with more tokens has too. */
  readonly tokens: boolean;
  readonly tiles: readonly Tile[];
  readonly extraTiles: readonly Tile[];
  /** Why it can't be compared: its values can't be computed or read, it is constant, or too smooth. */
  readonly unusable?: string;
}

/** A vector of the model, such as the gains of a norm; entries in single precision, stored as halves. */
export interface VectorRecord {
  readonly name: string;
  readonly values: Float32Array;
}

/** What recognises a model after change: samples of its matrices, no more. Made by `fingerprint`. */
export interface Fingerprint {
  /** Names the key that chose the samples; fingerprints of different keys can't be compared. */
  readonly keyId: string;
  readonly formats: readonly string[];
  /** See `structuralKey`. */
  readonly structure: string | undefined;
  readonly tensors: readonly TensorRecord[];
  readonly vectors: readonly VectorRecord[];
  /** Where the whole model was read. */
  readonly exact?: ExactIdentity;
  readonly bytesRead: number;
}

/** What tells equality from likeness. All digests are SHA-256, in hex. */
export interface ExactIdentity {
  /** Of the set of its tensors, see `modelDigest`; undefined if one could not be read. */
  readonly model: string | undefined;
  /** Of its tensors with their names: equal in a copy whose file differs by its metadata alone. */
  readonly named: string | undefined;
  /** Distinct digests of tensors that are not constant and have 256 bytes at least, sorted. */
  readonly tensors: readonly string[];
  /** Of each file, sorted; empty where unknown. */
  readonly files: readonly string[];
}
