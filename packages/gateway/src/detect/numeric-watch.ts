import { DriftWatch, ExtractionError, Meter, type Calibration, type Metered, type Query } from "@outweigh/extraction";
import type { GatewayModel } from "@outweigh/schema";
import type { SlotReading } from "../tap/readings.ts";
import type { NumericCalibration } from "./calibration-file.ts";
import type { Found } from "./protocol.ts";

/** A query of one principal, with its time: what is remembered until a group is tested. */
interface Dated {
  readonly time: number;
  readonly query: Query;
}

/** Principals that are metered at once for one model; the one that asked longest ago goes first. */
const maxMeters = 10_000;
/** Queries of a principal that are remembered for a group that may form: more would cost memory, and age. */
const maxRemembered = 128;

/** Chance that a calibration is ever said to have drifted, as long as benign clients stay like those it was learnt from. */
export const driftAlpha = { num: 1, den: 100 };

interface Metering {
  readonly meter: Meter;
  readonly since: number;
  readonly recent: Dated[];
  /** What this horizon has shown so far: the highest values, and whether there was an alarm. */
  strangest: number;
  learnt: number;
  isAlarmed: boolean;
}

/** What the caller knows of a query. */
export interface Asked {
  readonly slot: number;
  readonly origin: number;
  readonly time: number;
}

/**
 * Meters one model's numeric queries per principal and per group, by a calibration of benign traffic. It judges nothing itself:
 * what `extraction` says of a path against its level is passed on.
 */
export class NumericWatch {
  readonly #model: GatewayModel;
  readonly #calibration: NumericCalibration;
  readonly #ceilings: { readonly strangeness: number; readonly learnt: number; readonly budget: number } | undefined;
  readonly #meters = new Map<number, Metering>();
  readonly #groups = new Map<
    number,
    {
      readonly members: readonly number[];
      readonly meter: Meter;
      readonly levels: Calibration["levels"];
      since: number;
    }
  >();
  readonly #told = new Set<string>();
  readonly #drift: DriftWatch | undefined;
  readonly #warn: (problem: string) => void;
  #misfits = 0;

  /** @param warn Told once, when the calibration has drifted: from then on the readings stay, and nobody is paged by its levels. */
  constructor(model: GatewayModel, calibration: NumericCalibration, warn: (problem: string) => void) {
    this.#model = model;
    this.#calibration = calibration;
    this.#warn = warn;
    this.#drift = driftOf(calibration.single);
    this.#ceilings =
      model.budget === undefined ? undefined : { strangeness: Infinity, learnt: Infinity, budget: model.budget };
  }

  /** Queries that did not have the calibrated shape. */
  get misfits(): number {
    return this.#misfits;
  }

  /** Takes one answered query. @returns What was found that was not told before, and the principal's reading. */
  step(asked: Asked, query: Query): { readonly found: Found[]; readonly reading: SlotReading | undefined } {
    const own = this.#of(asked);
    try {
      const metered = own.meter.step(query);
      own.recent.push({ time: asked.time, query });
      if (own.recent.length > maxRemembered) own.recent.shift();
      const found = this.#alarms(asked, metered, own.since, this.#calibration.single.levels, undefined);
      this.#follow(asked.slot, own, metered);
      return { found: [...found, ...this.#stepGroup(asked, query)], reading: this.#reading(metered) };
    } catch (error) {
      if (!(error instanceof ExtractionError)) throw error;
      this.#misfits++;
      return { found: [], reading: undefined };
    }
  }

  #of({ slot, time }: Asked): Metering {
    const known = this.#meters.get(slot);
    const it = known ?? {
      meter: new Meter(this.#calibration.single, this.#ceilings),
      since: time,
      recent: [],
      ...unshown,
    };
    this.#meters.delete(slot);
    this.#meters.set(slot, it);
    if (this.#meters.size > maxMeters) {
      const [oldest] = this.#meters.keys();
      if (oldest !== undefined) this.#meters.delete(oldest);
    }
    return it;
  }

  /** At the end of a horizon without alarm its highest values say whether the calibration still holds. */
  #follow(slot: number, own: Metering, it: Metered): void {
    own.strangest = Math.max(own.strangest, it.strangeness);
    own.learnt = Math.max(own.learnt, it.learnt);
    own.isAlarmed ||= it.strange === true || it.learning === true || it.walking === true;
    if (it.t < this.#calibration.single.judge.horizon) return;
    const { strangest, learnt, isAlarmed } = own;
    Object.assign(own, unshown);
    const drift = this.#drift;
    if (!drift || drift.drifted || isAlarmed) return;
    drift.take(this.#groups.get(slot)?.members[0] ?? slot, [strangest, learnt]);
    if (drift.drifted) this.#warn(driftText(this.#model.name, drift.principals));
  }

  /**
   * Tests these groups from now on, each first with what is remembered of its members, in order of time. Levels are those of the
   * next larger benign groups; beyond the largest there are none, and the group only reads.
   */
  regroup(groups: readonly (readonly number[])[], asked: Omit<Asked, "slot">): Found[] {
    const before = new Map([...this.#groups.values()].map((it) => [it.members.join(), it]));
    this.#groups.clear();
    const found: Found[] = [];
    for (const members of groups) {
      const known = before.get(members.join());
      const levels = this.#calibration.groups.find((it) => it.members >= members.length)?.levels;
      if (!levels) continue;
      const group = known ?? {
        members,
        meter: new Meter({ ...this.#calibration.single, levels }),
        levels,
        since: asked.time,
      };
      for (const it of members) this.#groups.set(it, group);
      if (known) continue;
      const past = members
        .flatMap((slot) => (this.#meters.get(slot)?.recent ?? []).map((it) => ({ slot, ...it })))
        .sort((a, b) => a.time - b.time);
      group.since = past[0]?.time ?? asked.time;
      for (const { slot, time, query } of past) found.push(...this.#stepGroup({ ...asked, slot, time }, query));
    }
    return found;
  }

  #stepGroup(asked: Asked, query: Query): Found[] {
    const group = this.#groups.get(asked.slot);
    if (!group) return [];
    return this.#alarms(asked, group.meter.step(query), group.since, group.levels, group.members);
  }

  #alarms(
    asked: Asked,
    it: Metered,
    since: number,
    levels: Calibration["levels"],
    group: readonly number[] | undefined,
  ): Found[] {
    const claims = [
      [it.strange, "novel-queries", it.strangeness, levels.strangeness],
      [it.learning, "fast-learning", it.learnt, levels.progress],
      [it.walking, "line-search", it.lineRun, levels.lines],
      [it.overBudget, "budget-used", it.progress?.fidelity ?? 0, undefined],
    ] as const;
    return claims.flatMap(([alarmed, finding, value, level]): Found[] => {
      const key = JSON.stringify([group ?? asked.slot, finding]);
      if (alarmed !== true || this.#told.has(key)) return [];
      // Levels that promise nothing any more page nobody; the budget was never learnt.
      if (this.#drift?.drifted === true && level) return [];
      this.#told.add(key);
      return [
        {
          finding: group ? "many-accounts" : finding,
          slot: asked.slot,
          model: this.#model.name,
          queries: it.t,
          since,
          time: asked.time,
          value,
          level: level?.level,
          alpha: level && level.alpha.num / level.alpha.den,
          fidelity: it.progress?.fidelity,
          group,
          origin: asked.origin,
        },
      ];
    });
  }

  #reading(it: Metered): SlotReading {
    const { strangeness, progress } =
      this.#drift?.drifted === true ? { strangeness: undefined, progress: undefined } : this.#calibration.single.levels;
    return {
      queries: it.t,
      novelty: strangeness ? it.strangeness / strangeness.level : NaN,
      learning: progress ? it.learnt / progress.level : NaN,
      progress: it.progress?.fidelity ?? NaN,
      ready: strangeness ? 1 : 0,
      model: 0,
    };
  }
}

const unshown = { strangest: 0, learnt: 0, isAlarmed: false };

/** Undefined where there are no levels that could drift. */
function driftOf({ levels, peaks }: Calibration): DriftWatch | undefined {
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

/** What is said of a calibration that has drifted. */
export function driftText(model: string, principals: number): string {
  const rate = `${(100 * driftAlpha.num) / driftAlpha.den} %`;
  return (
    `${model}: its clients have become stranger than those of its calibration (by ${principals} without alarm; said falsely ` +
    `once in ${driftAlpha.den / driftAlpha.num} calibrations, ${rate}): it is calibrating and pages nobody until you calibrate anew`
  );
}
