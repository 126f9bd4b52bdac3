// Published detectors, for comparison only: each gives one number per query, higher is more suspicious. The product uses none.
import type { Query } from "../../packages/extraction/src/index.ts";

/** A detector's running statistic over a stream; the last value holds until it is recomputed. */
export interface Baseline {
  readonly name: string;
  /** Its own alarm threshold, as its authors set it; learnt from pooled benign values where they do so. */
  threshold(benign: readonly (readonly number[])[]): number;
  path(stream: readonly Query[]): number[];
}

/** The share `q` of pooled values lies at or below the answer. */
function pooledQuantile(paths: readonly (readonly number[])[], q: number): number {
  const all = paths
    .flat()
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  return all[Math.min(all.length - 1, Math.floor(q * all.length))] ?? Infinity;
}

function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return sum;
}

/**
 * PRADA (Juuti et al., EuroS&P 2019): distances between a client's queries should look normal. Per predicted class a growing
 * set with its own threshold; Shapiro–Wilk over the pooled distances; W below 0.9 alarms. The statistic is 1 - W.
 */
export function prada(delta: number): Baseline {
  return {
    name: `PRADA ${delta}`,
    threshold: () => 1 - delta,
    path(stream) {
      const sets = new Map<number, { points: ArrayLike<number>[]; kept: number[]; all: number[]; limit: number }>();
      let last = 0;
      return stream.map((query, t) => {
        const it = sets.get(query.stratum) ?? { points: [], kept: [], all: [], limit: 0 };
        sets.set(query.stratum, it);
        const point = query.input ?? query.features;
        if (it.points.length === 0) it.points.push(point);
        else {
          const d = Math.sqrt(Math.min(...it.points.map((other) => squaredDistance(point, other))));
          it.all.push(d);
          if (d > it.limit) {
            it.points.push(point);
            it.kept.push(d);
            const mean = it.kept.reduce((a, b) => a + b, 0) / it.kept.length;
            const sd = Math.sqrt(it.kept.reduce((a, b) => a + (b - mean) ** 2, 0) / it.kept.length);
            it.limit = Math.max(it.limit, mean - sd);
          }
        }
        if (t % 10 === 9) {
          const pooled = [...sets.values()].filter((s) => s.all.length >= 10).flatMap((s) => s.all);
          const mean = pooled.reduce((a, b) => a + b, 0) / pooled.length;
          const sd = Math.sqrt(pooled.reduce((a, b) => a + (b - mean) ** 2, 0) / pooled.length);
          const inside = pooled.filter((d) => Math.abs(d - mean) <= 3 * sd);
          if (inside.length > 100) last = 1 - shapiroWilk(inside);
        }
        return last;
      });
    },
  };
}

/** SEAT-like (Zhang et al., AISec 2021): how many pairs of a client's queries are closer than benign ones hardly ever are. */
export function seat(benign: readonly (readonly Query[])[]): Baseline {
  const nearest = benign.flatMap((stream) => stream.slice(1).map((it, i) => nearestBefore(stream, i + 1, it)));
  const close = pooledQuantile([nearest], 0.01);
  return {
    name: "SEAT-like",
    threshold: (paths) =>
      pooledQuantile(
        paths.map((it) => [it.at(-1) ?? 0]),
        0.95,
      ),
    path(stream) {
      let pairs = 0;
      return stream.map((it, t) => {
        for (let i = 0; i < t; i++) {
          const d = squaredDistance(it.features, stream[i]?.features ?? []);
          if (d > 0 && d < close) pairs++;
        }
        return pairs;
      });
    },
  };
}

function nearestBefore(stream: readonly Query[], t: number, query: Query): number {
  let best = Infinity;
  for (let i = 0; i < t; i++) {
    const d = squaredDistance(query.features, stream[i]?.features ?? []);
    if (d > 0 && d < best) best = d;
  }
  return best;
}

/** MMD (Gretton et al. 2012) between windows of 100 queries and benign ones, RBF kernel at the median distance; alarms at the pooled 95 %. */
export function mmd(bank: readonly Query[]): Baseline {
  const window = 100;
  const reference = bank.filter((_, i) => i % Math.ceil(bank.length / 200) === 0).map((it) => it.features);
  const distances = reference.flatMap((a, i) => reference.slice(i + 1, i + 20).map((b) => squaredDistance(a, b)));
  const gamma = 1 / (distances.sort((a, b) => a - b)[distances.length >> 1] ?? 1);
  const kernel = (a: ArrayLike<number>, b: ArrayLike<number>) => Math.exp(-gamma * squaredDistance(a, b));
  const mean = (xs: readonly ArrayLike<number>[], ys: readonly ArrayLike<number>[]) =>
    xs.reduce((sum, a) => sum + ys.reduce((s, b) => s + kernel(a, b), 0), 0) / (xs.length * ys.length);
  const own = mean(reference, reference);
  return {
    name: "MMD w100",
    threshold: (paths) =>
      pooledQuantile(
        paths.map((it) => it.filter((v) => v > 0)),
        0.95,
      ),
    path(stream) {
      let last = 0;
      return stream.map((_, t) => {
        if (t >= window - 1 && (t + 1) % 50 === 0) {
          const recent = stream.slice(t + 1 - window, t + 1).map((it) => it.features);
          last = mean(recent, recent) + own - 2 * mean(recent, reference);
        }
        return last;
      });
    },
  };
}

/** ADD-like: Fréchet distance of 16 queries to each class's benign features, covariances taken as diagonal; alarms at the pooled 99 %. */
export function add(bank: readonly Query[], strata: number): Baseline {
  const window = 16;
  const classes = Array.from({ length: strata }, (_, c) =>
    spread(bank.filter((it) => it.stratum === c).map((it) => it.features)),
  );
  return {
    name: "ADD-like w16",
    threshold: (paths) =>
      pooledQuantile(
        paths.map((it) => it.filter((v) => v > 0)),
        0.99,
      ),
    path(stream) {
      let last = 0;
      return stream.map((_, t) => {
        if (t >= window - 1 && (t + 1) % 8 === 0) {
          const recent = stream.slice(t + 1 - window, t + 1);
          last = 0;
          classes.forEach((known, c) => {
            const of = recent.filter((it) => it.stratum === c).map((it) => it.features);
            if (of.length > 0 && known) last += (of.length / window) * frechet(spread(of), known);
          });
        }
        return last;
      });
    },
  };
}

interface Spread {
  readonly mean: readonly number[];
  readonly variance: readonly number[];
}

function spread(vectors: readonly ArrayLike<number>[]): Spread {
  const width = vectors[0]?.length ?? 0;
  const mean = Array.from(
    { length: width },
    (_, i) => vectors.reduce((sum, it) => sum + (it[i] ?? 0), 0) / vectors.length,
  );
  const variance = mean.map((m, i) => vectors.reduce((sum, it) => sum + ((it[i] ?? 0) - m) ** 2, 0) / vectors.length);
  return { mean, variance };
}

function frechet(a: Spread, b: Spread): number {
  let sum = 0;
  a.mean.forEach((m, i) => {
    const [va, vb] = [a.variance[i] ?? 0, b.variance[i] ?? 0];
    sum += (m - (b.mean[i] ?? 0)) ** 2 + va + vb - 2 * Math.sqrt(va * vb);
  });
  return sum;
}

/** Shapiro–Wilk W for 12 to 5,000 values. Source: Royston 1995, algorithm AS R94, the coefficients for n > 11. */
export function shapiroWilk(values: readonly number[]): number {
  const x = [...values].sort((a, b) => a - b);
  const n = x.length;
  const m = x.map((_, i) => normalQuantile((i + 1 - 0.375) / (n + 0.25)));
  const squares = m.reduce((sum, it) => sum + it * it, 0);
  const u = 1 / Math.sqrt(n);
  const poly = (c: readonly number[]) => c.reduceRight((sum, it) => sum * u + it, 0);
  const norm = Math.sqrt(squares);
  const last = poly([(m[n - 1] ?? 0) / norm, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056]);
  const before = poly([(m[n - 2] ?? 0) / norm, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633]);
  const phi = (squares - 2 * (m[n - 1] ?? 0) ** 2 - 2 * (m[n - 2] ?? 0) ** 2) / (1 - 2 * last ** 2 - 2 * before ** 2);
  const a = m.map((it, i) => {
    if (i === n - 1) return last;
    if (i === n - 2) return before;
    if (i === 0) return -last;
    return i === 1 ? -before : it / Math.sqrt(phi);
  });
  const mean = x.reduce((sum, it) => sum + it, 0) / n;
  const between = a.reduce((sum, it, i) => sum + it * (x[i] ?? 0), 0) ** 2;
  const total = x.reduce((sum, it) => sum + (it - mean) ** 2, 0);
  return total === 0 ? 1 : between / total;
}

/** Quantile of N(0, 1) to 1e-9. Source: Acklam's rational approximation with one step of Halley's method is not needed at this use. */
function normalQuantile(p: number): number {
  const a = [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
  ];
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1];
  const c = [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];
  const value = (k: readonly number[], x: number) => k.reduce((sum, it) => sum * x + it, 0);
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return value(c, q) / value(d, q);
  }
  const q = p - 0.5;
  return (value(a, q * q) * q) / value(b, q * q);
}
