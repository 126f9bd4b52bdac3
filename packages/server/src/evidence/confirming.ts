// What goes from a pack with whatever is left out of it: by it, whoever guesses that could see whether the guess is right.
import type { Document, DocumentKind, Field } from "@outweigh/evidence";
import { fieldIn } from "../values.ts";
import { plainField } from "./records.ts";

export type Part = DocumentKind | "entry";
/** Names of members, by what they are members of. */
export type Members = Readonly<Partial<Record<Part, readonly string[]>>>;

/** Members of an event in which a source has an id of its own for the record: often it is a digest of that. */
const ofRecord = ["metadata", "finding_info"];
/** Members that name nouns by their ids. */
const ofNouns: Members = { incident: ["id", "alerts"], alert: ["id", "events"], event: ["id"] };

/** Ids and digests of what else stands in a pack, and signatures over it: each can be computed anew for a guess. */
export const confirming: Members = {
  ...ofNouns,
  event: ["id", ...ofRecord],
  scan: ["signature"],
  entry: ["subject", plainField, "alerts", "before", "digest", "factsDigest"],
};

/** How ids of alerts and incidents are written, and of events that have none from their source. */
const idPattern = /\b(?:(?:alert|incident)-[0-9a-f]{24}|[a-z0-9]+:[0-9a-f]{32})\b/i;
/** Shortest id of a source's that is looked for, in UTF-16 units: a number has fewer, confirms nothing, and stands everywhere. */
const minUid = 16;

/** Whether such ids, of these documents or of any, stand in the value of another member. */
export function confirmsIn(documents: readonly Document[]): (value: unknown) => boolean {
  const ids = new Set(documents.flatMap(idsOf));
  const holdsOne = (value: unknown): boolean => {
    if (typeof value === "string") return ids.has(value) || idPattern.test(value);
    if (Array.isArray(value)) return value.some(holdsOne);
    const members = typeof value === "object" && value !== null ? Object.entries(value) : [];
    return members.some(([name, it]) => holdsOne(name) || holdsOne(it));
  };
  return holdsOne;
}

function idsOf({ kind, fields }: Document): string[] {
  const valueOf = (field: Field | undefined) => (field && "value" in field ? field.value : undefined);
  const ids = (ofNouns[kind] ?? []).flatMap((name) => valueOf(fields[name])).filter((it) => typeof it === "string");
  const uids = ofRecord.map((name) => fieldIn(valueOf(fields[name]), "uid")).filter((it) => typeof it === "string");
  return [...ids, ...uids.filter((it) => it.length >= minUid)];
}
