import type { CollectOptions, Tally } from "./collect.ts";
import { JobLost, type Crew } from "./crew.ts";
import { isHollow, planHashing, type HashMode } from "./hash-plan.ts";
import { leastMemberBytes, maxTensorsHeld, maxUnpackBytesEach } from "./limits.ts";
import type { NotSeen } from "./not-seen.ts";
import type { Found, ReadAnswer } from "./read-candidate.ts";
import type { Candidate } from "./walk.ts";

/** How many archives were opened, and of how many a part was left out because it would have meant unpacking too much. */
export interface Archives {
  readonly lookedInto: number;
  readonly leftOut: number;
}

/** Archives unpacked from front to back are hashed on the way if they are no larger than this, in bytes: another pass costs more. */
const hashedOnTheWayBytes = 256 * 1024 * 1024;

/**
 * Reads every file that looked like a model: first its header, and of archives the list of members and the beginning of each; then, of the
 * weights found, as many whole as the budget allows. So the budget is spent on weights alone.
 * @throws the signal's reason when it is aborted.
 */
export async function readAll(
  crew: Crew,
  candidates: readonly Candidate[],
  options: CollectOptions,
  tally: Tally,
  report: () => void,
): Promise<{ found: Found[]; archives: Archives }> {
  const { hash, notSeen } = options;
  const once = linkedOnce(candidates);
  const yielded = new Yield(once, notSeen);
  const reader = new ReadingRoom(crew, options);
  const unhashed = new Map<Candidate, ReadAnswer>();
  const step = (): void => {
    tally.done++;
    report();
  };

  tally.phase = "looking";
  await reader.readEach([...once.keys()], async (candidate) => {
    const answer = await reader.read(candidate, hash === "full" || (hash === "auto" && isHashedOnTheWay(candidate)));
    if (answer?.found.some(isUnhashed) && hash === "auto") unhashed.set(candidate, answer);
    else if (answer) yielded.take(candidate, answer, hash);
    step();
  });
  if (unhashed.size === 0) return yielded;

  const weigh = (it: Candidate): number => weightBytes(unhashed.get(it)?.found ?? []);
  const { places, hashBytes } = options;
  const chosen = planHashing([...unhashed.keys()], { mode: hash, budget: hashBytes, places, weigh });
  Object.assign(tally, { phase: "hashing", done: 0, candidates: chosen.size });
  tally.toRead = tally.bytesRead + [...chosen].reduce((sum, it) => sum + weigh(it), 0);
  report();
  await reader.readEach([...unhashed.keys()], async (candidate) => {
    const known = unhashed.get(candidate);
    const answer = known && chosen.has(candidate) ? await reader.readAgain(candidate, known) : known;
    if (answer) yielded.take(candidate, answer, hash);
    unhashed.delete(candidate);
    if (chosen.has(candidate)) step();
  });
  return yielded;
}

function isHashedOnTheWay({ packed, bytes }: Candidate): boolean {
  return packed && bytes <= hashedOnTheWayBytes;
}

/** Files as they lie there; in an archive what unpacks to weights. */
function weightBytes(found: readonly Found[]): number {
  return found.reduce((sum, it) => sum + it.bytes, 0);
}

/** Hands jobs to the crew, and shares out what may be unpacked. */
class ReadingRoom {
  readonly #crew: Crew;
  readonly #options: CollectOptions;
  #toUnpack: number;

  constructor(crew: Crew, options: CollectOptions) {
    this.#crew = crew;
    this.#options = options;
    this.#toUnpack = options.unpackBytes;
  }

  /** Largest first, so that no worker is left alone with the longest job at the end, and what may be unpacked goes to large archives. */
  async readEach(candidates: readonly Candidate[], readOne: (candidate: Candidate) => Promise<void>): Promise<void> {
    const queue = candidates.toSorted((a, b) => a.bytes - b.bytes);
    await Promise.all(
      Array.from({ length: this.#options.workers }, async () => {
        for (let it = queue.pop(); it; it = queue.pop()) {
          this.#options.signal?.throwIfAborted();
          await readOne(it);
        }
      }),
    );
  }

  /** Hashes what a look found; what that said stays said. As it was found if its reader was lost. */
  async readAgain(candidate: Candidate, looked: ReadAnswer): Promise<ReadAnswer> {
    const only = new Set(looked.found.filter((it) => it.container !== undefined).map((it) => it.path));
    const answer = await this.read(candidate, true, only.size > 0 ? only : undefined);
    if (!answer) return looked;
    const said = new Set(looked.unseen.map((it) => it.why));
    return {
      ...answer,
      archive: looked.archive,
      unseen: [...looked.unseen, ...answer.unseen.filter((it) => !said.has(it.why))],
    };
  }

  /** Undefined if its reader was lost; then that is said. */
  async read(candidate: Candidate, hash: boolean, only?: ReadonlySet<string>): Promise<ReadAnswer | undefined> {
    const isThorough = this.#options.hash === "full" || this.#options.named.has(candidate.path);
    const unpackBytes = isThorough ? 0 : Math.min(this.#toUnpack, maxUnpackBytesEach);
    this.#toUnpack -= unpackBytes;
    try {
      const allowance = isThorough ? undefined : { unpackBytes, leastMemberBytes };
      const answer = await this.#crew.read({ candidate, hash: hash && !isHollow(candidate), allowance, only });
      this.#toUnpack += Math.max(0, unpackBytes - answer.unpacked);
      return answer;
    } catch (error) {
      if (!(error instanceof JobLost)) throw error;
      this.#options.notSeen.add("file", error.message, candidate.path);
      return undefined;
    }
  }
}

/** What reading gave, under all names of each file. */
class Yield {
  readonly found: Found[] = [];
  readonly #once: ReadonlyMap<Candidate, readonly Candidate[]>;
  readonly #notSeen: NotSeen;
  #tensors = 0;
  #lookedInto = 0;
  #leftOut = 0;

  constructor(once: ReadonlyMap<Candidate, readonly Candidate[]>, notSeen: NotSeen) {
    this.#once = once;
    this.#notSeen = notSeen;
  }

  get archives(): Archives {
    return { lookedInto: this.#lookedInto, leftOut: this.#leftOut };
  }

  take(candidate: Candidate, { found, unseen, archive }: ReadAnswer, hash: HashMode): void {
    this.#notSeen.merge(unseen);
    if (archive === "looked-into") this.#lookedInto++;
    if (archive === "left-out") this.#leftOut++;
    const held = found.reduce((sum, it) => sum + it.file.tensors.length, 0);
    if (this.#tensors + held > maxTensorsHeld) {
      this.#notSeen.add("file", `beyond ${maxTensorsHeld} tensors in all`, candidate.path);
      return;
    }
    this.#tensors += held;
    for (const link of [candidate, ...(this.#once.get(candidate) ?? [])]) {
      for (const it of found) this.found.push(link === candidate ? it : renamed(it, candidate.path, link));
    }
    if (found.some(isUnhashed)) this.#notSeen.add("file", whyUnhashed(candidate, hash), candidate.path);
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

function renamed(it: Found, from: string, { path, raw }: Candidate): Found {
  const { raw: _, ...named } = it;
  const own = raw ? { ...named, raw } : named;
  if (it.container !== undefined) return { ...own, container: path };
  return { ...own, path: it.path === from ? path : it.path };
}
