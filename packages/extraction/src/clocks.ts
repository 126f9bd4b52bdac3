// What the clocks of accounts say: do they act as one scheduler has them act?
import type { Account } from "./links.ts";
import { betaCdf } from "./statistics.ts";

/** Most turns of the clock that timing is compared with: all there are with fewer intervals. */
const maxShifts = 999;
/** Fewest intervals of activity that are compared. */
const minIntervals = 24;
/** Fewest queries of each account, in the time in which both act, that say whether they take turns. */
const minTurns = 10;
/** An account that asks more often than this, compared with another, does not take turns with it. */
const maxUneven = 1.5;

/** The clearest of the three ways in which one scheduler shows, three times its p for having looked at all. */
export function clockP(a: Account, b: Account, common: readonly number[]) {
  const found = [timingP(a, b, common), dispersionP(a, b), alternationP(a, b)].filter((it) => it !== undefined);
  const [clearest] = found.sort((x, y) => x.p - y.p);
  return clearest && { ...clearest, p: Math.min(1, found.length * clearest.p) };
}

/** The least that `clockP` can be, without turning a clock; undefined where it may be nothing, or is told by more than turned clocks. */
export function leastClockP(a: Account, b: Account): number | undefined {
  if ((a.times && b.times) || !a.activity || !b.activity || a.activity.length < minIntervals) return undefined;
  // Products and variances are rounded: a little less is as good a bound.
  return 0.999 / (turnsOf(b.activity.length) + 1);
}

/** Correlation of activity above everybody's, against the same with one clock turned. */
function timingP(a: Account, b: Account, common: readonly number[]) {
  if (!a.activity || !b.activity || a.activity.length < minIntervals) return undefined;
  const x = a.activity.map((it, t) => it - (common[t] ?? 0));
  const y = b.activity.map((it, t) => it - (common[t] ?? 0));
  const own = turnedProduct(x, y, 0);
  const turns = shiftsOf(y.length);
  const asHigh = turns.filter((it) => turnedProduct(x, y, it) >= own).length;
  return { feature: "timing" as const, p: (1 + asHigh) / (turns.length + 1) };
}

/** Variance of the two accounts' counts together, against the same with one clock turned: small where one scheduler fills both. */
function dispersionP(a: Account, b: Account) {
  const [x, y] = [a.activity, b.activity];
  if (!x || !y || x.length < minIntervals || x.length !== y.length) return undefined;
  const spread = (shift: number) => {
    let [sum, squares] = [0, 0];
    for (let t = 0, u = shift; t < x.length; t++, u++) {
      if (u === y.length) u = 0;
      const it = x[t]! + y[u]!;
      sum += it;
      squares += it * it;
    }
    return squares - (sum * sum) / x.length;
  };
  const own = spread(0);
  const turns = shiftsOf(y.length);
  const asEven = turns.filter((it) => spread(it) <= own).length;
  return { feature: "dispersion" as const, p: (1 + asEven) / (turns.length + 1) };
}

/** Sum of products of one clock's counts with another's, turned by `shift`. */
function turnedProduct(x: readonly number[], y: readonly number[], shift: number): number {
  let sum = 0;
  for (let t = 0, u = shift; t < x.length; t++, u++) {
    // The other may be the shorter.
    if (u >= y.length) u %= y.length;
    sum += x[t]! * (y[u] ?? 0);
  }
  return sum;
}

function turnsOf(length: number): number {
  return Math.max(0, Math.min(length - 1, maxShifts));
}

/** Every turn of a clock with `length` intervals, or 999 of them spread evenly. */
function shiftsOf(length: number): number[] {
  const n = turnsOf(length);
  return Array.from({ length: n }, (_, i) => 1 + Math.floor((i * (length - 1)) / n));
}

/**
 * How seldom two accounts that act on their own would take turns as these do, while both act. Between two queries of one, exactly
 * one of the other: whatever the one's clock, chance has that at most once in e times if the other's queries fall independently.
 * Undefined where both act too seldom or too unevenly. Blind spot: two honest metronomes of one period take turns too.
 */
export function alternationP({ times: a }: Account, { times: b }: Account) {
  if (!a || !b) return undefined;
  const from = Math.max(a[0] ?? Infinity, b[0] ?? Infinity);
  const to = Math.min(a.at(-1) ?? -Infinity, b.at(-1) ?? -Infinity);
  const [startA, startB] = [firstFrom(a, from), firstFrom(b, from)];
  const [endA, endB] = [firstFrom(a, to, true), firstFrom(b, to, true)];
  const [inA, inB] = [endA - startA, endB - startB];
  const fewer = Math.min(inA, inB);
  if (fewer < minTurns || Math.max(inA, inB) > maxUneven * fewer) return undefined;
  let single = 0;
  for (let i = startA, j = startB; i + 1 < endA; i++) {
    while (j < endB && b[j]! < a[i]!) j++;
    const before = j;
    while (j < endB && b[j]! < a[i + 1]!) j++;
    if (j - before === 1) single++;
  }
  return { feature: "turns" as const, p: single === 0 ? 1 : betaCdf(1 / Math.E, single, inA - single) };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, it) => sum + it, 0);
}

/** Where the first of rising times stands that is not before `time`, or with `after` is after it. */
function firstFrom(times: readonly number[], time: number, after = false): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const it = times[middle]!;
    if (it < time || (after && it === time)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * How seldom an account that acts on its own would be active together with a group as often as this one: its activity when
 * the group is busier than everybody, against the same with its clock turned, by the normal approximation. Two accounts of 20 queries each say
 * nothing of one another; 20 queries against a group's 200 do. Whoever is busy in m of n intervals meets a given plan by chance once
 * in n^m, so it is never told more surely than that. Only the time in which both are active counts.
 */
export function planP(own: readonly number[], group: readonly number[], common: readonly number[]): number {
  const [from, to] = spanOf(own, group);
  const length = to - from;
  if (length < minIntervals) return 1;
  const mine = own.slice(from, to);
  const theirs = group.slice(from, to);
  const all = common.slice(from, to);
  const share = sumOf(theirs) / Math.max(sumOf(all), Number.MIN_VALUE);
  const plan = theirs.map((it, t) => it - share * (all[t] ?? 0));
  const turned = shiftsOf(length).map((it) => turnedProduct(mine, plan, it));
  const mean = sumOf(turned) / turned.length;
  const variance = sumOf(turned.map((it) => (it - mean) ** 2)) / turned.length;
  if (variance === 0) return 1;
  const busy = sumOf(mine) ** 2 / sumOf(mine.map((it) => it * it));
  return Math.max(upperTail((turnedProduct(mine, plan, 0) - mean) / Math.sqrt(variance)), length ** -busy);
}

/** The intervals in which both have begun and not yet ended: that two began on one day is no plan. */
function spanOf(a: readonly number[], b: readonly number[]): readonly [from: number, to: number] {
  const active = (it: number) => it > 0;
  return [
    Math.max(a.findIndex(active), b.findIndex(active)),
    1 + Math.min(a.findLastIndex(active), b.findLastIndex(active)),
  ];
}

/**
 * How seldom accounts that act on their own take turns as often as these do: the runs of a sequence of members, too many of them
 * for chance when a scheduler goes round. Normal approximation, good from about 20 queries. Source: Barton and David 1957.
 *
 * @param order Which member sent each query of the merged stream, in order of time.
 * Blind spot: a scheduler that picks at random. Independent accounts in different time zones have too few runs, never too many.
 */
export function turnsP(order: readonly number[]): number {
  const n = order.length;
  if (n < 20) return 1;
  const counts = new Map<number, number>();
  for (const it of order) counts.set(it, (counts.get(it) ?? 0) + 1);
  const power = (k: number) => [...counts.values()].reduce((sum, it) => sum + it ** k, 0);
  const [squares, cubes] = [power(2), power(3)];
  const runs = 1 + order.slice(1).filter((it, i) => it !== order[i]).length;
  const mean = 1 + n - squares / n;
  const variance = (squares * (squares + n * (n + 1)) - 2 * n * cubes - n ** 3) / (n * n * (n - 1));
  return variance <= 0 ? 1 : upperTail((runs - 0.5 - mean) / Math.sqrt(variance));
}

/** P(N(0, 1) > z), to 1e-7. Source: Abramowitz and Stegun 7.1.26. */
function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z);
  const t = 1 / (1 + (0.3275911 * z) / Math.SQRT2);
  const terms = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  return 0.5 * terms.reduceRight((sum, it) => (sum + it) * t, 0) * Math.exp((-z * z) / 2);
}
