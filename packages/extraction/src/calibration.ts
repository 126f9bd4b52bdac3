import { ExtractionError } from "./error.ts";
import { alarmLevel, certifiable, levelAtTimes, sharesOf, type AlarmLevel, type Rate } from "./path-cal.ts";
import { folds, frameOf, learnGround } from "./ground.ts";
import type { Query } from "./query.ts";
import { scored, Scorer, signals, type Frame } from "./scores.ts";
import { easeOf, examAfter, Path, type Judge, type Scale } from "./path.ts";
import type { Exam } from "./progress.ts";
import { tailOf, type Tail } from "./wealth.ts";

/** A benign principal's queries, in order. */
export type Stream = readonly Query[];

/** Two disjoint groups of benign principals. Sharing one between both jobs would break the promise. */
export interface CalibrationData {
  /** What benign users ask: the points that distance is measured to, the scores behind p-values, and how far each gauge ranges. */
  readonly reference: readonly Stream[];
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
  /** Their rates sum to at most `alpha`: see `sharesOf`. Undefined: too few principals; that meter reads, but never alarms. */
  readonly levels: {
    readonly strangeness: AlarmLevel | undefined;
    readonly progress: AlarmLevel | undefined;
    readonly lines: AlarmLevel | undefined;
  };
  /** What the number of principals can promise at best. */
  readonly certifiable: Rate;
  /** Peaks of the calibration paths, in the order given; for ranking and for drift. */
  readonly peaks: readonly Peak[];
}

/** A stratum with fewer calibration scores than this borrows those of all strata. */
const minStratumScores = 100;
/** Fewest principals that say how far one gets by an examination. */
const minPupils = 10;
/** The smallest knee: a gauge that never moves on benign data must not blow the path up at its first move. */
const minScale = 0.01;
/**
 * Where the tail of the scale group begins: the furthest fifth are two dozen principals of 120. The alarm level makes the promise;
 * this only makes gauges comparable.
 */
const kneeQuantile = 0.8;
/**
 * A tail thinner than this share of the knee may be luck, and must not let one signal drown the others. One of fewer than two dozen
 * principals counts as the knee at least: with 60 reference principals thin tails had lifted the level threefold.
 */
const minTail = 0.3;
const enoughInTail = 24;
/** Share of benign principals whom a pupil must pass: see `learnPupils`. */
const pupilQuantile = 0.9;

/**
 * Learns spaces, bank, p-values, scales and the alarm level from benign principals.
 * @throws {ExtractionError} BAD_CALIBRATION when a group has too few principals; BAD_ALPHA for a rate that is none.
 */
export function calibrate(data: CalibrationData, options: CalibrationOptions): Calibration {
  const judge = learnJudge(data.reference, options);
  return setLevels(
    judge,
    data.paths.map((stream) => peakOf(judge, stream)),
    options.alpha,
  );
}

/**
 * The alarm levels for the peaks of benign principals that the judge was not learnt from.
 * @throws {ExtractionError} BAD_ALPHA for a rate that is none; BAD_CALIBRATION if a peak is not a number.
 */
export function setLevels(judge: Judge, peaks: readonly Peak[], alpha: Rate): Calibration {
  const shares = sharesOf(peaks.length, alpha);
  const level = (share: Rate | undefined, of: (it: Peak) => number) => share && alarmLevel(peaks.map(of), share);
  return {
    judge,
    levels: {
      strangeness: level(shares.strangeness, (it) => it.strangeness),
      progress: judge.exam && level(shares.progress, (it) => it.progress),
      lines: level(shares.lines, (it) => it.lines),
    },
    certifiable: certifiable(peaks.length),
    peaks,
  };
}

/** The levels of a calibration at `times` its rates, from the same benign principals: for a model that is watched. */
export function levelsAtTimes({ levels, peaks }: Calibration, times: number): Calibration["levels"] {
  const level = (it: AlarmLevel | undefined, of: (it: Peak) => number) => it && levelAtTimes(it, peaks.map(of), times);
  return {
    strangeness: level(levels.strangeness, (it) => it.strangeness),
    progress: level(levels.progress, (it) => it.progress),
    lines: level(levels.lines, (it) => it.lines),
  };
}

/**
 * All of a judge comes from the same principals, each scored with the bank of the other parts, so that nobody meets himself
 * and every principal serves for everything. Whatever this leaves of dependence, the alarm level makes good for.
 * @throws {ExtractionError} BAD_CALIBRATION with fewer than 5 principals, or when nothing varies.
 */
export function learnJudge(reference: readonly Stream[], options: CalibrationOptions): Judge {
  const { strata } = options;
  if (reference.length < folds) {
    throw new ExtractionError(
      "BAD_CALIBRATION",
      `expected at least ${folds} reference principals, got ${reference.length}`,
    );
  }
  const ground = learnGround(reference, options);
  const indices = Array.from({ length: folds }, (_, k) => reference.flatMap((_it, i) => (i % folds === k ? [i] : [])));
  const parts = indices.map((part) => part.flatMap((i) => [reference[i] ?? []]));
  const others = indices.map((_, k) => frameOf(ground, indices.filter((_it, i) => i !== k).flat()));
  const found = parts.map((part, k) => scoresOf(others[k]!, part, strata));

  const plain = signals.map(() => ({ knee: 1, excess: 1 }));
  const gauges = parts.flatMap((part, k) => {
    const frame = others[k]!;
    const scores = joinScores(found.filter((_, i) => i !== k));
    const tails = tailsOf(scores);
    return part.map((stream) =>
      gaugesOf({ ...options, frame, scores, tails, scale: plain, surplusScale: plain, pupils: [] }, stream),
    );
  });
  const scores = joinScores(found);
  return {
    ...options,
    frame: frameOf(
      ground,
      reference.map((_, i) => i),
    ),
    scores,
    tails: tailsOf(scores),
    scale: signals.map((_, j) => learnScale(gauges.map((it) => it.pace[j] ?? 0))),
    surplusScale: scored.map((_, j) => learnScale(gauges.map((it) => it.surplus[j] ?? 0))),
    pupils: learnPupils(gauges.map((it) => it.exams)),
  };
}

/** Scores per signal and stratum. */
function scoresOf(frame: Frame, streams: readonly Stream[], strata: number): number[][][] {
  const found: number[][][] = signals.map(() => Array.from({ length: strata }, () => []));
  for (const stream of streams) {
    const scorer = new Scorer(frame);
    for (const query of stream) {
      scorer.score(query)?.scores.forEach((it, j) => {
        if (it !== undefined) found[j]?.[query.stratum]?.push(it);
      });
    }
  }
  return found;
}

/** Sorted scores of several parts together; a stratum with too few borrows those of all strata. */
function joinScores(parts: readonly (readonly (readonly number[][])[])[]): readonly (readonly Float64Array[])[] {
  return signals.map((_, j) => {
    const strata = parts[0]?.[j] ?? [];
    const byStratum = strata.map((_, g) => parts.flatMap((it) => it[j]?.[g] ?? []));
    const all = Float64Array.from(byStratum.flat()).sort();
    return byStratum.map((it) => (it.length < minStratumScores ? all : Float64Array.from(it).sort()));
  });
}

function tailsOf(scores: readonly (readonly Float64Array[])[]): readonly (readonly (Tail | undefined)[])[] {
  return scores.map((of) => of.map(tailOf));
}

/** How far each gauge goes on one path. */
function gaugesOf(judge: Judge, stream: Stream) {
  const path = new Path(judge);
  const pace = signals.map(() => 0);
  const surplus = scored.map(() => 0);
  const exams = new Map<number, number>();
  for (const query of stream.slice(0, judge.horizon)) {
    const reading = path.step(query);
    reading.pace.forEach((it, j) => (pace[j] = Math.max(pace[j] ?? 0, it)));
    reading.surplus.forEach((it, j) => (surplus[j] = Math.max(surplus[j] ?? 0, it)));
    const nth = reading.progress && examAfter(reading.progress.queries);
    if (reading.progress && judge.exam && nth !== undefined) exams.set(nth, easeOf(reading.progress, judge.exam));
  }
  return { pace, surplus, exams };
}

/** Where the highest paces have their knee, and how far the tail beyond it reaches. */
function learnScale(highest: readonly number[]): Scale {
  const reached = [...highest].sort((a, b) => a - b);
  const above = Math.ceil(kneeQuantile * reached.length) - 1;
  const knee = Math.max(reached[above] ?? 0, minScale);
  const tail = reached.slice(above + 1).map((it) => it - knee);
  const excess = tail.reduce((sum, it) => sum + it, 0) / Math.max(tail.length, 1);
  const least = tail.length < enoughInTail ? knee : minTail * knee;
  return { knee, excess: Math.max(excess, least) };
}

/** Per examination the ease that nine of ten benign principals stay below. */
function learnPupils(exams: readonly ReadonlyMap<number, number>[]): number[] {
  const pupils: number[] = [];
  for (let exam = 0; ; exam++) {
    const known = exams.flatMap((it) => it.get(exam) ?? []).sort((a, b) => a - b);
    if (known.length < minPupils) return pupils;
    pupils.push(Math.max(known[Math.ceil(pupilQuantile * known.length) - 1] ?? 0, minScale));
  }
}

/** The highest values on one path. */
export interface Peak {
  readonly strangeness: number;
  /** Compared with nine of ten benign principals after as many queries: see `Reading.learnt`. */
  readonly progress: number;
  /** The longest run of steps along one line. */
  readonly lines: number;
}

/** The highest values of a stream's path within the horizon. */
export function peakOf(judge: Judge, stream: Stream): Peak {
  const path = new Path(judge);
  let strangeness = 0;
  let progress = 0;
  let lines = 0;
  for (const query of stream.slice(0, judge.horizon)) {
    const reading = path.step(query);
    strangeness = Math.max(strangeness, reading.strangeness);
    progress = Math.max(progress, reading.learnt);
    lines = Math.max(lines, reading.lineRun);
  }
  return { strangeness, progress, lines };
}
