import type { Calibration } from "./calibration.ts";
import { ExtractionError } from "./error.ts";
import { uniform } from "./hash.ts";
import { Student, type Exam, type Progress, type StudentState } from "./progress.ts";
import type { Query } from "./query.ts";
import { Scorer, signals, type Frame, type ScorerState } from "./scores.ts";
import { conformalP, cusum, logBet } from "./wealth.ts";

/** What a path is read from: the pace of each signal's evidence, and the progress of a clone. */
export const gauges = [...signals, "progress"] as const;
export type Gauge = (typeof gauges)[number];

/** How benign principals' highest readings of a gauge are spread: 90 % up to `knee`, the rest beyond it by `excess` on average. */
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
  /** One per gauge. */
  readonly scale: readonly Scale[];
  readonly exam?: Exam;
}

/** Queries that a path counts as made before its first: what keeps three strange first queries from being a verdict. */
export const settling = 32;

/** Progress is examined at 32 queries and whenever they have doubled. */
const firstExam = 32;

export interface Reading {
  /** Queries so far in this epoch, from 1. */
  readonly t: number;
  /** ln of the evidence of each signal, in the order of `signals`. */
  readonly evidence: readonly number[];
  /** One per gauge: evidence per query, `evidence / (t + settling)`; for progress, the best examination so far. */
  readonly readings: readonly number[];
  /** The rarest gauge, as about -ln of how rare such a reading is among benign principals: what the alarm level is compared with. */
  readonly value: number;
  /** The gauge that `value` comes from. */
  readonly leader: Gauge;
  /** The last examination, if there was one. */
  readonly progress: Progress | undefined;
}

/**
 * One principal's path: score, p-value within the stratum, bet, CUSUM per signal; progress of a clone; the rarest of all.
 *
 * Blind spot: a stream whose strange share is below 0.30/(a + 0.30), a the mean evidence of a strange query (about 9 %
 * with 1,000 calibration scores), loses evidence as fast as it gains it; only progress meters it then.
 */
export class Path {
  readonly #judge: Judge;
  #scorer: Scorer;
  #student: Student | undefined;
  #progress: Progress | undefined;
  #best = 0;
  #t = 0;
  #evidence = signals.map(() => 0);

  constructor(judge: Judge) {
    this.#judge = judge;
    this.#scorer = new Scorer(judge.frame);
    this.#student = judge.exam && new Student(judge.exam);
  }

  /** @throws {ExtractionError} BAD_QUERY for a stratum that does not exist, a wrong length, or a value that is not finite. */
  step(query: Query): Reading {
    const { strata, horizon, scale } = this.#judge;
    if (!Number.isInteger(query.stratum) || query.stratum < 0 || query.stratum >= strata) {
      throw new ExtractionError("BAD_QUERY", `expected a stratum from 0 to ${strata - 1}, got ${query.stratum}`);
    }
    if (this.#t === horizon) this.#begin();
    const t = this.#t++;
    const isNew = this.#bet(query, t);
    if (isNew) this.#study(query);

    const readings = [...this.#evidence.map((it) => Math.max(it, 0) / (t + settling)), this.#best];
    let value = 0;
    let leader: Gauge = gauges[0];
    readings.forEach((it, j) => {
      const rare = rarity(it, j, scale[j]);
      if (rare <= value) return;
      value = rare;
      leader = gauges[j] ?? leader;
    });
    return { t: t + 1, evidence: [...this.#evidence], readings, value, leader, progress: this.#progress };
  }

  /** Steps in a row along one line or halving: see `Scorer`. */
  get lineRun(): number {
    return this.#scorer.lineRun;
  }

  /** One bet per signal. False for an exact repeat. */
  #bet(query: Query, t: number): boolean {
    const { seed, scores } = this.#judge;
    const found = this.#scorer.score(query);
    if (!found) return false;
    found.forEach((score, j) => {
      const known = scores[j]?.[query.stratum];
      if (score === undefined || !known || known.length === 0) return;
      const p = conformalP(score, known, uniform(seed, t, j));
      this.#evidence[j] = cusum(this.#evidence[j] ?? 0, logBet(p, known.length));
    });
    return true;
  }

  #study(query: Query): void {
    const student = this.#student;
    if (!student) return;
    const { probabilities } = query;
    student.learn({
      input: query.input ?? query.features,
      label: query.stratum,
      ...(probabilities && { probabilities }),
    });
    const n = student.queries;
    if (n < firstExam || (n & (n - 1)) !== 0) return;
    this.#progress = student.examine();
    this.#best = Math.max(this.#best, this.#progress.progress);
  }

  #begin(): void {
    this.#scorer = new Scorer(this.#judge.frame);
    this.#student = this.#judge.exam && new Student(this.#judge.exam);
    this.#progress = undefined;
    this.#best = 0;
    this.#evidence = signals.map(() => 0);
    this.#t = 0;
  }

  /** Plain data that restores to the same readings. */
  snapshot(): PathState {
    return {
      t: this.#t,
      evidence: [...this.#evidence],
      best: this.#best,
      scorer: this.#scorer.snapshot(),
      student: this.#student?.snapshot(),
      progress: this.#progress,
    };
  }

  /** @throws {ExtractionError} BAD_STATE when it is not a state of this judge. */
  restore(state: PathState): void {
    if (state.evidence.length !== signals.length) throw new ExtractionError("BAD_STATE", "another set of signals");
    this.#scorer.restore(state.scorer);
    if (this.#student && state.student) this.#student.restore(state.student);
    this.#t = state.t;
    this.#evidence = [...state.evidence];
    this.#best = state.best;
    this.#progress = state.progress;
  }
}

export interface PathState {
  readonly t: number;
  readonly evidence: readonly number[];
  readonly best: number;
  readonly scorer: ScorerState;
  readonly student: StudentState | undefined;
  readonly progress: Progress | undefined;
}

/**
 * About -ln of the share of benign principals that ever read this high: linear to ln 10 at the knee, then a tail.
 *
 * Evidence has no upper end and honest outliers far out (one camera in hundreds), so its tail is taken as Pareto with
 * shape 1, and one outlier does not lift the bar for every gauge; progress ends at 1, so its tail is taken as exponential.
 * Only comparability hangs on this; the promise comes from the alarm level, whatever the tails are.
 */
function rarity(reading: number, j: number, scale: Scale | undefined): number {
  if (!scale) return 0;
  const { knee, excess } = scale;
  if (reading <= knee) return (Math.LN10 * reading) / knee;
  const beyond = (reading - knee) / excess;
  return Math.LN10 + (j < signals.length ? Math.log1p(beyond) : beyond);
}

/** A path with its alarm: the meter of one principal. */
export class Meter {
  readonly #path: Path;
  readonly #calibration: Calibration;

  constructor(calibration: Calibration) {
    this.#calibration = calibration;
    this.#path = new Path(calibration.judge);
  }

  /** `alarm` is undefined while there are too few calibration principals to promise anything: that is not "no". */
  step(query: Query): Reading & { readonly alarm: boolean | undefined } {
    const reading = this.#path.step(query);
    const level = this.#calibration.level;
    return { ...reading, alarm: level && reading.value > level.level };
  }

  snapshot(): PathState {
    return this.#path.snapshot();
  }

  restore(state: PathState): void {
    this.#path.restore(state);
  }
}
