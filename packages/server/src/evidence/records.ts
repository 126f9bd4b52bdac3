// What an entry puts on record: documents by kind and id, each with its digest.
import {
  documentDigest,
  documentOf,
  keyedId,
  recordsField,
  type Document,
  type Entry,
  type Json,
  type JsonObject,
} from "@outweigh/evidence";
import { storable, storableJson } from "../store/text.ts";

/** Documents of one entry: with their ids, far below what an entry may hold. */
const maxRecords = 3000;

/** Names beside the digests, so that what is on record of a document is found again although it is another one by now. */
export const keyedField = "keyed";
/** The same in entries from before ids were keyed: names by the nouns' own ids. */
export const plainField = "documents";
/** The kind of the entry that a pack makes: it puts on record what was not yet, and says nothing of what was before. */
export const packMade = "pack-made";

/** Name → digest. */
export type Recorded = ReadonlyMap<string, string>;

/** In which member a noun names others by id, and of which kind they are. */
const links: Readonly<Partial<Record<Document["kind"], { readonly member: string; readonly to: Document["kind"] }>>> = {
  incident: { member: "alerts", to: "alert" },
  alert: { member: "events", to: "event" },
};

/** A noun as it comes back from the database: what is put on record must be what is packed later. */
function asJson(noun: object): JsonObject {
  return JSON.parse(storableJson(noun));
}

/**
 * A noun as it is put on record and packed: under its keyed id, and with the keyed ids of what it names in a member of its own. So its
 * own ids can be left out of a pack like any other member, and what belongs together is still seen.
 */
export function documentFor(kind: Document["kind"], id: string, noun: object, saltKey: Uint8Array): Document {
  const value = asJson(noun);
  const link = links[kind];
  const ids = link && value[link.member];
  const keyed = link && Array.isArray(ids) && { [keyedField]: ids.map((it) => keyedId(saltKey, link.to, String(it))) };
  return documentOf(kind, keyedId(saltKey, kind, storable(id)), { ...value, ...keyed }, saltKey);
}

/** A noun as it was put on record before ids were keyed. A pack that leaves something out must not hold it: its id confirms guesses. */
export function plainDocument(kind: Document["kind"], id: string, noun: object, saltKey: Uint8Array): Document {
  return documentOf(kind, id, asJson(noun), saltKey);
}

export function nameOf({ kind, id }: Pick<Document, "kind" | "id">): string {
  return JSON.stringify([kind, id]);
}

/** A noun on record: its document's name and digest. */
export function recordOf(
  kind: Document["kind"],
  id: string,
  noun: object,
  saltKey: Uint8Array,
): readonly [name: string, digest: string] {
  const document = documentFor(kind, id, noun, saltKey);
  return [nameOf(document), documentDigest(document)];
}

/** Fields of entries that put documents on record: one set for each entry that it takes. */
export function recordedFields(recorded: Recorded): JsonObject[] {
  const all = [...recorded];
  const parts: (typeof all)[] = [];
  for (let at = 0; at === 0 || at < all.length; at += maxRecords) parts.push(all.slice(at, at + maxRecords));
  return parts.map((part) => ({
    [recordsField]: part.map(([, digest]) => digest),
    [keyedField]: part.map(([name]) => JSON.parse(name)),
  }));
}

/** The documents that such fields name, as kind and keyed id. */
export function namesIn(fields: JsonObject): readonly Json[] {
  const names = fields[keyedField];
  return Array.isArray(names) ? names : [];
}

/** All digests that entries list, and the last one of each document that they name, by its keyed id or by its own. */
export function readRecords(entries: readonly Entry[]): { readonly all: ReadonlySet<string>; readonly last: Recorded } {
  const all = new Set<string>();
  const last = new Map<string, string>();
  for (const entry of entries) {
    const names = listIn(entry, keyedField in entry.fields ? keyedField : plainField);
    for (const [i, digest] of listIn(entry, recordsField).entries()) {
      if (typeof digest !== "string") continue;
      all.add(digest);
      if (Array.isArray(names[i]) && entry.kind !== packMade) last.set(JSON.stringify(names[i]), digest);
    }
  }
  return { all, last };
}

/** What stands in a list of an entry; nothing where it is none, or left out. */
export function listIn({ fields }: Entry, name: string): readonly unknown[] {
  const field = fields[name];
  return field && "value" in field && Array.isArray(field.value) ? field.value : [];
}
