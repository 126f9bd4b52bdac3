import { createHash } from "node:crypto";
import { decoderOf, type Decoder } from "../dequantise/decoder.ts";
import { modelDigest, type TensorDigest } from "../digest.ts";
import { WeightsError } from "../error.ts";
import { storedSpan, swapper } from "../gather.ts";
import { Sources } from "../sources.ts";
import { structuralKey } from "../structure.ts";
import type { ModelFile, Reader, Tensor } from "../tensor.ts";
import type { Matrix } from "./canonical.ts";
import { cellsOf, extraCellsOf, type Cell } from "./cells.ts";
import { chooseMatrices, type Chosen } from "./choose.ts";
import { maxSmoothness, medianOf } from "./condition.ts";
import { readTile } from "./read-tile.ts";
import type { ExactIdentity, Fingerprint, TensorRecord } from "./record.ts";
import { makeTile, type MadeTile } from "./tile.ts";
import { readVectors } from "./vectors.ts";

/** One file of a model, and how to reach its bytes. */
export interface ModelPart {
  readonly file: ModelFile;
  readonly reader: Reader;
  /** The file of this name beside it; undefined if there is none. */
  sibling?(name: string): Promise<Reader | undefined>;
}

export interface FingerprintOptions {
  /** Chooses the samples. `openKey` for what is to be compared across installations, a secret for protected models. */
  readonly key: Uint8Array;
  /** Samples of each matrix; default 4. One is enough for a model of many billions of parameters. */
  readonly tiles?: number;
  /** Least elements of a matrix that is sampled; default 4096. */
  readonly minElements?: number;
  /** Keeps samples at 16 bits instead of 8: for bases, whose rounding would otherwise look like kinship of what derives from them. */
  readonly precise?: boolean;
  /** As `digestTensors` gave them, of all parts; then equality can be told from likeness. */
  readonly digests?: readonly TensorDigest[];
  /** SHA-256 of each part, in hex. */
  readonly fileDigests?: readonly string[];
}

/** The public key: fingerprints made with it can be compared by anyone, and foreseen by anyone. */
export const openKey: Uint8Array = new TextEncoder().encode("outweigh open key 1");

/** Samples of each matrix unless said otherwise. */
const defaultTiles = 4;

/** Most samples of each matrix: beyond, reading everything is cheaper. */
export const maxTiles = 64;

/** Matrices of fewer elements are left out unless said otherwise. */
const defaultMinElements = 4096;

/** Most matrices that are sampled. */
export const maxSampled = 128;

/**
 * Samples a model so that it can be recognised after change: tiles of up to 128 matrices at places that the key chooses, and its vectors.
 * Reads the samples alone: 4 MB of a model of 70 billion parameters. No weight can be computed from it but those sampled.
 *
 * @param parts All files of one model, with their headers read; in any order.
 * @throws {RangeError} for options out of range; what a reader throws. What can't be read or computed is `unusable`, never an error.
 * Blind spot: copies whose rows or columns were permuted, rotated or dropped (see `comparePermuted`).
 */
export async function fingerprint(parts: readonly ModelPart[], options: FingerprintOptions): Promise<Fingerprint> {
  const { key, tiles = defaultTiles, minElements = defaultMinElements, precise = false } = options;
  if (!(tiles >= 1 && tiles <= maxTiles)) throw new RangeError(`tiles is ${tiles}, not 1 to ${maxTiles}`);
  const tensors = parts.flatMap((it) => it.file.tensors);
  const source = new Source(parts);
  const records: TensorRecord[] = [];
  for (const chosen of chooseMatrices(tensors, minElements, maxSampled)) {
    records.push(await record(chosen, source, { key, tiles, bits: precise ? 16 : 8 }));
  }
  const vectors = await readVectors(tensors, source);
  return {
    keyId: keyIdOf(key),
    formats: [...new Set(parts.map((it) => it.file.format))].sort(),
    structure: structuralKey(tensors),
    tensors: records,
    vectors,
    ...(options.digests && { exact: exactIdentity(options.digests, options.fileDigests ?? []) }),
    bytesRead: source.bytesRead,
  };
}

/** Least bytes of a tensor that tells models apart by its digest: below, equal bytes may be chance. */
const minTellingBytes = 256;

/** @param files SHA-256 of each file, in hex; empty where unknown. */
export function exactIdentity(digests: readonly TensorDigest[], files: readonly string[]): ExactIdentity {
  const known = digests.flatMap(({ sha256, ...it }) => (sha256 === undefined ? [] : [{ ...it, sha256 }]));
  const lines = known.map(({ name, sha256 }) => JSON.stringify([name, sha256])).sort();
  const whole = known.length === digests.length && known.length > 0;
  return {
    model: modelDigest(digests),
    named: whole ? createHash("sha256").update(lines.join("\n")).digest("hex") : undefined,
    tensors: [
      ...new Set(known.filter((it) => !it.constant && it.bytes >= minTellingBytes).map((it) => it.sha256)),
    ].sort(),
    files: files.toSorted(),
  };
}

/** Names a key without telling it. */
export function keyIdOf(key: Uint8Array): string {
  return createHash("sha256").update("outweigh key id").update(key).digest("hex").slice(0, 16);
}

/** Finds the reader that holds a tensor's bytes, and counts what is read. */
export class Source {
  bytesRead = 0;
  readonly #parts = new Map<Tensor, Sources>();

  constructor(parts: readonly ModelPart[]) {
    for (const { file, reader, sibling } of parts) {
      const counted = async (name: string): Promise<Reader | undefined> => {
        const found = await sibling?.(name);
        return found && this.#counting(found);
      };
      const sources = new Sources(this.#counting(reader), { sibling: counted });
      for (const tensor of file.tensors) this.#parts.set(tensor, sources);
    }
  }

  /** @returns undefined if what holds the bytes is not there. */
  async readerOf(tensor: Tensor): Promise<Reader | undefined> {
    return this.#parts.get(tensor)?.of(tensor);
  }

  #counting(reader: Reader): Reader {
    return {
      size: reader.size,
      read: (at, length) => {
        this.bytesRead += length;
        return reader.read(at, length);
      },
    };
  }
}

interface Sampling {
  readonly key: Uint8Array;
  readonly tiles: number;
  readonly bits: 8 | 16;
}

async function record(chosen: Chosen, source: Source, sampling: Sampling): Promise<TensorRecord> {
  const { matrix, rank: _, ...place } = chosen;
  const { tensor, part } = matrix;
  const described = {
    name: part === undefined ? tensor.name : `${tensor.name}[${part}]`,
    dtype: matrix.dtype,
    rows: matrix.rows.length,
    cols: matrix.cols.length,
    ...place,
  };
  const sampled = await sample(matrix, place.tokens, source, sampling);
  if (typeof sampled === "string") return { ...described, tiles: [], extraTiles: [], unusable: sampled };
  return { ...described, ...sampled };
}

type Sampled = Pick<TensorRecord, "tiles" | "extraTiles">;

/** The tiles of a matrix, or why there are none. */
async function sample(matrix: Matrix, tokens: boolean, source: Source, sampling: Sampling): Promise<Sampled | string> {
  const { tensor } = matrix;
  const decoder = decoderOf(matrix.dtype);
  if (!decoder || !swapper(tensor)) return `cannot dequantise ${matrix.dtype}`;
  if (tensor.strides && decoder.elements > 1) return `cannot read ${tensor.dtype} with strides`;
  const reader = await source.readerOf(tensor);
  if (!reader) return `${JSON.stringify(tensor.files ?? tensor.file)} is missing`;
  if (!tensor.inline && tensor.offset + storedSpan(tensor) > reader.size)
    return "its bytes lie beyond the end of the file";
  const { key, tiles } = sampling;
  const extra = tokens ? extraCellsOf(matrix, key, tiles) : [];
  const made = await makeTiles(cellsOf(matrix, key, tiles), reader, matrix, decoder, sampling);
  const madeExtra = await makeTiles(extra, reader, matrix, decoder, sampling);
  if (typeof made === "string") return made;
  const smoothness = medianOf(Float32Array.from(made, (it) => it.smoothness));
  if (smoothness > maxSmoothness) return `too smooth: neighbours correlate at ${smoothness.toFixed(2)}`;
  return {
    tiles: made.map((it) => it.tile),
    extraTiles: typeof madeExtra === "string" ? [] : madeExtra.map((it) => it.tile),
  };
}

/** All of a matrix's tiles, or why one of them can't be had: comparing the others would compare different cells. */
async function makeTiles(
  cells: readonly Cell[],
  reader: Reader,
  matrix: Matrix,
  decoder: Decoder,
  { bits }: Sampling,
): Promise<MadeTile[] | string> {
  const alongRows = Math.abs(matrix.cols.stride) <= Math.abs(matrix.rows.stride);
  const made: MadeTile[] = [];
  for (const cell of cells) {
    try {
      const values = await readTile(reader, matrix, cell, decoder);
      const tile = makeTile(values, { cols: cell.cols, alongRows, bits });
      if (!tile) return "constant where it was sampled";
      made.push(tile);
    } catch (error) {
      if (!(error instanceof WeightsError)) throw error;
      return error.message;
    }
  }
  return made;
}
