// What many events have in common: how they lie in time, and which values of a field they have.
import { maxBars, maxValues, type CountedField, type EventSummary } from "@outweigh/schema";
import type { EventEngine } from "./engine/engine.ts";
import { tableIn } from "./event-tables.ts";
import { allowPartial, hunt, type Asking, type Condition } from "./events.ts";

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

/** All events of which this field is exactly this: a star at its end is a star. Of some models only, if so asked. */
export function exactly(field: CountedField, value: string, reach?: ReadonlySet<string>): Condition {
  const of = { sql: `${columns[field]} = {value:String}`, params: { value: value.toWellFormed() } };
  if (reach === undefined) return of;
  const known = [...reach].map((it) => it.toWellFormed());
  return { sql: `${of.sql} and model in {reach:Array(String)}`, params: { ...of.params, reach: known } };
}

type Values = Pick<EventSummary, "by" | "values" | "different">;

/** How events lie in time, and which values of one field they have. Under the hunter's limits. @throws {ServerError} EVENTS_UNAVAILABLE, TOO_LARGE (beyond a hunt's limits). */
export async function summarise(engine: EventEngine, asked: Asked, signal?: AbortSignal): Promise<EventSummary> {
  const { summary } = await summariseBeside(engine, { ...asked, beside: [] }, signal);
  return summary;
}

/**
 * As `summarise`, and with it the values of other fields. The events are gone through twice, however many fields there are: once for
 * their ends, once for all that is counted between them.
 */
export async function summariseBeside(
  engine: EventEngine,
  { of, by, beside }: Asked & { readonly beside: readonly CountedField[] },
  signal?: AbortSignal,
): Promise<{ readonly summary: EventSummary; readonly beside: Values[] }> {
  const fields = [by, ...beside];
  const asking = allowPartial(signal);
  const ends = await endsOf(engine, of, fields, asking);
  const barMs = ends.events === 0 ? day : barOf(ends.first, ends.last);
  const groups = ends.events === 0 ? [] : await groupsOf(engine, of, { fields, ...ends, barMs }, asking);
  const [own, ...others] = fields.map((it, i) => ({
    by: it,
    ...valuesOf(groups, i),
    different: ends.different[i] ?? 0,
  }));
  const bars = groups.filter((it) => it.field === fields.length).map((it) => ({ at: it.bar, events: it.events }));
  return {
    summary: {
      events: ends.events,
      ...(ends.events > 0 && { firstAt: ends.first, lastAt: ends.last }),
      barMs,
      bars: bars.toSorted((a, b) => a.at - b.at),
      by,
      values: own?.values ?? [],
      different: own?.different ?? 0,
      ...asking.told(),
    },
    beside: others,
  };
}

interface Ends {
  readonly events: number;
  readonly first: number;
  readonly last: number;
  /** Of each field. */
  readonly different: readonly number[];
}

async function endsOf(
  engine: EventEngine,
  { sql, params }: Condition,
  fields: readonly CountedField[],
  asking: Asking,
): Promise<Ends> {
  const different = fields.map((it) => `uniq(${columns[it]})`).join(", ");
  const [row] = await hunt<{ events: string; first: string; last: string; different: string[] }>(
    engine,
    `select count() as events, min(time) as first, max(time) as last, [${different}] as different
     from ${tableIn(engine, "event")} final where ${sql}`,
    params,
    asking,
  );
  return {
    events: Number(row?.events ?? 0),
    first: Number(row?.first ?? 0),
    last: Number(row?.last ?? 0),
    different: row?.different.map(Number) ?? [],
  };
}

/** Events that have one value of one field, or lie in one bar. */
interface Group {
  /** The field's place; the number of fields for a bar. */
  readonly field: number;
  readonly value: string;
  readonly bar: number;
  readonly events: number;
  readonly bytes: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Groups by every field and by time at once; of each the largest. */
async function groupsOf(
  engine: EventEngine,
  { sql, params }: Condition,
  { fields, first, last, barMs }: Pick<Ends, "first" | "last"> & { fields: readonly CountedField[]; barMs: number },
  asking: Asking,
): Promise<Group[]> {
  const names = [...fields.map((_, i) => `f${i}`), "bar"];
  const rows = await hunt<Readonly<Record<string, string | number>>>(
    engine,
    `select ${fields.map((it, i) => `${columns[it]} as f${i}`).join(", ")},
       intDiv(time, {width:Int64}) * {width:Int64} as bar, grouping(${names.join(", ")}) as which,
       count() as events, sum(toFloat64(bytes)) as size, min(time) as first, max(time) as last
     from ${tableIn(engine, "event")} final where ${sql} and time between {from:Int64} and {to:Int64}
     group by grouping sets (${names.map((it) => `(${it})`).join(", ")})
     order by which, events desc, ${names.join(", ")} limit {most:UInt32} by which`,
    { ...params, width: barMs, from: first, to: last, most: Math.max(maxBars, maxValues) },
    asking,
  );
  // A bit for each name, the last one's lowest; it is 0 for the one that the row is grouped by.
  const all = 2 ** names.length - 1;
  return rows.map((row) => {
    const field = names.length - 1 - Math.log2(all - Number(row["which"]));
    return {
      field,
      value: String(row[`f${field}`] ?? ""),
      bar: Number(row["bar"]),
      events: Number(row["events"]),
      bytes: Number(row["size"]),
      firstAt: Number(row["first"]),
      lastAt: Number(row["last"]),
    };
  });
}

function valuesOf(groups: readonly Group[], place: number): Pick<Values, "values"> {
  const own = groups.filter(({ field }) => field === place).slice(0, maxValues);
  return {
    values: own.map(({ value, events, bytes, firstAt, lastAt }) => ({ value, events, bytes, firstAt, lastAt })),
  };
}
