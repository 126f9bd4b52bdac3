import type { OcsfEvent, SourceEntry, WayIn } from "@outweigh/schema";

/** Longest record a source reads, in UTF-16 units: a whole CloudTrail file pushed as one document fits, a bomb does not. */
export const maxRecordLength = 64 * 1024 * 1024;

/** Most of a record kept as `raw_data`, in UTF-16 units: CloudTrail's largest event is 256 KiB; more is cut and said so. */
export const maxRawLength = 256 * 1024;

/** The kinds of records we read, named after what writes them. */
export type SourceKind = Exclude<SourceEntry["kind"], "auto">;

/** Where a record was read. Together with the record it names an event that has no id of its own. */
export interface Origin {
  /** The name of the source in the configuration, or the kind when there is none. */
  readonly source: string;
  /** What identifies the file at the caller, e.g. its path. */
  readonly file?: string | undefined;
  /** Offset of the record's first byte in the unpacked stream. */
  readonly offset: number;
  /** When the record arrived, in ms since 1970, if we saw it arrive: the time of records that carry none. */
  readonly receivedAt?: number | undefined;
  /** When we read it, in ms since 1970, where we did not see it arrive: no event of it counts as later. */
  readonly seenAt?: number | undefined;
  /** When its file was last written, in ms since 1970: for records that carry no time, no later than this. */
  readonly writtenAt?: number | undefined;
  /** On which way it came in, by what was checked there: gives its events their grade. */
  readonly way?: WayIn | undefined;
}

/** What a source needs to know of the installation. */
export interface Surroundings {
  /** Whether this address is a proxy whose `X-Forwarded-For` we believe. */
  trusts(address: string): boolean;
}

/** A logsource of Sigma that an event belongs to. */
export interface Logsource {
  readonly category?: string;
  readonly product?: string;
  readonly service?: string;
}

/** The source's own view of a record, under its own field names, for rules written for it. */
export type Raw = Readonly<Record<string, unknown>>;

/**
 * What a source makes of one record. Bad input is a value, not an exception: one hostile record must not stop the rest.
 * `skipped` says why a record that is not broken holds no event, e.g. a start-up message between access lines;
 * `refused` says what was wrong with those parts of a document that could not be read, while the others were.
 */
export type Ingested =
  | {
      readonly ok: true;
      readonly events: readonly OcsfEvent[];
      readonly raw: readonly Raw[];
      /**
       * What rules each event is for, where these are not all of its source's logsources: those of another source, whose record came in
       * an envelope, or some of its own. Lists must be constant: plans of rules are kept by them.
       */
      readonly as?: readonly (SourceKind | readonly Logsource[] | undefined)[];
      readonly skipped?: string;
      readonly refused?: readonly string[];
    }
  | { readonly ok: false; readonly reason: string };

/** What a source shows by design, and what it takes to make it show that. Said on every page that draws on it. */
export interface Manifest {
  readonly id: SourceKind;
  readonly title: string;
  /** Its blind spots, each a sentence. */
  readonly cannotSee: readonly string[];
  /** What must be switched on at the source. */
  readonly requires: readonly string[];
  readonly logsources: readonly Logsource[];
  /** Its records hold what people wrote. So nothing of one that is refused may be kept or shown, not even as a sample. */
  readonly holdsContents?: true;
}

/** Turns one kind of record into events. One file for each source. */
export interface Source extends Manifest {
  /** Never throws, whatever the record. `raw` of the answer has one entry for each event. */
  read(record: string, from: Origin, around: Surroundings): Ingested;
}

/** An answer with nothing in it, and why. */
export function skip(why: string): Ingested {
  return { ok: true, events: [], raw: [], skipped: why };
}

/** Most of a reason that quotes input, in UTF-16 units. */
const maxQuoted = 120;

/** Text from a record as it may stand in a message: one line, bounded, without control characters. */
export function quote(text: string): string {
  const plain = text.slice(0, maxQuoted).replace(/[\p{Cc}\p{Cf}]/gu, "\ufffd");
  return JSON.stringify(text.length > maxQuoted ? `${plain}…` : plain);
}

/** Parses JSON, or answers with why not. */
export function parseJson(text: string): { readonly value: unknown } | { readonly reason: string } {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { reason: `not JSON: ${quote(text)}` };
  }
}

/** Deepest nesting of a value that we keep inside an event: whoever prints or stores it may recurse. AWS nests a dozen levels. */
export const maxDepth = 64;

/** Whether a value from a record nests no deeper than `maxDepth`. */
export function isShallow(value: unknown): boolean {
  return nestsWithin(value, maxDepth);
}

/** Recursion is bounded by the depth asked for. Every record comes through here, so no lists are made on the way. */
function nestsWithin(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depth < 0) return false;
  if (Array.isArray(value)) {
    for (const it of value) if (typeof it === "object" && !nestsWithin(it, depth - 1)) return false;
    return true;
  }
  for (const name in value) {
    const it: unknown = Reflect.get(value, name);
    if (typeof it === "object" && !nestsWithin(it, depth - 1)) return false;
  }
  return true;
}

/** A value as JSON; undefined for one that is nested too deeply to be printed. */
export function printJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** Whether a value is an object with named fields. */
export function isRecord(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a list holds of records; none for what is no list. */
export function recordsOf(list: unknown): Raw[] {
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

/** The text at a field, or undefined. Numbers are printed: sources disagree on which of their ids are numbers. */
export function textAt(from: unknown, field: string): string | undefined {
  const value = isRecord(from) ? from[field] : undefined;
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" ? String(value) : undefined;
}
