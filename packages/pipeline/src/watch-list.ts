// Who and what is watched after a theft was confirmed: a state machine without a clock. What follows from being watched is the line's
// business.

import { watchedKind, type WatchedKind } from "@outweigh/schema";

/** One thing that is watched, or may be. */
export interface Subject {
  readonly kind: WatchedKind;
  readonly name: string;
}

/** One confirmed theft, and how long it is a reason to watch. Times in ms since 1970; `until` is not included. */
export interface Theft {
  readonly incident: string;
  readonly from: number;
  readonly until: number;
}

/** A subject, and the thefts that it is watched for: never none. */
export interface WatchedFor extends Subject {
  readonly thefts: readonly Theft[];
}

/** By `subjectKey`. A subject without any theft is not in it. */
export type WatchList = ReadonlyMap<string, WatchedFor>;

/** Most of one kind that are watched, those of the latest thefts first: each claim of the line is looked up among them. */
export const maxWatched = 1000;

/** What happens to it. */
export type WatchStep =
  /** An incident was closed as a true positive: these are watched from now on. Confirmed again, their time starts anew. */
  | { readonly kind: "confirmed"; readonly subjects: readonly Subject[]; readonly theft: Theft }
  /** The incident was reopened, or is something else now: it is no reason any more. */
  | { readonly kind: "withdrawn"; readonly incident: string }
  /** A person ended the watch of one. */
  | { readonly kind: "ended"; readonly subject: Subject }
  | { readonly kind: "passed"; readonly now: number };

export function subjectKey({ kind, name }: Subject): string {
  return `${kind} ${name}`;
}

/** The list after a step. The same list when the step changes nothing. */
export function watchStep(list: WatchList, step: WatchStep): WatchList {
  switch (step.kind) {
    case "confirmed": {
      if (step.theft.until <= step.theft.from || step.subjects.length === 0) return list;
      const next = new Map(list);
      for (const { kind, name } of step.subjects) {
        const key = subjectKey({ kind, name });
        const others = (next.get(key)?.thefts ?? []).filter(({ incident }) => incident !== step.theft.incident);
        next.set(key, { kind, name, thefts: [...others, step.theft] });
      }
      return bounded(next);
    }
    case "withdrawn":
      return without(list, (_, { incident }) => incident === step.incident);
    case "ended":
      return without(list, (it) => subjectKey(it) === subjectKey(step.subject));
    case "passed":
      return without(list, (_, { until }) => until <= step.now);
  }
}

/** From when until when a subject is watched, all its thefts taken together. */
export function spanOf({ thefts }: Pick<WatchedFor, "thefts">): { readonly from: number; readonly until: number } {
  return { from: Math.min(...thefts.map((it) => it.from)), until: Math.max(...thefts.map((it) => it.until)) };
}

/** The same of one in a list; undefined: it is not watched. */
export function watchOf(list: WatchList, subject: Subject): ReturnType<typeof spanOf> | undefined {
  const found = list.get(subjectKey(subject));
  return found && spanOf(found);
}

/** No more of one kind than `maxWatched`. Models are as many as the register has, and are never left out. */
function bounded(list: Map<string, WatchedFor>): WatchList {
  for (const kind of watchedKind.options) {
    const own = [...list.values()].filter((it) => it.kind === kind);
    if (kind === "model" || own.length <= maxWatched) continue;
    const byAge = (a: WatchedFor, b: WatchedFor) => spanOf(b).until - spanOf(a).until || (a.name < b.name ? -1 : 1);
    for (const it of own.sort(byAge).slice(maxWatched)) list.delete(subjectKey(it));
  }
  return list;
}

function without(list: WatchList, isGone: (it: WatchedFor, theft: Theft) => boolean): WatchList {
  const next = new Map<string, WatchedFor>();
  let changed = false;
  for (const [key, it] of list) {
    const thefts = it.thefts.filter((theft) => !isGone(it, theft));
    changed ||= thefts.length < it.thefts.length;
    if (thefts.length > 0) next.set(key, { ...it, thefts });
  }
  return changed ? next : list;
}
