import {
  ExtractionError,
  levelsAtTimes,
  Meter,
  type Calibration,
  type Metered,
  type PathState,
  type Query,
} from "@outweigh/extraction";
import type { GatewayModel, Retest } from "@outweigh/schema";
import type { SlotReading } from "../tap/readings.ts";
import { watchedTimes, type NumericCalibration } from "./calibration-file.ts";
import {
  keptReading,
  namesOf,
  readingOf,
  slotsOf,
  type Keeping,
  type KeptReading,
  type KeptRow,
  type SlotNames,
} from "./kept.ts";
import { Drift, driftOf, keptWatch, restoreWatch } from "./drift.ts";
import { Groups, type TestedGroup } from "./groups.ts";
import type { Found } from "./protocol.ts";
import { ToldBook } from "./told.ts";

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
  at: number;
  reading: SlotReading | undefined;
  /** What this horizon has shown so far: the highest values, and whether there was an alarm. */
  strangest: number;
  learnt: number;
  isAlarmed: boolean;
}

interface MeteredGroup extends TestedGroup {
  readonly meter: Meter;
  readonly levels: Calibration["levels"];
  since: number;
  at: number;
}

/** What is kept of a principal, and of a group. The queries that wait for a group are not. */
interface KeptMetering extends Pick<Metering, "since" | "strangest" | "learnt" | "isAlarmed"> {
  readonly path: PathState;
  readonly reading: KeptReading | undefined;
  readonly told: readonly string[];
}
interface KeptGroup extends Pick<MeteredGroup, "since" | "queries" | "most"> {
  readonly path: PathState;
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
  readonly #groups: Groups<MeteredGroup>;
  readonly #told = new ToldBook();
  /** Slots that asked since they were last kept. */
  readonly #changed = new Set<number>();
  readonly #drift: Drift;
  /** While its model is watched. Those of groups stay: their peaks are not kept. */
  readonly #stricter: Calibration["levels"];
  #misfits = 0;
  /** Until when its model is watched, in ms since 1970. */
  watchedUntil = 0;

  /** @param warn Told once, when the calibration has drifted: from then on the readings stay, and nobody is paged by its levels. */
  constructor(model: GatewayModel, calibration: NumericCalibration, warn: (problem: string) => void) {
    this.#model = model;
    this.#calibration = calibration;
    this.#stricter = levelsAtTimes(calibration.single, watchedTimes);
    this.#groups = new Groups(model.name);
    this.#drift = new Drift(model.name, driftOf(calibration.single), warn);
    this.#ceilings =
      model.budget === undefined ? undefined : { strangeness: Infinity, learnt: Infinity, budget: model.budget };
  }

  /** Whether anything is stricter while its model is watched. */
  get hasStricter(): boolean {
    return Object.values(this.#stricter).some((it) => it !== undefined);
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
      this.#changed.add(asked.slot);
      own.at = asked.time;
      own.recent.push({ time: asked.time, query });
      if (own.recent.length > maxRemembered) own.recent.shift();
      const found = this.#alarms(asked, metered, own.since, this.#calibration.single.levels, undefined);
      this.#follow(asked.slot, own, metered);
      own.reading = this.#reading(metered);
      return { found: [...found, ...this.#stepGroup(asked, query)], reading: own.reading };
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
      at: time,
      reading: undefined,
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
    if (!isAlarmed) this.#drift.take(this.#groups.of(slot)?.members[0] ?? slot, [strangest, learnt]);
  }

  /**
   * Tests these groups from now on, each first with what is remembered of its members, in order of time. Levels are those of the
   * next larger benign groups; beyond the largest there are none, and the group only reads.
   */
  regroup(groups: readonly (readonly number[])[], asked: Omit<Asked, "slot">): Found[] {
    const fresh = this.#groups.regroup(groups, (members) => this.#newGroup(members, asked.time));
    return fresh.flatMap((group) => {
      const past = group.members
        .flatMap((slot) => (this.#meters.get(slot)?.recent ?? []).map((it) => ({ slot, ...it })))
        .sort((a, b) => a.time - b.time);
      group.since = past[0]?.time ?? asked.time;
      return past.flatMap(({ slot, time, query }) => this.#stepGroup({ ...asked, slot, time }, query));
    });
  }

  /** Undefined beyond the largest benign group: no levels are known for it. */
  #newGroup(members: readonly number[], at: number): MeteredGroup | undefined {
    const levels = this.#calibration.groups.find((it) => it.members >= members.length)?.levels;
    if (!levels) return undefined;
    const meter = new Meter({ ...this.#calibration.single, levels });
    return { members, meter, levels, since: at, at, queries: 0, most: 0 };
  }

  #stepGroup(asked: Asked, query: Query): Found[] {
    const group = this.#groups.of(asked.slot);
    if (!group) return [];
    const metered = group.meter.step(query);
    this.#groups.asked(group);
    group.at = asked.time;
    group.queries = metered.t;
    group.most = Math.max(group.most, mostOf(metered, group.levels));
    return this.#alarms(asked, metered, group.since, group.levels, group.members);
  }

  /** What testing these as one gave so far; undefined where none of them asked this model. */
  retest(members: readonly number[]): Retest | undefined {
    return this.#groups.retest(
      members,
      ({ levels }) => levels.strangeness !== undefined && this.#drift.holds,
      (slot) => this.#meters.get(slot)?.recent.length ?? 0,
    );
  }

  #alarms(
    asked: Asked,
    it: Metered,
    since: number,
    levels: Calibration["levels"],
    group: readonly number[] | undefined,
  ): Found[] {
    const { strangeness, progress, lines } = this.#stricter;
    const claims = [
      [it.strange, "novel-queries", it.strangeness, levels.strangeness, strangeness],
      [it.learning, "fast-learning", it.learnt, levels.progress, progress],
      [it.walking, "line-search", it.lineRun, levels.lines, lines],
      [it.overBudget, "budget-used", it.progress?.fidelity ?? 0, undefined, undefined],
    ] as const;
    const isWatched = group === undefined && asked.time < this.watchedUntil;
    return claims.flatMap(([alarmed, finding, value, usual, stricter]): Found[] => {
      // False, and not undefined: a meter that can promise nothing promises nothing stricter either.
      const watched = isWatched && alarmed === false && stricter !== undefined && value > stricter.level;
      // Levels that promise nothing any more page nobody; the budget was never learnt.
      if ((alarmed !== true && !watched) || (!this.#drift.holds && usual)) return [];
      const level = watched ? stricter : usual;
      // Whoever passes the usual level later is told then, as without the watch.
      if (!this.#told.isNew(group ?? [asked.slot], watched ? `${finding} watched` : finding)) return [];
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
          ...(watched && { watched }),
          fidelity: it.progress?.fidelity,
          group,
          origin: asked.origin,
        },
      ];
    });
  }

  #reading(it: Metered): SlotReading {
    const { strangeness, progress }: Partial<Calibration["levels"]> = this.#drift.holds
      ? this.#calibration.single.levels
      : {};
    return {
      queries: it.t,
      novelty: strangeness ? it.strangeness / strangeness.level : NaN,
      learning: progress ? it.learnt / progress.level : NaN,
      progress: it.progress?.fidelity ?? NaN,
      ready: strangeness ? 1 : 0,
      model: 0,
    };
  }

  /** Why its levels page nobody any more; undefined while they do. */
  get drift(): string | undefined {
    return this.#drift.text;
  }

  /** What has changed since the last call. */
  keep(names: SlotNames): Keeping[] {
    if (this.#changed.size === 0 && !this.#groups.hasChanged) return [];
    const own = [...this.#changed].flatMap((slot): Keeping[] => {
      const it = this.#meters.get(slot);
      const who = namesOf([slot], names);
      if (!it || !who) return [];
      const { meter, since, at, strangest, learnt, isAlarmed, reading } = it;
      const state: KeptMetering = {
        path: meter.snapshot(),
        since,
        strangest,
        learnt,
        isAlarmed,
        reading: reading && keptReading(reading),
        told: this.#told.of([slot]),
      };
      return [{ kind: "numbers", who, at, state }];
    });
    const groups = this.#groups.takeChanged().flatMap(({ members, meter, since, at, queries, most }): Keeping[] => {
      const who = namesOf(members, names);
      const state: KeptGroup = { path: meter.snapshot(), since, queries, most };
      return who ? [{ kind: "numbers-group", who, at, state }] : [];
    });
    this.#changed.clear();
    return [
      ...own,
      ...groups,
      { kind: "watch", who: [], at: Date.now(), state: keptWatch(this.#drift, this.#told, names) },
    ];
  }

  /** Has everything kept at the next call, because the last one came to nothing. */
  keepAll(): void {
    for (const it of this.#meters.keys()) this.#changed.add(it);
    this.#groups.keepAll();
  }

  /**
   * Takes back what was kept. @returns The reading it leaves, and whose.
   * @throws {ExtractionError} BAD_STATE when it is not a state of this calibration.
   */
  restore(
    { kind, who, at, body }: KeptRow,
    names: SlotNames,
  ): { readonly slot: number; readonly reading: SlotReading } | undefined {
    const slots = slotsOf(who, names);
    if (!slots) return undefined;
    if (kind === "watch") restoreWatch(JSON.parse(body), this.#drift, this.#told, names);
    else if (kind === "numbers-group") this.#restoreGroup(slots, at, JSON.parse(body));
    else if (kind === "numbers") return this.#restoreOwn(slots[0] ?? 0, at, JSON.parse(body));
    return undefined;
  }

  #restoreOwn(slot: number, at: number, { path, reading, told, ...more }: KeptMetering) {
    const meter = new Meter(this.#calibration.single, this.#ceilings);
    meter.restore(path);
    const read = reading && readingOf(reading);
    this.#meters.set(slot, { meter, recent: [], at, reading: read, ...more });
    this.#told.restore([slot], told);
    return read && { slot, reading: read };
  }

  #restoreGroup(members: readonly number[], at: number, { path, ...more }: KeptGroup): void {
    const group = this.#newGroup(members, at);
    if (!group) return;
    group.meter.restore(path);
    this.#groups.put({ ...group, ...more });
  }
}

/** The highest value over its level; a walk along a line has none of 1 before it alarms. */
function mostOf(
  { strangeness, learnt, lineRun, strange, learning, walking }: Metered,
  { strangeness: novel, progress, lines }: Calibration["levels"],
): number {
  const over = (value: number, level: { readonly level: number } | undefined) =>
    level ? value / Math.max(level.level, 1e-9) : 0;
  const most = Math.max(over(strangeness, novel), over(learnt, progress), over(lineRun, lines));
  const alarmed = strange === true || learning === true || walking === true;
  // An alarm is what the meter says: rounding shall not say otherwise.
  return alarmed ? Math.max(most, 1.001) : Math.min(most, 1);
}

const unshown = { strangest: 0, learnt: 0, isAlarmed: false };
