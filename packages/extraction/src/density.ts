import { turnsOf } from "./bank.ts";
import { uniform } from "./hash.ts";
import { unit } from "./space.ts";

/**
 * Most axes of the space that are looked at; of more, the first half along which queries differ most and the other half along which they
 * differ least: there a foreign record shows. All 64 would cost a third of the speed.
 */
const maxAxes = 24;
/** Most queries that a stratum's groups are learnt from. */
const maxPoints = 1000;
/** Mixtures fitted to a stratum, and groups in each. One fit may run into a corner; three together seldom do. */
const fits = 3;
const groupsPerFit = 4;
/** Rounds of each fit: eight left groups half found, fifteen found no more. */
const rounds = 10;
/** Coordinates by which the likeliest group is guessed, so that the others can be given up early. */
const guessedBy = 8;
/** Variance, in squared standard deviations, below which a group has no width: clients round and measure. */
const noise = 0.05;
/** Queries that a group counts as seen with that width and no other, so that few do not make a group flat by chance. */
const prior = 20;
/** A share of a query below this changes no group. */
const leastShare = 1e-4;

/**
 * The groups in which benign queries of a stratum lie, each with the way in which its columns go together: a mixture of normal
 * distributions. Neighbours tell how far off a query is; this tells whether its columns belong to each other, with far fewer queries.
 */
export interface Density {
  /** Coordinates of a point that are looked at. */
  readonly axes: readonly number[];
  /**
   * Per stratum its groups, one behind the other, each as: offset, mean, and the rows of the inverse Cholesky factor up to the
   * diagonal. Empty where too few queries were seen to say anything.
   */
  readonly groups: readonly Float64Array[];
}

/** Learns the groups from the same number of queries of every principal as far as it goes. Coordinates beyond `dimensions` are left out. */
export function makeDensity(
  dimensions: number,
  strata: number,
  principals: readonly (readonly { readonly point: Int16Array; readonly stratum: number }[])[],
  seed: number,
): Density {
  const all = Array.from({ length: dimensions }, (_, i) => i);
  const axes = dimensions <= maxAxes ? all : [...all.slice(0, maxAxes / 2), ...all.slice(-maxAxes / 2)];
  const groups = turnsOf(strata, principals, maxPoints).map((rows, stratum) =>
    groupsOf(
      rows.map((row) => Float64Array.from(axes, (it) => (row[it] ?? 0) / unit)),
      axes.length,
      seed + stratum * fits,
    ),
  );
  return { axes, groups };
}

/**
 * How improbable a query is where it is least so: minus ln of the largest term of the mixture, up to a constant. A group is given up
 * as soon as the partial sum is beyond the best; the answer is exact. Undefined where nothing is known of the stratum.
 */
export function improbability({ groups, axes }: Density, stratum: number, point: Int16Array): number | undefined {
  const known = groups[stratum];
  if (!known || known.length === 0) return undefined;
  const dimensions = axes.length;
  for (let i = 0; i < dimensions; i++) x[i] = point[axes[i]!]! * (1 / unit);
  const stride = lengthOf(dimensions);
  const rows = Math.min(guessedBy, dimensions);
  let [first, least] = [0, Infinity];
  for (let at = 0; at < known.length; at += stride) {
    const it = termOf(known, at, dimensions, rows, least);
    if (it < least) [first, least] = [at, it];
  }
  let best = termOf(known, first, dimensions, dimensions, Infinity);
  for (let at = 0; at < known.length; at += stride) {
    if (at !== first) best = Math.min(best, termOf(known, at, dimensions, dimensions, best));
  }
  return best;
}

/** The query that is compared, and how far it is from a mean. */
const x = new Float64Array(maxAxes);
const moved = new Float64Array(maxAxes);

/** Numbers of one group. */
function lengthOf(dimensions: number): number {
  return 1 + dimensions + (dimensions * (dimensions + 1)) / 2;
}

/** Minus ln of the group's term at `x`, by its first `rows` coordinates; anything above `most` if it is above. */
function termOf(group: Float64Array, at: number, dimensions: number, rows: number, most: number): number {
  let sum = group[at]!;
  let row = at + 1 + dimensions;
  for (let i = 0; i < rows; i++) {
    moved[i] = x[i]! - group[at + 1 + i]!;
    // Four sums, so that one addition need not wait for another.
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let j = 0;
    for (; j + 3 <= i; j += 4) {
      a += group[row + j]! * moved[j]!;
      b += group[row + j + 1]! * moved[j + 1]!;
      c += group[row + j + 2]! * moved[j + 2]!;
      d += group[row + j + 3]! * moved[j + 3]!;
    }
    for (; j <= i; j++) a += group[row + j]! * moved[j]!;
    row += i + 1;
    const z = a + b + (c + d);
    sum += 0.5 * z * z;
    if (sum > most) return sum;
  }
  return sum;
}

/** All groups of a stratum as they are kept. */
function groupsOf(points: readonly Float64Array[], dimensions: number, seed: number): Float64Array {
  const perFit = Math.min(groupsPerFit, Math.floor(points.length / (2 * dimensions)));
  if (perFit === 0) return new Float64Array(0);
  return Float64Array.from(
    Array.from({ length: fits }, (_, i) => [...fit(points, dimensions, perFit, seed + i)]).flat(),
  );
}

/** One mixture by expectation and maximisation (Dempster, Laird, Rubin 1977), begun at points far from each other (Arthur and Vassilvitskii 2007). */
function fit(points: readonly Float64Array[], dimensions: number, count: number, seed: number): Float64Array {
  const stride = lengthOf(dimensions);
  const groups = new Float64Array(count * stride);
  const spread = spreadOf(points, dimensions);
  farApart(points, count, seed).forEach((mean, k) => {
    groups.set(mean, k * stride + 1);
    setWidths(groups, k * stride, dimensions, spread, 1 / count);
  });
  const likeliest = new Uint8Array(points.length);
  for (let round = 0; round < rounds; round++) {
    const shares = sharesOf(points, groups, dimensions, likeliest);
    for (let k = 0; k < count; k++) learnGroup(groups, k * stride, points, shares[k]!, dimensions);
  }
  return groups;
}

/** Variance of each coordinate, quartered: what a group starts with, as packed covariance. */
function spreadOf(points: readonly Float64Array[], dimensions: number): Float64Array {
  const out = new Float64Array((dimensions * (dimensions + 1)) / 2);
  for (let i = 0; i < dimensions; i++) {
    const mean = points.reduce((sum, it) => sum + it[i]!, 0) / points.length;
    const squares = points.reduce((sum, it) => sum + (it[i]! - mean) ** 2, 0) / points.length;
    out[(i * (i + 1)) / 2 + i] = squares / 4 + noise;
  }
  return out;
}

/** The first at random, each further one with a chance in proportion to its squared distance from those before. */
function farApart(points: readonly Float64Array[], count: number, seed: number): Float64Array[] {
  const chosen = [points[Math.floor(uniform(seed, 0, 0) * points.length)]!];
  const apart = points.map(() => Infinity);
  while (chosen.length < count) {
    const last = chosen.at(-1)!;
    let total = 0;
    points.forEach((it, n) => {
      let sum = 0;
      for (let i = 0; i < it.length; i++) sum += (it[i]! - last[i]!) ** 2;
      total += apart[n] = Math.min(apart[n]!, sum);
    });
    let left = uniform(seed, chosen.length, 0) * total;
    chosen.push(
      points[
        Math.max(
          0,
          apart.findIndex((it) => (left -= it) < 0),
        )
      ]!,
    );
  }
  return chosen;
}

/** By group, how much of each point is its. @param likeliest Of each point, in the round before; updated. */
function sharesOf(
  points: readonly Float64Array[],
  groups: Float64Array,
  dimensions: number,
  likeliest: Uint8Array,
): Float64Array[] {
  const stride = lengthOf(dimensions);
  const shares = Array.from({ length: groups.length / stride }, () => new Float64Array(points.length));
  // A term so much larger than the best is a share that changes nothing.
  const margin = -Math.log(leastShare);
  const terms = new Float64Array(shares.length);
  points.forEach((point, n) => {
    x.set(point);
    const before = likeliest[n]!;
    let best = (terms[before] = termOf(groups, before * stride, dimensions, dimensions, Infinity));
    for (let k = 0; k < terms.length; k++) {
      if (k === before) continue;
      const it = (terms[k] = termOf(groups, k * stride, dimensions, dimensions, best + margin));
      if (it < best) [best, likeliest[n]] = [it, k];
    }
    let sum = 0;
    for (let k = 0; k < terms.length; k++) sum += terms[k] = Math.exp(best - terms[k]!);
    for (let k = 0; k < terms.length; k++) shares[k]![n] = terms[k]! / sum;
  });
  return shares;
}

/** Sets a group to mean and covariance of its share of the points. */
function learnGroup(
  groups: Float64Array,
  at: number,
  points: readonly Float64Array[],
  share: Float64Array,
  dimensions: number,
): void {
  const mean = new Float64Array(dimensions);
  let total = 1e-9;
  points.forEach((point, n) => {
    if (share[n]! < leastShare) return;
    total += share[n]!;
    for (let i = 0; i < dimensions; i++) mean[i]! += share[n]! * point[i]!;
  });
  for (let i = 0; i < dimensions; i++) groups[at + 1 + i] = mean[i]! /= total;
  const covariance = new Float64Array((dimensions * (dimensions + 1)) / 2);
  points.forEach((point, n) => {
    const weight = share[n]!;
    if (weight < leastShare) return;
    for (let i = 0, to = 0; i < dimensions; i++) {
      const d = (moved[i] = point[i]! - mean[i]!) * weight;
      for (let j = 0; j <= i; j++) covariance[to++]! += d * moved[j]!;
    }
  });
  for (let i = 0, to = 0; i < dimensions; i++) {
    for (let j = 0; j <= i; j++) covariance[to++]! /= total + prior;
    covariance[to - 1]! += (prior * noise) / (total + prior) + noise;
  }
  setWidths(groups, at, dimensions, covariance, total / points.length);
}

/** Writes offset and inverse Cholesky factor of a packed covariance (Golub and Van Loan, 4.2 and 3.1). */
function setWidths(
  groups: Float64Array,
  at: number,
  dimensions: number,
  covariance: Float64Array,
  share: number,
): void {
  const l = covariance.slice();
  const row = (i: number) => (i * (i + 1)) / 2;
  for (let i = 0; i < dimensions; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = l[row(i) + j]!;
      for (let k = 0; k < j; k++) sum -= l[row(i) + k]! * l[row(j) + k]!;
      l[row(i) + j] = i === j ? Math.sqrt(Math.max(sum, noise / 2)) : sum / l[row(j) + j]!;
    }
  }
  const inverse = groups.subarray(at + 1 + dimensions, at + lengthOf(dimensions));
  let offset = -Math.log(share);
  for (let j = 0; j < dimensions; j++) {
    inverse[row(j) + j] = 1 / l[row(j) + j]!;
    offset += Math.log(l[row(j) + j]!);
    for (let i = j + 1; i < dimensions; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum += l[row(i) + k]! * inverse[row(k) + j]!;
      inverse[row(i) + j] = -sum / l[row(i) + i]!;
    }
  }
  groups[at] = offset;
}
