import type { CorrelationDocument } from "../document.ts";
import { maxEventsPerMatch, maxShownLength } from "../limits.ts";
import { toNumber } from "../matcher.ts";
import type { Correlation } from "./definition.ts";
import { compactClosing, compactSliding, insert, type Entry } from "./entry.ts";
import { groupsOf, keyOf, type GroupKey } from "./group.ts";
import { closeWindow, findWindow, isRising, Tail, type Measured } from "./window.ts";

/** What correlations may keep, all of one engine together. */
export interface Capacity {
  /** How much later than the newest match of its group a match may arrive and still count, in ms. */
  readonly latenessMs: number;
  readonly maxGroups: number;
  readonly maxEntries: number;
}

/** What was not kept, and why. A number that rises says that a correlation may have missed something. */
export interface Losses {
  /** Matches that arrived later than the lateness allows, or without a time. */
  late: number;
  /** Matches without a value in a group-by field, or without the field that is measured. */
  ungrouped: number;
  /** Groups forgotten, because there were more than `maxGroups`, or entries than `maxEntries`. */
  groups: number;
  /** Matches forgotten inside a group. */
  dropped: number;
  /** Matches whose exact time was forgotten; they still count. */
  merged: number;
}

/** A match of one of the rules that a correlation joins. */
export interface Signal {
  /** Place of the rule in the correlation. */
  readonly rule: number;
  /** Told apart by the event that is looked at: one that matches several rules is still one event. */
  readonly step: number | undefined;
  readonly time: number;
  readonly events: readonly string[];
  /** The values of a field in what matched. */
  readonly read: (field: string) => readonly string[];
}

/** A group in which a correlation is fulfilled. */
export interface Hit {
  /** When its last match happened. */
  readonly time: number;
  readonly group: readonly (readonly [field: string, value: string])[];
  /** The first ones, at most `maxEventsPerMatch`. */
  readonly events: readonly string[];
  /** How many matches of its rules it stands for. */
  readonly count: number;
  /** What was measured: how many, which sum … */
  readonly value: number;
  readonly values: readonly string[];
}

export interface Group {
  readonly values: readonly string[];
  readonly entries: Entry[];
  /** Of a busy group; can be made again from its entries. */
  tail?: Tail | undefined;
}

/** What a correlator shares with the others of its engine. */
export interface Surroundings {
  readonly losses: Losses;
  readonly shared: { entries: number };
  /** How much later than they happened the matches of the rules it joins may be known. */
  readonly delayMs: number;
}

/** From so many entries on, a group's window is not gone through again for each new one. */
const tailFrom = 32;
/** Most entries of one group that are kept apart. At 100 bytes each, a thousand busy groups take 100 MB. */
const maxApart = 1024;

/**
 * The state of one correlation. It fires when the condition is reached and then starts over with what comes next, so
 * one long theft gives one match for each full threshold, and not one for each event.
 */
export class Correlator {
  readonly document: CorrelationDocument;
  readonly #capacity: Capacity;
  readonly #latenessMs: number;
  readonly #losses: Losses;
  readonly #shared: { entries: number };
  readonly #rising: boolean;
  readonly #most: number;
  /** In the order of their last match, oldest first. */
  readonly #groups = new Map<string, Group>();
  /** For windows that wait for their end: no group is due before this time. */
  #nextDue = Infinity;
  #lastStep: number | undefined;

  constructor(document: CorrelationDocument, capacity: Capacity, { losses, shared, delayMs }: Surroundings) {
    this.document = document;
    this.#capacity = capacity;
    this.#latenessMs = capacity.latenessMs + delayMs;
    this.#losses = losses;
    this.#shared = shared;
    this.#rising = isRising(document.correlation);
    const thresholds = document.correlation.bounds.map(({ value }) => value);
    this.#most =
      document.correlation.type === "value_count" ? Math.max(maxApart, 2 * Math.max(...thresholds)) : maxApart;
  }

  get correlation(): Correlation {
    return this.document.correlation;
  }

  /** Whether its windows are judged only once they are over. */
  get waits(): boolean {
    return !this.#rising;
  }

  /** How much later than it happened a hit may be known: windows that wait for their end take their time. */
  get delayMs(): number {
    const { timespanMs } = this.correlation;
    return this.#rising ? this.#latenessMs : this.#latenessMs + timespanMs + timespanMs / 16;
  }

  /** Counts a match of one of the rules, and answers with what it completed. `latest` is the newest time of all events. */
  feed(signal: Signal, latest: number): Hit[] {
    const isTemporal = this.correlation.type.startsWith("temporal");
    if (!isTemporal && signal.step !== undefined && signal.step === this.#lastStep) return [];
    this.#lastStep = signal.step;
    const entry = this.#toEntry(signal);
    const { groups, more } = groupsOf(
      this.correlation.groupBy.map((it) => signal.read(this.#fieldFor(it, signal.rule))),
    );
    if (!entry || groups.length === 0) this.#losses.ungrouped++;
    if (more) this.#losses.dropped++;
    return entry ? groups.flatMap((it) => this.#add(it, entry, latest)) : [];
  }

  /** Answers with the windows that are over at `time`, for conditions that can only be judged then. */
  close(time: number): Hit[] {
    const { timespanMs } = this.correlation;
    if (this.#rising || time < this.#nextDue) return [];
    const hits: Hit[] = [];
    let next = Infinity;
    for (const [key, group] of this.#groups) {
      for (let first = group.entries[0]; first; first = group.entries[0]) {
        const due = first.t + timespanMs + this.#latenessMs + 1;
        if (due > time) {
          next = Math.min(next, due);
          break;
        }
        const end = first.t + timespanMs;
        const after = group.entries.findIndex(({ t }) => t > end);
        const window = this.#take(group, 0, after < 0 ? group.entries.length : after);
        const found = closeWindow(window, this.correlation);
        if (found) hits.push(this.#hit(group, window, found));
      }
      if (group.entries.length === 0) this.#groups.delete(key);
    }
    // Not at every event, however the groups are staggered: an answer may come 1/16 of the time span late.
    this.#nextDue = Math.max(next, time + timespanMs / 16);
    return hits;
  }

  *groups(): Generator<readonly [string, Group]> {
    yield* this.#groups;
  }

  /** Puts a stored group back. */
  restore(key: string, values: readonly string[], entries: readonly Entry[]): void {
    this.#groups.set(key, { values, entries: [...entries] });
    this.#shared.entries += entries.length;
    this.#nextDue = -Infinity;
  }

  clear(): void {
    for (const { entries } of this.#groups.values()) this.#shared.entries -= entries.length;
    this.#groups.clear();
    this.#nextDue = Infinity;
  }

  #add({ key, values }: GroupKey, entry: Entry, latest: number): Hit[] {
    const { timespanMs } = this.correlation;
    const group = this.#groups.get(key) ?? { values: values.map((it) => it.slice(0, maxShownLength)), entries: [] };
    // A window that waits for its end is closed by the time of all; a sliding one knows only its group's.
    const newest = Math.max(group.entries.at(-1)?.t ?? entry.t, entry.t);
    const horizon = this.#rising ? newest - timespanMs - this.#latenessMs : latest - this.#latenessMs;
    if (entry.t < horizon) {
      this.#losses.late++;
      return [];
    }
    this.#groups.delete(key);
    this.#groups.set(key, group);
    const at = insert(group.entries, entry);
    this.#shared.entries++;
    const hits = this.#rising ? this.#fire(group, at) : [];
    if (this.#rising) this.#trim(group, horizon);
    else this.#nextDue = Math.min(this.#nextDue, entry.t + timespanMs + this.#latenessMs + 1);
    if (group.entries.length > this.#most) this.#compact(group);
    if (group.entries.length === 0) this.#groups.delete(key);
    this.#evict(key, entry.t);
    return hits;
  }

  #fire(group: Group, at: number): Hit[] {
    const isNewest = at === group.entries.length - 1;
    const isBusy = group.entries.length >= tailFrom && Tail.fits(this.correlation);
    if (isNewest && isBusy) group.tail ??= new Tail(this.correlation);
    else group.tail = undefined;
    const found = group.tail ? group.tail.find(group.entries) : findWindow(group.entries, at, this.correlation);
    if (!found) return [];
    group.tail = undefined;
    return [this.#hit(group, this.#take(group, found.first, found.last + 1), found)];
  }

  /** Forgets what even late events cannot meet any more. */
  #trim(group: Group, horizon: number): void {
    const count = Math.max(
      0,
      group.entries.findIndex(({ t }) => t >= horizon),
    );
    if (count === 0) return;
    this.#take(group, 0, count);
    group.tail?.trim(count);
  }

  #take(group: Group, from: number, end: number): Entry[] {
    this.#shared.entries -= end - from;
    return group.entries.splice(from, end - from);
  }

  #compact(group: Group): void {
    group.tail = undefined;
    const compact = this.#rising ? compactSliding : compactClosing;
    const { merged, dropped } = compact(group.entries, this.correlation.timespanMs, this.#most);
    this.#losses.merged += merged;
    this.#losses.dropped += dropped;
    this.#shared.entries -= merged + dropped;
  }

  /** Forgets the groups that were quiet for longest, but never the one at hand. */
  #evict(current: string, now: number): void {
    const { maxGroups, maxEntries } = this.#capacity;
    for (const [key, group] of this.#groups) {
      const isFull = this.#groups.size > maxGroups || this.#shared.entries > maxEntries;
      if (!isFull || key === current) return;
      this.#groups.delete(key);
      this.#shared.entries -= group.entries.length;
      // What nothing can be added to any more is no loss.
      const isOver = (group.entries.at(-1)?.t ?? 0) < now - this.correlation.timespanMs - this.#latenessMs;
      if (!isOver || !this.#rising) this.#losses.groups++;
    }
  }

  #fieldFor(name: string, rule: number): string {
    return this.correlation.aliases.get(name)?.get(this.correlation.rules[rule] ?? "") ?? name;
  }

  /** What is kept of a match; undefined when the field that is measured has no value, or no number where one is needed. */
  #toEntry({ rule, time, events, read }: Signal): Entry | undefined {
    const { type, fields, percentile } = this.correlation;
    const entry = { t: time, n: 1, r: rule, v: "", x: 0, e: events.slice(0, maxEventsPerMatch) };
    if (fields.length === 0) return entry;
    const values = fields.map((it) => read(this.#fieldFor(it, rule)));
    if (values.some((it) => it.length === 0)) return undefined;
    const isCounted = type === "value_count" || (type === "value_percentile" && percentile === undefined);
    if (isCounted)
      return { ...entry, v: keyOf(values.map((it) => (it.length === 1 ? (it[0] ?? "") : JSON.stringify(it)))) };
    const numbers = (values[0] ?? []).map((it) => toNumber(it));
    if (numbers.some((it) => it === undefined || !Number.isFinite(it))) return undefined;
    const x = numbers.reduce<number>((sum, it) => sum + (it ?? 0), 0);
    // Percentiles are kept to three digits once entries have to be merged.
    return { ...entry, x, v: percentile === undefined ? "" : x.toPrecision(3) };
  }

  #hit(group: Group, window: readonly Entry[], { value, values = [] }: Measured): Hit {
    const events = new Set<string>();
    for (const { e } of window) {
      for (const id of e) if (events.size < maxEventsPerMatch) events.add(id);
    }
    return {
      time: window.at(-1)?.t ?? 0,
      group: this.correlation.groupBy.map((field, place) => [field, group.values[place] ?? ""] as const),
      events: [...events],
      count: window.reduce((sum, { n }) => sum + n, 0),
      value,
      values,
    };
  }
}
