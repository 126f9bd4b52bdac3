import { existsSync, readFileSync, realpathSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { resolve } from "node:path";
import type { Looked, ModelEntry, ScanReport } from "@outweigh/schema";
import { groupModels, holdsWeights } from "@outweigh/weights";
import type { ExportedOptions } from "../posture/exported/file.ts";
import { settle } from "../posture/host/listening.ts";
import { Machine } from "../posture/machine.ts";
import { readPosture } from "../posture/posture.ts";
import { AttributeReader, withoutHelper } from "./attributes.ts";
import { collect, type ScanProgress } from "./collect.ts";
import { declaredPlaces } from "./declare.ts";
import { describeModels } from "./describe.ts";
import { ScanError } from "./error.ts";
import type { HashMode } from "./hash-plan.ts";
import { autoHashBytes, autoUnpackBytes } from "./limits.ts";
import { findListeners, readTable, type FoundListener } from "./listeners.ts";
import { parseMounts, planWalk } from "./mounts.ts";
import { nameBlobs, unnameBlobs } from "./named-blobs.ts";
import { matchModels, type KnownFingerprint } from "./match.ts";
import { NotSeen } from "./not-seen.ts";
import { errnoOf, whyUnreadable, type RawNames } from "./open-file.ts";
import type { Found } from "./read-candidate.ts";
import { theftPaths } from "./theft-paths.ts";

export interface ScanOptions {
  /** Folders or files to scan. A link named here is followed; links below are not. */
  readonly roots: readonly string[];
  /** What is declared: names models and tells declared copies from others. */
  readonly register?: readonly ModelEntry[];
  /** How much is hashed. Default `auto`: declared places and small files first, up to `autoHashBytes`. */
  readonly hash?: HashMode;
  /** Fingerprints of protected models, to recognise changed copies by, and the secret they were made with. Default: none. */
  readonly match?: {
    readonly known: readonly KnownFingerprint[];
    readonly key: Uint8Array;
    /** Names of those that are watched after a confirmed theft: what may come from them is told too. */
    readonly watched?: ReadonlySet<string>;
  };
  /** Folders to leave out: our own data. */
  readonly exclude?: readonly string[];
  /** A folder of exported configuration: policies, roles, repositories. Default: none. */
  readonly posture?: ExportedOptions;
  /** The compiled helper, which reads access lists and capabilities of files. Default: none, and they are not told. */
  readonly helper?: string | undefined;
  /** Where the host's `/` is. Default: `/`. Another one for a disk that is mounted, and in tests. */
  readonly machine?: string;
  /** Called often, up to a thousand times a second. */
  onProgress?(progress: ScanProgress): void;
  readonly signal?: AbortSignal;
  readonly limits?: {
    readonly autoHashBytes?: number;
    readonly autoUnpackBytes?: number;
    /** Threads. Default: one for each core, at most 8. */
    readonly workers?: number;
  };
}

/** More threads than this wait for the disk, not for the processor. */
const maxWorkers = 8;

const { version }: { version: string } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
);

/**
 * What models lie on this host, who else can read them, who listens, how they could be taken, and what could not be seen.
 * Opens nothing for writing, follows no link, runs nothing it finds, contacts nobody.
 *
 * @throws {ScanError} NO_SUCH_ROOT, ABORTED.
 */
export async function scan(options: ScanOptions): Promise<ScanReport> {
  const startedAt = new Date().toISOString();
  const notSeen = new NotSeen();
  const register = options.register ?? [];
  const places = declaredPlaces(register);
  const attributes = new AttributeReader(options.helper);
  const machine = new Machine(options.machine === undefined ? "/" : realRoot(options.machine), attributes);
  const { posture } = options;
  const exported = posture && {
    ...posture,
    folder: posture.folder === undefined ? undefined : realRoot(posture.folder),
  };
  const roots = options.roots.map(realRoot);
  const plan = planWalk(roots, parseMounts(readTable("/proc/self/mountinfo") ?? ""), (options.exclude ?? []).map(real));
  for (const [path, why] of plan.skip) if (existsSync(path)) notSeen.say(path, why);

  const collected = await collectOrAbort(options, { ...plan, places, notSeen });
  const { files, onDisk } = nameBlobs(collected.found, collected.aliases);
  for (const it of files) {
    if (it.file.tensors.length === 0 || holdsWeights(it)) continue;
    notSeen.add(
      "file",
      "arrays of integers or of a few numbers: taken for data, though weights can be kept so",
      it.path,
    );
  }
  const found = groupModels(files).map((it) => unnameBlobs(it, onDisk));
  const { accounts } = machine;
  const beside = new Map(collected.found.filter((it) => it.beside.length > 0).map((it) => [it.path, it.beside]));
  const rawNames = rawNamesOf(collected.found);
  const described = describeModels(found, { register, places, accounts, beside, rawNames, machine }, notSeen);
  const { signal } = options;
  const models = options.match
    ? await matchModels(described.models, { ...options.match, register, places, rawNames, notSeen, signal })
    : described.models;
  const holders = findListeners(machine.here("/proc"), notSeen);
  const listeners = holders.map((it) => settled(it, machine));
  const now = Date.parse(startedAt);
  const { ways, looked, tokens } = readPosture({ machine, register, exported, notSeen, now });
  sayBlindSpots(notSeen, accounts.leftOut, attributes);

  return {
    version,
    host: hostname(),
    startedAt,
    finishedAt: new Date().toISOString(),
    roots,
    filesSeen: collected.files,
    bytesRead: collected.bytesRead,
    candidates: collected.candidates,
    archives: collected.archives,
    models: [...models],
    listeners: listeners.map((it) => it.listener),
    paths: theftPaths({ models, register, proofs: described.proofs, listeners, ways, machine }),
    looked: [...lookedHere(notSeen, accounts.leftOut, attributes), ...looked],
    tokens: [...tokens],
    notSeen: notSeen.list(),
  };
}

/** With what its configuration says of whether it asks for a key, and what it serves. */
function settled(it: FoundListener, machine: Machine): FoundListener {
  const { authenticated, proof, serves } = settle(it, machine);
  const known = { ...it, serves, ...(proof !== undefined && { proof }) };
  if (authenticated === undefined || it.listener.authenticated !== "unknown") return known;
  return { ...known, listener: { ...it.listener, authenticated } };
}

/** Whether copies and listeners were all seen. */
function lookedHere(notSeen: NotSeen, accountsLeftOut: number, { hasHelper }: AttributeReader): Looked[] {
  const said = notSeen.list().map((it) => `${it.what}: ${it.why}`);
  const files = said.filter((it) => /permission denied|who can read it/.test(it));
  const hidden = said.filter((it) => /^the process(?:es)? of .* listeners?/.test(it) || it.startsWith("listeners in"));
  if (accountsLeftOut > 0) files.push(`${accountsLeftOut} local users were left out`);
  const lists = hasHelper ? notSeen.nouns("access list") : [withoutHelper];
  const one = (kind: Looked["kind"], why: readonly string[]): Looked => ({
    kind,
    complete: why.length === 0,
    ...(why.length > 0 && { why: why.slice(0, 3).join("; ").slice(0, 500) }),
  });
  return [
    one("file-mode", files),
    one("group-read", files),
    one("access-list", [...lists, ...files]),
    one("listener", hidden),
  ];
}

type Plan = Pick<Parameters<typeof collect>[0], "start" | "places" | "notSeen"> & { skip: ReadonlyMap<string, string> };

async function collectOrAbort(
  options: ScanOptions,
  { start, skip, places, notSeen }: Plan,
): ReturnType<typeof collect> {
  const { hash = "auto", limits = {}, signal, onProgress } = options;
  try {
    return await collect({
      start,
      skip: skip.keys(),
      workers: limits.workers ?? Math.min(availableParallelism(), maxWorkers),
      hash,
      hashBytes: limits.autoHashBytes ?? autoHashBytes,
      unpackBytes: limits.autoUnpackBytes ?? autoUnpackBytes,
      named: new Set(start),
      places,
      notSeen,
      signal,
      ...(onProgress && { onProgress }),
    });
  } catch (error) {
    if (signal?.aborted) throw new ScanError("ABORTED", "the scan was stopped", { cause: error });
    throw error;
  }
}

/** The bytes of names that are no UTF-8, by the path that shows them: more than one name may show as the same. */
function rawNamesOf(found: readonly Found[]): RawNames {
  const names = new Map<string, Uint8Array[]>();
  for (const { path, container = path, raw } of found) {
    const known = names.get(container) ?? [];
    if (raw && !known.some((it) => Buffer.compare(it, raw) === 0)) names.set(container, [...known, raw]);
  }
  return names;
}

function realRoot(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const why = errnoOf(error) === "ENOENT" ? "there is no such file or folder" : whyUnreadable(error);
    throw new ScanError("NO_SUCH_ROOT", `${path}: ${why}`, { cause: error });
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path); // not there yet
  }
}

/** What no scan of this kind sees, said in every report. */
function sayBlindSpots(notSeen: NotSeen, accountsLeftOut: number, { hasHelper }: AttributeReader): void {
  notSeen.say("other hosts, buckets and registries", "a scan sees this host's disks only");
  notSeen.say("memory, swap and GPUs", "weights that were loaded are not on the disk");
  notSeen.say("encrypted or unknown containers", "their content cannot be recognised");
  if (!hasHelper) notSeen.say("access lists (ACLs) and capabilities of files", withoutHelper);
  notSeen.say("users of a directory service", "only /etc/passwd and /etc/group were read");
  if (accountsLeftOut > 0) notSeen.say(`${accountsLeftOut} local users`, "beyond the first in /etc/passwd");
  if (process.geteuid?.() !== 0) notSeen.say("what only root can read", "the scan did not run as root");
}
