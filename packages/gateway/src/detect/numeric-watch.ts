import { ExtractionError, Meter, type Calibration, type Metered, type Query } from "@outweigh/extraction";
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

interface Metering {
  readonly meter: Meter;
  readonly since: number;
  readonly recent: Dated[];
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
  #misfits = 0;

  constructor(model: GatewayModel, calibration: NumericCalibration) {
    this.#model = model;
    this.#calibration = calibration;
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
      return { found: [...found, ...this.#stepGroup(asked, query)], reading: this.#reading(metered) };
    } catch (error) {
      if (!(error instanceof ExtractionError)) throw error;
      this.#misfits++;
      return { found: [], reading: undefined };
    }
  }

  #of({ slot, time }: Asked): Metering {
    const known = this.#meters.get(slot);
    const it = known ?? { meter: new Meter(this.#calibration.single, this.#ceilings), since: time, recent: [] };
    this.#meters.delete(slot);
    this.#meters.set(slot, it);
    if (this.#meters.size > maxMeters) {
      const [oldest] = this.#meters.keys();
      if (oldest !== undefined) this.#meters.delete(oldest);
    }
    return it;
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
    const { strangeness, progress } = this.#calibration.single.levels;
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
