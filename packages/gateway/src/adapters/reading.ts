/** What several adapters need to read values that clients and model servers wrote. */
import { eachElement, JsonError, membersOf, skipValue, valueAt } from "../json/spans.ts";
import type { Members, Taken } from "./adapter.ts";

/** The value of a member; undefined when it is absent or null, which every server reads as absent. */
export function memberOf({ body, at }: Members, name: string): unknown {
  const span = at.get(name);
  if (!span) return undefined;
  const value = valueAt(body, span);
  return value ?? undefined;
}

/** A member as a number. Numbers in quotes are read: lenient servers do. @throws {JsonError} for what no server should guess at. */
export function numberOf(members: Members, name: string): number | undefined {
  const value = memberOf(members, name);
  if (value === undefined) return undefined;
  const number = typeof value === "string" || typeof value === "boolean" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  throw new JsonError(`${name} is no number`, members.at.get(name)?.start ?? 0);
}

/** Whether a switch is on. Everything but false, 0 and their spellings counts as on: so no spelling slips through. */
export function isOn(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0) return false;
  return !(typeof value === "string" && /^(?:false|0|no|off|f|n|)$/i.test(value));
}

/** Whether a member is there and says anything: not null, false, empty. */
export function says(value: unknown): boolean {
  if (!isOn(value)) return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== "object" || value === null || Object.keys(value).length > 0;
}

/** The members of an object that is itself a member. @throws {JsonError} when it is something else, or a name stands twice. */
export function nestedIn({ body, at }: Members, name: string): Members | undefined {
  const span = at.get(name);
  if (!span) return undefined;
  const inner = body.subarray(span.start, span.end);
  if (inner.toString("latin1") === "null") return undefined;
  return { body: inner, at: membersOf(inner) };
}

/** An object with named fields, as far as a type can say. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The field of something of which nothing is known. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let it = value;
  for (const step of path) {
    if (Array.isArray(it) && typeof step === "number") it = it[step];
    else if (isFields(it) && typeof step === "string" && Object.hasOwn(it, step)) it = it[step];
    else return undefined;
  }
  return it;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Parsed JSON, or undefined for what is none. */
export function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

/** The parsed items of a streamed answer, or its one document. Broken items are passed over: they tell nothing. */
export function itemsOf({ answer, streamed }: Taken): unknown[] {
  if (streamed === undefined) return [parse(answer)].filter((it) => it !== undefined);
  const lines = answer.toString().split(/\r?\n/);
  const texts = streamed === "ndjson" ? lines : lines.flatMap((it) => (it.startsWith("data:") ? [it.slice(5)] : []));
  return texts.map((it) => parse(Buffer.from(it))).filter((it) => it !== undefined);
}

/** Most rows of one request that are looked at: one request may hold a whole data set, and each row is a query. */
const maxRows = 256;

/**
 * Nested arrays of numbers as rows: the first dimension counts queries, the rest is flattened. A flat array is one row.
 * Undefined for anything else, ragged or not numeric.
 */
export function rowsOf(value: unknown): number[][] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  if (value.every((it) => typeof it === "number")) return [value];
  const rows: number[][] = [];
  for (const it of value.slice(0, maxRows)) {
    const flat = Array.isArray(it) ? it.flat(8) : isFields(it) ? Object.values(it).flat(8) : [it];
    if (flat.length === 0 || !flat.every((one) => typeof one === "number")) return undefined;
    rows.push(flat);
  }
  return rows;
}

/** A flat list cut into `rows` equal rows. */
export function cutRows(values: readonly number[], rows: number): number[][] | undefined {
  if (rows < 1 || values.length === 0 || values.length % rows !== 0) return undefined;
  const width = values.length / rows;
  return Array.from({ length: Math.min(rows, maxRows) }, (_, i) => values.slice(i * width, (i + 1) * width));
}

/** Whether rows look like distributions: not negative, each sums to 1 within rounding. Logits are told apart by this. */
export function areDistributions(rows: readonly (readonly number[])[]): boolean {
  return rows.every(
    (row) => row.length > 1 && row.every((it) => it >= 0) && Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 0.05,
  );
}

/** How many elements a member's list has; 1 for a single value, 0 when it is absent. A list of numbers is one row. */
export function countOf({ body, at }: Members, name: string): number {
  const span = at.get(name);
  if (!span) return 0;
  if (body[span.start] !== 0x5b) return 1;
  let count = 0;
  let numbers = 0;
  eachElement(body, span.start, (start) => {
    count++;
    const first = body[start] ?? 0;
    if (first === 0x2d || (first >= 0x30 && first <= 0x39)) numbers++;
    return skipValue(body, start);
  });
  return count > 0 && numbers === count ? 1 : count;
}

/** The members of a body that may or may not be one JSON object. */
export function membersIf(body: Buffer): Members | undefined {
  try {
    return { body, at: membersOf(body) };
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}
