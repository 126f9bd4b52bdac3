// Filters, orders and counts over rows in memory: just enough of what the server does for a made-up day.
import {
  eventSummary,
  isOpen,
  parseFilter,
  severities,
  type CountedField,
  type EventSummary,
  type FilterTerm,
  type OcsfEvent,
  type Watched,
} from "@outweigh/schema";

/** Rows from `after` on, as the API sends them. */
export function pageOf<Row>(rows: readonly Row[], limit = 200, after = 0) {
  const items = rows.slice(after, after + limit);
  return { items, total: rows.length, ...(after + limit < rows.length && { next: String(after + limit) }) };
}

/** By the field of that name, or `…At`. */
export function ordered<Row>(rows: Row[], sort: string | null): Row[] {
  if (sort === null) return rows;
  const name = sort.replace("-", "");
  const value = (row: Row) => {
    const it = row as Record<string, unknown>;
    const found = it[name] ?? it[`${name}At`];
    return severities.includes(found as "low") ? severities.indexOf(found as "low") : found;
  };
  const rising = rows.toSorted((a, b) => (String(value(a)) < String(value(b)) ? -1 : 1));
  return sort.startsWith("-") ? rising.reverse() : rising;
}

/** @throws {FilterError} where the filter is none. */
export function filtered<Row>(rows: readonly Row[], filter: string): Row[] {
  const terms = parseFilter(filter);
  return rows.filter((row) => terms.every((term) => matches(row as Record<string, unknown>, term)));
}

function matches(row: Record<string, unknown>, { field, op, values, excluded }: FilterTerm): boolean {
  const found = values.some((value) => {
    if (field === undefined) return JSON.stringify(row).toLowerCase().includes(value.toLowerCase());
    if (field === "status" && value === "open") return isOpen(row["status"] as "new");
    if (field === "severity" && op === ">=") {
      return severities.indexOf(row["severity"] as "low") >= severities.indexOf(value as "low");
    }
    if (field === "incident" && Array.isArray(row["thefts"])) {
      return (row as unknown as Watched).thefts.some(({ number }) => `inc-${number}` === value.toLowerCase());
    }
    const here = row[field] ?? row[`${field}s`];
    return Array.isArray(here) ? here.includes(value) : String(here) === value;
  });
  return found !== excluded;
}

/** Width of a bar, in ms. */
const barMs = 900_000;

/** How events lie in time, and which values of a field they have. */
export function summaryOf(events: readonly OcsfEvent[], by: CountedField): EventSummary {
  const bars = new Map<number, number>();
  const values = new Map<string, EventSummary["values"][number]>();
  for (const event of events) {
    const { time, bytes = 0 } = event;
    const value = String(event[by] ?? "");
    const at = Math.floor(time / barMs) * barMs;
    bars.set(at, (bars.get(at) ?? 0) + 1);
    const it = values.get(value) ?? { value, events: 0, bytes: 0, firstAt: time, lastAt: time };
    values.set(value, {
      value,
      events: it.events + 1,
      bytes: it.bytes + bytes,
      firstAt: Math.min(it.firstAt, time),
      lastAt: Math.max(it.lastAt, time),
    });
  }
  return eventSummary.parse({
    events: events.length,
    barMs,
    bars: [...bars].sort(([a], [b]) => a - b).map(([at, n]) => ({ at, events: n })),
    by,
    values: [...values.values()].sort((a, b) => b.events - a.events).slice(0, 20),
    different: values.size,
  });
}
