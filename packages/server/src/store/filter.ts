// The one filter grammar, compiled to SQL with parameters: for PostgreSQL here, for the event engine in events.ts.
import { FilterError, isOpen, incidentStatus, parseFilter, severities, type FilterTerm } from "@outweigh/schema";
import { sql, type RawBuilder } from "kysely";
import { ServerError } from "../error.ts";

/** What a field of a filter is: how its values are read and compared. */
export interface FilterField {
  /** `list`: a column of several texts, any of which may match. */
  readonly kind: "text" | "number" | "severity" | "time" | "status" | "list" | "flag";
  /** The column. Never from outside. */
  readonly column: string;
}

export type FilterFields = Readonly<Record<string, FilterField>>;

/** Reads a filter and checks its fields. @throws {ServerError} BAD_FILTER naming what is wrong and which fields there are. */
export function readFilter(text: string, fields: FilterFields): FilterTerm[] {
  let terms: FilterTerm[];
  try {
    terms = parseFilter(text);
  } catch (cause) {
    if (!(cause instanceof FilterError)) throw cause;
    throw new ServerError("BAD_FILTER", `${cause.message} (at ${cause.at})`, { cause });
  }
  for (const { field } of terms) {
    if (field === undefined || Object.hasOwn(fields, field)) continue;
    const known = Object.keys(fields).join(", ");
    throw new ServerError("BAD_FILTER", `there is no field "${field}" to filter by; known: ${known}`);
  }
  return terms;
}

/** A condition for PostgreSQL: true for the rows that match every term. `texts` are the columns that a bare word is looked for in. */
export function whereOf(
  text: string,
  fields: FilterFields,
  texts: readonly string[],
  now: number,
): RawBuilder<boolean> {
  const conditions = readFilter(text, fields).map((term) => {
    const { field, values, op } = term;
    const any = sql.join(
      values.map((value) => {
        if (field === undefined)
          return sql`(${sql.join(
            texts.map((it) => contains(it, value)),
            sql` or `,
          )})`;
        return compare(fieldOf(fields, field), op, value, now, field);
      }),
      sql` or `,
    );
    // A column that is empty does not match, and so is not excluded by what it does not hold.
    return term.excluded ? sql`not coalesce((${any}), false)` : sql`(${any})`;
  });
  return conditions.length === 0 ? sql<boolean>`true` : sql<boolean>`${sql.join(conditions, sql` and `)}`;
}

/** A condition: rows of which all models are within reach. `column` is a list of models, and never from outside. */
export function within(reach: ReadonlySet<string> | undefined, column: string): RawBuilder<boolean> {
  if (reach === undefined) return sql<boolean>`true`;
  const list = sql.raw(column);
  return sql<boolean>`(cardinality(${list}) > 0 and ${list} <@ ${[...reach]}::text[])`;
}

export function fieldOf(fields: FilterFields, name: string): FilterField {
  const field = fields[name];
  if (!field) throw new ServerError("BAD_FILTER", `there is no field "${name}" to filter by`);
  return field;
}

function contains(column: string, word: string): RawBuilder<unknown> {
  return sql`position(lower(${word}) in lower(${sql.raw(column)})) > 0`;
}

function compare(field: FilterField, op: FilterTerm["op"], value: string, now: number, name: string) {
  const column = sql.raw(field.column);
  switch (field.kind) {
    case "text":
      equalOnly(op, name);
      return isPrefix(value) ? sql`starts_with(${column}, ${value.slice(0, -1)})` : sql`${column} = ${value}`;
    case "list": {
      equalOnly(op, name);
      if (!isPrefix(value)) return sql`${value} = any(${column})`;
      return sql`exists (select from unnest(${column}) as one where starts_with(one, ${value.slice(0, -1)}))`;
    }
    case "status":
      equalOnly(op, name);
      return sql`${column} = any(${statusesOf(value)})`;
    case "flag":
      equalOnly(op, name);
      return sql`${column} = ${readFlag(value, name)}`;
    case "number":
    case "severity":
    case "time":
      return sql`${column} ${sql.raw(op)} ${readNumber(field.kind, value, now, name)}`;
  }
}

/** A value that ends in `*` matches any rest. */
export function isPrefix(value: string): boolean {
  return value.endsWith("*");
}

export function equalOnly(op: FilterTerm["op"], name: string): void {
  if (op !== "=") throw new ServerError("BAD_FILTER", `"${name}" has no order: "${op}" cannot compare it`);
}

export function readFlag(value: string, name: string): boolean {
  if (value === "true" || value === "yes") return true;
  if (value === "false" || value === "no") return false;
  throw new ServerError("BAD_FILTER", `"${name}" is true or false, not "${value}"`);
}

/** A number of the field's kind: a size with unit, a severity's place, a time as ms since 1970 (`24h` is 24 hours ago). */
export function readNumber(kind: "number" | "severity" | "time", value: string, now: number, name: string): number {
  const read = { number: readSize, severity: readSeverity, time: (it: string) => readTime(it, now) }[kind](value);
  if (read !== undefined && Number.isSafeInteger(read)) return read;
  const wanted = {
    number: "a whole number, or one with a unit such as 1.5GB",
    severity: `one of ${severities.join(", ")}`,
    time: "a time such as 2026-11-25, 2026-11-25T09:30:00Z, 24h or 7d",
  };
  throw new ServerError("BAD_FILTER", `"${name}" wants ${wanted[kind]}, not "${value}"`);
}

const sizes: Readonly<Record<string, number>> = { "": 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };
const spans: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

function readSize(value: string): number | undefined {
  const [, number, unit = ""] = /^(\d{1,15}(?:\.\d{1,6})?)([kmgt]?b)?$/i.exec(value) ?? [];
  return number === undefined ? undefined : Math.round(Number(number) * (sizes[unit.toLowerCase()] ?? Number.NaN));
}

function readSeverity(value: string): number | undefined {
  const place = severities.findIndex((it) => it === value.toLowerCase());
  return place < 0 ? undefined : place + 1;
}

function readTime(value: string, now: number): number | undefined {
  const [, number, unit = ""] = /^(\d{1,6})([mhdw])$/.exec(value) ?? [];
  if (number !== undefined) return now - Number(number) * (spans[unit] ?? Number.NaN);
  if (!/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/.test(value))
    return undefined;
  // Without a zone it is UTC, as everything we print.
  const zoned = /T.*(?:Z|[+-]\d{2}:\d{2})$/.test(value) || !value.includes("T") ? value : `${value}Z`;
  const read = Date.parse(zoned);
  return Number.isNaN(read) ? undefined : read;
}

/** `open` stands for every state in which somebody still has to do something. */
function statusesOf(value: string): string[] {
  if (value === "open") return incidentStatus.options.filter(isOpen);
  const known = incidentStatus.options.filter((it) => it === value);
  if (known.length > 0) return known;
  throw new ServerError("BAD_FILTER", `"status" wants open, ${incidentStatus.options.join(", ")}, not "${value}"`);
}
