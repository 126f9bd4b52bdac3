import type { Fingerprint, TensorRecord } from "../fingerprint/record.ts";
import { centreTwice } from "../fingerprint/condition.ts";
import { face } from "./ancestry.ts";
import { significantOf } from "./base.ts";
import { matchTensors, usable, type Pair } from "./match.ts";

/** Most parents of one merge: merging tools take five or six. */
const maxParents = 8;

/** ln of the chance of a false match that a weight may rest on. */
const lnAlpha = Math.log(1e-6);

/** Of what a merge is made. */
export interface Mixture {
  /** One for each parent, in their order: `suspect` is about the sum of parents times weights. */
  readonly weights: readonly number[];
  /** Share of the suspect's variance that the mixture explains, at most 1. */
  readonly explained: number;
  readonly tensors: number;
}

/**
 * The weights with which `suspect` was merged of `parents`, by least squares over the samples of all matrices that match every parent.
 * @returns undefined without such a matrix, for parents that can't be told apart, for none or more than 8, and for other keys.
 */
export function mixtureOf(suspect: Fingerprint, parents: readonly Fingerprint[]): Mixture | undefined {
  if (parents.length === 0 || parents.length > maxParents || parents.some((it) => it.keyId !== suspect.keyId))
    return undefined;
  const lines = parents.map((parent) => {
    const found = significantOf(matchTensors(usable(parent), usable(suspect)), lnAlpha);
    return new Map(found.map((it) => [it.b, it]));
  });
  const common = usable(suspect).flatMap((record) => {
    const pairs = lines.flatMap((line) => line.get(record) ?? []);
    return pairs.length === parents.length ? [{ record, pairs }] : [];
  });
  const width = parents.length;
  const gram = new Float64Array(width * width);
  const right = new Float64Array(width);
  let total = 0;
  for (const { record, pairs } of common) {
    const own = entriesIn(record, false);
    const theirs = pairs.map((it: Pair) => entriesIn(it.a, it.transposed));
    total += inner(own, own);
    for (const [i, one] of theirs.entries()) {
      right[i] = (right[i] ?? 0) + inner(one, own);
      for (const [j, other] of theirs.entries()) gram[i * width + j] = (gram[i * width + j] ?? 0) + inner(one, other);
    }
  }
  const weights = solve(gram, right);
  if (!weights) return undefined;
  const explained = weights.reduce((sum, it, i) => sum + it * (right[i] ?? 0), 0) / total;
  return { weights, explained: Math.min(1, explained), tensors: common.length };
}

/** The first tile's entries, rows and columns centred. */
function entriesIn({ tiles: [tile] }: TensorRecord, turned: boolean): Float32Array {
  if (!tile) return new Float32Array(0);
  const { entries, cols } = face(tile, turned);
  centreTwice(entries, cols);
  return entries;
}

/** Gaussian elimination with pivots; undefined for a matrix that is (nearly) singular. */
function solve(matrix: Float64Array, right: Float64Array): number[] | undefined {
  const width = right.length;
  const rows = Array.from({ length: width }, (_, i) => [...matrix.subarray(i * width, (i + 1) * width), right[i] ?? 0]);
  const size = Math.max(...matrix.map(Math.abs));
  for (let k = 0; k < width; k++) {
    const rest = rows.slice(k).toSorted((a, b) => Math.abs(b[k] ?? 0) - Math.abs(a[k] ?? 0));
    rows.splice(k, rest.length, ...rest);
    const [pivotRow] = rest;
    const pivot = pivotRow?.[k] ?? 0;
    if (!pivotRow || Math.abs(pivot) <= 1e-6 * size) return undefined;
    for (const [i, row] of rows.entries()) {
      if (i === k) continue;
      const factor = (row[k] ?? 0) / pivot;
      rows[i] = row.map((it, c) => it - factor * (pivotRow[c] ?? 0));
    }
  }
  return rows.map((row, i) => (row[width] ?? 0) / (row[i] ?? 1));
}

function inner(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, it, i) => sum + it * (b[i] ?? 0), 0);
}
