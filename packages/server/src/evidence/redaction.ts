// What of a pack its receiver is not shown: by kinds that people choose, and wherever else the same values stand.
import type { Document, DocumentKind, Entry, Field, PackInput } from "@outweigh/evidence";
import type { PackPreview, RedactKind } from "@outweigh/schema";
import { ServerError } from "../error.ts";
import { fieldIn } from "../values.ts";
import { self } from "./log.ts";

type Part = DocumentKind | "entry";

/** Members that hold nothing but what the kind names: they go whatever stands in them. */
const own: Readonly<Record<RedactKind, Readonly<Partial<Record<Part, readonly string[]>>>>> = {
  principal: {
    event: ["principal", "credential", "actor", "user"],
    alert: ["principal", "linked"],
    incident: ["principals"],
  },
  person: { entry: ["by"] },
  address: { event: ["src_endpoint", "dst_endpoint", "device"], scan: ["host"] },
  path: { event: ["artifact", "part", "place", "file", "http_request"] },
  text: {
    incident: ["title", "reason"],
    alert: ["summary", "matched"],
    entry: ["text", "reason", "note", "comment"],
  },
  record: { event: ["raw_data", "unmapped"], scan: ["report"] },
};

/** Of these members the texts are looked for everywhere else; below what they hold, under any of `leaves` where some are named. */
const told: Readonly<Partial<Record<RedactKind, Readonly<Partial<Record<Part, readonly string[]>>>>>> = {
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
/** Fields of entries that no pack leaves out, which name documents by their ids. */
const namedAlways = ["changed", "late"];

interface Redaction {
  readonly redact: NonNullable<PackInput["redact"]>;
  /** Whether a document is left out whole, because its id would tell. */
  isLeftOut(it: Document): boolean;
}

/**
 * How to leave out these kinds. A record as it arrived goes with any of them: it says everything.
 *
 * Blind spot: a value in words that are not its own, such as a nickname in a comment; choose `text` too. And ids of events, which are
 * computed from their records: see `limits`.
 * @throws {ServerError} CONFLICT where it cannot be left out without breaking the proof.
 */
export function redactionOf(
  kinds: readonly RedactKind[],
  documents: readonly Document[],
  entries: readonly Entry[],
): Redaction {
  if (kinds.length === 0) return { redact: () => false, isLeftOut: () => false };
  const texts = textsOf(kinds, documents, entries);
  if (texts.size > maxTexts)
    throw new ServerError("CONFLICT", `more than ${maxTexts} values would have to be left out`);
  const pattern = texts.size === 0 ? undefined : new RegExp([...texts].map(escaped).join("|"), "iu");
  const tells = (text: string) => pattern?.test(text) === true;
  const whole = new Set<RedactKind>([...kinds, "record"]);
  const byName = new Map<Part, Set<string>>();
  for (const kind of whole)
    for (const [part, names] of Object.entries(own[kind]))
      byName.set(part as Part, new Set([...(byName.get(part as Part) ?? []), ...names]));
  const hidden = new Set<string>();
  const look = (part: Part, id: string, fields: Readonly<Record<string, Field | undefined>>) => {
    for (const [name, field] of Object.entries(fields))
      if (field && "value" in field && (byName.get(part)?.has(name) === true || tells(JSON.stringify(field.value))))
        hidden.add(JSON.stringify([part, id, name]));
  };
  for (const it of documents) look(it.kind, it.id, it.fields);
  const isPerson = kinds.includes("person");
  for (const it of entries) {
    // What names documents for ever must not name one by what is left out.
    const names = namedAlways.map((name) => JSON.stringify(valueOf(it.fields[name]) ?? ""));
    if (names.some(tells))
      throw new ServerError(
        "CONFLICT",
        `entry ${it.seq} names a document by what you leave out, and cannot be left out`,
      );
    look("entry", String(it.seq), { ...it.fields, by: it.by, subject: it.subject });
    // What somebody did may name another, who did nothing here: "assigned to".
    if (isPerson && valueOf(it.by) !== self) hidden.add(JSON.stringify(["entry", String(it.seq), "text"]));
  }
  return {
    redact: (part, id, name) => hidden.has(JSON.stringify([part, id, name])),
    isLeftOut: ({ kind, id }) => kind !== "incident" && kind !== "alert" && tells(id),
  };
}

/** What whoever chooses should know. */
export function limitsOf(kinds: readonly RedactKind[]): string[] {
  if (kinds.length === 0) return [];
  return [
    "What is left out cannot be guessed from its digest: each has a salt of its own that stays here",
    "Ids of events are computed from their records: whoever can write a record anew but for what is left out can try out guesses",
    ...(kinds.includes("principal")
      ? [
          "Ids of alerts are computed from rule, principal, model and first event: whoever guesses a principal can see whether it is the one",
        ]
      : []),
    ...(kinds.includes("text")
      ? []
      : [
          "Texts that people wrote stay, unless they hold one of the values: leave out texts too where they may say it in other words",
        ]),
    "Names of members, ids, times and the kinds of entries are always shown",
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
  const { redact, isLeftOut } = redactionOf(kinds, documents, entries);
  const kept = documents.filter((it) => !isLeftOut(it));
  const seen = kept.map(({ kind, id, fields }) => {
    const names = Object.keys(fields);
    const gone = names.filter((name) => redact(kind, id, name));
    const shown = names
      .filter((name) => !gone.includes(name))
      .map((name) => ({ name, value: JSON.stringify(valueOf(fields[name])).slice(0, maxValue) }));
    return { kind, id, shown, redacted: gone };
  });
  const inEntries = entries.map((it) => {
    const names = Object.keys(it.fields).filter((name) => !alwaysShown.has(name));
    return ["by", "subject", ...names].filter((name) => redact("entry", String(it.seq), name)).length;
  });
  const count = (of: readonly number[]) => of.reduce((sum, it) => sum + it, 0);
  return {
    documents: seen.slice(0, maxShown),
    total: seen.length,
    entries: entries.length,
    shown: count(seen.map((it) => it.shown.length)),
    redacted: count(seen.map((it) => it.redacted.length)) + count(inEntries),
    leftOut: documents.length - kept.length,
    limits: limitsOf(kinds),
  };
}

const alwaysShown: ReadonlySet<string> = new Set(["records", ...namedAlways]);

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
  // The last part of a path or name, where it is long enough to mean that one.
  const parts = [value, local, last.length >= 4 ? last : ""].filter((it) => it !== "");
  // Half a surrogate pair has no bytes.
  return parts.flatMap((it) => [it, JSON.stringify(it).slice(1, -1), encodeURIComponent(it.toWellFormed())]);
}

function escaped(text: string): string {
  return text.toWellFormed().replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

function valueOf(field: Field | undefined): unknown {
  return field && "value" in field ? field.value : undefined;
}
