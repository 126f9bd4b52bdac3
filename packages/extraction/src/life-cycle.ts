import type { Calibration } from "./calibration.ts";
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
