import type { Bound, Correlation, Operator } from "./definition.ts";
import type { Entry } from "./entry.ts";

/** A stretch of entries, `first` to `last` inclusive, that fulfils a correlation, and what was measured there. */
export interface Found extends Measured {
  readonly first: number;
  readonly last: number;
}

export interface Measured {
  readonly value: number;
  /** The values that matter, where only some of the window's do. */
  readonly values?: readonly string[];
}

/**
 * True if the condition, once reached, stays so while its window fills: it can be answered at once. The others
 * (`lt`, `eq`, averages …) would be true of almost any beginning, so they wait until the window is over.
 */
export function isRising({ type, bounds }: Correlation): boolean {
  return type !== "value_avg" && type !== "value_percentile" && bounds.every(({ op }) => op === "gt" || op === "gte");
}

/**
 * The first window that fulfils a rising correlation and holds the entry at `at`. A window ends at an entry and reaches
 * back over the time span, both ends included, so no border between windows can hide anything.
 */
export function findWindow(entries: readonly Entry[], at: number, correlation: Correlation): Found | undefined {
  const { type, timespanMs } = correlation;
  const added = entries[at]?.t ?? 0;
  let from = entries.findIndex(({ t }) => t >= added - timespanMs);
  const measure = type === "temporal_ordered" ? ordered(correlation) : sliding(correlation);
  for (let to = from; to < entries.length; to++) {
    const entry = entries[to];
    if (!entry || entry.t > added + timespanMs) return undefined;
    for (let first = entries[from]; first && first.t < entry.t - timespanMs; first = entries[++from])
      measure.leave(first);
    const value = measure.enter(entry);
    if (to >= at && fulfils(correlation.bounds, value)) return { first: from, last: to, value };
  }
  return undefined;
}

/**
 * What the window measures that ends at a group's newest entry, kept up while entries come in order of time: then one
 * more costs nothing but itself, however full the window is. Whoever changes entries in any other way throws it away.
 */
export class Tail {
  readonly #measure: Measure;
  readonly #correlation: Correlation;
  #from = 0;
  #to = 0;

  constructor(correlation: Correlation) {
    this.#correlation = correlation;
    this.#measure = correlation.type === "temporal_ordered" ? ordered(correlation) : sliding(correlation);
  }

  /** Sums are added up anew each time, as differences of fractions would drift away from them. */
  static fits({ type }: Correlation): boolean {
    return type !== "value_sum";
  }

  /** The same answer as `findWindow` for the last entry. */
  find(entries: readonly Entry[]): Found | undefined {
    const last = entries.length - 1;
    const start = (entries[last]?.t ?? 0) - this.#correlation.timespanMs;
    const isOver = (place: number): boolean => (entries[place]?.t ?? start) < start;
    for (; this.#from < this.#to && isOver(this.#from); this.#from++) {
      const entry = entries[this.#from];
      if (entry) this.#measure.leave(entry);
    }
    // What was over before it was measured is passed over.
    if (this.#from === this.#to) while (this.#to < last && isOver(this.#to)) this.#from = ++this.#to;
    let value = 0;
    for (; this.#to <= last; this.#to++) {
      const entry = entries[this.#to];
      if (entry) value = this.#measure.enter(entry);
    }
    return fulfils(this.#correlation.bounds, value) ? { first: this.#from, last, value } : undefined;
  }

  /** Says that so many of the oldest entries are gone; all of them had left the window. */
  trim(count: number): void {
    this.#from -= count;
    this.#to -= count;
  }
}

interface Measure {
  /** Takes an entry in at the end, and answers what the window now measures. */
  enter(entry: Entry): number;
  /** Lets the oldest entry go. */
  leave(entry: Entry): void;
}

function sliding({ type }: Correlation): Measure {
  let total = 0;
  const counts = new Map<string | number, number>();
  const add = ({ n, r, v, x }: Entry, sign: 1 | -1): number => {
    if (type === "event_count") return (total += sign * n);
    if (type === "value_sum") return (total += sign * x);
    const key = type === "temporal" ? r : v;
    const count = (counts.get(key) ?? 0) + sign * n;
    if (count > 0) counts.set(key, count);
    else counts.delete(key);
    return counts.size;
  };
  return { enter: (entry) => add(entry, 1), leave: (entry) => void add(entry, -1) };
}

/** Matches in the order of their rules: when the first happened, and which event was last. */
interface Chain {
  readonly start: number;
  readonly event: string | undefined;
}

/**
 * The most rules that appear in their order. `best[r][l]` are the chains of `l + 1` matches ending with rule `r` that
 * started last: they stay in the window longest. Two of them, as one event does not follow itself.
 */
function ordered({ rules, timespanMs }: Correlation): Measure {
  const best: Chain[][][] = rules.map(() => []);
  return {
    enter({ t, r, e }) {
      const event = e.at(-1);
      const own = best[r] ?? [];
      for (let length = r; length > 0; length--) {
        for (const earlier of best.slice(0, r)) {
          const chain = earlier[length - 1]?.find((it) => it.event !== event);
          if (chain && chain.start >= t - timespanMs) keep(own, length, { start: chain.start, event });
        }
      }
      keep(own, 0, { start: t, event });
      return own.findLastIndex((chains) => chains?.some((it) => it.start >= t - timespanMs)) + 1;
    },
    leave() {},
  };
}

function keep(chains: Chain[][], length: number, chain: Chain): void {
  const same = chains[length]?.find((it) => it.event === chain.event);
  if (same && same.start >= chain.start) return;
  const others = (chains[length] ?? []).filter((it) => it !== same);
  chains[length] = [chain, ...others].sort((a, b) => b.start - a.start).slice(0, 2);
}

/**
 * What a window that is over measures; undefined if it does not fulfil the correlation.
 *
 * `value_percentile` is loosely specified. With `percentile: p` we read: the p-th percentile (nearest rank) of the
 * field's numbers. Without it, as in the specification's example of a process that makes up less than 1 % of all: the
 * share in percent of each distinct value; the window matches if some value's share fulfils the condition.
 */
export function closeWindow(window: readonly Entry[], correlation: Correlation): Measured | undefined {
  const { type, bounds, percentile } = correlation;
  if (type === "value_percentile" && percentile === undefined) return findShares(window, bounds);
  const value = measureAll(window, correlation);
  return value !== undefined && fulfils(bounds, value) ? { value } : undefined;
}

function measureAll(window: readonly Entry[], correlation: Correlation): number | undefined {
  const { type, percentile = 50 } = correlation;
  const sum = window.reduce((total, { x }) => total + x, 0);
  const count = window.reduce((total, { n }) => total + n, 0);
  if (type === "value_avg") return count === 0 ? undefined : sum / count;
  if (type === "value_percentile") return percentileOf(window, count, percentile);
  const measure = type === "temporal_ordered" ? ordered(correlation) : sliding(correlation);
  return Math.max(...window.map((it) => measure.enter(it)).slice(type === "temporal_ordered" ? 0 : -1));
}

function percentileOf(window: readonly Entry[], count: number, percentile: number): number | undefined {
  const numbers = window.map(({ x, n }) => ({ number: x / n, n })).sort((a, b) => a.number - b.number);
  let left = Math.max(1, Math.ceil((percentile / 100) * count));
  for (const { number, n } of numbers) {
    left -= n;
    if (left <= 0) return number;
  }
  return undefined;
}

function findShares(window: readonly Entry[], bounds: readonly Bound[]): Measured | undefined {
  const counts = new Map<string, number>();
  let total = 0;
  for (const { n, v } of window) {
    counts.set(v, (counts.get(v) ?? 0) + n);
    total += n;
  }
  const shares = [...counts].map(([value, n]): [string, number] => [value, (100 * n) / total]);
  const found = shares.filter(([, share]) => fulfils(bounds, share));
  const [first] = found;
  return first && { value: first[1], values: found.map(([value]) => value) };
}

const operations: Readonly<Record<Operator, (actual: number, wanted: number) => boolean>> = {
  gt: (actual, wanted) => actual > wanted,
  gte: (actual, wanted) => actual >= wanted,
  lt: (actual, wanted) => actual < wanted,
  lte: (actual, wanted) => actual <= wanted,
  eq: (actual, wanted) => actual === wanted,
  neq: (actual, wanted) => actual !== wanted,
};

function fulfils(bounds: readonly Bound[], value: number): boolean {
  return bounds.every(({ op, value: wanted }) => operations[op](value, wanted));
}
