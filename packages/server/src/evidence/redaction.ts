// What of a pack its receiver is not shown: by kinds that people choose, and wherever else the same values stand.
import {
  changedField,
  lateField,
  recordsField,
  type Document,
  type Entry,
  type Field,
  type Json,
  type PackInput,
} from "@outweigh/evidence";
import { shortPrincipal } from "@outweigh/pipeline";
import type { PackPreview, RedactKind } from "@outweigh/schema";
import { ServerError } from "../error.ts";
import { fieldIn } from "../values.ts";
import { confirming, confirmsIn, type Members, type Part } from "./confirming.ts";
import { namesPlainly } from "./judge.ts";
import { self } from "./log.ts";
import { keyedField } from "./records.ts";

/** Members that hold nothing but what the kind names: they go whatever stands in them. */
const own: Readonly<Record<RedactKind, Members>> = {
  principal: {
    event: ["principal", "credential", "actor", "user"],
    alert: ["principal", "linked"],
    incident: ["principals"],
  },
  person: { entry: ["by"] },
  address: { event: ["src_endpoint", "dst_endpoint", "device"], scan: ["host", "key"] },
  path: { event: ["artifact", "part", "place", "file", "http_request"] },
  text: {
    incident: ["title", "reason"],
    alert: ["summary", "matched"],
    entry: ["text", "reason", "note", "comment"],
  },
  record: { event: ["raw_data", "raw_data_size", "unmapped"], scan: ["report"] },
};

/** Of these members the texts are looked for everywhere else; below what they hold, under any of `leaves` where some are named. */
const told: Readonly<Partial<Record<RedactKind, Members>>> = {
  principal: own.principal,
  person: own.person,
  address: { event: ["src_endpoint", "dst_endpoint", "device"] },
  path: { event: ["artifact", "part", "place", "file"] },
};
/** Names within a member that hold a value, and not what kind of thing it is. */
const leaves: ReadonlySet<string> = new Set([
  "uid",
  "name",
  "email_addr",
  "credential_uid",
  "ip",
  "hostname",
  "path",
  "members",
  "a",
  "b",
]);

/** Shortest text that is looked for, in UTF-16 units: a single letter stands everywhere. */
const minLength = 2;
/** Most texts that are looked for. More would be a pack that nobody can judge. */
const maxTexts = 5000;
/** Fields of entries that no pack leaves out: digests over salts, and keyed ids. */
const alwaysShown: ReadonlySet<string> = new Set([recordsField, changedField, lateField]);

type Redact = NonNullable<PackInput["redact"]>;

/**
 * How to leave out these kinds. A record as it arrived goes with any of them: it says everything. So does what confirms a guess.
 *
 * Blind spot: a value in words that are not its own, such as a nickname in a comment; choose `text` too.
 * @param documents Under their keyed ids, which stay.
 * @throws {ServerError} CONFLICT for more than anybody could judge.
 */
export function redactionOf(
  kinds: readonly RedactKind[],
  documents: readonly Document[],
  entries: readonly Entry[],
): Redact {
  if (kinds.length === 0) return () => false;
  const texts = textsOf(kinds, documents, entries);
  if (texts.size > maxTexts)
    throw new ServerError("CONFLICT", `more than ${maxTexts} values would have to be left out`);
  const pattern = texts.size === 0 ? undefined : new RegExp([...texts].map(escaped).join("|"), "iu");
  const confirms = confirmsIn(documents);
  const begins = beginsOneOf(texts);
  const tells = (value: Json) => pattern?.test(JSON.stringify(value)) === true || begins(value) || confirms(value);
  const whole = [...new Set<RedactKind>([...kinds, "record"])].map((kind) => own[kind]);
  const isOwn = (part: Part, name: string) => [confirming, ...whole].some((of) => of[part]?.includes(name) === true);
  const hidden = new Set<string>();
  const look = (part: Part, id: string, fields: Readonly<Record<string, Field | undefined>>) => {
    for (const [name, field] of Object.entries(fields))
      if (field && "value" in field && (isOwn(part, name) || (!isKeyed(part, name) && tells(field.value))))
        hidden.add(JSON.stringify([part, id, name]));
  };
  for (const it of documents) look(it.kind, it.id, it.fields);
  const isPerson = kinds.includes("person");
  for (const it of entries) {
    look("entry", String(it.seq), { ...it.fields, by: it.by, subject: it.subject });
    // What somebody did may name another, who did nothing here: "assigned to".
    if (isPerson && valueOf(it.by) !== self) hidden.add(JSON.stringify(["entry", String(it.seq), "text"]));
  }
  return (part, id, name) => hidden.has(JSON.stringify([part, id, name]));
}

/** Keyed ids are no texts of anybody's: a short name may stand in one by chance. */
function isKeyed(part: Part, name: string): boolean {
  return name === keyedField && part !== "event";
}

/** What whoever chooses should know. */
export function limitsOf(kinds: readonly RedactKind[], left = 0): string[] {
  if (kinds.length === 0) return [];
  return [
    "What is left out cannot be guessed from its digest: each has a salt of its own that stays here",
    "Ids confirm no guess: they are keyed with a secret that stays here. Whoever holds another pack of this incident knows its documents again by them",
    ...(kinds.includes("text")
      ? []
      : [
          "Texts that people wrote stay, unless they hold one of the values: leave out texts too where they may say it in other words",
        ]),
    "Names of members, keyed ids, times and the kinds of entries are always shown",
    ...(left > 0
      ? [
          `${left === 1 ? "1 entry that names documents by their own ids is" : `${left} entries that name documents by their own ids are`} left out whole: the pack puts these on record anew, as late`,
        ]
      : []),
  ];
}

interface Previewed {
  readonly kinds: readonly RedactKind[];
  readonly documents: readonly Document[];
  readonly entries: readonly Entry[];
}

/** Most documents that a preview shows, and the longest value of one, in UTF-16 units. */
const maxShown = 40;
const maxValue = 300;

/** What the receiver would see. Nothing is put on record by looking. */
export function previewOf({ kinds, documents, entries }: Previewed): PackPreview {
  const kept = kinds.length === 0 ? entries : entries.filter((it) => !namesPlainly(it));
  const redact = redactionOf(kinds, documents, kept);
  const seen = documents.map(({ kind, id, fields }) => {
    const names = Object.keys(fields);
    const gone = names.filter((name) => redact(kind, id, name));
    const shown = names
      .filter((name) => !gone.includes(name))
      .map((name) => ({ name, value: JSON.stringify(valueOf(fields[name])).slice(0, maxValue) }));
    return { kind, id, shown, redacted: gone };
  });
  const inEntries = kept.map((it) => {
    const names = Object.keys(it.fields).filter((name) => !alwaysShown.has(name));
    return ["by", "subject", ...names].filter((name) => redact("entry", String(it.seq), name)).length;
  });
  const count = (of: readonly number[]) => of.reduce((sum, it) => sum + it, 0);
  const left = entries.length - kept.length;
  return {
    documents: seen.slice(0, maxShown),
    total: seen.length,
    entries: kept.length,
    shown: count(seen.map((it) => it.shown.length)),
    redacted: count(seen.map((it) => it.redacted.length)) + count(inEntries),
    leftOut: left,
    limits: limitsOf(kinds, left),
  };
}

/** The texts of what is chosen, as they may stand elsewhere. */
function textsOf(kinds: readonly RedactKind[], documents: readonly Document[], entries: readonly Entry[]): Set<string> {
  const found = new Set<string>();
  const take = (value: unknown, isNamed = false): void => {
    if (typeof value === "string") {
      if (isNamed) for (const it of spellings(value)) if (it.length >= minLength) found.add(it);
    } else if (Array.isArray(value)) for (const it of value) take(it, isNamed);
    else if (typeof value === "object" && value !== null)
      for (const [name, it] of Object.entries(value)) take(it, leaves.has(name));
  };
  for (const kind of kinds) {
    for (const it of documents) for (const name of told[kind]?.[it.kind] ?? []) take(valueOf(it.fields[name]), true);
    for (const name of told[kind]?.entry ?? [])
      for (const it of entries) {
        const value = valueOf(name === "by" ? it.by : it.fields[name]);
        if (value !== self) take(value, true);
      }
  }
  if (kinds.includes("person")) take(documents.flatMap(personsIn), true);
  return found;
}

/** Who asked for a permit and who agreed: what is read under it names them, and no entry of its incident need be by them. */
function personsIn({ kind, fields }: Document): unknown[] {
  if (kind === "event" && valueOf(fields["operation"]) === "permit") {
    const said = valueOf(fields["unmapped"]);
    return [fieldIn(said, "by"), fieldIn(said, "agreed_by")];
  }
  const matched = kind === "alert" ? valueOf(fields["matched"]) : undefined;
  return (Array.isArray(matched) ? matched : []).flatMap((it) => {
    const [field, value] = [fieldIn(it, "field"), fieldIn(it, "value")];
    if (field === "unmapped.by" || field === "unmapped.agreed_by") return [value];
    const [, by, agreedBy] =
      field === "permit" ? (/, asked for by (.*), agreed to by (.*)$/s.exec(String(value)) ?? []) : [];
    return [by, agreedBy];
  });
}

/** A value as it is written elsewhere: in an address, without its domain, by its last part, as JSON writes it. */
function spellings(value: string): string[] {
  const last = value.split(/[/:]/).at(-1) ?? "";
  const local = /^([^@\s]{3,})@[^@\s]+$/.exec(value)?.[1] ?? "";
  // The last part of a path or name, where it is long enough to mean that one; else as much as sentences name.
  const short = shortPrincipal(value).replace(/^(?:host|file):/, "");
  const parts = [value, local, last.length >= 4 ? last : short].filter((it) => it !== "");
  // Half a surrogate pair has no bytes.
  return parts.flatMap((it) => [it, JSON.stringify(it).slice(1, -1), encodeURIComponent(it.toWellFormed())]);
}

/** Shortest text whose end may be cut off, and shortest beginning of one that is looked for there, in UTF-16 units: alerts cut at 500. */
const [minCut, minBegin] = [500, 4];

/** Whether a long text in a value ends with the beginning of one of these: cut off, it stands there only in part. */
function beginsOneOf(texts: ReadonlySet<string>): (value: Json) => boolean {
  const sorted = [...texts].map((it) => it.toLowerCase()).sort();
  const longest = sorted.reduce((most, it) => Math.max(most, it.length), 0);
  const isBegin = (end: string) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? "") < end) low = middle + 1;
      else high = middle;
    }
    return sorted[low]?.startsWith(end) === true;
  };
  const ends = (value: unknown): boolean => {
    if (typeof value === "object" && value !== null) return Object.values(value).some(ends);
    if (typeof value !== "string" || value.length < minCut) return false;
    const text = value.toLowerCase();
    for (let at = Math.max(0, text.length - longest); at <= text.length - minBegin; at++)
      if (isBegin(text.slice(at))) return true;
    return false;
  };
  return ends;
}

function escaped(text: string): string {
  return text.toWellFormed().replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

function valueOf(field: Field | undefined): unknown {
  return field && "value" in field ? field.value : undefined;
}
