// The events that alerts and people rest on.
import type { Alert, OcsfEvent, Pin } from "@outweigh/schema";
import type { EventEngine } from "./engine/engine.ts";
import { eventsById, gradesWithin, type Asking } from "./events.ts";

const dayMs = 86_400_000;
/** An alert's events may be older than it: what is slow adds up over a year. In ms. */
const beforeMs = 400 * dayMs;
/** And later ones may be late. In ms. */
const afterMs = 7 * dayMs;
/** Where nearly all of them are: events lie by their time, so that these are read without looking through the rest. In ms. */
const nearMs = 3_600_000;
/** Most events of one incident that are fetched: the first ones of each alert come first. */
const maxEvents = 5000;

/** Oldest first. All that are stored, unless `asking` takes less. */
export async function provingEvents(
  engine: EventEngine,
  alerts: readonly Alert[],
  asking: Asking = {},
): Promise<OcsfEvent[]> {
  if (alerts.length === 0) return [];
  const ids = [...new Set(alerts.flatMap((it) => it.events))].slice(0, maxEvents);
  const from = Math.min(...alerts.map((it) => it.firstAt));
  const to = Math.max(...alerts.map((it) => it.lastAt));
  const near = await eventsById(engine, ids, { from: from - nearMs, to: to + nearMs }, asking);
  const found = new Set(near.map((it) => it.id));
  const left = ids.filter((it) => !found.has(it));
  if (left.length === 0) return near;
  const rest = await eventsById(engine, left, { from: from - beforeMs, to: to + afterMs }, asking);
  return inOrder([...near, ...rest]);
}

/** The grades of events that such alerts rest on, by id; no grade is `""`. What is not kept any more is left out. */
export async function gradesById(
  engine: EventEngine,
  ids: readonly string[],
  alerts: readonly Alert[],
  signal?: AbortSignal,
): Promise<Map<string, { readonly grade: string }>> {
  const from = Math.min(...alerts.map((it) => it.firstAt));
  const to = Math.max(...alerts.map((it) => it.lastAt));
  const found = new Map(await gradesWithin(engine, ids, { from: from - nearMs, to: to + nearMs }, signal));
  const left = ids.filter((it) => !found.has(it));
  if (left.length === 0) return found;
  const rest = await gradesWithin(engine, left, { from: from - beforeMs, to: to + afterMs }, signal);
  return new Map([...found, ...rest]);
}

function inOrder(events: readonly OcsfEvent[]): OcsfEvent[] {
  return events.toSorted((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1));
}

/** With those that people pinned, which are never left out: each event once, oldest first. */
export async function eventsOf(
  engine: EventEngine,
  alerts: readonly Alert[],
  pins: readonly Pin[],
  asking: Asking = {},
): Promise<OcsfEvent[]> {
  const times = pins.map((it) => it.time);
  const ids = pins.map((it) => it.event);
  const [proving, pinned] = await Promise.all([
    provingEvents(engine, alerts, asking),
    eventsById(engine, ids, { from: Math.min(...times), to: Math.max(...times) }, asking),
  ]);
  const all = new Map([...proving, ...pinned].map((it) => [it.id, it]));
  return inOrder([...all.values()]);
}
