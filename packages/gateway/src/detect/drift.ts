// Whether a model's calibration still holds, and what is kept for a model as a whole.
import { DriftWatch, type Calibration, type DriftState } from "@outweigh/extraction";
import { namesOf, slotsOf, type SlotNames } from "./kept.ts";
import type { ToldBook } from "./told.ts";

/** Chance that a calibration is ever said to have drifted, as long as benign clients stay like those it was learnt from. */
export const driftAlpha = { num: 1, den: 100 };

/** Undefined where there are no levels that could drift. */
export function driftOf({ levels, peaks }: Calibration): DriftWatch | undefined {
  const { strangeness, progress, lines } = levels;
  if (!strangeness) return undefined;
  const calm = peaks.filter(
    (it) =>
      it.strangeness < strangeness.level &&
      (!progress || it.progress < progress.level) &&
      (!lines || it.lines <= lines.level),
  );
  const kinds = [calm.map((it) => it.strangeness), ...(progress ? [calm.map((it) => it.progress)] : [])];
  return new DriftWatch(kinds, driftAlpha, 1);
}

/** Whether one model's calibration still holds: its levels page nobody any more once it does not. */
export class Drift {
  readonly #model: string;
  readonly #watch: DriftWatch | undefined;
  readonly #warn: (problem: string) => void;

  /** @param watch Undefined where nothing could drift. @param warn Told once, when it has drifted. */
  constructor(model: string, watch: DriftWatch | undefined, warn: (problem: string) => void) {
    this.#model = model;
    this.#watch = watch;
    this.#warn = warn;
  }

  get holds(): boolean {
    return this.#watch?.drifted !== true;
  }

  /** Takes the highest values of one principal over a horizon without alarm. */
  take(member: number, peaks: readonly number[]): void {
    if (!this.holds) return;
    this.#watch?.take(member, peaks);
    if (this.text !== undefined) this.#warn(this.text);
  }

  /** Why the levels page nobody any more; undefined while they do. */
  get text(): string | undefined {
    return this.#watch?.drifted ? driftText(this.#model, this.#watch.principals) : undefined;
  }

  snapshot(): DriftState | undefined {
    return this.#watch?.snapshot();
  }

  restore(state: DriftState): void {
    this.#watch?.restore(state);
  }
}

function driftText(model: string, principals: number): string {
  const rate = `${(100 * driftAlpha.num) / driftAlpha.den} %`;
  return (
    `${model}: its clients have become stranger than those of its calibration (by ${principals} without alarm; said falsely ` +
    `once in ${driftAlpha.den / driftAlpha.num} calibrations, ${rate}): it is calibrating and pages nobody until you calibrate anew`
  );
}

/** Drift, and what was told of groups. */
interface KeptWatch {
  readonly drift: (Omit<DriftState, "members"> & { readonly members: readonly string[] }) | undefined;
  readonly told: readonly { readonly who: readonly string[]; readonly findings: readonly string[] }[];
}

/** What is one for a model, with names for slots. */
export function keptWatch(drift: Drift, told: ToldBook, names: SlotNames): KeptWatch {
  const state = drift.snapshot();
  return {
    drift: state && { ...state, members: state.members.flatMap((it) => names.nameOf(it) ?? []) },
    told: told.groups().flatMap(({ who, findings }) => {
      const known = namesOf(who, names);
      return known ? [{ who: known, findings }] : [];
    }),
  };
}

export function restoreWatch(kept: KeptWatch, drift: Drift, told: ToldBook, names: SlotNames): void {
  // Whoever is not known here any more stays counted, as a number that is nobody's.
  const members = kept.drift?.members.map((it, i) => names.slotOf(it) ?? -1 - i) ?? [];
  if (kept.drift) drift.restore({ ...kept.drift, members });
  for (const { who, findings } of kept.told) {
    const slots = slotsOf(who, names);
    if (slots) told.restore(slots, findings);
  }
}
