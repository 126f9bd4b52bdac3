// From scores to evidence: conformal p-values, one bet per query, and two ways to add bets up along a path.

/**
 * The conformal p-value of a score among calibration scores, ties broken by `u`: (#{above} + u(1 + #{equal})) / (n + 1).
 *
 * @param sorted Calibration scores, rising.
 * @param u In 0…1, from the caller: the library draws nothing.
 */
export function conformalP(score: number, sorted: Float64Array, u: number): number {
  const below = countBelow(sorted, score);
  // Most scores equal none: then the second search is saved.
  const upTo = sorted[below] === score ? countBelow(sorted, score, true) : below;
  return (sorted.length - upTo + u * (1 + upTo - below)) / (sorted.length + 1);
}

/** How the highest scores of a stratum thin out: beyond `from`, which one in a hundred passes, by `excess` on average. */
export interface Tail {
  readonly from: number;
  readonly excess: number;
}

/** One score in so many lies in the tail. */
const tailShare = 0.01;

/** The tail of sorted scores; undefined where fewer than ten lie in it, or where it has no width: nothing can be said beyond. */
export function tailOf(sorted: Float64Array): Tail | undefined {
  const at = Math.ceil((1 - tailShare) * sorted.length) - 1;
  const from = sorted[at] ?? 0;
  const beyond = sorted.length - 1 - at;
  if (beyond < 10) return undefined;
  let sum = 0;
  for (let i = at + 1; i < sorted.length; i++) sum += sorted[i]! - from;
  return sum > 0 ? { from, excess: sum / beyond } : undefined;
}

/**
 * A p-value beyond what counting can say: in the tail it falls by a factor of e with each `excess`. An estimate, not a bound: it
 * lets twice as strange be more evidence than just as strange as the strangest; the promise comes from the alarm level.
 */
export function tailP(score: number, { from, excess }: Tail): number {
  return tailShare * Math.exp((from - score) / excess);
}

/** How many of the sorted values are below `score`, or with `orEqual` at or below it. */
function countBelow(sorted: Float64Array, score: number, orEqual = false): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const it = sorted[middle] ?? 0;
    if (it < score || (orEqual && it === score)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The natural logarithm of the mixture bet ∫₀¹ κ p^(κ-1) dκ = (1 - p + p ln p) / (p (ln p)²): fair under a uniform p, ½ at p = 1.
 *
 * `p` is clipped to 1/(n + 1) … 1 - 1e-6: n calibration scores cannot speak of less, and near 1 the form cancels,
 * so there the series ½ + (1 - p)/3 is used. Source: Vovk and Wang 2021, mixture of power calibrators.
 */
export function logBet(p: number, n: number): number {
  const clipped = Math.min(Math.max(p, 1 / (n + 1)), 1 - 1e-6);
  const gap = 1 - clipped;
  if (gap < 1e-3) return Math.log(0.5 + gap / 3); // next term below 2e-7
  const ln = Math.log(clipped);
  return Math.log((gap + clipped * ln) / (clipped * ln * ln));
}

/** CUSUM: evidence that starts over whenever it has been lost, L ← max(0, L) + ln e. */
export function cusum(level: number, logE: number): number {
  return Math.max(0, level) + logE;
}

/** ln of the Shiryaev–Roberts statistic, M ← e (1 + M); start at -Infinity. */
export function shiryaevRoberts(logLevel: number, logE: number): number {
  return logE + (logLevel > 30 ? logLevel : Math.log1p(Math.exp(logLevel)));
}

/**
 * One step of the wealth of a gambler who bets that a yes/no signal is more frequent than `p0`; a supermartingale under
 * "conditional rate at most p0", so that it passes 1/alpha with probability at most alpha (Ville 1939).
 *
 * @param wealth One ln-wealth per bet of `rateBets`; start with zeros.
 */
export function stepRateWealth(wealth: readonly number[], yes: boolean, p0: number): number[] {
  return rateBets(p0).map((q, i) => (wealth[i] ?? 0) + (yes ? Math.log(q / p0) : Math.log((1 - q) / (1 - p0))));
}

/** The rates bet on: 2, 4, 8 and 16 times `p0`, kept below 1. */
function rateBets(p0: number): number[] {
  return [2, 4, 8, 16].map((it) => Math.min(it * p0, 0.95));
}

/** ln of the mean of several wealths given as logarithms: averaging keeps the supermartingale, multiplying would not. */
export function logMean(logs: readonly number[]): number {
  const top = Math.max(...logs);
  if (top === -Infinity) return top;
  let sum = 0;
  for (const it of logs) sum += Math.exp(it - top);
  return top + Math.log(sum / logs.length);
}
