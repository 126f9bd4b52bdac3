/** What sources that write JSON share: documents of several records, and answers put together of many. */
import type { OcsfEvent } from "@outweigh/schema";
import type { z } from "zod";
import {
  isRecord,
  isShallow,
  maxDepth,
  parseJson,
  printJson,
  skip,
  type Ingested,
  type Logsource,
  type Raw,
  type SourceKind,
} from "./source.ts";

/** Longest document we read, in UTF-16 units: the longest record that the splitter cuts, which counts in bytes. */
const maxDocument = 4 * 1024 * 1024;
/** Most records of one document: ten times the largest batch that any of these sources sends. */
const maxRecords = 10_000;

/**
 * Reads the records of one JSON document with `one`, each apart: what is wrong with one does not cost the others. Without `quoting`
 * a reason repeats nothing of the text.
 */
export function readJson(
  record: string,
  unwrap: (value: Raw) => readonly unknown[] | undefined,
  one: (value: Raw, raw: () => string) => Ingested,
  { quoting = true } = {},
): Ingested {
  if (record.length > maxDocument) return refuse(`longer than ${maxDocument} characters`);
  const parsed = parseJson(record);
  if ("reason" in parsed) return refuse(quoting ? parsed.reason : "not JSON");
  const { value } = parsed;
  if (!isShallow(value)) return refuse(`record: nested deeper than ${maxDepth}`);
  const list = Array.isArray(value) ? value : isRecord(value) ? (unwrap(value) ?? [value]) : [];
  if (!Array.isArray(value) && !isRecord(value)) return refuse("record: not a JSON object");
  if (list.length > maxRecords) return refuse(`${list.length} records in one document, at most ${maxRecords} are read`);
  if (list.length === 0) return skip("a document without records");
  return joined(
    list.map((it) => (isRecord(it) ? one(it, () => printJson(it) ?? "") : refuse("record: not a JSON object"))),
  );
}

/** One event and its source's own view of it. */
export function found(event: OcsfEvent, raw: Raw): Ingested {
  return { ok: true, events: [event], raw: [raw] };
}

/** A record that cannot be read, and why. */
export function refuse(reason: string): Ingested {
  return { ok: false, reason };
}

/** The first thing that is wrong with a record, by its field. */
export function problemOf(error: z.ZodError, what: string): Ingested {
  const [issue] = error.issues;
  return refuse(`${issue?.path.join(".") || what}: ${issue?.message ?? "not what this source writes"}`);
}

/** The same answer, of events that are really another source's, or for some of their source's rules only. */
export function readAs(read: Ingested, kind: SourceKind | readonly Logsource[]): Ingested {
  return read.ok ? { ...read, as: read.as ?? read.events.map(() => kind) } : read;
}

/** One answer of many. A single one stays what it is. */
export function joined(parts: readonly Ingested[]): Ingested {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const read = parts.filter((it) => it.ok);
  const refused = parts.flatMap((it) => (it.ok ? (it.refused ?? []) : [it.reason]));
  const [first] = refused;
  if (read.length === 0) return refuse(first ?? "no records");
  const events = read.flatMap((it) => it.events);
  const skipped = events.length === 0 ? read.find((it) => it.skipped !== undefined)?.skipped : undefined;
  const foreign = read.some((it) => it.as);
  return {
    ok: true,
    events,
    raw: read.flatMap((it) => it.raw),
    ...(foreign && { as: read.flatMap((it) => it.as ?? it.events.map(() => undefined)) }),
    ...(skipped !== undefined && { skipped }),
    ...(refused.length > 0 && { refused }),
  };
}

/** A name as we compare it: addresses of e-mail are the same in any case, other names are not. */
export function nameOf(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  const name = text.includes("@") && !text.includes("/") ? text.toLowerCase() : text;
  // What only we write must not be claimed by a name of somebody else's choice.
  return name.startsWith("anonymous@") ? `user:${name}` : name;
}

/** The value at a path of fields, or undefined. */
export function at(from: unknown, ...path: readonly string[]): unknown {
  let value = from;
  for (const it of path) value = isRecord(value) ? value[it] : undefined;
  return value;
}

/** The text at a path of fields; numbers are printed. Undefined for anything else, and for text that is empty. */
export function textOf(from: unknown, ...path: readonly string[]): string | undefined {
  const value = at(from, ...path);
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" ? String(value) : undefined;
}

/** The finite number at a path of fields, also where it is written as text. */
export function numberOf(from: unknown, ...path: readonly string[]): number | undefined {
  const value = at(from, ...path);
  const number = typeof value === "string" && /^-?\d{1,16}(\.\d{1,16})?$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}
