// Thieves of the second victim. Each sees answers alone, and gives the queries that it made, in order.
import { topGap } from "../../packages/extraction/src/index.ts";
import type { Dice } from "./dice.ts";
import { ask, inputGradient, train, type Answer, type Layers, type Lesson } from "./network.ts";

/** What a thief has: the victim's answers, records of the same kind or of another, and untrained networks. */
export interface Market {
  readonly classes: number;
  readonly width: number;
  reply(input: Float64Array): Answer;
  draw(dice: Dice): Float64Array;
  foreign(dice: Dice): { readonly input: Float64Array };
  fresh(dice: Dice): Layers;
}

type Thief = (market: Market, n: number, dice: Dice) => Float64Array[];

const many = (n: number, make: () => Float64Array) => Array.from({ length: n }, make);

/** Whole range of every column, from 500 records. */
function ranges(market: Market, dice: Dice): { low: number; high: number }[] {
  const seen = many(500, () => market.draw(dice));
  return Array.from({ length: market.width }, (_, i) => {
    const column = seen.map((it) => it[i]!);
    return { low: Math.min(...column), high: Math.max(...column) };
  });
}

const lesson = (market: Market, input: Float64Array): Lesson => ({
  input,
  probabilities: market.reply(input).probabilities,
});

/** Noise over the whole range of each column. */
const uniform: Thief = (market, n, dice) => {
  const range = ranges(market, dice);
  return many(n, () => Float64Array.from(range, ({ low, high }) => low + (high - low) * dice.uniform()));
};

/** Each column right on its own, taken from another record: only how columns go together is wrong. */
const columns: Thief = (market, n, dice) => {
  const seen = many(500, () => market.draw(dice));
  return many(n, () => Float64Array.from({ length: market.width }, (_, i) => seen[dice.below(500)]![i]!));
};

/** Records of another business. */
const foreign: Thief = (market, n, dice) => many(n, () => market.foreign(dice).input);

/** Records like the customers' own, without their habits. */
const indist: Thief = (market, n, dice) => many(n, () => market.draw(dice));

/** Half foreign, half like the customers' own. */
const half: Thief = (market, n, dice) =>
  many(n, () => (dice.uniform() < 0.5 ? market.foreign(dice).input : market.draw(dice)));

/** Jacobian-based augmentation after Papernot: 40 records, then a fast gradient step from each on the clone so far, doubling. */
const jacobian: Thief = (market, n, dice) => {
  const out = many(40, () => market.draw(dice));
  while (out.length < n) {
    const clone = train(
      market.fresh(dice),
      out.map((it) => lesson(market, it)),
      40,
      dice,
    );
    for (const it of out.slice()) {
      const gradient = inputGradient(clone, it, market.reply(it).label);
      out.push(it.map((v, i) => v + 0.3 * Math.sign(gradient[i]!)));
    }
  }
  return out.slice(0, n);
};

/** Active learning: of a pool of records, those of which the clone so far is least sure, 32 at a time. */
const active: Thief = (market, n, dice) => {
  const pool = many(3000, () => market.draw(dice));
  const out = pool.splice(0, 32);
  while (out.length < n) {
    const clone = train(
      market.fresh(dice),
      out.map((it) => lesson(market, it)),
      40,
      dice,
    );
    const gaps = new Map(pool.map((it) => [it, topGap(ask(clone, it).probabilities)]));
    pool.sort((a, b) => gaps.get(a)! - gaps.get(b)!);
    out.push(...pool.splice(0, 32));
  }
  return out.slice(0, n);
};

/** Bisection between two records of different classes, ten steps each: where the boundary lies. */
const boundary: Thief = (market, n, dice) => {
  const out: Float64Array[] = [];
  while (out.length < n) {
    let [from, to] = [market.draw(dice), market.draw(dice)];
    const label = market.reply(from).label;
    out.push(from, to);
    if (market.reply(to).label === label) continue;
    for (let step = 0; step < 10; step++) {
      const [a, b] = [from, to];
      const middle = a.map((v, i) => (v + b[i]!) / 2);
      out.push(middle);
      if (market.reply(middle).label === label) from = middle;
      else to = middle;
    }
  }
  return out.slice(0, n);
};

export const thieves: Readonly<Record<string, Thief>> = {
  uniform,
  columns,
  foreign,
  half,
  jacobian,
  active,
  boundary,
  indist,
};
