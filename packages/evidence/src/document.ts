import { commitmentOf, fieldOf, sha256, type Field } from "./digest.ts";
import { canonical, type JsonObject } from "./json.ts";

/** What a pack holds beside the log's entries. */
export const documentKinds = ["incident", "alert", "event", "source", "gap", "scan"] as const;
export type DocumentKind = (typeof documentKinds)[number];

/** A noun whose members can be redacted one by one. Its digest stays the same. */
export interface Document {
  readonly kind: DocumentKind;
  /** Not salted in its digest, and never redacted: one that others could compute confirms guesses; see `keyedId`. */
  readonly id: string;
  readonly fields: Readonly<Record<string, Field>>;
}

/** Salts each member of a noun. The same noun gives the same document, now or when it is packed. */
export function documentOf(kind: DocumentKind, id: string, value: JsonObject, saltKey: Uint8Array): Document {
  const fields = Object.entries(value).flatMap(([name, it]) =>
    it === undefined ? [] : [[name, fieldOf(saltKey, ["document", kind, id], name, it)] as const],
  );
  return { kind, id, fields: Object.fromEntries(fields) };
}

/** What an entry's field `records` lists to put a document on record. Redacted or not, it is the same. */
export function documentDigest({ kind, id, fields }: Document): string {
  const commitments = Object.entries(fields).map(([name, field]) => [name, commitmentOf(name, field)] as const);
  return sha256(canonical({ type: "outweigh.document.v1", kind, id, commitments: Object.fromEntries(commitments) }));
}
