// CloudTrail's digest files: which log files it delivered, each with its SHA-256, signed by AWS, and each tied to the one before.
import { createHash, createPublicKey, verify, type KeyObject } from "node:crypto";
import { z } from "zod";
import { PipelineError } from "./error.ts";

/** Longest digest file that is read, in bytes unpacked: an hour of the busiest trail names some ten thousand log files. */
export const maxDigestBytes = 16 * 1024 * 1024;
/** Most digest files of one check: a year of a trail in all regions has some 300,000. */
export const maxDigests = 500_000;
/** Most signatures that others' files tell of one digest and that are tried: there is one, and each try costs. */
const maxSignatures = 8;
/** Longest name in one, in UTF-16 units: what S3 allows for a key. */
const maxKey = 1024;

const name = z.string().min(1).max(maxKey);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** RSA keys of up to 4,096 bits. */
const signature = z.string().regex(/^(?:[0-9a-f]{2}){64,512}$/);

// Source: CloudTrail's user guide, "CloudTrail digest file structure". The first of a chain has no previous one: all its members are null.
const shape = z.object({
  awsAccountId: z.string().max(64).optional(),
  digestStartTime: z.string().max(64),
  digestEndTime: z.string().max(64),
  digestS3Bucket: name,
  digestS3Object: name,
  digestPublicKeyFingerprint: z.string().max(128),
  digestSignatureAlgorithm: z.string().max(64),
  previousDigestS3Bucket: name.nullish(),
  previousDigestS3Object: name.nullish(),
  previousDigestHashValue: sha256.nullish(),
  previousDigestSignature: signature.nullish(),
  logFiles: z.array(
    z.object({ s3Bucket: name, s3Object: name, hashValue: sha256, hashAlgorithm: z.literal("SHA-256") }),
  ),
});

/** One digest file, read; nothing of it is believed yet. */
export interface DigestFile {
  readonly content: z.infer<typeof shape>;
  /** SHA-256 of its bytes, unpacked. */
  readonly hash: string;
  /** What its object's metadata says its signature is, where that came with it. */
  readonly signature?: string | undefined;
}

/** AWS's public keys by fingerprint, as `aws cloudtrail list-public-keys` prints them. */
export type DigestKeys = ReadonlyMap<string, KeyObject>;

/** A log file that is at hand. */
export interface LogAtHand {
  /** Its address in the bucket, or any path that ends with the object's own name. */
  readonly name: string;
  /** SHA-256 of its bytes, unpacked. */
  readonly hash: string;
}

/**
 * What a check may find, in words that stand behind the file's name. `LOG_NOT_NAMED` is told only of a time whose digest is here, and the
 * next one too. `DIGEST_CHANGED`: it is not what the next one says it was, or its signature does not hold.
 */
export const digestWords = {
  LOG_CHANGED: "not as AWS delivered it",
  LOG_MISSING: "delivered, and not here",
  LOG_NOT_NAMED: "here, and no digest of its time names it",
  DIGEST_LOST: "a digest that the next one names, and that is not here",
  DIGEST_CHANGED: "a digest that is not as AWS signed it",
  DIGEST_NOT_SIGNED: "a digest without a signature: it vouches for nothing",
  NO_KEY: "a digest that is signed by none of the keys given",
  CHAIN_BEGINS_ANEW: "a digest with none before it, though there are older ones: validation was off, or they were cut",
} as const;

export type DigestProblemCode = keyof typeof digestWords;

export interface DigestProblem {
  readonly code: DigestProblemCode;
  /** The file that it is about. */
  readonly file: string;
  /** The digest file that tells. */
  readonly by?: string;
}

export interface DigestCheck {
  /** Digest files whose signature holds. */
  readonly signed: number;
  /** Whose trails those are. AWS signs everybody's with the same keys: an account that is not the expected one proves nothing of it. */
  readonly accounts: readonly string[];
  /** SHA-256 of the log files that a signed digest names: what has one of these is as AWS delivered it. */
  readonly vouched: ReadonlySet<string>;
  /** Each once; all that were found. */
  readonly problems: readonly DigestProblem[];
}

/** Whether a text is a digest file at all. */
export function looksLikeDigest(beginning: string): boolean {
  return /"digestPublicKeyFingerprint"\s*:/.test(beginning) && /"digestS3Object"\s*:/.test(beginning);
}

/** Reads a digest file from its unpacked bytes; undefined for what is none, or broken. */
export function readDigest(bytes: Uint8Array, signedWith?: string): DigestFile | undefined {
  if (bytes.length > maxDigestBytes) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
  const read = shape.safeParse(value);
  const given = signature.safeParse(signedWith?.trim());
  if (!read.success) return undefined;
  return { content: read.data, hash: hashOf(bytes), ...(given.success && { signature: given.data }) };
}

/** @throws {PipelineError} BAD_KEYS for what is not the answer of `aws cloudtrail list-public-keys`. */
export function readDigestKeys(text: string): DigestKeys {
  const listed = z.object({ PublicKeyList: z.array(z.object({ Fingerprint: z.string(), Value: z.string() })).min(1) });
  try {
    const { PublicKeyList: keys } = listed.parse(JSON.parse(text));
    // Source: the guide's "Custom implementations": the value is the DER of a PKCS #1 public key, in Base64.
    return new Map(
      keys.map(({ Fingerprint, Value }) => [
        Fingerprint,
        createPublicKey({ key: Buffer.from(Value, "base64"), format: "der", type: "pkcs1" }),
      ]),
    );
  } catch (cause) {
    throw new PipelineError("BAD_KEYS", "not what `aws cloudtrail list-public-keys` prints", { cause });
  }
}

/**
 * Checks digest files and the log files at hand against each other. What no signed digest vouches for is as good as it was before.
 *
 * Blind spots: the last digest's signature stands only in its object's metadata, so that of a copied file it is not known unless it is
 * given; log files after the last signed digest are not vouched for yet; what AWS itself did not deliver, no digest tells.
 */
export function checkDigests(
  digests: readonly DigestFile[],
  logs: readonly LogAtHand[],
  keys: DigestKeys,
): DigestCheck {
  const found = new Problems();
  const byPlace = new Map(digests.map((it) => [placeOf(it), it]));
  // A signature is AWS's or not, wherever it was found: the next digest holds it as well as the object's metadata.
  const told = new Map<string, Set<string>>();
  for (const it of digests) {
    const [place, signature] = [previousOf(it), it.content.previousDigestSignature];
    if (place === undefined || !signature) continue;
    const known = told.get(place) ?? new Set();
    if (known.size < maxSignatures) told.set(place, known.add(signature));
  }
  const signed = digests.filter((it) => {
    const own = it.signature === undefined ? [] : [it.signature];
    return isSigned(it, [...own, ...(told.get(placeOf(it)) ?? [])], keys, found);
  });
  checkChain(signed, digests, byPlace, found);
  const vouched = checkLogs(signed, logs, found);
  const accounts = new Set(signed.map((it) => it.content.awsAccountId ?? "unknown"));
  return { signed: signed.length, accounts: [...accounts].sort(), vouched, problems: found.list };
}

/** What a reader of a growing bucket knows when it meets a digest. */
export interface KnownObjects {
  /** SHA-256 of the unpacked bytes of each version of an object that was read, by `bucket/object`. */
  hashesOf(place: string): readonly string[];
  /** No older digest of its trail was read: what it names of the time before is not known here. */
  readonly isFirst: boolean;
}

/** One digest against what was read before it. Blind spot: log files that were put in, which no digest names. */
export function checkDigest(it: DigestFile, keys: DigestKeys, { hashesOf, isFirst }: KnownObjects): DigestProblem[] {
  const found = new Problems();
  const place = placeOf(it);
  if (!isSigned(it, it.signature === undefined ? [] : [it.signature], keys, found)) return [...found.list];
  for (const { s3Bucket, s3Object, hashValue } of it.content.logFiles) {
    const hashes = hashesOf(`${s3Bucket}/${s3Object}`);
    if (hashes.some((one) => one !== hashValue)) found.add("LOG_CHANGED", `${s3Bucket}/${s3Object}`, place);
    else if (hashes.length === 0 && !isFirst) found.add("LOG_MISSING", `${s3Bucket}/${s3Object}`, place);
  }
  const previous = previousOf(it);
  const hashes = previous === undefined ? [] : hashesOf(previous);
  if (previous === undefined) {
    if (!isFirst) found.add("CHAIN_BEGINS_ANEW", place);
  } else if (hashes.some((one) => one !== it.content.previousDigestHashValue))
    found.add("DIGEST_CHANGED", previous, place);
  else if (hashes.length === 0 && !isFirst) found.add("DIGEST_LOST", previous, place);
  return [...found.list];
}

/** The address that a digest says is its own, and all that it names: `bucket/object`. */
export function namedIn(it: DigestFile): { readonly place: string; readonly others: readonly string[] } {
  const logs = it.content.logFiles.map(({ s3Bucket, s3Object }) => `${s3Bucket}/${s3Object}`);
  return { place: placeOf(it), others: [...logs, ...[previousOf(it)].filter((one) => one !== undefined)] };
}

class Problems {
  readonly list: DigestProblem[] = [];
  readonly #seen = new Set<string>();

  add(code: DigestProblemCode, file: string, by?: string): void {
    const key = JSON.stringify([code, file]);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.list.push({ code, file, ...(by !== undefined && { by }) });
  }
}

function isSigned(it: DigestFile, signatures: readonly string[], keys: DigestKeys, found: Problems): boolean {
  const { digestPublicKeyFingerprint, digestSignatureAlgorithm } = it.content;
  const key = keys.get(digestPublicKeyFingerprint);
  if (signatures.length === 0) found.add("DIGEST_NOT_SIGNED", placeOf(it));
  else if (!key) found.add("NO_KEY", placeOf(it));
  else if (digestSignatureAlgorithm === "SHA256withRSA" && signatures.some((one) => holds(it, one, key))) return true;
  else found.add("DIGEST_CHANGED", placeOf(it));
  return false;
}

/** Source: the guide's "How CloudTrail digest files are signed": four lines, `null` where there is none before. */
function holds({ content, hash }: DigestFile, hex: string, key: KeyObject): boolean {
  const { digestEndTime, digestS3Bucket, digestS3Object, previousDigestSignature } = content;
  const text = `${digestEndTime}\n${digestS3Bucket}/${digestS3Object}\n${hash}\n${previousDigestSignature ?? "null"}`;
  try {
    return verify("sha256", Buffer.from(text), key, Buffer.from(hex, "hex"));
  } catch {
    return false;
  }
}

function checkChain(
  signed: readonly DigestFile[],
  all: readonly DigestFile[],
  byPlace: ReadonlyMap<string, DigestFile>,
  found: Problems,
): void {
  const first = new Map<string, string>();
  for (const it of all) {
    const { digestStartTime } = it.content;
    const known = first.get(trailOf(it));
    if (known === undefined || digestStartTime < known) first.set(trailOf(it), digestStartTime);
  }
  for (const it of signed) {
    // What came before the oldest that was given was not asked for.
    if (it.content.digestStartTime === first.get(trailOf(it))) continue;
    const previous = previousOf(it);
    if (previous === undefined) found.add("CHAIN_BEGINS_ANEW", placeOf(it));
    else {
      const before = byPlace.get(previous);
      if (!before) found.add("DIGEST_LOST", previous, placeOf(it));
      else if (before.hash !== it.content.previousDigestHashValue) found.add("DIGEST_CHANGED", previous, placeOf(it));
    }
  }
}

function checkLogs(signed: readonly DigestFile[], logs: readonly LogAtHand[], found: Problems): Set<string> {
  const atHand = new Set(logs.map((it) => it.hash));
  const names = new Set(logs.map((it) => baseOf(it.name)));
  const vouched = new Set<string>();
  const named = new Map<string, readonly [file: string, by: string]>();
  for (const it of signed) {
    for (const { s3Bucket, s3Object, hashValue } of it.content.logFiles) {
      vouched.add(hashValue);
      named.set(baseOf(s3Object), [`${s3Bucket}/${s3Object}`, placeOf(it)]);
      if (!atHand.has(hashValue) && !names.has(baseOf(s3Object)))
        found.add("LOG_MISSING", `${s3Bucket}/${s3Object}`, placeOf(it));
    }
  }
  // What was delivered at the end of a digest's time may stand in the next one: only then nothing of it is still to come.
  const followed = new Set(signed.map(previousOf));
  const spans = signed
    .filter((it) => followed.has(placeOf(it)))
    .map((it) => [minuteOf(it.content.digestStartTime), minuteOf(it.content.digestEndTime)] as const);
  for (const { name: file, hash } of logs) {
    if (vouched.has(hash)) continue;
    // Also where the one that was delivered is here too, elsewhere.
    const delivered = named.get(baseOf(file));
    if (delivered) {
      found.add("LOG_CHANGED", ...delivered);
      continue;
    }
    const at = deliveredAt(file);
    const isTold = at === undefined || spans.some(([from, to]) => from < at && at < to);
    if (signed.length > 0 && isTold) found.add("LOG_NOT_NAMED", file);
  }
  return vouched;
}

/** The minute in a log file's own name, `…_20261124T0905Z_…`, as `202611240905`; undefined for another name. */
function deliveredAt(file: string): string | undefined {
  const [, day, minute] = /_(\d{8})T(\d{4})Z_[^/]*$/.exec(file) ?? [];
  return day === undefined ? undefined : `${day}${minute}`;
}

/** `2026-11-24T09:05:31Z` in the same form: both are compared as texts. */
function minuteOf(time: string): string {
  return time.replace(/\D/g, "").slice(0, 12);
}

function placeOf({ content }: DigestFile): string {
  return `${content.digestS3Bucket}/${content.digestS3Object}`;
}

function previousOf({ content }: DigestFile): string | undefined {
  const { previousDigestS3Bucket: bucket, previousDigestS3Object: object } = content;
  return bucket && object ? `${bucket}/${object}` : undefined;
}

/** One trail in one region of one account: a digest's name without its time. */
function trailOf({ content }: DigestFile): string {
  return baseOf(content.digestS3Object).replace(/_\d{8}T\d{6}Z\.json\.gz$/, "");
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
