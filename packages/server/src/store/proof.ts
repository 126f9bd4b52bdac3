// The events that alerts rest on.
import type { Alert, OcsfEvent } from "@outweigh/schema";
import type { EventEngine } from "./engine/engine.ts";
import { eventsById } from "./events.ts";

const dayMs = 86_400_000;
/** An alert's events may be older than it: what is slow adds up over a year. In ms. */
const beforeMs = 400 * dayMs;
/** And later ones may be late. In ms. */
const afterMs = 7 * dayMs;
/** Most events of one incident that are fetched: the first ones of each alert come first. */
const maxEvents = 5000;

/** Oldest first. */
export async function provingEvents(engine: EventEngine, alerts: readonly Alert[]): Promise<OcsfEvent[]> {
  if (alerts.length === 0) return [];
  const ids = [...new Set(alerts.flatMap((it) => it.events))].slice(0, maxEvents);
  const from = Math.min(...alerts.map((it) => it.firstAt)) - beforeMs;
  const to = Math.max(...alerts.map((it) => it.lastAt)) + afterMs;
  return eventsById(engine, ids, { from, to });
}
