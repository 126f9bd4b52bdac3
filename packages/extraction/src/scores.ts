import { nearest, type Bank } from "./bank.ts";
import { fromText, toText } from "./bytes.ts";
import { improbability, type Density } from "./density.ts";
import { hashVector } from "./hash.ts";
import { History, type HistoryState } from "./history.ts";
import { topGap, type Query } from "./query.ts";
import { lengthOf as pointLength, place, type Space } from "./space.ts";
import { Steps, type StepsState } from "./steps.ts";

/**
 * The seven scores of a query; higher is stranger. Each is judged only against benign queries of the same stratum.
 *
 * - `distance`, `distance-input`: how far from what benign principals ask, as the model sees it and as it was sent. Blind spot: in-distribution theft.
 * - `unsure`, `sure`: margin of the answer, both tails. Blind spot: inputs as certain as anybody's.
 * - `chain`: closeness to an own earlier query, in both spaces at once. Blind spot: attacks that draw fresh inputs.
 * - `step`: taking the same step from own earlier queries as before: see `Steps`. Blind spot: steps drawn at random.
 * - `density`: columns that do not go together as they do in any group of benign queries. Blind spot: in-distribution theft.
 */
export const scored = ["distance", "distance-input", "unsure", "sure", "chain", "step", "density"] as const;

/**
 * Of which scores a query like earlier own ones says little new, in the order of `scored`. Honest clients ask about the same few
 * records again and again: without this, one odd record is a hundred odd queries.
 */
export const isRenewed: readonly boolean[] = scored.map((it) => it.startsWith("distance") || it === "density");

/** The signals on a path: the bets on each score, and `change`, whether the distances have left the principal's own habit. */
export const signals = [...scored, "change"] as const;
export type Signal = (typeof signals)[number];

/** What is seen of one query. */
export interface Scores {
  /** One score per entry of `scored`; undefined: it has nothing to say of this query. */
  readonly scores: readonly (number | undefined)[];
  /** 1 divided by one more than how many own earlier queries are about the same. */
  readonly fresh: number;
}

/** What scoring needs of the calibration. */
export interface Frame {
  readonly features: Space;
  readonly input: Space | undefined;
  readonly bank: Bank;
  readonly inputBank: Bank | undefined;
  /** Of the input, or of the features where there is none. */
  readonly density: Density;
  /** Squared distance, as histories keep it, below which two queries of one principal are about the same. */
  readonly alike: number;
}

/** How fast the nearest of n random points comes closer, per e-fold of n. Source: the brief's fit on natural images. */
const crowding = 0.08;

/** Longest arithmetic or halving run that is told apart: longer ones are as certain. */
const maxRun = 64;

/** Scores one principal's queries in order. All it keeps is a bounded history and one step. */
export class Scorer {
  readonly #frame: Frame;
  readonly #history: History;
  readonly #steps: Steps;
  #last: Int16Array | undefined;
  #step: { readonly direction: Float32Array; readonly length: number } | undefined;
  #run = 0;

  constructor(frame: Frame) {
    this.#frame = frame;
    this.#history = new History(spacesOf(frame));
    this.#steps = new Steps(frame.input ?? frame.features);
  }

  /** Undefined for an exact repeat of a query still remembered. */
  score(query: Query): Scores | undefined {
    const { features, input, bank, inputBank, density, alike } = this.#frame;
    const { stratum } = query;
    const point = place(features, query.features);
    const own = input && query.input ? place(input, query.input) : point;
    const hash = hashVector(own);
    // A retry or a cache: it teaches nobody anything, so it says nothing either way.
    if (this.#history.has(hash)) return undefined;

    const row = this.#history.coarsen(input ? [point, own] : [point]);
    const gap = query.probabilities && topGap(query.probabilities);
    const closest = this.#history.closest(row, alike);
    const scores = [
      nearest(bank, stratum, point),
      inputBank && query.input && nearest(inputBank, stratum, own),
      gap === undefined ? undefined : 1 - gap,
      gap === undefined ? undefined : gap - 1,
      closeness(this.#history, row, stratum),
      closest && this.#steps.take(closest.row, row.subarray(row.length - closest.row.length)),
      improbability(density, stratum, own),
    ];
    this.#history.add(row, stratum, hash);
    this.#walk(own);
    return { scores, fresh: 1 / (1 + (closest?.alike ?? 0)) };
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
    const direction = new Float32Array(point.length);
    for (let i = 0; i < point.length; i++) direction[i] = point[i]! - last[i]!;
    const length = lengthOf(direction);
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
      history: this.#history.snapshot(),
      steps: this.#steps.snapshot(),
      last: this.#last && toText(this.#last),
      step: this.#step && toText(this.#step.direction),
      run: this.#run,
    };
  }

  restore(state: ScorerState): void {
    this.#history.restore(state.history);
    this.#steps.restore(state.steps);
    const width = pointLength(this.#frame.input ?? this.#frame.features);
    this.#last = state.last === undefined ? undefined : new Int16Array(width);
    if (this.#last && state.last !== undefined) fromText(this.#last, state.last);
    const direction = new Float32Array(width);
    if (state.step !== undefined) fromText(direction, state.step);
    this.#step = state.step === undefined ? undefined : { direction, length: lengthOf(direction) };
    this.#run = state.run;
  }
}

export interface ScorerState {
  readonly history: HistoryState;
  readonly steps: StepsState;
  readonly last: string | undefined;
  readonly step: string | undefined;
  readonly run: number;
}

function spacesOf({ features, input }: Frame): readonly Space[] {
  return input ? [features, input] : [features];
}

function lengthOf(vector: ArrayLike<number>): number {
  let squared = 0;
  for (let i = 0; i < vector.length; i++) squared += (vector[i] ?? 0) ** 2;
  return Math.sqrt(squared);
}

/**
 * -(ln of the distance to the nearest own query, relative to the query's own length, + 0.08 ln n), n how many there are to be
 * near to. Relative, because everything a low-contrast camera sends is close together; and the least over the spaces, because
 * close in one alone is such a camera, or an answer that saturates: a chain is close in both.
 */
function closeness(history: History, row: Int8Array, stratum: number): number | undefined {
  const found = history.nearest(row, stratum);
  if (!found) return undefined;
  let relative = 0;
  let from = 0;
  found.squared.forEach((squared, space) => {
    const own = lengthOf(row.subarray(from, (from += history.widths[space] ?? 0)));
    // Half a step stands for a distance below what is kept.
    relative = Math.max(relative, Math.max(Math.sqrt(squared), 0.5) / Math.max(own, 1));
  });
  return -(Math.log(relative) + crowding * Math.log(found.of));
}
