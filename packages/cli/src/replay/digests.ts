// CloudTrail's digest files among what is given: they vouch for log files, byte for byte.
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { DigestFile, DigestProblem } from "@outweigh/pipeline";
import { CliError } from "../error.ts";
import { statOf, unreadable } from "../paths.ts";
import type { LogFile } from "./files.ts";
import { unpacked } from "./unpack.ts";

/** Longest file of keys, in bytes: AWS lists some dozens, of half a kilobyte each. */
const maxKeysBytes = 4 * 1024 * 1024;
/** Most bytes of digests that one check holds, unpacked: the largest trails have some kilobytes an hour and region. */
const maxAllBytes = 2 * 1024 ** 3;
/** Beginning of a file in which what it is stands, in bytes. */
const sampleBytes = 4096;
/** What is added to a digest file's name to name the file with its signature. */
const signatureEnding = ".signature";

/** What came of the digest files that were given. */
export interface Digests {
  /** Files that are digests, or their signatures, and no logs. */
  readonly files: ReadonlySet<string>;
  /** How many digests are signed by a key that was given. */
  readonly signed: number;
  /** Whose trails those are. */
  readonly accounts: readonly string[];
  /** Log files that are as AWS delivered them: SHA-256 of their bytes, unpacked, by their paths. */
  readonly vouched: ReadonlyMap<string, string>;
  readonly problems: readonly DigestProblem[];
  /** Digests were given, and no keys to check them with. */
  readonly unchecked: boolean;
}

/** @throws {CliError} USAGE for keys that are none, or too many digests; the signal's reason. */
export async function checkDigestsOf(
  files: readonly LogFile[],
  keysFile: string | undefined,
  signal: AbortSignal,
): Promise<Digests> {
  const found = await digestsAmong(files, signal);
  if (keysFile === undefined || found.digests.size === 0) {
    const keys = keysFile === undefined ? undefined : await readKeys(keysFile);
    const unchecked = keys === undefined && found.digests.size > 0;
    return { files: found.files, signed: 0, accounts: [], vouched: new Map(), problems: [], unchecked };
  }
  const { checkDigests } = await import("@outweigh/pipeline");
  const keys = await readKeys(keysFile);
  const logs: { name: string; hash: string }[] = [];
  for (const it of files.filter(({ path }) => isLog(path) && !found.files.has(path))) {
    const hash = await hashOf(it.path, signal);
    if (hash !== undefined) logs.push({ name: it.path, hash });
  }
  const check = checkDigests([...found.digests.values()], logs, keys);
  const vouched = new Map(logs.filter((it) => check.vouched.has(it.hash)).map((it) => [it.name, it.hash]));
  const { signed, accounts } = check;
  return { files: found.files, signed, accounts, vouched, problems: check.problems, unchecked: false };
}

/** What CloudTrail calls the log files that it delivers; others of its records are in no digest. */
function isLog(path: string): boolean {
  return /_CloudTrail_[^/]*\.json(?:\.gz)?$/.test(path);
}

async function digestsAmong(files: readonly LogFile[], signal: AbortSignal) {
  const { looksLikeDigest, maxDigestBytes, maxDigests, readDigest } = await import("@outweigh/pipeline");
  const digests = new Map<string, DigestFile>();
  const all = new Set<string>();
  let held = 0;
  for (const { path } of files) {
    signal.throwIfAborted();
    const bytes = await beginsLike(path, looksLikeDigest, maxDigestBytes);
    const digest = bytes && readDigest(bytes, signatureBeside(path));
    if (!digest) continue;
    held += bytes.length;
    if (held > maxAllBytes) throw new CliError("USAGE", `digest files of more than ${maxAllBytes} bytes are given`);
    digests.set(path, digest);
    all.add(path).add(path + signatureEnding);
    if (digests.size > maxDigests) throw new CliError("USAGE", `more than ${maxDigests} digest files are given`);
  }
  return { digests, files: all };
}

/** A file's bytes unpacked, if it begins as is asked for and is no longer than that. */
async function beginsLike(
  path: string,
  is: (text: string) => boolean,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let begins = false;
  try {
    for await (const chunk of unpacked(path)) {
      pieces.push(chunk);
      bytes += chunk.length;
      begins ||= is(Buffer.concat(pieces).subarray(0, sampleBytes).toString("latin1"));
      if (bytes > maxBytes || (!begins && bytes >= sampleBytes)) return undefined;
    }
  } catch {
    return undefined; // Whoever reads its records says what is wrong with it.
  }
  return begins ? Buffer.concat(pieces) : undefined;
}

/** What the object's metadata said, if somebody kept it beside the copy. */
function signatureBeside(path: string): string | undefined {
  try {
    const file = statSync(path + signatureEnding);
    // Nothing that is long, and nothing that waits for a writer, as a pipe does.
    return file.isFile() && file.size <= sampleBytes ? readFileSync(path + signatureEnding, "latin1") : undefined;
  } catch {
    return undefined;
  }
}

async function hashOf(path: string, signal: AbortSignal): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of unpacked(path)) {
      signal.throwIfAborted();
      hash.update(chunk);
    }
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
  return hash.digest("hex");
}

async function readKeys(file: string) {
  const { PipelineError, readDigestKeys } = await import("@outweigh/pipeline");
  const { size } = statOf(file);
  if (size > maxKeysBytes) throw new CliError("USAGE", `${file} has ${size} bytes, at most ${maxKeysBytes} are read`);
  try {
    return readDigestKeys(readFileSync(file, "utf8"));
  } catch (cause) {
    if (!(cause instanceof PipelineError)) throw unreadable(file, cause);
    throw new CliError("USAGE", `${file} is ${cause.message}`, { cause });
  }
}

/** Whether somebody changed something: what merely cannot be told yet is none of that. */
export function isTampering({ code }: DigestProblem): boolean {
  return code !== "DIGEST_NOT_SIGNED" && code !== "NO_KEY" && code !== "CHAIN_BEGINS_ANEW";
}
