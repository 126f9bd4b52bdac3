// How one source fares. Stored together with the line's snapshot, so that its counts are never off by a batch.
import type { Config, SourceEntry } from "@outweigh/schema";
import { sourceKinds, wayIn, type WayIn } from "@outweigh/schema";
import { z } from "zod";
import { maxSampleLength, maxSamples } from "../limits.ts";

const stored = z.object({
  /** As configured. */
  kind: z.enum(sourceKinds),
  /** What its records turned out to be, the latest, where the configuration says `auto`. */
  told: z.enum(sourceKinds).optional(),
  /** All that they turned out to be, where the configuration says `auto`. */
  kinds: z.array(z.enum(sourceKinds)).optional(),
  addedAt: z.int(),
  lastSeenAt: z.int().optional(),
  lastEventAt: z.int().optional(),
  records: z.int(),
  events: z.int(),
  /** How many of them were taken in each hour of the last day, the earliest first; hours by their beginning, in ms since 1970. */
  hours: z.array(z.object({ at: z.int(), events: z.int() })).optional(),
  rejects: z.int(),
  samples: z.array(z.object({ at: z.int(), offset: z.int(), reason: z.string(), record: z.string() })),
  /** Since when it is silent, if it is. */
  silentFrom: z.int().optional(),
  /** How many records came in on each way, and when the last one did: since there are grades. */
  ways: z.partialRecord(wayIn, z.object({ records: z.int(), lastAt: z.int() })).optional(),
});
export type SourceState = z.infer<typeof stored>;
type SourceSample = SourceState["samples"][number];

export function newSource(kind: SourceEntry["kind"], now: number): SourceState {
  return { kind, addedAt: now, records: 0, events: 0, rejects: 0, samples: [] };
}

/** A stored state; what is not one is an error, not a fresh start. */
export function readSource(body: unknown): SourceState {
  return stored.parse(body);
}

/** Counts a record among those of its way in. */
export function withWay(state: SourceState, way: WayIn | undefined, at: number): SourceState {
  if (way === undefined) return state;
  const { records = 0, lastAt = 0 } = state.ways?.[way] ?? {};
  return { ...state, ways: { ...state.ways, [way]: { records: records + 1, lastAt: Math.max(lastAt, at) } } };
}

const hourMs = 3_600_000;
const hoursOfDay = 24;

/** Counts events that were taken at `now`, the newest of which happened at `last`. */
export function withEvents(
  state: SourceState,
  { events, last, now }: Record<"events" | "last" | "now", number>,
): SourceState {
  const at = now - (now % hourMs);
  const before = state.hours ?? [];
  const same = before.find((it) => it.at === at)?.events ?? 0;
  const hours = [...before.filter((it) => it.at !== at), { at, events: same + events }].slice(-hoursOfDay - 1);
  return { ...state, events: state.events + events, hours, lastEventAt: Math.max(state.lastEventAt ?? 0, last) };
}

/** How many of a source's events were taken in the 24 h before `now`, to the hour: those of the hour that is partly in them too. */
export function eventsOfDay({ hours = [] }: SourceState, now: number): number {
  return hours.reduce((sum, it) => (it.at + hourMs > now - hoursOfDay * hourMs ? sum + it.events : sum), 0);
}

/** Counts a reject and keeps it among the newest. */
export function withReject(state: SourceState, sample: SourceSample): SourceState {
  const cut = { ...sample, record: sample.record.slice(0, maxSampleLength) };
  return { ...state, rejects: state.rejects + 1, samples: [...state.samples, cut].slice(-maxSamples) };
}

/** The sources of the configuration, and the scans of this machine, which need no entry there. */
export function declaredSources({ sources }: Pick<Config, "sources">): SourceEntry[] {
  return sources.some((it) => it.name === "scan") ? [...sources] : [...sources, { name: "scan", kind: "scan" }];
}
