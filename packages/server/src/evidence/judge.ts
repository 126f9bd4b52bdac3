// Whether a noun is what was put on record of it, and in which form a pack holds it.
import { changedField, documentDigest, isKeyedId, lateField, type Document, type Entry } from "@outweigh/evidence";
import { documentFor, listIn, nameOf, plainDocument, plainField, readRecords } from "./records.ts";

/** A noun that goes into packs. */
export interface Packable {
  readonly document: Document;
  /** As it was put on record before ids were keyed: made only where it is asked for. */
  plain(): Document;
}

export function packable(kind: Document["kind"], id: string, noun: object, saltKey: Uint8Array): Packable {
  return {
    document: documentFor(kind, id, noun, saltKey),
    plain: () => plainDocument(kind, id, noun, saltKey),
  };
}

export interface Judged {
  /** What a pack holds of it. */
  readonly document: Document;
  /** Whether it is on record as it is; `late`: nothing had it on record in this form; `changed`: it was something else at its time. */
  readonly is: "on record" | "late" | "changed";
}

interface Judging {
  readonly entries: readonly Entry[];
  /** While an incident grows, what differs is what came in a moment ago. */
  readonly isGrowing: boolean;
  /** A pack that leaves something out holds no plain ids: what is on record under one alone is put on record anew, late. */
  readonly isRedacted: boolean;
}

/** Judges nouns by what entries put on record, each by the last one under its name. */
export function judge({ entries, isGrowing, isRedacted }: Judging): (it: Packable) => Judged {
  const { all, last } = readRecords(entries);
  const isOnRecord = (it: Document) => last.has(nameOf(it)) || all.has(documentDigest(it));
  const hasPlain = entries.some((it) => plainField in it.fields);
  return ({ document, plain }) => {
    const old = hasPlain && !last.has(nameOf(document)) ? plain() : undefined;
    const form = old && isOnRecord(old) ? old : document;
    const digest = documentDigest(form);
    // An older version than the last on record was put back.
    const isLatest = (last.get(nameOf(form)) ?? digest) === digest;
    if (!isLatest && !(isGrowing && form.kind !== "event")) return { document, is: "changed" };
    if (form === old && all.has(digest) && !isRedacted) return { document: old, is: "on record" };
    return { document, is: all.has(documentDigest(document)) ? "on record" : "late" };
  };
}

/**
 * Whether an entry names documents by ids of their own in what no pack leaves out, as those from before ids were keyed do. What it puts
 * on record and says is changed, a redacted pack's own entry says again.
 */
export function namesPlainly(entry: Entry): boolean {
  const names = [...listIn(entry, changedField), ...listIn(entry, lateField)];
  if (plainField in entry.fields) return names.length > 0;
  return !names.every((it) => Array.isArray(it) && isKeyedId(String(it[1])));
}
