import type { Calibration } from "./calibration.ts";
import { capLevels, overBudget, standing, type Ceilings } from "./life-cycle.ts";
import { Path, type PathState, type Reading } from "./path.ts";
import type { Query } from "./query.ts";

/** A path with its alarms: the meter of one principal. */
export class Meter {
  readonly #path: Path;
  readonly #levels: Calibration["levels"];
  readonly #ceilings: Ceilings | undefined;

  /**
   * With `ceilings`, levels are cut to them, the budget is watched, and a calibration whose benign traffic lies above a ceiling
   * counts as calibrating: it reads, and pages nobody.
   */
  constructor(calibration: Calibration, ceilings?: Ceilings) {
    this.#path = new Path(calibration.judge);
    this.#levels = ceilings ? pagingLevels(calibration, ceilings) : calibration.levels;
    this.#ceilings = ceilings;
  }

  /**
   * Each alarm is undefined while there are too few calibration principals to promise anything: that is not "no".
   * @throws {ExtractionError} BAD_QUERY as `Path.step`.
   */
  step(query: Query): Metered {
    const reading = this.#path.step(query);
    const { strangeness, progress, lines } = this.#levels;
    return {
      ...reading,
      strange: strangeness && reading.strangeness > strangeness.level,
      learning: progress && reading.learnt > progress.level,
      walking: lines && reading.lineRun > lines.level,
      overBudget: this.#ceilings && reading.progress && overBudget(reading.progress, this.#ceilings),
    };
  }

  snapshot(): PathState {
    return this.#path.snapshot();
  }

  /** @throws {ExtractionError} BAD_STATE when it is not a state of this calibration's judge. */
  restore(state: PathState): void {
    this.#path.restore(state);
  }
}

/** No levels at all while calibrating: a detector that cannot keep its promise must not be able to page. */
function pagingLevels(calibration: Calibration, ceilings: Ceilings): Calibration["levels"] {
  const { alpha } = calibration.levels.strangeness ?? {};
  if (!alpha || standing(calibration, alpha, ceilings).state === "calibrating") {
    return { strangeness: undefined, progress: undefined, lines: undefined };
  }
  return capLevels(calibration, ceilings).levels;
}

export interface Metered extends Reading {
  /** The queries are unlike any benign principal's. */
  readonly strange: boolean | undefined;
  /** The log could teach a better clone than any benign principal's. */
  readonly learning: boolean | undefined;
  /** The queries walk along lines for longer than any benign principal's: line search, bisection. */
  readonly walking: boolean | undefined;
  /** The log could teach a clone better than the budget allows. Undefined without ceilings, or before the first examination. */
  readonly overBudget: boolean | undefined;
}
