// What an entry puts on record: documents by kind and id, each with its digest.
import {
  documentDigest,
  documentOf,
  recordsField,
  type Document,
  type Entry,
  type Json,
  type JsonObject,
} from "@outweigh/evidence";
import { storableJson } from "../store/text.ts";

/** Documents of one entry: with their ids, far below what an entry may hold. */
const maxRecords = 3000;
/** Longest id that an entry repeats, in UTF-16 units: ours are digests. A longer one is on record without its name. */
const maxId = 128;

/** Names beside the digests, so that what is on record of a document is found again although it is another one by now. */
const documentsField = "documents";
/** The kind of the entry that a pack makes: it puts on record what was not yet, and says nothing of what was before. */
export const packMade = "pack-made";

/** Name → digest. */
export type Recorded = ReadonlyMap<string, string>;

/** A noun as it comes back from the database: what is put on record must be what is packed later. */
export function asJson(noun: object): JsonObject {
  return JSON.parse(storableJson(noun));
}

export function nameOf(kind: Document["kind"], id: string): string {
  return JSON.stringify([kind, id]);
}

/** The digest of a noun, as an entry lists it. */
export function digestOf(kind: Document["kind"], id: string, noun: object, saltKey: Uint8Array): string {
  return documentDigest(documentOf(kind, id, asJson(noun), saltKey));
}

/** Fields of entries that put documents on record: one set for each entry that it takes. */
export function recordedFields(recorded: Recorded): JsonObject[] {
  const all = [...recorded];
  const parts: (typeof all)[] = [];
  for (let at = 0; at === 0 || at < all.length; at += maxRecords) parts.push(all.slice(at, at + maxRecords));
  return parts.map((part) => ({
    [recordsField]: part.map(([, digest]) => digest),
    [documentsField]: part.map(([name]) => (name.length > maxId ? null : JSON.parse(name))),
  }));
}

/** The documents that such fields name, as kind and id. */
export function namesIn(fields: JsonObject): Json[] {
  const names = fields[documentsField];
  return Array.isArray(names) ? names.filter((it) => it !== null) : [];
}

/** All digests that entries list, and the last one of each document that they name. */
export function readRecords(entries: readonly Entry[]): { readonly all: ReadonlySet<string>; readonly last: Recorded } {
  const all = new Set<string>();
  const last = new Map<string, string>();
  for (const entry of entries) {
    const names = listIn(entry, documentsField);
    for (const [i, digest] of listIn(entry, recordsField).entries()) {
      if (typeof digest !== "string") continue;
      all.add(digest);
      if (Array.isArray(names[i]) && entry.kind !== packMade) last.set(JSON.stringify(names[i]), digest);
    }
  }
  return { all, last };
}

function listIn({ fields }: Entry, name: string): readonly unknown[] {
  const field = fields[name];
  return field && "value" in field && Array.isArray(field.value) ? field.value : [];
}
