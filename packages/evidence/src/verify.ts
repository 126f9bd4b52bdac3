import { isSignedBy, keyId, verifyCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { sha256 } from "./digest.ts";
import { documentDigest, type Document } from "./document.ts";
import { changedField, entryHash, genesis, lateField, type Entry } from "./log.ts";
import { verifyConsistency, verifyInclusion } from "./merkle.ts";
import { readPack, type PackLines } from "./pack-lines.ts";
import { namesIn, recordsOf, sealMessage } from "./pack.ts";
import { Problems } from "./problems.ts";
import { isSignedScan, type SignedScan } from "./signed-scan.ts";

/** What a verifier found. */
export interface PackReport {
  /** True when nothing is wrong. It says that this signer vouches for the pack, not who the signer is. */
  readonly ok: boolean;
  readonly entries: number;
  readonly checkpoints: number;
  /** Documents: the incident, its alerts and events, and what is known of the sources. */
  readonly documents: number;
  /** Of the documents, those that were put on record only when they were packed: until then nothing held them to what they say. */
  readonly late: number;
  /** Members left out on purpose, in documents and entries. */
  readonly redacted: number;
  /** Of the events in it, how many of each grade. */
  readonly grades: GradeCounts;
  /** The log's name. Absent when it cannot be read. */
  readonly origin?: string;
  readonly incident?: string;
  /** Id of the key that sealed the pack; compare it with what you were told. Absent when the seal does not hold. */
  readonly signer?: string;
  /** Ids of the keys that signed results of scans in it: agents' own. Compare them with what each agent said when it was enrolled. */
  readonly scanSigners: readonly string[];
  /** Ids of all keys that signed something of the log's. */
  readonly keys: readonly string[];
  /** What is wrong, each with a code and the line, at most `maxProblems`. */
  readonly problems: readonly string[];
}

/**
 * Events by what was checked of their records at receipt, as whoever sealed the pack says: `signed` by their maker, sent by somebody
 * `authenticated`, or `plain`. `ungraded`: they say nothing of it. `redacted`: what they say was left out.
 */
export interface GradeCounts {
  readonly signed: number;
  readonly authenticated: number;
  readonly plain: number;
  readonly ungraded: number;
  readonly redacted: number;
}

/** What the verifying person knows from elsewhere. */
export interface VerifyOptions {
  /** Key ids or raw public keys: every signature must be from one of them. Any, if not given. */
  readonly trusted?: readonly string[] | undefined;
  /** Checkpoints of the same log kept from before. Without one, a log rewritten by its own signer cannot be told from another. */
  readonly known?: readonly Checkpoint[] | undefined;
}

/**
 * Checks a pack without any server: that no byte was changed, the entries are the log's, the log only grew from
 * checkpoint to checkpoint, each document is on record in an entry and none is known to be another one than was on record before,
 * and all is signed. Never throws: whatever the bytes
 * are, the answer says what is wrong. Give bytes rather than text where you have them.
 *
 * It proves that nothing changed since it was received, not that a source told the truth.
 */
export function verifyPack(pack: string | Uint8Array, options: VerifyOptions = {}): PackReport {
  const problems = new Problems();
  const lines = readPack(pack, problems);
  if (!lines)
    return {
      ok: false,
      entries: 0,
      checkpoints: 0,
      documents: 0,
      late: 0,
      redacted: 0,
      grades: gradesOf([]),
      scanSigners: [],
      keys: [],
      problems: problems.list,
    };
  verifySeal(lines, problems);
  verifyEntries(lines, problems);
  verifyCheckpoints(lines, problems);
  verifyDocuments(lines, problems);
  verifyScans(lines, problems);
  verifyTrust(lines, options.trusted, problems);
  verifyKnown(lines, options.known ?? [], problems);
  return report(lines, problems);
}

function verifySeal({ seal, header, sealed }: PackLines, problems: Problems): void {
  if (seal.it.digest !== sha256(sealed))
    problems.add("SEAL_DIGEST", seal.line, "the pack was changed after it was sealed");
  if (!isSignedBy(seal.it.key, sealMessage(seal.it.digest), seal.it.signature)) {
    problems.add("SEAL_SIGNATURE", seal.line, "the seal is not signed by the key that it names");
  }
  if (!header.it.keys.includes(seal.it.key))
    problems.add("UNKNOWN_KEY", seal.line, "the header does not name the seal's key");
}

function verifyEntries({ header, entries, checkpoints }: PackLines, problems: Problems): void {
  const last = checkpoints.at(-1)?.it.checkpoint;
  const first = genesis(header.it.origin).last;
  let before: Entry | undefined;
  for (const { line, it } of entries) {
    const { entry, proof } = it;
    if (entryHash(entry) !== entry.hash) problems.add("ENTRY_HASH", line, `entry ${entry.seq} is not what was hashed`);
    if (before && entry.seq <= before.seq)
      problems.add("ENTRY_ORDER", line, `entry ${entry.seq} comes after ${before.seq}`);
    const prev = entry.seq === 0 ? first : before?.seq === entry.seq - 1 ? before.hash : undefined;
    if (prev !== undefined && entry.prev !== prev) {
      problems.add("ENTRY_CHAIN", line, `entry ${entry.seq} does not follow the entry before it`);
    }
    const where = { index: entry.seq, size: last?.size ?? 0, entryHash: entry.hash, root: last?.root ?? "", proof };
    if (!verifyInclusion(where)) {
      problems.add("ENTRY_PROOF", line, `entry ${entry.seq} is not proven to be in the log of the last checkpoint`);
    }
    before = entry;
  }
}

function verifyCheckpoints({ header, checkpoints }: PackLines, problems: Problems): void {
  if (checkpoints.length === 0) problems.add("NO_CHECKPOINT", 1, "the pack has no checkpoint");
  let before: Checkpoint | undefined;
  for (const { line, it } of checkpoints) {
    const { checkpoint, consistency } = it;
    const at = `the checkpoint of ${checkpoint.size} entries`;
    if (checkpoint.origin !== header.it.origin) problems.add("CHECKPOINT_ORIGIN", line, `${at} is of another log`);
    if (!verifyCheckpoint(checkpoint, header.it.keys)) {
      problems.add("CHECKPOINT_SIGNATURE", line, `${at} is not signed by a key that the header names`);
    }
    const old = before ?? { size: 0, root: "" };
    const grew = before
      ? verifyConsistency({ oldSize: old.size, oldRoot: old.root, ...checkpoint, proof: consistency })
      : consistency.length === 0;
    if (!grew) problems.add("FORK", line, `${at} is not proven to continue the one before it`);
    before = checkpoint;
  }
}

function verifyDocuments({ header, documents, entries }: PackLines, problems: Problems): void {
  const records = new Set(entries.flatMap(({ it }) => recordsOf(it.entry)));
  const seen = new Set<string>();
  for (const { line, it } of documents) {
    const name = JSON.stringify([it.kind, it.id]);
    if (seen.has(name)) problems.add("DOCUMENT_TWICE", line, `the ${it.kind} ${it.id} is there twice`);
    seen.add(name);
    if (!records.has(documentDigest(it))) {
      problems.add("NOT_ON_RECORD", line, `no entry of the pack puts this ${it.kind} on record`);
    }
  }
  for (const { line, it } of entries) {
    for (const [kind, id] of namesIn(it.entry, changedField)) {
      problems.add("CHANGED", line, `the ${kind} ${id} is not what was put on record at its time`);
    }
  }
  const incidents = documents.filter(({ it }) => it.kind === "incident");
  if (incidents.length !== 1 || incidents[0]?.it.id !== header.it.incident) {
    problems.add("INCIDENT", 1, "the pack does not hold exactly the incident that its header names");
  }
}

function verifyScans({ documents }: PackLines, problems: Problems): void {
  for (const { line, it } of documents) {
    const signed = signedIn(it);
    if (signed === "redacted" || isSignedScan(signed)) continue;
    problems.add("SCAN_SIGNATURE", line, `the ${it.kind} ${it.id} is not signed by the key that it names`);
  }
}

/** What a document holds of a signed scan; "redacted" where there is nothing to check: of another kind, or a member was left out. */
function signedIn({ kind, fields }: Document): SignedScan | "redacted" {
  const parts = ["key", "signature", "report"].map((name) => fields[name]);
  if (kind !== "scan" || parts.some((it) => it !== undefined && "commitment" in it)) return "redacted";
  const [key = "", signature = "", report = ""] = parts.map((it) =>
    it && "value" in it && typeof it.value === "string" ? it.value : "",
  );
  return { key, signature, report };
}

function verifyTrust({ header, seal }: PackLines, trusted: readonly string[] | undefined, problems: Problems): void {
  if (!trusted) return;
  for (const key of new Set([seal.it.key, ...header.it.keys])) {
    if (trusted.includes(key) || trusted.includes(keyId(key))) continue;
    problems.add("UNTRUSTED_KEY", 1, `${keyId(key)} is not one of the keys you trust`);
  }
}

function verifyKnown({ header, checkpoints }: PackLines, known: readonly Checkpoint[], problems: Problems): void {
  const newest = checkpoints.at(-1)?.it.checkpoint.size ?? 0;
  for (const old of known.filter((it) => it.origin === header.it.origin)) {
    const same = checkpoints.filter(({ it }) => it.checkpoint.size === old.size);
    const at = `your checkpoint of ${old.size} entries`;
    if (same.some(({ it }) => it.checkpoint.root !== old.root))
      problems.add("FORK", same[0]?.line ?? 1, `${at} has another root`);
    else if (newest < old.size)
      problems.add(
        "ROLLBACK",
        1,
        `the log ends at ${newest} entries, before ${at}: it was cut, or the pack is older; ask for a new pack`,
      );
    else if (same.length === 0)
      problems.add("KNOWN_NOT_SHOWN", 1, `the pack holds no checkpoint to compare ${at} with`);
  }
}

function report(lines: PackLines, problems: Problems): PackReport {
  const { header, documents, entries, checkpoints, seal } = lines;
  const sealed = !problems.has("SEAL_DIGEST") && !problems.has("SEAL_SIGNATURE");
  return {
    ok: problems.list.length === 0,
    entries: entries.length,
    checkpoints: checkpoints.length,
    documents: documents.length,
    late: lateOf(lines),
    redacted:
      documents.reduce((sum, { it }) => sum + hidden(it), 0) +
      entries.reduce((sum, { it }) => sum + hidden(it.entry), 0),
    grades: gradesOf(documents.map(({ it }) => it)),
    origin: header.it.origin,
    incident: header.it.incident,
    ...(sealed && { signer: keyId(seal.it.key) }),
    scanSigners: scanSignersOf(lines),
    keys: header.it.keys.map(keyId),
    problems: problems.list,
  };
}

/** What is no grade is none: whatever else stands there, it is never counted as one. */
function gradesOf(documents: readonly Document[]): GradeCounts {
  const counts = { signed: 0, authenticated: 0, plain: 0, ungraded: 0, redacted: 0 };
  for (const { kind, fields } of documents) {
    if (kind !== "event") continue;
    const field = fields["grade"];
    const value = field && "value" in field ? field.value : undefined;
    if (field && "commitment" in field) counts.redacted++;
    else if (value === "signed" || value === "authenticated" || value === "plain") counts[value]++;
    else counts.ungraded++;
  }
  return counts;
}

function scanSignersOf({ documents }: PackLines): string[] {
  const signed = documents.flatMap(({ it }) => {
    const scan = signedIn(it);
    return scan !== "redacted" && isSignedScan(scan) ? [keyId(scan.key)] : [];
  });
  return [...new Set(signed)].sort();
}

/** How many documents no entry puts on record but those that say of it that it came late. */
function lateOf({ documents, entries }: PackLines): number {
  const inTime = new Set<unknown>();
  const late = new Map<unknown, ReadonlySet<string>[]>();
  for (const { it } of entries) {
    const names = new Set(namesIn(it.entry, lateField).map((name) => JSON.stringify(name)));
    for (const digest of recordsOf(it.entry)) {
      if (names.size === 0) inTime.add(digest);
      else late.set(digest, [...(late.get(digest) ?? []), names]);
    }
  }
  return documents.filter(({ it }) => {
    const digest = documentDigest(it);
    const name = JSON.stringify([it.kind, it.id]);
    return !inTime.has(digest) && late.get(digest)?.some((names) => names.has(name)) === true;
  }).length;
}

function hidden(it: Document | Entry): number {
  const own = "seq" in it ? [it.by, it.subject] : [];
  return [...own, ...Object.values(it.fields)].filter((field) => field && "commitment" in field).length;
}
