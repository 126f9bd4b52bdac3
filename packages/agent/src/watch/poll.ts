// The sensor of tier T0: what `/proc` shows, looked at a few times a second. Misses what begins and ends between two looks.
import { statSync } from "node:fs";
import { peersOf } from "./connections.ts";
import { maxFileBytes } from "./limits.ts";
import type { Handle, OpenFile, Proc, Process } from "./proc.ts";
import type { SeenFile, Sighting, Story } from "./story.ts";

/** What was last seen of one process. */
interface Known {
  readonly process: Process;
  readonly firstSeenAt: number;
  readonly readAt: number;
  /** Files that it had open for writing while it held weights. */
  writing: ReadonlyMap<string, SeenFile>;
  /** Pipes that it wrote while it held weights. */
  pipes: readonly string[];
}

/** A process is looked at every time while it is younger than this, in ms: programs open their files when they start. */
const youngMs = 2000;

/** What is known of a process is read again after this, in ms. */
const rereadMs = 10_000;

/** Most pipes of one process that are remembered as followed. */
const maxPipes = 64;

export interface PollOptions {
  readonly proc: Proc;
  readonly story: Pick<Story, "isWatched" | "holds">;
  /** Called at once with what is seen: whether the next thing matters depends on it. */
  see(sighting: Sighting): void;
  /** Our own processes, which read weights to recognise them. */
  isOurs(pid: number): boolean;
  /** Most ms of processor time that one look may take; new processes and holders of weights come first, the rest in turn. */
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
    const until = usedMs() + budgetMs;
    const pids = proc.pids().filter((it) => !isOurs(it));
    this.#forgetEnded(new Set(pids), at);

    const urgent = pids.filter((pid) => {
      const known = this.#known.get(pid);
      return !known || at - known.firstSeenAt < youngMs || story.holds(known.process.key);
    });
    // The newest first: they are the ones that may be gone at the next look.
    const inTime = urgent.toReversed().every((pid) => {
      if (usedMs() > until) return false;
      this.inspect(pid, at);
      return true;
    });
    this.behind = inTime ? 0 : this.behind + 1;
    const looked = new Set(urgent);
    if (this.#turn.length === 0) this.#turn = pids.filter((it) => !looked.has(it));
    while (this.#turn.length > 0 && usedMs() < until) {
      const pid = this.#turn.pop();
      if (pid !== undefined && this.#known.has(pid)) this.inspect(pid, at);
    }
  }

  /** Looks at one process: what a sensor that knows which does as soon as it knows. Returns the inodes of the watched files it has open. */
  inspect(pid: number, at: number): ReadonlySet<string> {
    const { proc, story, see } = this.#options;
    const known = this.#remembered(pid, at);
    const handles = known && proc.handles(pid);
    if (!known || !handles) return new Set();
    const { process } = known;
    const watched = new Set<string>();
    const files = handles.flatMap((handle) => {
      const file = proc.file(pid, handle);
      return file ? { handle, file } : [];
    });
    for (const { handle, file } of files) {
      if (!story.isWatched(file.inode)) continue;
      watched.add(file.inode);
      see({ kind: "open", at, process, file, ...proc.mode(pid, handle) });
    }
    if (story.holds(process.key)) this.#inspectHolder(known, handles, files, at);
    return watched;
  }

  /** What a process that holds weights writes, pipes and sends. */
  #inspectHolder(
    known: Known,
    handles: readonly Handle[],
    files: readonly { readonly handle: Handle; readonly file: OpenFile }[],
    at: number,
  ): void {
    const { proc, see } = this.#options;
    const { process } = known;
    const { pid } = process.facts;
    const writing = new Map<string, SeenFile>();
    for (const { handle, file } of files) {
      const mode = proc.mode(pid, handle);
      if (!mode.writes) continue;
      writing.set(file.inode, file);
      see({ kind: "open", at, process, file, ...mode });
    }
    for (const [inode, file] of known.writing) if (!writing.has(inode)) see(finished(process, file, at));
    known.writing = writing;
    this.#sending(process, handles, at);
    const pipes = handles.filter((it) => it.target.startsWith("pipe:") && proc.mode(pid, it).writes);
    const fresh = pipes.map((it) => it.target).filter((it) => !known.pipes.includes(it));
    known.pipes = [...new Set([...known.pipes, ...fresh])].slice(-maxPipes);
    if (fresh.length > 0) this.#followPipes(known, fresh, at);
  }

  /** Weights go on to whoever reads such a pipe as its input. Blind spot: a pipe that is read as another handle. */
  #followPipes({ process }: Known, pipes: readonly string[], at: number): void {
    const { proc, story, see, isOurs } = this.#options;
    for (const pid of proc.pids()) {
      if (pid === process.facts.pid || isOurs(pid) || !pipes.includes(proc.input(pid) ?? "")) continue;
      const to = this.#remembered(pid, at)?.process;
      if (!to || story.holds(to.key)) continue;
      see({ kind: "pipe", at, from: process, to });
      this.inspect(pid, at);
    }
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
    const kept = same ? known : { writing: new Map<string, SeenFile>(), pipes: [] };
    const made: Known = { process, firstSeenAt, readAt: at, writing: kept.writing, pipes: kept.pipes };
    this.#known.set(pid, made);
    return made;
  }

  #sending(process: Process, handles: readonly Handle[], at: number): void {
    const sockets = new Set(handles.flatMap((it) => /^socket:\[(\d+)\]$/.exec(it.target)?.[1] ?? []));
    if (sockets.size === 0) return;
    const { proc, see } = this.#options;
    const tables = (["tcp", "tcp6", "udp", "udp6"] as const).map((it) => proc.sockets(process.facts.pid, it));
    for (const peer of peersOf(tables, sockets)) see({ kind: "connected", at, process, peer });
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

/** Processor time this thread has used, in ms: on a busy host, time passes without our doing anything. */
function usedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** A file that is not open for writing any more, with its last size where its name still leads to it. */
function finished(process: Process, file: SeenFile, at: number): Sighting {
  return { kind: "written", at, process, file: { ...file, bytes: sizeNow(file) ?? file.bytes } };
}

function sizeNow({ path, inode }: SeenFile): number | undefined {
  try {
    const it = statSync(path);
    return `${it.dev}:${it.ino}` === inode ? Math.min(it.size, maxFileBytes) : undefined;
  } catch {
    return undefined;
  }
}
