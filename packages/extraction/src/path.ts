import { ExtractionError } from "./error.ts";
import { mix, uniform } from "./hash.ts";
import { OwnBaseline, type OwnBaselineState } from "./own-baseline.ts";
import { Student, type Exam, type Progress, type StudentState } from "./progress.ts";
import type { Query } from "./query.ts";
import { isRenewed, scored, Scorer, signals, type Frame, type ScorerState, type Signal } from "./scores.ts";
import { conformalP, cusum, logBet, logMean, tailP, type Tail } from "./wealth.ts";

/** How the highest values of benign principals are spread: four in five up to `knee`, the rest beyond it by `excess` on average. */
export interface Scale {
  readonly knee: number;
  readonly excess: number;
}

/** All that turns a query into a value on a principal's path. */
export interface Judge {
  readonly frame: Frame;
  readonly strata: number;
  readonly horizon: number;
  readonly seed: number;
  /** Sorted calibration scores, per signal and stratum. */
  readonly scores: readonly (readonly Float64Array[])[];
  /** The tail of each of `scores`. */
  readonly tails: readonly (readonly (Tail | undefined)[])[];
  /** Of paces, one per signal. */
  readonly scale: readonly Scale[];
  /** Of surpluses, one per score. */
  readonly surplusScale: readonly Scale[];
  /** Ease (see `easeOf`) that nine of ten benign principals stay below, one for each examination. */
  readonly pupils: readonly number[];
  readonly exam?: Exam;
}

/** Queries that a path counts as made before its first: what keeps three strange first queries from being a verdict. */
export const settling = 24;

/**
 * A p-value counts as surplus from one in 20, and counts no more from one in 400: -ln p from 3 to 6. What honest users' habits
 * make of their queries lies below, and single queries that are stranger than anything must not outweigh many.
 */
const [surplusFrom, surplusTo] = [3, 6];

/** The scores whose own habit `change` watches, as indices of `scored`: the distances, whose p-values are conditioned on the stratum. */
const habits = [0, 1];
/** Steps of a p-value that is remembered: finer than the calibration scores can tell apart, short as text. */
const grain = 65_535;
/** The place of `change` among the signals. */
const changeAt = signals.indexOf("change");

/** Progress is examined at 32 queries, then twice in each doubling: 48, 64, 96, 128, … */
const firstExam = 32;

/** Which examination is due after `n` queries, from 0; undefined if none is. */
export function examAfter(n: number): number | undefined {
  if (n < firstExam) return undefined;
  const octave = Math.floor(Math.log2(n / firstExam));
  const base = firstExam * 2 ** octave;
  if (n === base) return 2 * octave;
  return n === 1.5 * base ? 2 * octave + 1 : undefined;
}

/**
 * What an examination found on the scale on which learning is steady: how often the clone's error has shrunk e-fold since it
 * knew nothing but the commonest class. At least 0; an error below one exam input counts as one.
 */
export function easeOf({ fidelity }: Progress, { floor, labels }: Exam): number {
  return Math.max(0, Math.log((1 - floor) / Math.max(1 - fidelity, 1 / labels.length)));
}

export interface Reading {
  /** Queries so far in this epoch, from 1. */
  readonly t: number;
  /** ln of the evidence of each signal, in the order of `signals`. */
  readonly evidence: readonly number[];
  /** Evidence per query of each signal: `evidence / (t + settling)`. */
  readonly pace: readonly number[];
  /**
   * How much of the stream is strange, of each score: the mean of -ln p between 3 and 6, over `t + settling`. Evidence is lost
   * again with every honest query, this is not: a thief who mixes in honest queries shows here.
   */
  readonly surplus: readonly number[];
  /** The further of pace and surplus of each signal beyond benign principals', in units of how far the furthest fifth goes. */
  readonly far: readonly number[];
  /** All of `far` in one: compared with the level of strangeness. One signal alone counts whole, several count more. */
  readonly strangeness: number;
  /** The signal that `strangeness` comes from most. */
  readonly leader: Signal;
  /**
   * The best two examinations in a row so far, each as how far the clone's error has shrunk (see `easeOf`), divided by what nine
   * of ten benign principals stay below after as many queries: compared with the level of progress. So whoever learns fast is
   * seen before he has learnt much, and one lucky examination counts half, but for the first, which stands alone.
   */
  readonly learnt: number;
  /** Steps in a row along one line or halving: see `Scorer`. */
  readonly lineRun: number;
  /** The last examination, if there was one. */
  readonly progress: Progress | undefined;
}

/**
 * One principal's path: score, p-value within the stratum, bet, CUSUM per signal; progress of a clone; all signals together.
 *
 * Blind spot: a stream whose strange share is below 0.30/(a + 0.30), a the mean evidence of a strange query (about 9 %
 * with 1,000 calibration scores), loses evidence as fast as it gains it; only progress meters it then.
 */
export class Path {
  readonly #judge: Judge;
  #scorer: Scorer;
  #student: Student | undefined;
  #progress: Progress | undefined;
  #learnt = 0;
  /** What the last examination was worth on the scale of `learnt`. */
  #rating: number | undefined;
  #t = 0;
  #evidence = signals.map(() => 0);
  #surplus = scored.map(() => 0);
  /** Queries counted by how fresh each was. */
  #fresh = 0;
  #habits: readonly OwnBaseline[] = [];

  constructor(judge: Judge) {
    this.#judge = judge;
    this.#scorer = new Scorer(judge.frame);
    this.#student = judge.exam && new Student(judge.exam);
    this.#habits = habits.map((j) => new OwnBaseline(mix(judge.seed ^ j)));
  }

  /** @throws {ExtractionError} BAD_QUERY for a stratum that does not exist, a wrong length, or a value that is not finite. */
  step(query: Query): Reading {
    const { strata, horizon, scale, surplusScale } = this.#judge;
    if (!Number.isInteger(query.stratum) || query.stratum < 0 || query.stratum >= strata) {
      throw new ExtractionError("BAD_QUERY", `expected a stratum from 0 to ${strata - 1}, got ${query.stratum}`);
    }
    if (this.#t === horizon) this.#begin();
    const t = this.#t++;
    const isNew = this.#bet(query, t);
    if (isNew) this.#study(query);

    const queries = (j: number) => (isRenewed[j] === true ? this.#fresh : t) + settling;
    const pace = this.#evidence.map((it, j) => Math.max(it, 0) / (j === changeAt ? settling : queries(j)));
    const surplus = this.#surplus.map((it, j) => it / queries(j));
    const far = pace.map((it, j) => Math.max(beyond(it, scale[j]), beyond(surplus[j] ?? 0, surplusScale[j])));
    const strangeness = together(far);
    const leader = signals[far.indexOf(Math.max(...far))] ?? signals[0];
    const [learnt, progress, evidence] = [this.#learnt, this.#progress, [...this.#evidence]];
    return {
      t: t + 1,
      evidence,
      pace,
      surplus,
      far,
      strangeness,
      leader,
      learnt,
      lineRun: this.#scorer.lineRun,
      progress,
    };
  }

  /** One bet per signal. False for an exact repeat. */
  #bet(query: Query, t: number): boolean {
    const { seed, scores, tails } = this.#judge;
    const found = this.#scorer.score(query);
    if (!found) return false;
    const moved: number[] = [];
    this.#fresh += found.fresh;
    found.scores.forEach((score, j) => {
      const known = scores[j]?.[query.stratum];
      if (score === undefined || !known || known.length === 0) return;
      const p = conformalP(score, known, uniform(seed, t, j));
      const tail = tails[j]?.[query.stratum];
      const far = tail && score > tail.from ? tailP(score, tail) : p;
      const weight = isRenewed[j] === true ? found.fresh : 1;
      this.#surplus[j]! += weight * Math.min(Math.max(-Math.log(far) - surplusFrom, 0), surplusTo - surplusFrom);
      const bet = logBet(far, tail ? known.length ** 2 : known.length);
      this.#evidence[j] = cusum(this.#evidence[j] ?? 0, weight * bet);
      const habit = this.#habits[habits.indexOf(j)];
      if (habit) moved.push(habit.step(Math.round((1 - p) * grain)));
    });
    if (moved.length > 0) this.#evidence[changeAt] = logMean(moved);
    return true;
  }

  #study(query: Query): void {
    const student = this.#student;
    const { exam, pupils } = this.#judge;
    if (!student || !exam) return;
    const { probabilities } = query;
    student.learn({
      input: query.input ?? query.features,
      label: query.stratum,
      ...(probabilities && { probabilities }),
    });
    const nth = examAfter(student.queries);
    if (nth === undefined) return;
    this.#progress = student.examine();
    // Beyond the longest benign path the last bar known stands: progress does not fall with more queries.
    const bar = pupils[Math.min(nth, pupils.length - 1)];
    if (bar === undefined) return;
    const rating = easeOf(this.#progress, exam) / bar;
    this.#learnt = Math.max(this.#learnt, (rating + (this.#rating ?? rating)) / 2);
    this.#rating = rating;
  }

  #begin(): void {
    this.#scorer = new Scorer(this.#judge.frame);
    this.#student = this.#judge.exam && new Student(this.#judge.exam);
    this.#progress = undefined;
    this.#learnt = 0;
    this.#rating = undefined;
    this.#evidence = signals.map(() => 0);
    this.#surplus = scored.map(() => 0);
    this.#fresh = 0;
    this.#habits = habits.map((j) => new OwnBaseline(mix(this.#judge.seed ^ j)));
    this.#t = 0;
  }

  /** Plain data that restores to the same readings. */
  snapshot(): PathState {
    return {
      t: this.#t,
      evidence: [...this.#evidence],
      surplus: [...this.#surplus],
      fresh: this.#fresh,
      learnt: this.#learnt,
      rating: this.#rating,
      habits: this.#habits.map((it) => it.snapshot()),
      scorer: this.#scorer.snapshot(),
      student: this.#student?.snapshot(),
      progress: this.#progress,
    };
  }

  /** @throws {ExtractionError} BAD_STATE when it is not a state of this judge. */
  restore(state: PathState): void {
    if (state.evidence.length !== signals.length) throw new ExtractionError("BAD_STATE", "another set of signals");
    this.#scorer.restore(state.scorer);
    this.#habits.forEach((it, j) => it.restore(state.habits[j] ?? { scores: [], t: 0, logs: undefined }));
    if (this.#student && state.student) this.#student.restore(state.student);
    this.#t = state.t;
    this.#evidence = [...state.evidence];
    this.#surplus = [...state.surplus];
    this.#fresh = state.fresh;
    this.#learnt = state.learnt;
    this.#rating = state.rating;
    this.#progress = state.progress;
  }
}

export interface PathState {
  readonly t: number;
  readonly evidence: readonly number[];
  readonly surplus: readonly number[];
  readonly fresh: number;
  readonly learnt: number;
  readonly rating: number | undefined;
  readonly habits: readonly OwnBaselineState[];
  readonly scorer: ScorerState;
  readonly student: StudentState | undefined;
  readonly progress: Progress | undefined;
}

/**
 * How far a value lies beyond what four of five benign principals stay below, in units of how far the fifth goes. Only comparability
 * hangs on this; the promise comes from the alarm level, whatever the tails are.
 */
function beyond(value: number, scale: Scale | undefined): number {
  return scale ? Math.max(0, value - scale.knee) / scale.excess : 0;
}

/**
 * The norm of order 3/2: between the sum, in which honest users' small oddities add up, and the length, in which a thief's do not.
 * Which norm hardly matters to who is odd in one signal, and much to who is in two, as thieves are and honest users seldom.
 */
function together(far: readonly number[]): number {
  let sum = 0;
  for (const it of far) sum += it * Math.sqrt(it);
  return Math.cbrt(sum * sum);
}
