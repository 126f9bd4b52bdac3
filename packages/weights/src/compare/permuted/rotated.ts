// Copies whose residual dimensions were mixed by a rotation: told by how many hidden units agree, without a p-value.
import type { Located } from "./dimensions.ts";
import { spread } from "./dimensions.ts";
import type { Hidden } from "./layers.ts";
import { agreement, mutualNearest, standardised, type Pairing } from "./nearest.ts";
import { readRows, type Rows } from "./rows.ts";

/** Widest model that is tried: the rotation costs width cubed. */
const maxWidth = 1024;

/** Steps towards the nearest rotation; singular values above 1e-6 of the largest arrive. */
const steps = 40;

/** Hidden units compared. */
const maxUnits = 512;

/**
 * Share of hidden units that two neighbouring matrices pair alike once the best rotation between the embeddings is undone; the larger of the
 * first pairs of matrices. Independent models with one vocabulary reached .07, rotated copies 1.
 *
 * @returns undefined if the width is beyond 1,024, tokens are fewer than dimensions, or nothing can be read.
 * Source: orthogonal Procrustes, Schönemann 1966; Newton-Schulz iteration for the polar factor.
 */
export async function rotatedAgreement(
  embeddings: readonly [Located, Located],
  ours: readonly Hidden[],
  theirs: readonly Hidden[],
): Promise<number | undefined> {
  const [a, b] = embeddings;
  const width = a.matrix.cols.length;
  const tokens = Math.min(a.matrix.rows.length, b.matrix.rows.length);
  if (width > maxWidth || tokens < width || b.matrix.cols.length !== width) return undefined;
  const vectors = spread(tokens, 2 * width);
  const one = await readRows(a.reader, a.matrix, { along: "rows", vectors });
  const other = await readRows(b.reader, b.matrix, { along: "rows", vectors });
  if (!one || !other) return undefined;
  const rotation = polar(crossProduct(one, other), width);
  const pairings: Pairing[] = [];
  for (const [i, own] of ours.slice(0, 3).entries()) {
    const pairing = await bestRotated(own, theirs.slice(Math.max(0, i - 2), i + 3), rotation);
    if (pairing) pairings.push(pairing);
  }
  const shares = pairings.slice(1).map((it, i) => agreement(it, pairings[i] ?? it) / it.partner.length);
  return shares.length > 0 ? Math.max(...shares) : undefined;
}

/** The pairing with the candidate that pairs the most units. */
async function bestRotated(
  own: Hidden,
  candidates: readonly Hidden[],
  rotation: Float32Array,
): Promise<Pairing | undefined> {
  const units = spread(own.hidden === "rows" ? own.matrix.rows.length : own.matrix.cols.length, maxUnits);
  const read = await readRows(own.reader, own.matrix, { along: own.hidden, vectors: units });
  if (!read) return undefined;
  const left = standardised(times(read, rotation));
  let best: { pairing: Pairing; cosines: number } | undefined;
  for (const { reader, matrix, hidden } of candidates) {
    const found = await readRows(reader, matrix, { along: hidden });
    if (!found || found.width !== left.width) continue;
    const pairing = mutualNearest(left, standardised(found));
    const cosines = pairing.partner.filter((it) => it >= 0).length;
    if (cosines > (best?.cosines ?? -1)) best = { pairing, cosines };
  }
  return best?.pairing;
}

/** one' other, width x width: what maps our dimensions to theirs. */
function crossProduct(one: Rows, other: Rows): Float32Array {
  const { width, count } = one;
  const out = new Float32Array(width * width);
  for (let t = 0; t < count; t++) {
    for (let i = 0; i < width; i++) {
      const value = one.values[t * width + i] ?? 0;
      for (let j = 0; j < width; j++)
        out[i * width + j] = (out[i * width + j] ?? 0) + value * (other.values[t * width + j] ?? 0);
    }
  }
  return out;
}

/** The orthogonal factor of a square matrix: X becomes (3X - XX'X)/2 until it is orthogonal. */
export function polar(matrix: Float32Array, width: number): Float32Array {
  const norm = Math.sqrt(matrix.reduce((sum, it) => sum + it * it, 0));
  let current = matrix.map((it) => it / (norm || 1));
  for (let step = 0; step < steps; step++) {
    const turned = current.map((_, i) => current[(i % width) * width + Math.floor(i / width)] ?? 0);
    const cubic = product(product(current, turned, width), current, width);
    current = current.map((it, i) => 1.5 * it - 0.5 * (cubic[i] ?? 0));
  }
  return current;
}

function times({ count, width, values }: Rows, matrix: Float32Array): Rows {
  const out = new Float32Array(values.length);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < width; k++) {
      const value = values[i * width + k] ?? 0;
      for (let j = 0; j < width; j++)
        out[i * width + j] = (out[i * width + j] ?? 0) + value * (matrix[k * width + j] ?? 0);
    }
  }
  return { count, width, values: out };
}

function product(a: Float32Array, b: Float32Array, width: number): Float32Array {
  return times({ count: width, width, values: a }, b).values;
}
