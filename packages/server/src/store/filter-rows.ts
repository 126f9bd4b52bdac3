// The filter grammar over rows that are in memory anyway: models, sources, rules.
import { severities, type FilterTerm } from "@outweigh/schema";
import { ServerError } from "../error.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { equalOnly, isPrefix, readFilter, readFlag, readNumber, type FilterFields } from "./filter.ts";
import { readOrder } from "./order.ts";
import type { ListQuery, Page } from "./page.ts";

type Value = string | number | boolean | readonly string[] | undefined;

/** How one field is read off a row. */
export interface RowField<Row> {
  readonly kind: "text" | "number" | "severity" | "time" | "flag";
  of(row: Row): Value;
  /** Where a row stands when the list is ordered by the field, if its value does not say. */
  place?(row: Row): number;
}

/** How the fields of a filter are read off a row. */
export type RowFields<Row> = Readonly<Record<string, RowField<Row>>>;

/** The rows that match, in their order, a page of them. `text` is all of a row that a bare word is looked for in. */
export function pageOfRows<Row>(
  rows: readonly Row[],
  { filter, sort, after, limit, now }: ListQuery,
  fields: RowFields<Row>,
  text: (row: Row) => string,
): Page<Row> {
  const known: FilterFields = Object.fromEntries(
    Object.entries(fields).map(([name, { kind }]) => [name, { kind, column: name }]),
  );
  const terms = readFilter(filter, known);
  const found = rows.filter((row) => terms.every((term) => termMatches(term, row, fields, text, now)));
  const matching = sort === undefined ? found : sorted(found, readOrder(sort, fields));
  const start = after === undefined ? 0 : readCursor(after, ["number"])[0];
  const items = matching.slice(start, start + limit);
  const end = start + items.length;
  return { items, total: matching.length, ...(end < matching.length && { next: writeCursor([end]) }) };
}

/** Rows in another order; those without a value last, equal ones as they were. Text as people order it: `key-9` before `key-10`. */
function sorted<Row>(
  rows: readonly Row[],
  { by, falling }: { readonly by: RowField<Row>; readonly falling: boolean },
): Row[] {
  const sign = falling ? -1 : 1;
  const placed = rows.map((row) => ({ row, place: by.place?.(row) ?? placeOf(by.kind, by.of(row)) }));
  placed.sort(({ place: a }, { place: b }) => {
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b)));
  });
  return placed.map((it) => it.row);
}

const collator = new Intl.Collator("en", { numeric: true });

function placeOf(kind: RowField<never>["kind"], value: Value): number | string | undefined {
  if (kind === "severity") return severities.findIndex((it) => it === value) + 1;
  if (typeof value === "boolean") return Number(value);
  return typeof value === "number" || value === undefined ? value : typeof value === "string" ? value : value.join(" ");
}

function termMatches<Row>(
  term: FilterTerm,
  row: Row,
  fields: RowFields<Row>,
  text: (row: Row) => string,
  now: number,
): boolean {
  const any = term.values.some((value) => {
    if (term.field === undefined) return text(row).toLowerCase().includes(value.toLowerCase());
    const field = fields[term.field];
    if (!field) throw new ServerError("BAD_FILTER", `there is no field "${term.field}" to filter by`);
    return valueMatches(field.kind, field.of(row), term, value, now);
  });
  return any !== term.excluded;
}

function valueMatches(
  kind: "text" | "number" | "severity" | "time" | "flag",
  actual: Value,
  { field = "", op }: FilterTerm,
  wanted: string,
  now: number,
): boolean {
  if (kind === "flag") {
    equalOnly(op, field);
    return readFlag(wanted, field) === (actual === true);
  }
  if (kind === "text") {
    equalOnly(op, field);
    const texts = Array.isArray(actual) ? actual : [actual];
    return texts.some(
      (it) => it !== undefined && (isPrefix(wanted) ? String(it).startsWith(wanted.slice(0, -1)) : it === wanted),
    );
  }
  const number = readNumber(kind, wanted, now, field);
  const own = kind === "severity" ? severities.findIndex((it) => it === actual) + 1 : actual;
  return typeof own === "number" && compare(own, op, number);
}

function compare(a: number, op: FilterTerm["op"], b: number): boolean {
  switch (op) {
    case "=":
      return a === b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
  }
}
