import { verifyCheckpoint, type Checkpoint, type Signer } from "./checkpoint.ts";
import { redacted, sha256, type Field } from "./digest.ts";
import { documentDigest, type Document, type DocumentKind } from "./document.ts";
import { EvidenceError } from "./error.ts";
import { canonical } from "./json.ts";
import { maxKeys, maxPackBytes, maxPackLines } from "./limits.ts";
import { changedField, entryHash, lateField, recordsField, type Entry } from "./log.ts";
import { Tree } from "./merkle.ts";

/** Version of the format, see FORMAT.md. */
export const packVersion = 1;

/** What goes into a pack. */
export interface PackInput {
  readonly incident: Document;
  readonly alerts: readonly Document[];
  readonly events: readonly Document[];
  /** What is known of the sources: how far each can be believed, what it cannot see. */
  readonly sources?: readonly Document[] | undefined;
  /** When a source was silent. */
  readonly gaps?: readonly Document[] | undefined;
  /** Results of scans that hosts signed: their members `key`, `signature` and `report` are those of a `SignedScan`. */
  readonly scans?: readonly Document[] | undefined;
  /** Entries about all these, oldest first. Each document must be on record in one of them. */
  readonly entries: readonly Entry[];
  /** Oldest first. The last must be of the whole log as `entryHashes` has it, or of a beginning that holds all `entries`. */
  readonly checkpoints: readonly Checkpoint[];
  /** Hashes of all entries of the log, oldest first, at least up to the last checkpoint. */
  readonly entryHashes: readonly string[];
  readonly signer: Signer;
  /** When the pack is made, in ms since 1970. */
  readonly time: number;
  /**
   * Which members to leave out: those of documents, and `by`, `subject` and fields of entries, whose id is their `seq` as
   * text. The fields `records`, `changed` and `late` stay, since without them nothing would be proven, or more than is; names of
   * members and ids stay too: `keyedId` makes ids that tell nothing.
   */
  readonly redact?: ((kind: DocumentKind | "entry", id: string, field: string) => boolean) | undefined;
}

/**
 * One incident with its proof, as one text of JSON lines that `verifyPack` and the verifier in Python check without us.
 *
 * @throws {EvidenceError} BAD_PACK when something given would not verify: a document that no entry puts on record, an
 * entry after the last checkpoint, a checkpoint of another log, or hashes that do not lead to a checkpoint's root.
 */
export function packOf(input: PackInput): string {
  const { incident, alerts, events, sources = [], gaps = [], scans = [] } = input;
  const documents = [incident, ...alerts, ...events, ...sources, ...gaps, ...scans];
  const tree = new Tree(input.entryHashes);
  const last = checkCheckpoints(input.checkpoints, tree);
  checkEntries(input, last);
  checkRecords(documents, input.entries);
  const { redact = () => false } = input;
  const lines = [
    {
      type: "pack",
      version: packVersion,
      origin: last.origin,
      incident: incident.id,
      time: input.time,
      keys: [...new Set(input.checkpoints.map((it) => it.key).concat(input.signer.publicKey))].sort(),
    },
    ...documents.map((it) => ({ type: "document", ...redactDocument(it, redact) })),
    ...input.entries.map((it) => ({
      type: "entry",
      entry: redactEntry(it, redact),
      proof: tree.inclusion(it.seq, last.size),
    })),
    ...checkpointLines(input.checkpoints, tree),
  ];
  const text = lines.map((it) => `${canonical(it)}\n`).join("");
  const pack = text + seal(text, input.signer);
  if (lines.length < maxPackLines && Buffer.byteLength(pack) <= maxPackBytes) return pack;
  throw new EvidenceError("BAD_PACK", `the pack would have more than ${maxPackLines} lines or ${maxPackBytes} bytes`);
}

/** The last line: a signature over all that stands before it, so that no byte is without cover. */
function seal(text: string, signer: Signer): string {
  const digest = sha256(text);
  const line = { type: "seal", digest, key: signer.publicKey, signature: signer.sign(sealMessage(digest)) };
  return `${canonical(line)}\n`;
}

/** What the seal signs. Its first line keeps it from being taken for a checkpoint's signature. */
export function sealMessage(digest: string): string {
  return `outweigh.pack.v${packVersion}\n${digest}\n`;
}

function checkpointLines(checkpoints: readonly Checkpoint[], tree: Tree): object[] {
  return checkpoints.map((it, i) => {
    const { origin, size, root, time, key, signature } = it;
    const before = checkpoints[i - 1];
    const consistency = before ? tree.consistency(before.size, size) : [];
    return { type: "checkpoint", checkpoint: { origin, size, root, time, key, signature }, consistency };
  });
}

/** @returns The last checkpoint. */
function checkCheckpoints(checkpoints: readonly Checkpoint[], tree: Tree): Checkpoint {
  const last = checkpoints.at(-1);
  if (!last) throw new EvidenceError("BAD_PACK", "a pack needs at least one checkpoint");
  let before = 0;
  for (const it of checkpoints) {
    const at = `the checkpoint of ${it.size} entries`;
    if (it.origin !== last.origin) throw new EvidenceError("BAD_PACK", `${at} is of another log, ${it.origin}`);
    if (it.size < before) throw new EvidenceError("BAD_PACK", `${at} comes after one of ${before}`);
    if (it.size > tree.size) throw new EvidenceError("BAD_PACK", `${at} needs more than the ${tree.size} hashes given`);
    if (!verifyCheckpoint(it)) throw new EvidenceError("BAD_PACK", `${at} is not signed by its key`);
    if (tree.root(it.size) !== it.root)
      throw new EvidenceError("BAD_PACK", `${at} is not of the log with these hashes`);
    before = it.size;
  }
  const keys = new Set(checkpoints.map((it) => it.key));
  if (keys.size >= maxKeys)
    throw new EvidenceError("BAD_PACK", `${keys.size} keys signed, a pack names ${maxKeys} at most`);
  return last;
}

function checkEntries({ entries, entryHashes }: PackInput, last: Checkpoint): void {
  let before = -1;
  for (const it of entries) {
    if (it.seq <= before) throw new EvidenceError("BAD_PACK", `entry ${it.seq} comes after entry ${before}`);
    if (it.seq >= last.size) throw new EvidenceError("BAD_PACK", `entry ${it.seq} is not in any checkpoint given`);
    if (it.hash !== entryHashes[it.seq] || it.hash !== entryHash(it)) {
      throw new EvidenceError("BAD_PACK", `entry ${it.seq} is not the one that the log has there`);
    }
    before = it.seq;
  }
}

function checkRecords(documents: readonly Document[], entries: readonly Entry[]): void {
  const records = new Set(entries.flatMap(recordsOf));
  const names = new Set<string>();
  for (const it of documents) {
    if (!records.has(documentDigest(it))) {
      throw new EvidenceError("BAD_PACK", `no entry given puts the ${it.kind} ${it.id} on record as it is`);
    }
    names.add(JSON.stringify([it.kind, it.id]));
  }
  if (names.size < documents.length) throw new EvidenceError("BAD_PACK", "two documents share kind and id");
}

/** The digests that an entry puts on record. */
export function recordsOf(entry: Entry): readonly unknown[] {
  const field = entry.fields[recordsField];
  return field && "value" in field && Array.isArray(field.value) ? field.value : [];
}

/** The documents that an entry names in a field, as kind and id. Whatever is no such name is passed over. */
export function namesIn(
  entry: Entry,
  name: typeof changedField | typeof lateField,
): readonly (readonly [string, string])[] {
  const field = entry.fields[name];
  const list: readonly unknown[] = field && "value" in field && Array.isArray(field.value) ? field.value : [];
  return list.flatMap((it) => {
    const [kind, id, ...rest]: readonly unknown[] = Array.isArray(it) ? it : [];
    return typeof kind === "string" && typeof id === "string" && rest.length === 0 ? [[kind, id] as const] : [];
  });
}

/** Fields of entries that no pack may leave out. */
const kept: readonly string[] = [recordsField, changedField, lateField];

type Redact = NonNullable<PackInput["redact"]>;

function redactDocument(it: Document, redact: Redact): Document {
  const { kind, id, fields } = it;
  const isHidden = (name: string) => redact(kind, id, name);
  return { kind, id, fields: redactFields(fields, isHidden, (name) => name) };
}

function redactEntry(it: Entry, redact: Redact): Entry {
  const { seq, time, kind, by, subject, fields, prev, hash } = it;
  const isHidden = (name: string) => !kept.includes(name) && redact("entry", String(seq), name);
  return {
    seq,
    time,
    kind,
    by: isHidden("by") ? redacted("by", by) : by,
    ...(subject && { subject: isHidden("subject") ? redacted("subject", subject) : subject }),
    fields: redactFields(fields, isHidden, (name) => `fields.${name}`),
    prev,
    hash,
  };
}

function redactFields(
  fields: Readonly<Record<string, Field>>,
  isHidden: (name: string) => boolean,
  committedAs: (name: string) => string,
): Record<string, Field> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, isHidden(name) ? redacted(committedAs(name), field) : field]),
  );
}
