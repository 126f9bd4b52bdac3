import { commitmentOf, fieldOf, sha256, type Field } from "./digest.ts";
import { EvidenceError } from "./error.ts";
import { canonical, type Json } from "./json.ts";
import { maxEntryBytes } from "./limits.ts";
import { addLeaf, leafHash, type Frontier } from "./merkle.ts";

/** One thing that was decided or received, as part of the chain. Plain JSON. */
export interface Entry {
  /** Its place in the log, from 0. */
  readonly seq: number;
  /** When, in ms since 1970, by the clock of who appended it. */
  readonly time: number;
  /** What kind of thing: `alert-raised`, `incident-closed`. */
  readonly kind: string;
  /** Who did it. */
  readonly by: Field;
  /** What it is about: an incident's id. */
  readonly subject?: Field | undefined;
  readonly fields: Readonly<Record<string, Field>>;
  /** The hash of the entry before; of the first, the origin's hash. */
  readonly prev: string;
  /** SHA-256 over all of the above, with commitments in the place of fields. */
  readonly hash: string;
}

/** What a new entry says. The field `records`, if given, lists digests of documents that it puts on record. */
export interface EntryBody {
  readonly time: number;
  readonly kind: string;
  readonly by: string;
  readonly subject?: string | undefined;
  readonly fields?: Readonly<Record<string, Json>> | undefined;
}

/** The end of a log: all that is needed to append, and to sign what stands there. Plain JSON. */
export interface Head {
  /** Names the log among all logs: its installation, as a host or URL without scheme. */
  readonly origin: string;
  /** How many entries there are. */
  readonly size: number;
  /** Hash of the last entry. */
  readonly last: string;
  readonly frontier: Frontier;
}

/** The digest field of an entry's body that `verifyPack` looks documents up in. */
export const recordsField = "records";
/** Names documents, each as a list of kind and id, that are not what an earlier entry put on record. A pack with one is not proven. */
export const changedField = "changed";
/** Names documents, likewise, that were first put on record by this entry, when they were packed: until then nothing held them. */
export const lateField = "late";

/** Whether a text can name a log: visible ASCII, without the plus that ends a name in a signed note. */
export function isOrigin(text: string): boolean {
  return /^[!-*,-~]{1,200}$/.test(text);
}

/** Whether a text can be an entry's kind. */
export function isKind(text: string): boolean {
  return /^[a-z][a-z0-9-]{0,63}$/.test(text);
}

/** Whether a text can name a field of an entry. */
export function isName(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(text);
}

/** The head of a log without entries. @throws {EvidenceError} BAD_ENTRY unless `origin` is 1 to 200 visible ASCII characters but `+`. */
export function genesis(origin: string): Head {
  if (!isOrigin(origin)) {
    throw new EvidenceError(
      "BAD_ENTRY",
      `the origin ${JSON.stringify(origin)} is not 1 to 200 visible ASCII characters`,
    );
  }
  return { origin, size: 0, last: sha256(canonical(["outweigh.log.v1", origin])), frontier: [] };
}

/**
 * Appends an entry.
 *
 * @param saltKey See `fieldOf`.
 * @returns The entry and the new head: store both at once, or the chain forks.
 * @throws {EvidenceError} BAD_ENTRY for names, times or sizes out of bounds, BAD_VALUE for fields that are not JSON.
 */
export function append(head: Head, body: EntryBody, saltKey: Uint8Array): { entry: Entry; head: Head } {
  checkBody(body);
  const where = ["entry", head.origin, String(head.size)];
  const fields = Object.entries(body.fields ?? {}).map(
    ([name, value]) => [name, fieldOf(saltKey, where, `fields.${name}`, value)] as const,
  );
  const open = {
    seq: head.size,
    time: body.time,
    kind: body.kind,
    by: fieldOf(saltKey, where, "by", body.by),
    ...(body.subject !== undefined && { subject: fieldOf(saltKey, where, "subject", body.subject) }),
    fields: Object.fromEntries(fields),
    prev: head.last,
  };
  const entry = { ...open, hash: entryHash(open) };
  return { entry, head: follow(head, entry) };
}

/** The hash that an entry must have. Redacted or not, it is the same. */
export function entryHash(entry: Omit<Entry, "hash">): string {
  const fields = Object.entries(entry.fields).map(
    ([name, field]) => [name, commitmentOf(`fields.${name}`, field)] as const,
  );
  return sha256(
    canonical({
      type: "outweigh.entry.v1",
      seq: entry.seq,
      time: entry.time,
      kind: entry.kind,
      by: commitmentOf("by", entry.by),
      ...(entry.subject && { subject: commitmentOf("subject", entry.subject) }),
      fields: Object.fromEntries(fields),
      prev: entry.prev,
    }),
  );
}

/** What an entry says, as far as it is shown: a redacted value is `undefined`. */
export function revealed(entry: Entry): {
  by: string | undefined;
  subject: string | undefined;
  fields: Record<string, Json | undefined>;
} {
  const text = (field: Field | undefined) => {
    const value = field && shown(field);
    return typeof value === "string" ? value : undefined;
  };
  return {
    by: text(entry.by),
    subject: text(entry.subject),
    fields: Object.fromEntries(Object.entries(entry.fields).map(([name, field]) => [name, shown(field)])),
  };
}

function shown(field: Field): Json | undefined {
  return "value" in field ? field.value : undefined;
}

/**
 * Checks that entries follow one another and a head, and nothing was changed, left out, put in or moved. For a long log
 * call it with one page after the other, each time with the head of the answer before.
 *
 * @param from The head before the first entry: `genesis(origin)` for a whole log.
 * @returns The head after the last good entry, and the first problem if there is one. To notice a log cut short, compare
 * the head with a checkpoint that was kept elsewhere.
 */
export function verifyChain(entries: Iterable<Entry>, from: Head): { head: Head; problem?: string } {
  let head = from;
  for (const entry of entries) {
    const problem = problemOf(entry, head);
    if (problem) return { head, problem };
    head = follow(head, entry);
  }
  return { head };
}

function problemOf(entry: Entry, head: Head): string | undefined {
  if (entry.seq !== head.size) return `expected entry ${head.size}, found ${entry.seq}`;
  if (entry.prev !== head.last) return `entry ${entry.seq} does not follow the entry before it`;
  if (entry.hash !== hashOrReason(entry)) return `entry ${entry.seq} was changed: its hash is not that of its content`;
  return undefined;
}

/** Stored entries are outside data: what has no canonical text has no hash. */
function hashOrReason(entry: Entry): string {
  try {
    return entryHash(entry);
  } catch (error) {
    if (error instanceof EvidenceError) return error.message;
    throw error;
  }
}

function follow(head: Head, entry: Entry): Head {
  return {
    origin: head.origin,
    size: head.size + 1,
    last: entry.hash,
    frontier: addLeaf(head.frontier, head.size, leafHash(entry.hash)),
  };
}

function checkBody({ time, kind, fields = {} }: EntryBody): void {
  if (!Number.isSafeInteger(time) || time < 0) {
    throw new EvidenceError("BAD_ENTRY", `time is ${time}, expected whole milliseconds since 1970`);
  }
  if (!isKind(kind)) {
    throw new EvidenceError(
      "BAD_ENTRY",
      `kind is ${JSON.stringify(kind)}, expected lower-case letters, digits and dashes`,
    );
  }
  for (const name of Object.keys(fields)) {
    if (isName(name)) continue;
    throw new EvidenceError(
      "BAD_ENTRY",
      `field ${JSON.stringify(name)} is not letters, digits, dots, dashes, underscores`,
    );
  }
  const length = canonical(fields).length;
  if (length > maxEntryBytes) {
    throw new EvidenceError("BAD_ENTRY", `the fields have ${length} characters, at most ${maxEntryBytes} are kept`);
  }
}
