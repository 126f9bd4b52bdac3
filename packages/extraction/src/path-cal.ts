import { ExtractionError } from "./error.ts";

/** A probability as a fraction of whole numbers, so that ranks come out exact: 1 % is `{ num: 1, den: 100 }`. */
export interface Rate {
  readonly num: number;
  readonly den: number;
}

/** The level that a path must pass to alarm, and what is promised for it. */
export interface AlarmLevel {
  /** Alarm when the path is strictly above. */
  readonly level: number;
  /** The promise: a new benign principal passes `level` within the horizon with probability at most this. */
  readonly alpha: Rate;
  /** Benign principals it was learnt from. */
  readonly principals: number;
}

/**
 * The level that a new benign principal's path passes, at any time within the horizon, with probability at most `alpha`.
 *
 * @param peaks The highest value on the whole path of each benign calibration principal; length M, any order, no unit.
 * @returns The ceil((1 - alpha)(M + 1))-th smallest peak; undefined if M < 1 / alpha - 1, too few to promise anything.
 * @throws {ExtractionError} BAD_ALPHA unless 0 < alpha < 1; BAD_CALIBRATION if a peak is not a number.
 * Holds if principals are exchangeable; the bound is marginal over calibration sets (see `realisedRate`).
 * Source: Vovk, Gammerman, Shafer 2005, inductive conformal prediction, with a principal's path as the example.
 */
export function alarmLevel(peaks: readonly number[], alpha: Rate): AlarmLevel | undefined {
  const rank = alarmRank(peaks.length, alpha);
  if (peaks.some((it) => Number.isNaN(it))) throw new ExtractionError("BAD_CALIBRATION", "a peak is not a number");
  if (rank === undefined) return undefined;
  const sorted = Float64Array.from(peaks).sort();
  return { level: sorted[rank - 1] ?? Infinity, alpha, principals: peaks.length };
}

/**
 * The level at `times` the rate of another, from the same peaks: lower, and promised like it. Undefined where that would be no rate.
 * @throws {ExtractionError} BAD_CALIBRATION if a peak is not a number.
 */
export function levelAtTimes(
  { alpha: { num, den } }: AlarmLevel,
  peaks: readonly number[],
  times: number,
): AlarmLevel | undefined {
  return num * times < den ? alarmLevel(peaks, { num: num * times, den }) : undefined;
}

/** Which of `principals` sorted peaks is the alarm level, counted from 1. Undefined when there are too few. Whole numbers throughout. */
export function alarmRank(principals: number, { num, den }: Rate): number | undefined {
  const whole = Number.isSafeInteger(num) && Number.isSafeInteger(den) && num > 0 && num < den;
  if (!whole)
    throw new ExtractionError("BAD_ALPHA", `expected a rate between 0 and 1 in whole numbers, got ${num}/${den}`);
  const rank = Number((BigInt(den - num) * BigInt(principals + 1) + BigInt(den - 1)) / BigInt(den));
  return rank <= principals ? rank : undefined;
}

/** Of `alpha`, what each alarm of a meter may use. */
export interface Shares {
  readonly strangeness: Rate | undefined;
  readonly progress: Rate | undefined;
  readonly lines: Rate | undefined;
}

/**
 * Deals `alpha` out in whole ranks, so that nothing of it is lost to rounding: an eighth to lines, whose runs differ so much that
 * less would do, half to strangeness, and the rest to progress. Which share is whose depends on the number of principals alone,
 * so the sum keeps the promise.
 * With too few ranks for all, strangeness comes first, then progress; undefined: that alarm can promise nothing.
 */
export function sharesOf(principals: number, { num, den }: Rate): Shares {
  const ranks = Number((BigInt(num) * BigInt(principals + 1)) / BigInt(den));
  const eighth = Math.floor(ranks / 8);
  const strangeness = Math.min(ranks, Math.max(1, Math.floor(ranks / 2)));
  const rate = (n: number) => (n > 0 ? { num: n, den: principals + 1 } : undefined);
  return {
    strangeness: rate(strangeness),
    progress: rate(ranks - strangeness - eighth),
    lines: rate(eighth),
  };
}

/** The smallest rate that `principals` calibration principals can promise: 1 in (M + 1). Shown when `alpha` cannot be. */
export function certifiable(principals: number): Rate {
  return { num: 1, den: principals + 1 };
}

/** How extreme a path is among benign ones: p = (1 + #{peaks at or above}) / (M + 1), for ranking many principals. */
export function pathPValue(peak: number, peaks: readonly number[]): number {
  return (1 + peaks.filter((it) => it >= peak).length) / (peaks.length + 1);
}

/**
 * Which of several candidates' peaks stand out among benign ones, so that of those named at most `alpha` are false on average.
 * For groups of accounts: how many are tested depends on how many links there happen to be, so a level for one would not do.
 * With M benign peaks none can be named alone among more than `alpha` (M + 1) candidates. Source: Benjamini and Hochberg 1995.
 *
 * @returns Indices of `candidates`. Holds if benign candidates are exchangeable with the benign peaks.
 */
export function foundAmong(candidates: readonly number[], benign: readonly number[], { num, den }: Rate): number[] {
  const ranked = candidates.map((it, i) => [i, pathPValue(it, benign)] as const).sort((a, b) => a[1] - b[1]);
  const enough = ranked.findLastIndex(([, p], k) => p * candidates.length * den <= num * (k + 1));
  return ranked.slice(0, enough + 1).map(([i]) => i);
}
