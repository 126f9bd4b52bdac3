// The sensor of tiers T0 and T1: what `/proc` shows, looked at a few times a second. Misses what begins and ends between two looks.
import { statSync } from "node:fs";
import { socketsIn, unixSocketsIn } from "./connections.ts";
import { maxFileBytes } from "./limits.ts";
import type { Handle, OpenFile, Proc, Process } from "./proc.ts";
import type { Connection } from "./socket-bytes.ts";
import type { Peer, SeenFile, Sighting, Story } from "./story.ts";

/** What was last seen of one process. */
interface Known {
  readonly process: Process;
  /** When it was first seen, and when its facts were read: in ms of `uptimeMs`. */
  readonly firstSeenAt: number;
  readonly readAt: number;
  /** When it was last looked into, and how much it had used of the host by then. */
  lookedAt?: number;
  used?: number | undefined;
  /** Files that it had open for writing while it held weights. */
  writing: ReadonlyMap<string, SeenFile>;
  /** Pipes that it wrote while it held weights. */
  pipes: readonly string[];
  /** Sockets that have come to what they are, and since when that was noted. */
  settled: Set<string>;
  settledSince: number;
}

/** A process is looked at every time while it is younger than this, in ms: programs open their files when they start. */
const youngMs = 2000;

/** What is known of a process is read again after this, in ms; and one that has used nothing is looked into again. */
const rereadMs = 10_000;

/** How often all processes are looked at where the kernel tells of opens, in ms: for what it does not watch, and for who ended. */
const toldMs = 1000;

/** Most ms of processor time in one look for processes that are neither new nor hold weights: 0.4 % of a core. */
const turnMs = 1;

/** Most pipes of one process that are remembered as followed. */
const maxPipes = 64;

interface PollOptions {
  readonly proc: Proc;
  readonly story: Pick<Story, "isWatched" | "holds" | "holders">;
  /** Called at once with what is seen: whether the next thing matters depends on it. */
  see(sighting: Sighting): void;
  /** Called for each TCP connection of a process that holds weights, each time that it is seen. */
  count?(connection: Connection, process: Process, peer: Peer): void;
  /** Our own processes, which read weights to recognise them. */
  isOurs(pid: number): boolean;
  /** Most ms of processor time that one look may take; new processes and holders of weights come first, the rest in turn. */
  readonly budgetMs: number;
  /** Whether the kernel tells of opens at once, so that new processes need no looks. Default: it does not. */
  isTold?(): boolean;
  /** ms since some moment, whatever the host's clock is set to. */
  readonly uptimeMs?: () => number;
}

export class Poll {
  readonly #options: PollOptions;
  readonly #known = new Map<number, Known>();
  readonly #uptimeMs: () => number;
  #turn: number[] = [];
  #wholeAt = -Infinity;
  /** How many looks in a row ended before every new process was looked at. */
  behind = 0;

  constructor(options: PollOptions) {
    this.#options = options;
    this.#uptimeMs = options.uptimeMs ?? (() => performance.now());
  }

  /** Looks once. @param at Now, in ms since 1970. */
  look(at: number): void {
    const { proc, isOurs, budgetMs, isTold = () => false } = this.#options;
    const until = usedMs() + budgetMs;
    if (isTold() && this.#uptimeMs() - this.#wholeAt < toldMs) {
      this.#lookAt(this.#holders(), at, until);
      return;
    }
    this.#wholeAt = this.#uptimeMs();
    const pids = proc.pids().filter((it) => !isOurs(it));
    this.#forgetEnded(new Set(pids), at);
    const urgent = isTold() ? this.#holders() : pids.filter((it) => this.#isUrgent(it));
    // The newest first: they are the ones that may be gone at the next look.
    this.behind = this.#lookAt(urgent.toReversed(), at, until) ? 0 : this.behind + 1;
    const looked = new Set(urgent);
    if (this.#turn.length === 0) this.#turn = pids.filter((it) => !looked.has(it));
    this.#lookAtTurn(at, Math.min(until, usedMs() + turnMs));
  }

  #isUrgent(pid: number): boolean {
    const known = this.#known.get(pid);
    return !known || this.#isYoung(known) || this.#options.story.holds(known.process.key);
  }

  #isYoung({ firstSeenAt }: Known): boolean {
    return this.#uptimeMs() - firstSeenAt < youngMs;
  }

  #holders(): number[] {
    return [...this.#known].flatMap(([pid, it]) => (this.#options.story.holds(it.process.key) ? pid : []));
  }

  /** Whether there was time for all. */
  #lookAt(pids: readonly number[], at: number, until: number): boolean {
    return pids.every((pid) => {
      if (usedMs() > until) return false;
      if (this.#hasRun(pid)) this.inspect(pid, at);
      return true;
    });
  }

  #lookAtTurn(at: number, until: number): void {
    while (this.#turn.length > 0 && usedMs() < until) {
      const pid = this.#turn.pop();
      if (pid !== undefined && this.#hasRun(pid)) this.inspect(pid, at);
    }
  }

  /**
   * Whether a process can have opened or sent anything since it was last looked into: one that used nothing of the host cannot.
   *
   * Blind spot: what takes less than a clock tick and touches no new memory shows a little later.
   */
  #hasRun(pid: number): boolean {
    const known = this.#known.get(pid);
    const now = this.#uptimeMs();
    if (known?.lookedAt === undefined || now - known.lookedAt > rereadMs || this.#isYoung(known)) return true;
    const signs = this.#options.proc.signs(pid);
    if (signs?.key === known.process.key && signs.used === known.used) return false;
    known.used = signs?.used;
    return true;
  }

  /**
   * Looks at one process: what a sensor that knows which does as soon as it knows. Returns the inodes of the watched files it has open.
   * @param as What that sensor saw it as: more than shows of one that is ending.
   */
  inspect(pid: number, at: number, as?: Process): ReadonlySet<string> {
    const { proc, story, see } = this.#options;
    const known = this.#remembered(pid);
    const handles = known && proc.handles(pid);
    if (!known || !handles) return new Set();
    known.lookedAt = this.#uptimeMs();
    const process = as?.key === known.process.key ? as : known.process;
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
    if (story.holds(process.key)) this.#inspectHolder(process, known, handles, files, at);
    return watched;
  }

  /** What a process that holds weights writes, pipes and sends. */
  #inspectHolder(
    process: Process,
    known: Known,
    handles: readonly Handle[],
    files: readonly { readonly handle: Handle; readonly file: OpenFile }[],
    at: number,
  ): void {
    const { proc, see } = this.#options;
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
    this.#sending(process, known, handles, at);
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
      const to = this.#remembered(pid)?.process;
      if (!to || story.holds(to.key)) continue;
      see({ kind: "pipe", at, from: process, to });
      this.inspect(pid, at);
    }
  }

  /** The process with this id, also when it ended since it was last looked at. */
  processOf(pid: number): Process | undefined {
    return (this.#known.get(pid) ?? this.#remembered(pid))?.process;
  }

  #remembered(pid: number): Known | undefined {
    const { proc } = this.#options;
    const known = this.#known.get(pid);
    const now = this.#uptimeMs();
    const signs = proc.signs(pid);
    // The same process may run another program by now, or have begun to while it was read; what else it became shows a little later.
    const fresh = known && now - known.readAt < rereadMs && known.process.facts.exe === proc.exe(pid);
    if (fresh && known.process.key === signs?.key && known.process.facts.name === signs.name) {
      known.used = signs.used;
      return known;
    }
    const process = proc.process(pid);
    if (!process) return undefined;
    const same = known?.process.key === process.key;
    const firstSeenAt = same && known.process.facts.exe === process.facts.exe ? known.firstSeenAt : now;
    const none = { writing: new Map<string, SeenFile>(), pipes: [], settled: new Set<string>(), settledSince: now };
    const { writing, pipes, settled, settledSince } = same ? known : none;
    const made: Known = { process, firstSeenAt, readAt: now, writing, pipes, settled, settledSince, used: signs?.used };
    this.#known.set(pid, made);
    return made;
  }

  /**
   * The kernel goes through all its memory for connections to write their tables, ten ms at a time, so they are read only for sockets that
   * may have been connected since: not for Unix sockets, and for one that is connected only as often as all is read again.
   */
  #sending(process: Process, known: Known, handles: readonly Handle[], at: number): void {
    const now = this.#uptimeMs();
    if (now - known.settledSince > rereadMs) {
      known.settled.clear();
      known.settledSince = now;
    }
    const sockets = new Set(handles.flatMap((it) => /^socket:\[(\d+)\]$/.exec(it.target)?.[1] ?? []));
    const isOpen = () => [...sockets].some((it) => !known.settled.has(it));
    if (!isOpen()) return;
    const { proc, see } = this.#options;
    const { pid } = process.facts;
    for (const it of unixSocketsIn(proc.sockets(pid, "unix"))) if (sockets.has(it)) known.settled.add(it);
    if (!isOpen()) return;
    const tablesOf = (...names: Parameters<Proc["sockets"]>[1][]) => names.map((it) => proc.sockets(pid, it));
    const { peers, settled } = socketsIn(tablesOf("tcp", "tcp6"), sockets, tablesOf("udp", "udp6"));
    for (const it of settled) known.settled.add(it);
    for (const { connection, ...peer } of peers) {
      see({ kind: "connected", at, process, peer });
      if (connection !== undefined) this.#options.count?.(connection, process, peer);
    }
  }

  #forgetEnded(running: ReadonlySet<number>, at: number): void {
    const { story, see } = this.#options;
    for (const [pid, { process, writing }] of this.#known) {
      if (running.has(pid)) continue;
      this.#known.delete(pid);
      for (const file of writing.values()) see(finished(process, file, at));
      see({ kind: "ended", at, key: process.key });
    }
    // Who was told of by the kernel and ended before it was looked at.
    for (const key of story.holders()) {
      const pid = Number.parseInt(key, 10);
      if (!running.has(pid) || (this.#known.has(pid) && this.#known.get(pid)?.process.key !== key))
        see({ kind: "ended", at, key });
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
