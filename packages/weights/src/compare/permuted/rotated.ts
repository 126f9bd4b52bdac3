// Copies whose residual dimensions were mixed by a rotation, found by their embeddings and undone.
import { lnPOf } from "../../fingerprint/statistic.ts";
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

/** One matrix beside another after the rotation: whether their hidden units stand in the same order. */
interface RotatedTest {
  readonly a: string;
  readonly b: string;
  /** Standard deviations from independence. */
  readonly z: number;
  /** Correlation of the entries. */
  readonly rho: number;
  readonly lnP: number;
}

/** What undoing the rotation shows. */
interface Rotated {
  /** Share of hidden units that two neighbouring matrices pair alike; independent models with one vocabulary reached .07. No p-value. */
  readonly share: number;
  /** The best partner of each matrix, unit by unit. */
  readonly tests: readonly RotatedTest[];
  /** Pairs of matrices tried. */
  readonly tried: number;
}

/**
 * Undoes the best rotation between two embeddings, then looks at hidden layers in two ways.
 *
 * Unit by unit: the rotation is found from the embeddings alone and knows nothing of the order of hidden units. If the models are independent,
 * any order of the suspect's units was as likely, so tr(AB') has a permutation null that is exact, whatever both learnt of one language.
 * By pairing: finds rotated copies whose units were reordered as well; models of one language may share some units, so it proves nothing.
 *
 * @returns undefined if the width is beyond 1,024, tokens are fewer than dimensions, or nothing can be read.
 * Source: orthogonal Procrustes, Schönemann 1966; Newton-Schulz iteration for the polar factor; Hoeffding 1951.
 */
export async function undoRotation(
  embeddings: readonly [Located, Located],
  ours: readonly Hidden[],
  theirs: readonly Hidden[],
): Promise<Rotated | undefined> {
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
  const tests: RotatedTest[] = [];
  let tried = 0;
  for (const [i, own] of ours.slice(0, 3).entries()) {
    const candidates = theirs.slice(Math.max(0, i - 2), i + 3);
    const found = await bestRotated(own, candidates, rotation);
    tried += candidates.length;
    if (!found) continue;
    pairings.push(found.pairing);
    tests.push(found.test);
  }
  const shares = pairings.slice(1).map((it, i) => agreement(it, pairings[i] ?? it) / it.partner.length);
  return shares.length > 0 ? { share: Math.max(...shares), tests, tried } : undefined;
}

/** The pairing with the candidate that pairs the most units, and the test against the one that is most alike unit by unit. */
async function bestRotated(
  own: Hidden,
  candidates: readonly Hidden[],
  rotation: Float32Array,
): Promise<{ pairing: Pairing; test: RotatedTest } | undefined> {
  const units = spread(own.hidden === "rows" ? own.matrix.rows.length : own.matrix.cols.length, maxUnits);
  const read = await readRows(own.reader, own.matrix, { along: own.hidden, vectors: units });
  if (!read) return undefined;
  const left = standardised(times(read, rotation));
  let best: { pairing: Pairing; cosines: number } | undefined;
  let test: RotatedTest | undefined;
  for (const { reader, matrix, hidden } of candidates) {
    const found = await readRows(reader, matrix, { along: hidden });
    if (!found || found.width !== left.width) continue;
    const pairing = mutualNearest(left, standardised(found));
    const cosines = pairing.partner.filter((it) => it >= 0).length;
    if (cosines > (best?.cosines ?? -1)) best = { pairing, cosines };
    const { z, rho } = sameOrder(left, standardised(chosen(found, units)));
    if (z > (test?.z ?? -Infinity))
      test = { a: own.matrix.tensor.name, b: matrix.tensor.name, z, rho, lnP: lnPOf(z, units.length) };
  }
  return best && test && { pairing: best.pairing, test };
}

function chosen({ width, values }: Rows, vectors: readonly number[]): Rows {
  const out = new Float32Array(vectors.length * width);
  for (const [i, it] of vectors.entries()) out.set(values.subarray(it * width, (it + 1) * width), i * width);
  return { count: vectors.length, width, values: out };
}

/** z of tr M, M = AB', over all orders of B's rows; both have columns of mean 0, so M's rows and columns sum to 0. */
function sameOrder(a: Rows, b: Rows): { z: number; rho: number } {
  const { count, width } = a;
  let [trace, squares] = [0, 0];
  for (let i = 0; i < count; i++) {
    const one = a.values.subarray(i * width, (i + 1) * width);
    for (let j = 0; j < count; j++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += (one[k] ?? 0) * (b.values[j * width + k] ?? 0);
      squares += sum * sum;
      if (i === j) trace += sum;
    }
  }
  const sizes = a.values.reduce((sum, it) => sum + it * it, 0) * b.values.reduce((sum, it) => sum + it * it, 0);
  if (squares === 0 || sizes === 0) return { z: 0, rho: 0 };
  return { z: trace / Math.sqrt(squares / (count - 1)), rho: trace / Math.sqrt(sizes) };
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
