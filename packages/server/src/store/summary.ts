// What many events have in common: how they lie in time, and which values of a field they have.
import { maxBars, maxValues, type CountedField, type EventSummary } from "@outweigh/schema";
import type { EventEngine } from "./engine/engine.ts";
import { tableIn } from "./event-tables.ts";
import { hunt, type Condition } from "./events.ts";

/** Widths of a bar, in ms: those that a clock has. */
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const widths = [
  ...[1, 5, 15, 30].map((it) => it * second),
  ...[1, 5, 15, 30].map((it) => it * minute),
  ...[1, 3, 6, 12].map((it) => it * hour),
  ...[1, 7, 30, 90].map((it) => it * day),
];

/** The least width with which `maxBars` bars reach from one time to the other, both in ms. Beyond the widest, a multiple of it. */
export function barOf(from: number, to: number): number {
  const reaches = (ms: number) => Math.floor(to / ms) - Math.floor(from / ms) < maxBars;
  const known = widths.find(reaches);
  if (known !== undefined) return known;
  const widest = widths.at(-1) ?? day;
  return widest * Math.ceil((to - from) / (widest * (maxBars - 1)) + 1);
}

/** The column of each field that events are counted by: all of them text. */
const columns: Record<CountedField, string> = {
  principal: "principal",
  model: "model",
  operation: "operation",
  artifact: "artifact",
  place: "place",
  part: "part",
  address: "address",
  agent: "agent",
  credential: "credential",
  source: "source",
};

interface Asked {
  /** Which events: of a filter, or all of one entity. */
  readonly of: Condition;
  readonly by: CountedField;
}

/** All events of which this field is exactly this: a star at its end is a star. */
export function exactly(field: CountedField, value: string): Condition {
  return { sql: `${columns[field]} = {value:String}`, params: { value: value.toWellFormed() } };
}

interface Whole {
  readonly events: string;
  readonly first: string;
  readonly last: string;
}

/** How events lie in time, and which values of one field they have. Under the hunter's limits. @throws {ServerError} EVENTS_UNAVAILABLE, TOO_LARGE (beyond a hunt's limits). */
export async function summarise(engine: EventEngine, asked: Asked, signal?: AbortSignal): Promise<EventSummary> {
  const { sql, params } = asked.of;
  const from = `from ${tableIn(engine, "event")} final where ${sql}`;
  const [[whole], most] = await Promise.all([
    hunt<Whole>(engine, `select count() as events, min(time) as first, max(time) as last ${from}`, params, signal),
    mostOf(engine, asked, signal),
  ]);
  const events = Number(whole?.events ?? 0);
  if (!whole || events === 0) return { events: 0, barMs: day, bars: [], ...most };
  const [firstAt, lastAt] = [Number(whole.first), Number(whole.last)];
  const barMs = barOf(firstAt, lastAt);
  const bars = await hunt<{ bar: string; events: string }>(
    engine,
    `select intDiv(time, {width:Int64}) * {width:Int64} as bar, count() as events ${from} group by bar order by bar limit {bars:UInt32}`,
    { ...params, width: barMs, bars: maxBars },
    signal,
  );
  return {
    events,
    firstAt,
    lastAt,
    barMs,
    bars: bars.map((it) => ({ at: Number(it.bar), events: Number(it.events) })),
    ...most,
  };
}

interface Counted {
  readonly value: string;
  readonly events: string;
  readonly bytes: string;
  readonly first: string;
  readonly last: string;
}

/** The values of one field that most events have. Under the hunter's limits. @throws {ServerError} EVENTS_UNAVAILABLE, TOO_LARGE (beyond a hunt's limits). */
export async function mostOf(
  engine: EventEngine,
  { of: { sql, params }, by }: Asked,
  signal?: AbortSignal,
): Promise<Pick<EventSummary, "by" | "values" | "different">> {
  const from = `from ${tableIn(engine, "event")} final where ${sql}`;
  const column = columns[by];
  const [values, [all]] = await Promise.all([
    hunt<Counted>(
      engine,
      `select ${column} as value, count() as events, sum(toFloat64(bytes)) as bytes, min(time) as first, max(time) as last
       ${from} group by value order by events desc, value limit {most:UInt32}`,
      { ...params, most: maxValues },
      signal,
    ),
    hunt<{ different: string }>(engine, `select uniq(${column}) as different ${from}`, params, signal),
  ]);
  return {
    by,
    values: values.map((it) => ({
      value: it.value,
      events: Number(it.events),
      bytes: Number(it.bytes),
      firstAt: Number(it.first),
      lastAt: Number(it.last),
    })),
    different: Number(all?.different ?? 0),
  };
}
