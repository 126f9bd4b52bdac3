// CloudTrail's digest files in a bucket, each checked when it comes: whether the log files that were read before it are as AWS delivered them.
import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import {
  checkDigest,
  digestWords,
  maxDigestBytes,
  namedIn,
  readDigest,
  readDigestKeys,
  type DigestKeys,
  type DigestProblem,
  type DigestProblemCode,
} from "@outweigh/pipeline";
import { hashesOf, isKnownBefore, newestRefused, type Bucket } from "../store/collected.ts";
import type { Db } from "../store/state/state.ts";
import { messageOf } from "../values.ts";
import { readWhole } from "./object-reader.ts";
import { refused } from "./refused.ts";

/** Stands in the name of every digest file, and of no log file. */
const digestPart = "_CloudTrail-Digest_";
/** Files that one message names; the others are counted. */
const maxNamed = 5;

/** What an object's name says it is. */
export function isDigest(object: string): boolean {
  return object.slice(object.lastIndexOf("/") + 1).includes(digestPart);
}

/** May be there later: log files and digests come in any order, and keys are added. */
const mayChange: ReadonlySet<DigestProblemCode> = new Set(["LOG_MISSING", "DIGEST_LOST", "NO_KEY"]);

/** What a digest shows to be wrong. */
export class DigestFault extends Error {
  override readonly name = "DigestFault";
  /** Whether looking again later may find it right. */
  readonly mayChange: boolean;
  /** SHA-256 of the digest file, where its own signature holds: the next one names it, whatever this one shows. */
  readonly hash: string | undefined;

  constructor(problems: readonly DigestProblem[], hash?: string) {
    const named = problems.slice(0, maxNamed).map(({ code, file }) => `${file}: ${digestWords[code]}`);
    const left = problems.length - named.length;
    super(`${named.join("; ")}${left > 0 ? `; and ${left} more` : ""}`);
    this.hash = hash;
    this.mayChange = problems.every(({ code }) => mayChange.has(code));
  }
}

/** A digest file that holds. */
interface HeldDigest {
  readonly hash: string;
  readonly upTo: string;
  readonly logs: number;
}

export class BucketDigests {
  readonly #db: Db;
  readonly #bucket: Bucket;
  /** The bucket's own name, as digests write it. */
  readonly #name: string;
  readonly #keys: DigestKeys;

  private constructor(db: Db, bucket: Bucket, name: string, keys: DigestKeys) {
    this.#db = db;
    this.#bucket = bucket;
    this.#name = name;
    this.#keys = keys;
  }

  /** @throws {ServerError} SOURCE_REFUSED where the file of keys is none. */
  static async open(db: Db, bucket: Bucket, name: string, file: string): Promise<BucketDigests> {
    try {
      return new BucketDigests(db, bucket, name, readDigestKeys(await readFile(file, "utf8")));
    } catch (cause) {
      throw refused(bucket.source, `digests.keys: ${file}: ${messageOf(cause)}`, cause);
    }
  }

  /** What the last digest that was given up showed: it stays said until it is older than the look-back. */
  async lastFault(): Promise<string | undefined> {
    const found = await newestRefused(this.#db, this.#bucket, digestPart);
    return found && `${found.object}: ${found.problem ?? "it does not hold"}`;
  }

  /** @throws {DigestFault}; whatever the body throws. */
  async check(object: string, body: Readable, signature: string | undefined): Promise<HeldDigest> {
    const digest = readDigest(await readWhole(body, maxDigestBytes), signature);
    if (!digest || namedIn(digest).place !== `${this.#name}/${object}`)
      throw new DigestFault([{ code: "DIGEST_CHANGED", file: `${this.#name}/${object}` }]);
    const start = `${this.#name}/`;
    // What lies in another bucket was not read here.
    const keys = namedIn(digest).others.flatMap((it) => (it.startsWith(start) ? [it.slice(start.length)] : []));
    const hashes = await hashesOf(this.#db, this.#bucket, keys);
    const isFirst = !(await isKnownBefore(this.#db, this.#bucket, { part: trailOf(object), object }));
    const problems = checkDigest(digest, this.#keys, {
      hashesOf: (place) => hashes.get(place.slice(start.length)) ?? [],
      isFirst,
    });
    const isOwn = problems.some(({ file }) => file === `${this.#name}/${object}`);
    if (problems.length > 0) throw new DigestFault(problems, isOwn ? undefined : digest.hash);
    const { digestEndTime, logFiles } = digest.content;
    return { hash: digest.hash, upTo: digestEndTime, logs: logFiles.length };
  }
}

/** A digest's name without its time: that of one trail, region and account. */
function trailOf(object: string): string {
  return object.slice(object.lastIndexOf("/") + 1).replace(/\d{8}T\d{6}Z\.json\.gz$/, "");
}
