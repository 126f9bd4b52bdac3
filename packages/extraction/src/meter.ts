import type { Calibration } from "./calibration.ts";
import { ExtractionError } from "./error.ts";
import { uniform } from "./hash.ts";
import type { Query } from "./query.ts";
import { Scorer, signals, type Frame, type ScorerState, type Signal } from "./scores.ts";
import { conformalP, cusum, logBet } from "./wealth.ts";

/** Queries that a path counts as made before its first: what keeps three strange first queries from being a verdict. */
export const settling = 32;

/** All that turns a query into a value on a principal's path. */
export interface Judge {
  readonly frame: Frame;
  readonly strata: number;
  readonly horizon: number;
  readonly seed: number;
  /** Sorted calibration scores, per signal and stratum. */
  readonly scores: readonly (readonly Float64Array[])[];
  /** What a signal's pace is divided by. */
  readonly scale: readonly number[];
}

export interface Reading {
  /** Queries so far in this epoch, from 1. */
  readonly t: number;
  /** ln of the evidence of each signal, in the order of `signals`. */
  readonly evidence: readonly number[];
  /** Evidence per query of each signal: `evidence / (t + settling)`. */
  readonly pace: readonly number[];
  /** The largest pace over its scale: what the alarm level is compared with. */
  readonly value: number;
  /** The signal that `value` comes from. */
  readonly leader: Signal;
}

/**
 * One principal's path: score, p-value within the stratum, bet, CUSUM per signal, maximum over signals.
 *
 * Blind spot: a stream whose strange share is below 0.30/(a + 0.30), a the mean evidence of a strange query (about 9 %
 * with 1,000 calibration scores), loses evidence as fast as it gains it and is never seen here. CloneProgress meters it.
 */
export class Path {
  readonly #judge: Judge;
  #scorer: Scorer;
  #t = 0;
  #evidence = signals.map(() => 0);

  constructor(judge: Judge) {
    this.#judge = judge;
    this.#scorer = new Scorer(judge.frame);
  }

  /** @throws {ExtractionError} BAD_QUERY for a stratum that does not exist, a wrong length, or a value that is not finite. */
  step(query: Query): Reading {
    const { strata, horizon, seed, scores, scale } = this.#judge;
    if (!Number.isInteger(query.stratum) || query.stratum < 0 || query.stratum >= strata) {
      throw new ExtractionError("BAD_QUERY", `expected a stratum from 0 to ${strata - 1}, got ${query.stratum}`);
    }
    if (this.#t === horizon) this.#begin();
    const t = this.#t++;

    const pace = signals.map(() => 0);
    let value = 0;
    let leader: Signal = signals[0];
    this.#scorer.score(query).forEach((score, j) => {
      const known = scores[j]?.[query.stratum];
      if (score !== undefined && known && known.length > 0) {
        const p = conformalP(score, known, uniform(seed, t, j));
        this.#evidence[j] = cusum(this.#evidence[j] ?? 0, logBet(p, known.length));
      }
      pace[j] = (this.#evidence[j] ?? 0) / (t + settling);
      const scaled = (pace[j] ?? 0) / (scale[j] ?? 1);
      if (scaled > value) {
        value = scaled;
        leader = signals[j] ?? leader;
      }
    });
    return { t: t + 1, evidence: [...this.#evidence], pace, value, leader };
  }

  /** Steps in a row along one line or halving: see `Scorer`. */
  get lineRun(): number {
    return this.#scorer.lineRun;
  }

  #begin(): void {
    this.#scorer = new Scorer(this.#judge.frame);
    this.#evidence = signals.map(() => 0);
    this.#t = 0;
  }

  snapshot(): PathState {
    return { t: this.#t, evidence: [...this.#evidence], scorer: this.#scorer.snapshot() };
  }

  /** @throws {ExtractionError} BAD_STATE when it is not a state of this judge. */
  restore(state: PathState): void {
    if (state.evidence.length !== signals.length) throw new ExtractionError("BAD_STATE", "another set of signals");
    this.#t = state.t;
    this.#evidence = [...state.evidence];
    this.#scorer.restore(state.scorer);
  }
}

export interface PathState {
  readonly t: number;
  readonly evidence: readonly number[];
  readonly scorer: ScorerState;
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
