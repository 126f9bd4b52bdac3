import { Crew, JobLost } from "./crew.ts";
import type { DeclaredPlace } from "./declare.ts";
import type { HashMode } from "./hash-plan.ts";
import { foldersPerJob, maxAliases, maxCandidates } from "./limits.ts";
import type { NotSeen } from "./not-seen.ts";
import type { Place } from "./open-file.ts";
import { readAll, type Archives } from "./read-all.ts";
import type { Found } from "./read-candidate.ts";
import type { Alias, Candidate } from "./walk.ts";

/** How far a scan is. Counts only grow; `toRead` is known once the walk is done. */
export interface ScanProgress {
  readonly phase: "walking" | "looking" | "hashing";
  readonly files: number;
  readonly bytesRead: number;
  /** Files that look like models, or, while hashing, those that are hashed. */
  readonly candidates: number;
  readonly done: number;
  /** Bytes of the weights that will be hashed; 0 until that is known. */
  readonly toRead: number;
}

export interface CollectOptions {
  readonly start: readonly string[];
  readonly skip: Iterable<string>;
  readonly workers: number;
  readonly hash: HashMode;
  readonly hashBytes: number;
  readonly unpackBytes: number;
  /** Files that a person named: looked into as deep as it takes. */
  readonly named: ReadonlySet<string>;
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
  readonly candidates: number;
  readonly archives: Archives;
}

/** Where the scan is, as it goes on. */
export interface Tally {
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
    const { found, archives } = await readAll(crew, candidates, options, tally, report);
    const { files, bytesRead } = tally;
    return { found, aliases, files, bytesRead, candidates: candidates.length, archives };
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
