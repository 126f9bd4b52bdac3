/** Most points kept for one stratum: more gain little and cost time on every query. */
export const maxBankPoints = 1500;
/** Neighbours averaged: one is noisy, ten blur small groups. */
const neighbours = 5;

/** What benign principals have asked, per stratum, as rows of fixed-point coordinates. The flat layout is the design: one pass, no objects. */
export interface Bank {
  readonly dimensions: number;
  /** Per stratum: `n × dimensions` coordinates, rows by rising first coordinate. */
  readonly points: readonly Int16Array[];
}

/** Keeps the same number of points from every principal of a stratum as far as it goes, in the order given, so that nobody dominates. */
export function makeBank(
  dimensions: number,
  strata: number,
  principals: readonly (readonly { point: Int16Array; stratum: number }[])[],
): Bank {
  const chosen: Int16Array[][] = Array.from({ length: strata }, () => []);
  for (let round = 0, more = true; more; round++) {
    more = false;
    for (const queries of principals) {
      const it = queries[round];
      if (!it) continue;
      more = true;
      const rows = chosen[it.stratum];
      if (rows && rows.length < maxBankPoints) rows.push(it.point);
    }
  }
  return {
    dimensions,
    points: chosen.map((rows) => {
      rows.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
      const flat = new Int16Array(rows.length * dimensions);
      rows.forEach((row, i) => flat.set(row.subarray(0, dimensions), i * dimensions));
      return flat;
    }),
  };
}

const best = new Float64Array(neighbours);

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
  if (!rows || rows.length < neighbours * dimensions) return undefined;
  best.fill(Infinity);
  let worst = Infinity;
  const first = query[0]!;
  let up = firstAtLeast(rows, dimensions, first);
  let down = up - dimensions;
  while (true) {
    const above = up < rows.length ? rows[up]! - first : Infinity;
    const below = down >= 0 ? first - rows[down]! : Infinity;
    const near = Math.min(above, below);
    if (near * near >= worst) break; // also when both ends are reached
    const at = above <= below ? up : down;
    if (at === up) up += dimensions;
    else down -= dimensions;
    let sum = near * near;
    let i = 1;
    while (i < dimensions && sum < worst) {
      const stop = Math.min(i + 4, dimensions);
      for (; i < stop; i++) {
        const d = rows[at + i]! - query[i]!;
        sum += d * d;
      }
    }
    if (sum < worst) worst = insert(sum);
  }
  let total = 0;
  for (const it of best) total += it;
  return Math.sqrt(total / neighbours);
}

/** Where the first row begins whose first coordinate is not below `value`. */
function firstAtLeast(rows: Int16Array, dimensions: number, value: number): number {
  let low = 0;
  let high = rows.length / dimensions;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle * dimensions]! < value) low = middle + 1;
    else high = middle;
  }
  return low * dimensions;
}

/** Puts a value into the five best, rising; answers the new fifth. */
function insert(value: number): number {
  let i = neighbours - 1;
  for (; i > 0 && best[i - 1]! > value; i--) best[i] = best[i - 1]!;
  best[i] = value;
  return best[neighbours - 1]!;
}
