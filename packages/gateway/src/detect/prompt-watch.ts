import {
  DriftWatch,
  PromptPath,
  promptSignals,
  type Prompt,
  type PromptSignal,
  type PromptState,
  type TextKey,
  type TextReader,
} from "@outweigh/extraction";
import type { GatewayModel, Retest } from "@outweigh/schema";
import type { Seen } from "../adapters/adapter.ts";
import type { SlotReading } from "../tap/readings.ts";
import { hashOf } from "./hash.ts";
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
import { Drift, driftAlpha, keptWatch, restoreWatch } from "./drift.ts";
import { Groups, type TestedGroup } from "./groups.ts";
import type { Asked } from "./numeric-watch.ts";
import type { PromptCalibration, PromptLevels } from "./calibration-file.ts";
import type { Encoder } from "./encoder.ts";
import type { Found } from "./protocol.ts";
import { Places, Room } from "./places.ts";
import { maxLedgers, ShownWatch } from "./shown-watch.ts";
import { ToldBook } from "./told.ts";

/** Principals whose prompts are followed at once for one model: 60 kB each at worst. */
const maxPaths = 4_000;
/** What is remembered for one model, or for several that share it. */
interface PromptRooms {
  readonly paths: Room;
  readonly ledgers: Room;
}

export function promptRooms(): PromptRooms {
  return { paths: new Room(maxPaths), ledgers: new Room(maxLedgers) };
}
/** Rates of the two bets while nothing is calibrated. */
const usualRates = { elicitation: 0.01, grading: 0.01 };

/** A principal's prompts, or a group's: one horizon after the other, as they were calibrated. */
interface Following {
  path: PromptPath;
  since: number;
  at: number;
  reading: SlotReading | undefined;
  /** All prompts, and those of this horizon. */
  queries: number;
  inHorizon: number;
  /** Highest values of this horizon. */
  peaks: number[];
  isAlarmed: boolean;
}

interface Group extends Following, TestedGroup {
  readonly levels: PromptLevels;
}

/** What is kept of either. */
interface KeptFollowing extends Pick<Following, "since" | "queries" | "inHorizon" | "peaks" | "isAlarmed"> {
  readonly path: PromptState;
  readonly reading: KeptReading | undefined;
  readonly told: readonly string[];
  readonly most?: number;
}

/** What was found that was not told before, and the principal's reading. */
interface Followed {
  readonly found: Found[];
  readonly reading: SlotReading;
}

/** Follows one model's prompts per principal and per group, and what log-probabilities showed of its output layer. No text is kept. */
export class PromptWatch {
  readonly #model: GatewayModel;
  readonly #calibration: PromptCalibration | undefined;
  readonly #reader: TextReader;
  readonly #paths: Places<Following>;
  readonly #groups: Groups<Group>;
  readonly #shown: ShownWatch;
  readonly #told = new ToldBook();
  /** Slots that asked since they were last kept. */
  readonly #changed = new Set<number>();
  readonly #drift: Drift;
  /** Until when its model is watched, in ms since 1970. */
  watchedUntil = 0;

  /**
   * @param warn Told once, when the calibration has drifted: from then on the readings stay, and nobody is paged by its levels.
   * @param rooms Of its own, unless it shares them with other models.
   */
  constructor(
    model: GatewayModel,
    calibration: PromptCalibration | undefined,
    reader: TextReader,
    warn: (problem: string) => void = () => {},
    rooms = promptRooms(),
  ) {
    this.#model = model;
    this.#calibration = calibration;
    this.#reader = reader;
    this.#paths = new Places(rooms.paths);
    this.#shown = new ShownWatch(model, reader.key, rooms.ledgers);
    this.#groups = new Groups(model.name);
    const peaks = calibration?.peaks;
    this.#drift = new Drift(model.name, peaks && new DriftWatch(peaks, driftAlpha, 1), warn);
  }

  /** Whether anything is stricter while its model is watched. */
  get hasStricter(): boolean {
    return Object.keys(this.#calibration?.watched ?? {}).length > 0;
  }

  step(asked: Asked, seen: Seen): Followed {
    const prompt = promptOf(asked, seen, this.#reader.key);
    const group = prompt && this.#groups.of(asked.slot);
    const own = this.#of(asked);
    return this.#follow(asked, seen, [own, prompt && own.path.step(prompt)], group && [group, group.path.step(prompt)]);
  }

  /** The same with an encoder's vectors. One at a time: wait for the answer before the next step. @throws {GatewayError} BAD_ENCODER. */
  async stepEncoded(asked: Asked, seen: Seen, encoder: Encoder): Promise<Followed> {
    const prompt = promptOf(asked, seen, this.#reader.key);
    const group = prompt && this.#groups.of(asked.slot);
    const own = this.#of(asked);
    const take = async ({ path }: Following, it: Prompt) => path.finish(it, await encoder.encode(path.begin(it)));
    return this.#follow(
      asked,
      seen,
      [own, prompt && (await take(own, prompt))],
      group && [group, await take(group, prompt)],
    );
  }

  #follow(
    asked: Asked,
    seen: Seen,
    [own, values]: readonly [Following, readonly number[] | undefined],
    grouped: readonly [Group, readonly number[]] | undefined,
  ): Followed {
    const { levels = {} } = this.#calibration ?? {};
    own.queries++;
    own.at = asked.time;
    this.#changed.add(asked.slot);
    const found = values ? this.#compare(asked, own, values, levels) : [];
    const most = values && this.#isReady ? furthest(values, levels) : undefined;
    if (values) this.#endHorizon(asked.slot, own);
    for (const it of seen.shown ?? []) {
      const above = this.#shown.step(asked.slot, it);
      if (above) found.push(...this.#tell(asked, own, { ...above, detail: "" }));
    }
    if (grouped) {
      const [group, together] = grouped;
      if (group.queries++ === 0) group.since = asked.time;
      group.at = asked.time;
      this.#groups.asked(group);
      group.most = Math.max(group.most, furthest(together, group.levels) ?? 0);
      found.push(...this.#compare(asked, group, together, group.levels, group.members));
      this.#endHorizon(undefined, group);
    }
    own.reading = {
      queries: own.queries,
      novelty: most ?? NaN,
      learning: NaN,
      progress: NaN,
      ready: this.#isReady ? 1 : 0,
      model: 0,
    };
    return { found, reading: own.reading };
  }

  /** False while calibrating, and again once the calibration has drifted. */
  get #isReady(): boolean {
    return this.#calibration !== undefined && this.#drift.holds;
  }

  /**
   * Tests these groups from now on, from their next prompts: of those before no text was kept. Levels are those of the next larger
   * benign groups; beyond the largest there are none, and the group is not tested.
   */
  regroup(groups: readonly (readonly number[])[]): void {
    this.#groups.regroup(groups, (members) => {
      const levels = this.#levelsOf(members);
      return levels && { ...this.#begin(0), members, levels, most: 0 };
    });
  }

  #levelsOf(members: readonly number[]): PromptLevels | undefined {
    return this.#calibration?.groups?.find((it) => it.members >= members.length)?.levels;
  }

  /** What testing these as one gave so far; undefined where none of them asked this model for a text. */
  retest(members: readonly number[]): Retest | undefined {
    return this.#groups.retest(
      members,
      () => this.#isReady,
      (slot) => this.#paths.get(slot)?.queries ?? 0,
    );
  }

  #begin(since: number): Following {
    const path = this.#newPath();
    return { path, since, at: since, reading: undefined, queries: 0, inHorizon: 0, peaks: [], isAlarmed: false };
  }

  #newPath(): PromptPath {
    const { rates = usualRates, encoder } = this.#calibration ?? {};
    return new PromptPath(this.#reader, rates, encoder?.centre);
  }

  #of({ slot, time }: Asked): Following {
    return this.#paths.use(slot, () => this.#begin(time));
  }

  /** What stands above its level. */
  #compare(
    asked: Asked,
    own: Following,
    values: readonly number[],
    levels: PromptLevels,
    group?: readonly number[],
  ): Found[] {
    const stricter = group === undefined && asked.time < this.watchedUntil ? this.#calibration?.watched : undefined;
    return promptSignals.flatMap((detail, i) => {
      const value = values[i] ?? 0;
      own.peaks[i] = Math.max(own.peaks[i] ?? 0, value);
      const usual = levels[detail];
      const watched = usual !== undefined && value <= usual.level;
      const level = watched ? stricter?.[detail] : usual;
      if (!level || value <= level.level) return [];
      if (!watched) own.isAlarmed = true;
      if (!this.#isReady) return [];
      return this.#tell(asked, own, {
        finding: group ? "many-accounts" : "unusual-prompts",
        detail,
        value,
        ...level,
        group,
        ...(watched && { watched }),
      });
    });
  }

  /** After a horizon a path starts anew, as it did in the calibration; its highest values say whether that still holds. */
  #endHorizon(slot: number | undefined, own: Following): void {
    const horizon = this.#calibration?.horizon;
    if (horizon === undefined || ++own.inHorizon < horizon) return;
    const { peaks, isAlarmed } = own;
    Object.assign(own, { path: this.#newPath(), inHorizon: 0, peaks: [], isAlarmed: false });
    if (slot !== undefined && !isAlarmed) this.#drift.take(this.#groups.of(slot)?.members[0] ?? slot, peaks);
  }

  #tell(
    asked: Asked,
    own: Following,
    {
      finding,
      detail,
      group,
      ...measured
    }: {
      readonly finding: string;
      readonly detail: string;
      readonly value: number;
      readonly level: number;
      readonly alpha?: number | undefined;
      readonly watched?: boolean | undefined;
      readonly group?: readonly number[] | undefined;
    },
  ): Found[] {
    // Whoever passes the usual level later is told then, as without the watch.
    const told = `${finding} ${detail}${measured.watched === true ? " watched" : ""}`;
    if (!this.#told.isNew(group ?? [asked.slot], told)) return [];
    const { slot, time, origin } = asked;
    const { queries, since } = own;
    return [{ finding, slot, model: this.#model.name, queries, since, time, ...measured, group, origin }];
  }

  /** Why its levels page nobody any more; undefined while they do. */
  get drift(): string | undefined {
    return this.#drift.text;
  }

  /** What has changed since the last call. */
  keep(names: SlotNames): Keeping[] {
    if (this.#changed.size === 0 && !this.#groups.hasChanged) return [];
    const row = (
      kind: "prompts" | "prompts-group",
      slots: readonly number[],
      it: Following & { readonly most?: number },
    ) => {
      const who = namesOf(slots, names);
      const { path, since, at, queries, inHorizon, peaks, isAlarmed, reading, most } = it;
      const state: KeptFollowing = {
        path: path.snapshot(),
        since,
        queries,
        inHorizon,
        peaks,
        isAlarmed,
        reading: reading && keptReading(reading),
        told: this.#told.of(slots),
        ...(most !== undefined && { most }),
      };
      return who ? [{ kind, who, at, state }] : [];
    };
    const own = [...this.#changed].flatMap((slot) => {
      const it = this.#paths.get(slot);
      return it ? row("prompts", [slot], it) : [];
    });
    const groups = this.#groups.takeChanged().flatMap((it) => row("prompts-group", it.members, it));
    this.#changed.clear();
    const all: Keeping = { kind: "watch", who: [], at: Date.now(), state: keptWatch(this.#drift, this.#told, names) };
    return [...own, ...groups, all, ...this.#shown.keep(names)];
  }

  /** Has everything kept at the next call, because the last one came to nothing. */
  keepAll(): void {
    for (const it of this.#paths.keys()) this.#changed.add(it);
    this.#groups.keepAll();
    this.#shown.keepAll();
  }

  /**
   * Takes back what was kept. @returns The reading it leaves, and whose.
   * @throws {ExtractionError} BAD_STATE when it is no state of these settings.
   */
  restore(row: KeptRow, names: SlotNames): { readonly slot: number; readonly reading: SlotReading } | undefined {
    const { kind, who, at, body } = row;
    const slots = slotsOf(who, names);
    if (!slots) return undefined;
    const [slot = 0] = slots;
    if (kind === "watch") restoreWatch(JSON.parse(body), this.#drift, this.#told, names);
    else if (kind === "shown") this.#shown.restore(slot, JSON.parse(body));
    else return this.#restorePath(kind, slots, at, JSON.parse(body));
    return undefined;
  }

  #restorePath(kind: KeptRow["kind"], slots: readonly number[], at: number, kept: KeptFollowing) {
    const { path, reading, told, most = 0, ...more } = kept;
    const it = { ...more, peaks: [...kept.peaks], path: this.#newPath(), at, reading: reading && readingOf(reading) };
    it.path.restore(path);
    this.#told.restore(slots, told);
    if (kind === "prompts-group") {
      const levels = this.#levelsOf(slots);
      if (levels) this.#groups.put({ ...it, members: slots, levels, most });
      return undefined;
    }
    const [slot = 0] = slots;
    this.#paths.use(slot, () => it);
    return it.reading && { slot, reading: it.reading };
  }
}

/** The largest value over its level; undefined without levels. */
function furthest(values: readonly number[], levels: PromptLevels): number | undefined {
  const ratios = promptSignals.flatMap((signal: PromptSignal, i) => {
    const level = levels[signal];
    return level ? [(values[i] ?? 0) / Math.max(level.level, 1e-9)] : [];
  });
  return ratios.length === 0 ? undefined : Math.max(...ratios);
}

/** Undefined where an exchange has no text. */
function promptOf(asked: Asked, { text, depth, bias }: Seen, key: TextKey): Prompt | undefined {
  if (text === undefined) return undefined;
  const more = bias !== undefined && { bias: hashOf(bias, key) };
  return { text, time: asked.time / 1000, depth: depth ?? 1, ...more };
}
