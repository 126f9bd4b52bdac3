import { nearest, type Bank } from "./bank.ts";
import { hashVector } from "./hash.ts";
import { History, type HistoryState } from "./history.ts";
import { topGap, type Query } from "./query.ts";
import { place, unit, type Space } from "./space.ts";

/**
 * The five scores of a query; higher is stranger. Each is judged only against benign queries of the same stratum.
 *
 * - `distance`, `distance-input`: how far from what benign principals ask, as the model sees it and as it was sent. Blind spot: in-distribution theft.
 * - `unsure`, `sure`: margin of the answer, both tails. Blind spot: inputs as certain as anybody's.
 * - `chain`: closeness to an own earlier query, in both spaces at once. Blind spot: attacks that draw fresh inputs.
 */
export const signals = ["distance", "distance-input", "unsure", "sure", "chain"] as const;
export type Signal = (typeof signals)[number];

/** One score per signal, in the order of `signals`; undefined: the signal has nothing to say of this query. */
export type Scores = readonly (number | undefined)[];

/** What scoring needs of the calibration. */
export interface Frame {
  readonly features: Space;
  readonly input: Space | undefined;
  readonly bank: Bank;
  readonly inputBank: Bank | undefined;
}

/** How fast the nearest of n random points comes closer, per e-fold of n. Source: the brief's fit on natural images. */
const crowding = 0.08;

/** Longest arithmetic or halving run that is told apart: longer ones are as certain. */
const maxRun = 64;

/** Scores one principal's queries in order. All it keeps is two bounded histories and one step. */
export class Scorer {
  readonly #frame: Frame;
  readonly #features: History;
  readonly #input: History;
  #last: Int16Array | undefined;
  #step: { readonly direction: Float64Array; readonly length: number } | undefined;
  #run = 0;

  constructor(frame: Frame) {
    this.#frame = frame;
    this.#features = new History(frame.features.dimensions);
    this.#input = new History((frame.input ?? frame.features).dimensions);
  }

  /** Undefined for an exact repeat of a query still remembered. */
  score(query: Query): Scores | undefined {
    const { features, input, bank, inputBank } = this.#frame;
    const { stratum } = query;
    const point = place(features, query.features);
    const own = input && query.input ? place(input, query.input) : point;
    const hash = hashVector(own);
    // A retry or a cache: it teaches nobody anything, so it says nothing either way.
    if (this.#input.has(hash)) return undefined;

    const gap = query.probabilities && topGap(query.probabilities);
    const scores: Scores = [
      nearest(bank, stratum, point),
      inputBank && query.input && nearest(inputBank, stratum, own),
      gap === undefined ? undefined : 1 - gap,
      gap === undefined ? undefined : gap - 1,
      nearerOf(closeness(this.#input, own, stratum), closeness(this.#features, point, stratum)),
    ];
    this.#input.add(own, stratum, hash);
    this.#features.add(point, stratum, hash);
    this.#walk(own);
    return scores;
  }

  /** How many steps in a row went on along one line, or halved: line search, bisection. 0 for everybody else. */
  get lineRun(): number {
    return this.#run;
  }

  /** Source: functionally-equivalent extraction walks lines (Jagielski et al. 2020); |cos| > 0.999 or a step ratio within 1 % of ½. */
  #walk(point: Int16Array): void {
    const last = this.#last;
    this.#last = point;
    if (!last) return;
    const direction = new Float64Array(point.length);
    let squared = 0;
    for (let i = 0; i < point.length; i++) {
      const d = point[i]! - last[i]!;
      direction[i] = d;
      squared += d * d;
    }
    const length = Math.sqrt(squared);
    const before = this.#step;
    this.#step = { direction, length };
    if (!before || length === 0 || before.length === 0) {
      this.#run = 0;
      return;
    }
    let dot = 0;
    for (let i = 0; i < direction.length; i++) dot += direction[i]! * before.direction[i]!;
    const straight = Math.abs(dot) / (length * before.length) > 0.999;
    const ratio = length / before.length;
    const halving = Math.abs(ratio - 0.5) < 0.005;
    this.#run = straight || halving ? Math.min(this.#run + 1, maxRun) : 0;
  }

  snapshot(): ScorerState {
    return {
      features: this.#features.snapshot(),
      input: this.#input.snapshot(),
      last: this.#last && [...this.#last],
      step: this.#step && { direction: [...this.#step.direction], length: this.#step.length },
      run: this.#run,
    };
  }

  restore(state: ScorerState): void {
    this.#features.restore(state.features);
    this.#input.restore(state.input);
    this.#last = state.last && Int16Array.from(state.last);
    this.#step = state.step && { direction: Float64Array.from(state.step.direction), length: state.step.length };
    this.#run = state.run;
  }
}

export interface ScorerState {
  readonly features: HistoryState;
  readonly input: HistoryState;
  readonly last: readonly number[] | undefined;
  readonly step: { readonly direction: readonly number[]; readonly length: number } | undefined;
  readonly run: number;
}

/**
 * -(ln of the distance to the nearest own query, relative to the query's own length, + 0.08 ln n), n how many there are to be
 * near to. Relative, because everything a low-contrast camera sends is close together.
 */
function closeness(history: History, point: Int16Array, stratum: number): number | undefined {
  const found = history.nearest(point, stratum);
  if (!found) return undefined;
  let squared = 0;
  for (let i = 0; i < history.width; i++) squared += point[i]! * point[i]!;
  // Half a fixed-point step stands for a distance below what is kept.
  const relative = Math.max(Math.sqrt(found.squared), 0.5) / Math.max(Math.sqrt(squared), unit / 16);
  return -(Math.log(relative) + crowding * Math.log(found.of));
}

/** Close in one space alone is a low-contrast camera, or an answer that saturates; a chain is close in both. */
function nearerOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.min(a, b);
}
