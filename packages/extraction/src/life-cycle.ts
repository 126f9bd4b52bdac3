import type { Calibration, Peak } from "./calibration.ts";
import { certifiable, type Rate } from "./path-cal.ts";
import type { Progress } from "./progress.ts";

/** What the owner fixes and learning cannot raise. */
export interface Ceilings {
  /** Highest level of strangeness and of progress that may be learnt: traffic that would need more is not benign enough to learn from. */
  readonly strangeness: number;
  readonly learnt: number;
  /** Fidelity of a clone, 0…1, that nobody's log may allow, whatever others reach: the budget. */
  readonly budget: number;
}

/** How far the ridge's fidelity was seen below a really trained clone's: what is added before it is held against the budget. */
const budgetMargin = 0.15;

/** Has this log used up its budget? Says nothing of intent: the answer is coarser output or a talk, not an accusation. */
export function overBudget(progress: Progress, { budget }: Ceilings): boolean {
  return progress.fidelity + budgetMargin > budget;
}

/** Whether a detector may page: only once it can promise the owner's rate. */
export type Standing =
  | { readonly state: "calibrating"; readonly why: string; readonly certifiable: Rate }
  | { readonly state: "ready"; readonly alpha: Rate };

/** Calibrating: too few principals for `alpha`, or a level that would lie above a ceiling. Such a detector shows readings and pages nobody. */
export function standing(calibration: Calibration, alpha: Rate, ceilings: Ceilings): Standing {
  const { levels, peaks } = calibration;
  const could = certifiable(peaks.length);
  const waiting = (why: string) => ({ state: "calibrating", why, certifiable: could }) as const;
  if (!levels.strangeness) {
    return waiting(`${peaks.length} principals promise 1 in ${could.den}, not ${alpha.num} in ${alpha.den}`);
  }
  if (levels.strangeness.level > ceilings.strangeness) return waiting("benign traffic is stranger than the ceiling");
  if (levels.progress && levels.progress.level > ceilings.learnt)
    return waiting("benign traffic learns more than the ceiling");
  return { state: "ready", alpha };
}

/** Levels cut to the ceilings: they may fall by learning, never rise above. A cut level alarms more often than `alpha`, never less. */
export function capLevels(calibration: Calibration, ceilings: Ceilings): Calibration {
  const { strangeness, progress, lines } = calibration.levels;
  return {
    ...calibration,
    levels: {
      strangeness: strangeness && { ...strangeness, level: Math.min(strangeness.level, ceilings.strangeness) },
      progress: progress && { ...progress, level: Math.min(progress.level, ceilings.learnt) },
      lines,
    },
  };
}

export interface Drift {
  /** Largest distance between the two distributions of peaks, 0…1. */
  readonly distance: number;
  /** P of a distance this large without drift; asymptotic, good from 20 peaks each. */
  readonly p: number;
}

/**
 * Have benign principals changed since the calibration? The two-sample Kolmogorov–Smirnov test on strangeness peaks. A warning
 * to calibrate anew: exchangeability is what the promise stands on. Source of the series: Smirnov 1948.
 */
export function drift(calibrated: readonly Peak[], recent: readonly Peak[]): Drift {
  const a = Float64Array.from(calibrated, (it) => it.strangeness).sort();
  const b = Float64Array.from(recent, (it) => it.strangeness).sort();
  if (a.length === 0 || b.length === 0) return { distance: 0, p: 1 };
  let distance = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const value = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i]! <= value) i++;
    while (j < b.length && b[j]! <= value) j++;
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length));
  }
  const n = Math.sqrt((a.length * b.length) / (a.length + b.length));
  const x = (n + 0.12 + 0.11 / n) * distance;
  if (x < 0.3) return { distance, p: 1 };
  let p = 0;
  for (let k = 1; k <= 100; k++) p += 2 * (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * x * x);
  return { distance, p: Math.min(1, Math.max(0, p)) };
}
