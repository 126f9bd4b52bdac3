import type { Gap, Severity, TimelineEntry } from "@outweigh/schema";
import { date, type Zone } from "../../format/time.ts";

/** This many equal events one after another, or more, are told as one line that can be opened. */
const minRun = 3;

/** One line of the evidence as it is drawn, oldest first. */
export type StoryLine =
  | { readonly kind: "day"; readonly at: number }
  | { readonly kind: "entry"; readonly entry: TimelineEntry; readonly sinceMs?: number | undefined }
  | { readonly kind: "run"; readonly entries: readonly TimelineEntry[]; readonly sinceMs?: number | undefined }
  /** `told` where only an entry tells of it, in its own words. */
  | { readonly kind: "gap"; readonly gap: Gap; readonly told?: string };

/**
 * The evidence and the silences in one order. Gaps stand where they began; a gap that an entry tells as well is told once. Every first line of a day is preceded by that day. `sinceMs` is the time from the line before.
 */
export function storyLines(entries: readonly TimelineEntry[], gaps: readonly Gap[], zone: Zone): StoryLine[] {
  const lines: StoryLine[] = [];
  let before: number | undefined;
  let day: string | undefined;
  for (const part of grouped(ordered(entries, gaps))) {
    const { from, to } = timesOf(part);
    const today = date(from, zone);
    if (today !== day) lines.push({ kind: "day", at: from });
    day = today;
    const sinceMs = before === undefined ? undefined : Math.max(0, from - before);
    lines.push(part.kind === "gap" ? part : { ...part, sinceMs });
    before = Math.max(before ?? 0, to);
  }
  return lines;
}

type Part = Exclude<StoryLine, { kind: "day" }>;

function timesOf(part: Part): { from: number; to: number } {
  if (part.kind === "gap") return { from: part.gap.from, to: part.gap.from };
  if (part.kind === "entry") return { from: part.entry.at, to: part.entry.to ?? part.entry.at };
  const last = part.entries.at(-1);
  return { from: part.entries[0]?.at ?? 0, to: last?.to ?? last?.at ?? 0 };
}

/** Entries and gaps by time; of two at the same moment the silence comes first, for it frames what follows. */
function ordered(entries: readonly TimelineEntry[], gaps: readonly Gap[]): Part[] {
  const known = new Set(gaps.map((it) => it.from));
  const parts: Part[] = gaps.map((gap) => ({ kind: "gap", gap }));
  for (const entry of entries) {
    if (entry.kind !== "gap") parts.push({ kind: "entry", entry });
    else if (!known.has(entry.at)) parts.push({ kind: "gap", gap: gapOf(entry), told: entry.title });
  }
  const rank = (it: Part) => (it.kind === "gap" ? 0 : 1);
  return parts.sort((a, b) => timesOf(a).from - timesOf(b).from || rank(a) - rank(b));
}

function gapOf({ at, to, title, detail }: TimelineEntry): Gap {
  return { source: title, from: at, ...(to !== undefined && { to }), ...(detail !== undefined && { reason: detail }) };
}

/** What events of one run have in common: all but their numbers, so that the parts of one model are told together. */
function sameness({ title }: TimelineEntry): string {
  return title.replace(/\d+/g, "0");
}

/** Runs of events that say the same become one part. Alerts and actions always stand alone. */
function grouped(parts: readonly Part[]): Part[] {
  const out: Part[] = [];
  let run: TimelineEntry[] = [];
  const flush = () => {
    if (run.length >= minRun) out.push({ kind: "run", entries: run });
    else out.push(...run.map((entry): Part => ({ kind: "entry", entry })));
    run = [];
  };
  for (const part of parts) {
    const event = part.kind === "entry" && part.entry.kind === "event" ? part.entry : undefined;
    if (run[0] && (!event || sameness(event) !== sameness(run[0]))) flush();
    if (event) run.push(event);
    else out.push(part);
  }
  flush();
  return out;
}

/** The evidence on one line, places as fractions of the whole from 0 to 1. */
export interface Lane {
  readonly from: number;
  readonly to: number;
  readonly marks: readonly {
    readonly at: number;
    readonly kind: TimelineEntry["kind"];
    readonly severity?: Severity;
  }[];
  readonly gaps: readonly { readonly from: number; readonly to: number; readonly source: string }[];
}

/** Undefined when there is nothing to draw: fewer than two moments make no line. An open gap runs to `now`. */
export function lane(entries: readonly TimelineEntry[], gaps: readonly Gap[], now: number): Lane | undefined {
  const told = entries.filter((it) => it.kind !== "gap");
  if (told.length === 0) return undefined;
  const from = Math.min(...told.map((it) => it.at));
  const to = Math.max(...told.map((it) => it.to ?? it.at));
  if (to <= from) return undefined;
  const place = (at: number) => Math.min(1, Math.max(0, (at - from) / (to - from)));
  const known = new Set(gaps.map((it) => it.from));
  const silences = [...gaps, ...entries.filter((it) => it.kind === "gap" && !known.has(it.at)).map(gapOf)];
  return {
    from,
    to,
    marks: told.map((it) => ({ at: place(it.at), kind: it.kind, ...(it.severity && { severity: it.severity }) })),
    gaps: silences
      .filter((it) => it.from < to && (it.to ?? now) > from)
      .map((it) => ({ from: place(it.from), to: place(it.to ?? now), source: it.source })),
  };
}
