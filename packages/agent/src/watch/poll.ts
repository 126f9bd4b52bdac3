// The sensor of tier T0: what `/proc` shows, looked at a few times a second. Misses what begins and ends between two looks.
import { statSync } from "node:fs";
import { peersOf } from "./connections.ts";
import type { Descriptor, Proc, Process } from "./proc.ts";
import type { SeenFile, Sighting, Story } from "./story.ts";

/** What was last seen of one process. */
interface Known {
  readonly process: Process;
  readonly firstSeenAt: number;
  readonly readAt: number;
  /** Files it had open for writing. */
  writing: ReadonlyMap<string, SeenFile>;
  readsPipes: readonly string[];
  writesPipes: readonly string[];
}

/** A process is looked at every time while it is younger than this, in ms: programs open their files when they start. */
const youngMs = 2000;

/** What is known of a process is read again after this, in ms. */
const rereadMs = 10_000;

/** Longest pipe of programs that is followed within one look; longer ones are at the next. */
const maxPipeSteps = 8;

export interface PollOptions {
  readonly proc: Proc;
  readonly story: Pick<Story, "isWatched" | "holds">;
  /** Called at once with what is seen: whether the next thing matters depends on it. */
  see(sighting: Sighting): void;
  /** Our own processes, which read weights to recognise them. */
  isOurs(pid: number): boolean;
  /** Most ms that one look may take; new processes and holders of weights come first, the rest in turn. */
  readonly budgetMs: number;
}

export class Poll {
  readonly #options: PollOptions;
  readonly #known = new Map<number, Known>();
  #turn: number[] = [];
  /** How many looks in a row ended before every new process was looked at. */
  behind = 0;

  constructor(options: PollOptions) {
    this.#options = options;
  }

  /** Looks once. @param at Now, in ms since 1970. */
  look(at: number): void {
    const { proc, story, isOurs, budgetMs } = this.#options;
    const until = performance.now() + budgetMs;
    const pids = proc.pids().filter((it) => !isOurs(it));
    this.#forgetEnded(new Set(pids), at);

    const urgent = pids.filter((pid) => {
      const known = this.#known.get(pid);
      return !known || at - known.firstSeenAt < youngMs || story.holds(known.process.key);
    });
    const inTime = urgent.every((pid) => {
      if (performance.now() > until) return false;
      this.inspect(pid, at);
      return true;
    });
    this.behind = inTime ? 0 : this.behind + 1;
    const looked = new Set(urgent);
    if (this.#turn.length === 0) this.#turn = pids.filter((it) => !looked.has(it));
    while (this.#turn.length > 0 && performance.now() < until) {
      const pid = this.#turn.pop();
      if (pid !== undefined && this.#known.has(pid)) this.inspect(pid, at);
    }
    this.#followPipes(at);
  }

  /** Looks at one process: what a sensor that knows which does as soon as it knows. Returns the inodes of its open files. */
  inspect(pid: number, at: number): ReadonlySet<string> {
    const { proc, story, see } = this.#options;
    const known = this.#remembered(pid, at);
    const open = known && proc.descriptors(pid);
    if (!known || !open) return new Set();
    const { process } = known;
    known.readsPipes = open.filter((it) => it.reads && it.target.startsWith("pipe:")).map((it) => it.target);
    known.writesPipes = open.filter((it) => it.writes && it.target.startsWith("pipe:")).map((it) => it.target);
    const files = open.flatMap((it) => seenFile(it) ?? []);
    for (const it of files) if (story.isWatched(it.file.inode)) see({ kind: "open", at, process, ...it });

    const writing = new Map(files.filter((it) => it.writes).map((it) => [it.file.inode, it.file]));
    for (const [inode, file] of known.writing) if (!writing.has(inode)) see(finished(process, file, at));
    known.writing = writing;
    if (story.holds(process.key)) {
      for (const it of files) if (it.writes) see({ kind: "open", at, process, ...it });
      this.#sending(process, open, at);
    }
    return new Set(files.map((it) => it.file.inode));
  }

  /** The process with this id, also when it ended since it was last looked at. */
  processOf(pid: number, at: number): Process | undefined {
    return (this.#known.get(pid) ?? this.#remembered(pid, at))?.process;
  }

  #remembered(pid: number, at: number): Known | undefined {
    const { proc } = this.#options;
    const known = this.#known.get(pid);
    // The same process may run another program by now; who else it became shows a little later.
    const fresh = known && at - known.readAt < rereadMs && known.process.facts.exe === proc.exe(pid);
    if (fresh && known.process.key === proc.key(pid)) return known;
    const process = proc.process(pid);
    if (!process) return undefined;
    const same = known?.process.key === process.key;
    const firstSeenAt = same && known.process.facts.exe === process.facts.exe ? known.firstSeenAt : at;
    const writing = same ? known.writing : new Map();
    const made: Known = { process, firstSeenAt, readAt: at, writing, readsPipes: [], writesPipes: [] };
    this.#known.set(pid, made);
    return made;
  }

  #sending(process: Process, open: readonly Descriptor[], at: number): void {
    const sockets = new Set(open.flatMap((it) => /^socket:\[(\d+)\]$/.exec(it.target)?.[1] ?? []));
    if (sockets.size === 0) return;
    const { proc, see } = this.#options;
    const tables = (["tcp", "tcp6", "udp", "udp6"] as const).map((it) => proc.sockets(process.facts.pid, it));
    for (const peer of peersOf(tables, sockets)) see({ kind: "connected", at, process, peer });
  }

  /** Weights go on from each holder to whoever reads its pipes, among the processes as last seen. */
  #followPipes(at: number): void {
    const { story, see } = this.#options;
    for (let step = 0; step < maxPipeSteps; step++) {
      const holders = [...this.#known.values()].filter(
        (it) => it.writesPipes.length > 0 && story.holds(it.process.key),
      );
      if (holders.length === 0) return;
      const fresh: number[] = [];
      for (const to of this.#known.values()) {
        if (to.readsPipes.length === 0) continue;
        for (const from of holders) {
          if (from === to || !to.readsPipes.some((it) => from.writesPipes.includes(it))) continue;
          const held = story.holds(to.process.key);
          see({ kind: "pipe", at, from: from.process, to: to.process });
          if (!held) fresh.push(to.process.facts.pid);
        }
      }
      for (const pid of fresh) this.inspect(pid, at);
      if (fresh.length === 0) return;
    }
  }

  #forgetEnded(running: ReadonlySet<number>, at: number): void {
    for (const [pid, { process, writing }] of this.#known) {
      if (running.has(pid)) continue;
      this.#known.delete(pid);
      for (const file of writing.values()) this.#options.see(finished(process, file, at));
      this.#options.see({ kind: "ended", at, key: process.key });
    }
  }
}

function seenFile({ target, inode, bytes, reads, writes }: Descriptor) {
  if (inode === undefined || bytes === undefined) return undefined;
  return { file: { inode, path: target, bytes }, reads, writes };
}

/** A file that is not open for writing any more, with its last size where its name still leads to it. */
function finished(process: Process, file: SeenFile, at: number): Sighting {
  return { kind: "written", at, process, file: { ...file, bytes: sizeNow(file) ?? file.bytes } };
}

function sizeNow({ path, inode }: SeenFile): number | undefined {
  try {
    const it = statSync(path);
    return `${it.dev}:${it.ino}` === inode ? it.size : undefined;
  } catch {
    return undefined;
  }
}
