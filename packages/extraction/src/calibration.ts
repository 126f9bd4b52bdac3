import { makeBank } from "./bank.ts";
import { ExtractionError } from "./error.ts";
import { alarmLevel, certifiable, type AlarmLevel, type Rate } from "./path-cal.ts";
import type { Query } from "./query.ts";
import { Scorer, signals, type Frame } from "./scores.ts";
import { learnSpace, place, type Space } from "./space.ts";
import { Path, type Judge, type Scale } from "./meter.ts";
import type { Exam } from "./progress.ts";

/** A benign principal's queries, in order. */
export type Stream = readonly Query[];

/** Four disjoint groups of benign principals. Sharing one between two jobs would break the promise. */
export interface CalibrationData {
  /** What benign users ask: the points that distance is measured to. */
  readonly bank: readonly Stream[];
  /** Whose scores turn a score into a p-value. */
  readonly scores: readonly Stream[];
  /** Who says how large each signal's evidence gets, so that signals can be compared. */
  readonly scale: readonly Stream[];
  /** Whose whole paths set the alarm level: the M of the promise. */
  readonly paths: readonly Stream[];
}

export interface CalibrationOptions {
  readonly strata: number;
  readonly alpha: Rate;
  /** Queries for which the promise holds; then a principal's path starts anew. */
  readonly horizon: number;
  /** What progress is measured with; absent, progress is not. */
  readonly exam?: Exam;
  /** Breaks ties of p-values; part of the snapshot, so that a replay gives the same verdicts. */
  readonly seed: number;
}

/** Frozen calibration: plain data apart from typed arrays. */
export interface Calibration {
  readonly judge: Judge;
  /** Half of `alpha` each, so that either alarm stays within `alpha`. Undefined: too few principals; the meter reads, but never alarms. */
  readonly levels: { readonly strangeness: AlarmLevel | undefined; readonly progress: AlarmLevel | undefined };
  /** What the number of principals can promise at best. */
  readonly certifiable: Rate;
  /** Peaks of the calibration paths, in the order given; for ranking and for drift. */
  readonly peaks: readonly Peak[];
}

/** A stratum with fewer calibration scores than this borrows those of all strata. */
export const minStratumScores = 100;
/** The smallest knee and tail: a gauge that never moves on benign data must not blow the path up at its first move. */
const minScale = 0.01;
/** Where the tail of the scale group begins. The alarm level makes the promise; this only makes gauges comparable. */
const kneeQuantile = 0.9;

/**
 * Learns spaces, bank, p-values, scales and the alarm level from benign principals.
 * @throws {ExtractionError} BAD_CALIBRATION when a group is empty; BAD_ALPHA for a rate that is none.
 */
export function calibrate(data: CalibrationData, options: CalibrationOptions): Calibration {
  for (const [name, group] of Object.entries(data)) {
    if (group.length === 0) throw new ExtractionError("BAD_CALIBRATION", `the ${name} group has no principals`);
  }
  const frame = learnFrame(data.bank, options.strata);
  const scores = collectScores(frame, data.scores, options.strata);
  const unscaled: Judge = {
    ...options,
    frame,
    scores,
    scale: signals.map(() => ({ knee: 1, excess: 1 })),
  };
  const scale = learnScale(unscaled, data.scale);
  const judge: Judge = { ...unscaled, scale };

  const peaks = data.paths.map((stream) => peakOf(judge, stream));
  const half = { num: options.alpha.num, den: 2 * options.alpha.den };
  return {
    judge,
    levels: {
      strangeness: alarmLevel(
        peaks.map((it) => it.strangeness),
        half,
      ),
      progress:
        options.exam &&
        alarmLevel(
          peaks.map((it) => it.progress),
          half,
        ),
    },
    certifiable: certifiable(peaks.length),
    peaks,
  };
}

function learnFrame(bank: readonly Stream[], strata: number): Frame {
  const queries = bank.flat();
  const features = learnSpace(queries.map((it) => it.features));
  const inputs = queries.flatMap((it) => (it.input ? [it.input] : []));
  const input = inputs.length === queries.length ? learnSpace(inputs) : undefined;
  const pointsIn = (space: Space, of: (it: Query) => ArrayLike<number>) =>
    makeBank(
      space.dimensions,
      strata,
      bank.map((stream) => stream.map((it) => ({ point: place(space, of(it)), stratum: it.stratum }))),
    );
  return {
    features,
    input,
    bank: pointsIn(features, (it) => it.features),
    inputBank: input && pointsIn(input, (it) => it.input ?? it.features),
  };
}

/** Sorted calibration scores, per signal and stratum. */
function collectScores(frame: Frame, streams: readonly Stream[], strata: number): readonly (readonly Float64Array[])[] {
  const found: number[][][] = signals.map(() => Array.from({ length: strata }, () => []));
  for (const stream of streams) {
    const scorer = new Scorer(frame);
    for (const query of stream) {
      scorer.score(query)?.forEach((it, j) => {
        if (it !== undefined) found[j]?.[query.stratum]?.push(it);
      });
    }
  }
  return found.map((byStratum) => {
    const all = Float64Array.from(byStratum.flat()).sort();
    return byStratum.map((it) => (it.length < minStratumScores ? all : Float64Array.from(it).sort()));
  });
}

/** Per signal: where the scale group's highest paces have their knee, and how far the tail beyond it reaches. */
function learnScale(judge: Judge, streams: readonly Stream[]): Scale[] {
  const highest = streams.map((stream) => {
    const path = new Path(judge);
    const best = signals.map(() => 0);
    for (const query of stream.slice(0, judge.horizon)) {
      path.step(query).pace.forEach((it, j) => (best[j] = Math.max(best[j] ?? 0, it)));
    }
    return best;
  });
  return signals.map((_, j) => {
    const reached = highest.map((it) => it[j] ?? 0).sort((a, b) => a - b);
    const above = Math.ceil(kneeQuantile * reached.length) - 1;
    const knee = Math.max(reached[above] ?? 0, minScale);
    const tail = reached.slice(above + 1).map((it) => it - knee);
    const excess = tail.reduce((sum, it) => sum + it, 0) / Math.max(tail.length, 1);
    return { knee, excess: Math.max(excess, minScale) };
  });
}

/** The highest values on one path. */
export interface Peak {
  readonly strangeness: number;
  readonly progress: number;
}

/** The highest strangeness and the best progress of a stream's path within the horizon. */
export function peakOf(judge: Judge, stream: Stream): Peak {
  const path = new Path(judge);
  let strangeness = 0;
  let progress = 0;
  for (const query of stream.slice(0, judge.horizon)) {
    const reading = path.step(query);
    strangeness = Math.max(strangeness, reading.strangeness);
    progress = Math.max(progress, reading.best);
  }
  return { strangeness, progress };
}
