/** Most points kept for one stratum: twice as many cost a third of the speed. */
const maxBankPoints = 750;
/** Neighbours averaged: one is noisy, ten blur small groups. */
const neighbours = 5;

/** What benign principals have asked, per stratum, as rows of fixed-point coordinates. The flat layout is the design: one pass, no objects. */
export interface Bank {
  readonly dimensions: number;
  /** Per stratum: rows by rising first coordinate, each filled up with zeros to a multiple of four coordinates. */
  readonly points: readonly Int16Array[];
}

/** Keeps the same number of points from every principal of a stratum as far as it goes, in the order given, so that nobody dominates. */
export function makeBank(
  dimensions: number,
  strata: number,
  principals: readonly (readonly { readonly point: Int16Array; readonly stratum: number }[])[],
): Bank {
  return {
    dimensions,
    points: turnsOf(strata, principals, maxBankPoints).map((rows) => {
      rows.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
      const stride = strideOf(dimensions);
      const flat = new Int16Array(rows.length * stride);
      rows.forEach((row, i) => flat.set(row.subarray(0, dimensions), i * stride));
      return flat;
    }),
  };
}

/** Points of each stratum, at most `most`: the first of every principal, then the second of each, and so on. */
export function turnsOf(
  strata: number,
  principals: readonly (readonly { readonly point: Int16Array; readonly stratum: number }[])[],
  most: number,
): Int16Array[][] {
  const chosen: Int16Array[][] = Array.from({ length: strata }, () => []);
  for (let round = 0, more = true; more; round++) {
    more = false;
    for (const queries of principals) {
      const it = queries[round];
      if (!it) continue;
      more = true;
      const rows = chosen[it.stratum];
      if (rows && rows.length < most) rows.push(it.point);
    }
  }
  return chosen;
}

function strideOf(dimensions: number): number {
  return (dimensions + 3) & ~3;
}

const best = new Float64Array(neighbours);
/** The query, filled up like the rows; widest point and padding. */
const padded = new Int16Array(1024);

/**
 * Root mean squared distance to the 5 nearest points of the stratum, in standard deviations times `unit`.
 * Undefined when the stratum has fewer than 5 points: nothing is known there.
 *
 * The search starts at the query's own first coordinate and goes outwards on both sides, until the first coordinate alone is
 * further than the fifth best; a point is given up as soon as its partial sum is. The axes come in falling order of variance,
 * so most points go after a few coordinates. The answer is exact.
 */
export function nearest({ points, dimensions }: Bank, stratum: number, query: Int16Array): number | undefined {
  const rows = points[stratum];
  const stride = strideOf(dimensions);
  if (!rows || rows.length < neighbours * stride) return undefined;
  padded.fill(0, dimensions, stride);
  padded.set(dimensions === query.length ? query : query.subarray(0, dimensions));
  best.fill(Infinity);
  let worst = Infinity;
  const first = query[0]!;
  let up = firstAtLeast(rows, stride, first);
  let down = up - stride;
  while (true) {
    const above = up < rows.length ? rows[up]! - first : Infinity;
    const below = down >= 0 ? first - rows[down]! : Infinity;
    const near = Math.min(above, below);
    if (near * near >= worst) break; // also when both ends are reached
    const at = above <= below ? up : down;
    if (at === up) up += stride;
    else down -= stride;
    let sum = 0;
    for (let i = 0; i < stride && sum < worst; i += 4) {
      const a = rows[at + i]! - padded[i]!;
      const b = rows[at + i + 1]! - padded[i + 1]!;
      const c = rows[at + i + 2]! - padded[i + 2]!;
      const d = rows[at + i + 3]! - padded[i + 3]!;
      sum += a * a + b * b + c * c + d * d;
    }
    if (sum < worst) worst = insert(sum);
  }
  let total = 0;
  for (const it of best) total += it;
  return Math.sqrt(total / neighbours);
}

/** Where the first row begins whose first coordinate is not below `value`. */
function firstAtLeast(rows: Int16Array, stride: number, value: number): number {
  let low = 0;
  let high = rows.length / stride;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle * stride]! < value) low = middle + 1;
    else high = middle;
  }
  return low * stride;
}

/** Puts a value into the five best, rising; answers the new fifth. */
function insert(value: number): number {
  let i = neighbours - 1;
  for (; i > 0 && best[i - 1]! > value; i--) best[i] = best[i - 1]!;
  best[i] = value;
  return best[neighbours - 1]!;
}
