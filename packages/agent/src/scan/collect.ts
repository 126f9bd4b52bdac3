import { Crew, JobLost } from "./crew.ts";
import type { DeclaredPlace } from "./declare.ts";
import { isHollow, planHashing, type HashMode } from "./hash-plan.ts";
import { foldersPerJob, maxAliases, maxCandidates, maxTensorsHeld } from "./limits.ts";
import type { NotSeen } from "./not-seen.ts";
import type { Place } from "./open-file.ts";
import type { Found } from "./read-candidate.ts";
import type { Alias, Candidate } from "./walk.ts";

/** How far a scan is. Counts only grow; `toRead` is known once the walk is done. */
export interface ScanProgress {
  readonly phase: "walking" | "reading";
  readonly files: number;
  readonly bytesRead: number;
  readonly candidates: number;
  readonly done: number;
  /** Bytes of the files that will be hashed. */
  readonly toRead: number;
}

export interface CollectOptions {
  readonly start: readonly string[];
  readonly skip: Iterable<string>;
  readonly workers: number;
  readonly hash: HashMode;
  readonly hashBytes: number;
  readonly places: readonly DeclaredPlace[];
  readonly notSeen: NotSeen;
  readonly signal?: AbortSignal | undefined;
  onProgress?(progress: ScanProgress): void;
}

export interface Collected {
  readonly found: readonly Found[];
  readonly aliases: readonly Alias[];
  readonly files: number;
  readonly bytesRead: number;
}

interface Tally {
  phase: ScanProgress["phase"];
  files: number;
  bytesRead: number;
  candidates: number;
  done: number;
  toRead: number;
}

/** Walks the disks, then reads every file that looked like a model. @throws the signal's reason when it is aborted. */
export async function collect(options: CollectOptions): Promise<Collected> {
  const tally: Tally = { phase: "walking", files: 0, bytesRead: 0, candidates: 0, done: 0, toRead: 0 };
  const report = (): void => options.onProgress?.({ ...tally });
  const onRead = (bytes: number): void => {
    tally.bytesRead += bytes;
    report();
  };
  const crew = new Crew(options.workers, { skip: options.skip, onRead });
  try {
    const { candidates, aliases } = await walkAll(crew, options, tally, report);
    tally.phase = "reading";
    const found = await readAll(crew, candidates, options, tally, report);
    return { found, aliases, files: tally.files, bytesRead: tally.bytesRead };
  } finally {
    await crew.close();
  }
}

async function walkAll(
  crew: Crew,
  { start, workers, notSeen, signal }: CollectOptions,
  tally: Tally,
  report: () => void,
): Promise<{ candidates: Candidate[]; aliases: Alias[] }> {
  const candidates: Candidate[] = [];
  const aliases: Alias[] = [];
  const open: Place[] = start.map((path) => ({ path }));
  const running = new Set<Promise<void>>();
  while (open.length > 0 || running.size > 0) {
    signal?.throwIfAborted();
    if (open.length === 0 || running.size === workers) {
      await Promise.race(running);
      continue;
    }
    const places = open.splice(-foldersPerJob);
    const job = walkSome(places).finally(() => running.delete(job));
    running.add(job);
  }
  return { candidates, aliases };

  async function walkSome(places: readonly Place[]): Promise<void> {
    try {
      const walked = await crew.walk(places);
      for (const it of walked.folders) open.push(it);
      tally.files += walked.files;
      tally.bytesRead += walked.bytesRead;
      notSeen.merge(walked.unseen);
      const room = maxCandidates - candidates.length;
      for (const it of walked.candidates.slice(0, room)) candidates.push(it);
      for (const it of walked.candidates.slice(room)) notSeen.add("file", tooMany, it.path);
      for (const it of walked.aliases.slice(0, maxAliases - aliases.length)) aliases.push(it);
      tally.candidates = candidates.length;
      report();
    } catch (error) {
      if (!(error instanceof JobLost)) throw error;
      for (const it of places) notSeen.add("folder", error.message, it.path);
    }
  }
}

const tooMany = `beyond the first ${maxCandidates} files that look like models`;

async function readAll(
  crew: Crew,
  candidates: readonly Candidate[],
  { workers, hash, hashBytes, places, notSeen, signal }: CollectOptions,
  tally: Tally,
  report: () => void,
): Promise<Found[]> {
  const once = linkedOnce(candidates);
  const first = [...once.keys()];
  const chosen = planHashing(first, { mode: hash, budget: hashBytes, places });
  tally.toRead = hash === "none" ? 0 : [...chosen].reduce((sum, it) => sum + it.bytes, 0);
  report();
  const found: Found[] = [];
  let tensors = 0;
  // Largest first, so that no worker is left alone with the longest job at the end.
  const queue = first.toSorted((a, b) => a.bytes - b.bytes);
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (let it = queue.pop(); it; it = queue.pop()) await readOne(it);
    }),
  );
  return found;

  async function readOne(candidate: Candidate): Promise<void> {
    signal?.throwIfAborted();
    try {
      const answer = await crew.read({
        candidate,
        hash: hash !== "none" && chosen.has(candidate),
        unpack: chosen.has(candidate),
      });
      notSeen.merge(answer.unseen);
      const held = answer.found.reduce((sum, it) => sum + it.file.tensors.length, 0);
      if (tensors + held > maxTensorsHeld)
        notSeen.add("file", `beyond ${maxTensorsHeld} tensors in all`, candidate.path);
      else {
        tensors += held;
        for (const link of [candidate, ...(once.get(candidate) ?? [])]) {
          for (const it of answer.found) found.push(link === candidate ? it : renamed(it, candidate.path, link.path));
        }
        if (answer.found.some(isUnhashed)) notSeen.add("file", whyUnhashed(candidate, hash), candidate.path);
      }
    } catch (error) {
      if (!(error instanceof JobLost)) throw error;
      notSeen.add("file", error.message, candidate.path);
    }
    tally.done++;
    report();
  }
}

function isUnhashed({ file, digests, sha256 }: Found): boolean {
  return digests === undefined && sha256 === undefined && file.shards === undefined;
}

function whyUnhashed(candidate: Candidate, hash: HashMode): string {
  if (isHollow(candidate)) return "found, but not hashed: most of it is holes, not data";
  return hash === "none"
    ? "found, but not hashed, so copies of it are not recognised; --hash=auto does"
    : "found, but not hashed: too large for a quick scan; --hash=full does it";
}

/** Each file once, with its other names: hard links are the same bytes. */
function linkedOnce(candidates: readonly Candidate[]): Map<Candidate, Candidate[]> {
  const byInode = new Map<string, Candidate>();
  const once = new Map<Candidate, Candidate[]>();
  for (const it of candidates) {
    const key = JSON.stringify([it.device, it.inode, it.bytes]);
    const same = it.links > 1 ? byInode.get(key) : undefined;
    if (same) once.get(same)?.push(it);
    else {
      byInode.set(key, it);
      once.set(it, []);
    }
  }
  return once;
}

function renamed(it: Found, from: string, to: string): Found {
  if (it.container !== undefined) return { ...it, container: to };
  return { ...it, path: it.path === from ? to : it.path };
}
