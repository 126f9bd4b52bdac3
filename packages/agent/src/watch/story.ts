// What became of weights on this host, told from what sensors saw. Pure: time comes with each sighting.
import type { ActivityRecord } from "@outweigh/schema";
import {
  leastSent,
  madeBytes,
  madeShare,
  maxFileBytes,
  maxMadePerProcess,
  maxPeersCounted,
  maxProcesses,
  maxWatched,
  rememberEndedMs,
} from "./limits.ts";
import type { Process } from "./proc.ts";

/** A file by its inode: what names it whatever it is called. */
export interface SeenFile {
  readonly inode: string;
  readonly path: string;
  readonly bytes: number;
}

/** What a sensor saw. */
export type Sighting =
  /** A process has a file open; said once or often. */
  | {
      readonly kind: "open";
      readonly at: number;
      readonly process: Process;
      readonly file: SeenFile;
      readonly reads: boolean;
      readonly writes: boolean;
    }
  /** A process closed a file it may have written. */
  | { readonly kind: "written"; readonly at: number; readonly process: Process; readonly file: SeenFile }
  /** What `from` writes into a pipe `to` reads. */
  | { readonly kind: "pipe"; readonly at: number; readonly from: Process; readonly to: Process }
  /** A process is connected to another host as its client. */
  | { readonly kind: "connected"; readonly at: number; readonly process: Process; readonly peer: Peer }
  /** What a connection of a process has carried so far; `isOver`: and carries no more. */
  | {
      readonly kind: "carried";
      readonly at: number;
      readonly key: string;
      readonly peer: Peer;
      readonly connection: string;
      readonly bytes: number;
      readonly isOver: boolean;
    }
  | { readonly kind: "ended"; readonly at: number; readonly key: string };

export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** One line of the story; the agent adds what is the same for all: id, host and sensor. */
export type Activity = Omit<ActivityRecord, "activity" | "id" | "host" | "sensor">;

interface Watched {
  path: string;
  bytes: number;
  /** The file of weights it was made from. Absent for weights. */
  readonly madeFrom?: string;
}

/** A process that has read weights, or got them through a pipe. */
interface Holder {
  /** What it runs now: a shell that took weights from a pipe may have become the program that packs them. */
  process: Process;
  readonly holds: Map<string, Watched>;
  readonly made: Map<string, Made>;
  readonly told: Set<string>;
  /** What its connections carried, by destination. */
  readonly sent: Map<string, Sent>;
  endedAt?: number;
}

/** A file that it has written. */
interface Made extends SeenFile {
  /** The file system that it lies on, if that leaves the host. */
  readonly onto: Activity["onto"];
}

/** Bytes that a process sent to one destination. */
interface Sent {
  readonly peer: Peer;
  /** Of connections that are over, and of each that is not. */
  over: number;
  readonly open: Map<string, number>;
  /** The sum that was told last, and since when the sum is what it is. */
  told: number;
  since: number;
}

/** The file system that a file lies on, if it leaves the host. Asked once for each file of a process, as soon as it is known. */
type OntoOf = (file: SeenFile, pid: number) => Activity["onto"];

/** What a sum must have grown by to be told again: each line costs, and the last one is told when the process ends. */
const growth = 1.25;
/** And when it has stayed the same for so many ms. */
const [growthAtRest, restMs] = [1.01, 5000];

export class Story {
  readonly #ontoOf: OntoOf;
  readonly #watched = new Map<string, Watched>();
  readonly #holders = new Map<string, Holder>();
  /** Files and processes that had to be left out because too many were watched. */
  leftOut = 0;

  /** @param ontoOf Default: no file system leaves the host. */
  constructor(ontoOf: OntoOf = () => undefined) {
    this.#ontoOf = ontoOf;
  }

  /** Watches a file of weights. */
  watch({ inode, path, bytes }: SeenFile): void {
    this.#remember(inode, { path, bytes });
  }

  isWatched(inode: string): boolean {
    return this.#watched.has(inode);
  }

  /** Whether what this process writes, pipes or sends may be weights. */
  holds(key: string): boolean {
    return this.#holders.has(key);
  }

  /** The keys of running processes that hold weights. */
  holders(): string[] {
    return [...this.#holders.values()].filter((it) => it.endedAt === undefined).map((it) => it.process.key);
  }

  /** Who holds weights by this key. */
  processOf(key: string): Process | undefined {
    return this.#holders.get(key)?.process;
  }

  watchedFiles(): number {
    return this.#watched.size;
  }

  see(it: Sighting): Activity[] {
    const holder = "process" in it && this.#holders.get(it.process.key);
    // Of one that is ending, its arguments went first.
    if (holder && it.process.facts.command.length > 0) holder.process = it.process;
    switch (it.kind) {
      case "open":
        return this.#opened(it);
      case "written":
        return this.#written(it.process.key, it.file, it.at);
      case "pipe":
        return this.#piped(it.from, it.to);
      case "connected":
        return this.#connected(it.process.key, it.peer, it.at);
      case "carried":
        return this.#carried(it);
      case "ended":
        return this.#ended(it.key, it.at);
    }
  }

  #opened({ at, process, file, reads, writes }: Extract<Sighting, { kind: "open" }>): Activity[] {
    const found: Activity[] = [];
    const watched = this.#watched.get(file.inode);
    if (watched) {
      watched.bytes = Math.max(watched.bytes, file.bytes);
      found.push(...this.#renamed(watched, file.path, process, at));
    }
    if (watched && reads && !this.#holders.get(process.key)?.made.has(file.inode)) {
      const holder = this.#holder(process);
      if (holder && !holder.holds.has(file.inode)) {
        holder.holds.set(file.inode, watched);
        found.push({ time: at, what: "open", process: process.facts, file: told(watched), atMost: watched.bytes });
      }
    }
    const holder = this.#holders.get(process.key);
    if (holder && writes) {
      this.#note(holder, file);
      if (this.#isMade(holder)) found.push(...this.#tellMade(holder, "begun", at));
    }
    return found;
  }

  /** Weights under another name than before. Who gave it is not seen: the process is who has it open. */
  #renamed(watched: Watched, path: string, process: Process, at: number): Activity[] {
    if (path === watched.path || path.endsWith(" (deleted)")) return [];
    const before = told(watched);
    watched.path = path;
    return [{ time: at, what: "rename", process: process.facts, file: before, renamedTo: path }];
  }

  #written(key: string, file: SeenFile, at: number): Activity[] {
    const holder = this.#holders.get(key);
    if (!holder) return [];
    this.#note(holder, file);
    return this.#isMade(holder) ? this.#tellMade(holder, "done", at) : [];
  }

  #piped(from: Process, to: Process): Activity[] {
    const source = this.#holders.get(from.key);
    const holder = source && this.#holder(to);
    for (const [inode, it] of source?.holds ?? []) holder?.holds.set(inode, it);
    return [];
  }

  #connected(key: string, peer: Peer, at: number): Activity[] {
    const holder = this.#holders.get(key);
    const name = `send ${peer.address} ${peer.port}`;
    const [first] = holder?.holds.values() ?? [];
    if (!holder || !first || holder.told.has(name)) return [];
    holder.told.add(name);
    return [this.#sends(holder, first, peer, at)];
  }

  #sends(holder: Holder, first: Watched, peer: Peer, at: number): Activity {
    const atMost = sum([...holder.holds.values()]);
    const largest = [...holder.holds.values()].reduce((a, b) => (b.bytes > a.bytes ? b : a), first);
    return { time: at, what: "send", process: holder.process.facts, file: told(largest), atMost, peer };
  }

  #carried({ key, peer, connection, bytes, isOver, at }: Extract<Sighting, { kind: "carried" }>): Activity[] {
    const holder = this.#holders.get(key);
    const name = `${peer.address} ${peer.port}`;
    const sent = holder?.sent.get(name) ?? { peer, over: 0, open: new Map<string, number>(), told: 0, since: at };
    if (!holder || (holder.sent.size >= maxPeersCounted && !holder.sent.has(name))) return [];
    holder.sent.set(name, sent);
    const before = sumOf(sent);
    // The helper may have ended, and knows less of it than before.
    const most = Math.max(bytes, sent.open.get(connection) ?? 0);
    if (isOver) {
      sent.open.delete(connection);
      sent.over = Math.min(sent.over + most, maxFileBytes);
    } else sent.open.set(connection, most);
    const now = sumOf(sent);
    if (now !== before) sent.since = at;
    const least = at - sent.since >= restMs || sent.open.size === 0 ? growthAtRest : growth;
    const isLast = holder.endedAt !== undefined && sent.open.size === 0;
    return isLast || now >= Math.max(leastSent, sent.told * least) ? this.#tellSent(holder, sent, at) : [];
  }

  /** Says how much, if that is more than was said. */
  #tellSent(holder: Holder, sent: Sent, at: number): Activity[] {
    const [first] = holder.holds.values();
    const now = sumOf(sent);
    if (!first || now <= sent.told) return [];
    sent.told = now;
    return [{ ...this.#sends(holder, first, sent.peer, at), sent: now }];
  }

  /** Its files are finished; it is remembered a while, because a rename or the next program of the pipe comes after it. */
  #ended(key: string, at: number): Activity[] {
    const holder = this.#holders.get(key);
    if (!holder || holder.endedAt !== undefined) return [];
    holder.endedAt = at;
    const found = this.#isMade(holder) ? this.#tellMade(holder, "done", at) : [];
    // What is still on its way is told when its connection is over.
    for (const it of holder.sent.values()) if (it.open.size === 0) found.push(...this.#tellSent(holder, it, at));
    for (const [it, { endedAt }] of this.#holders)
      if (endedAt !== undefined && endedAt < at - rememberEndedMs) this.#holders.delete(it);
    return found;
  }

  #note(holder: Holder, file: SeenFile): void {
    if (holder.holds.has(file.inode)) return; // it changes its own weights
    const known = holder.made.get(file.inode);
    // Before it is asked where it lies, which takes reading the table of mounts.
    if (!known && holder.made.size >= maxMadePerProcess) return void this.leftOut++;
    holder.made.set(file.inode, { ...file, onto: known ? known.onto : this.#leavesOn(holder, file) });
  }

  /** Where all that a process has read lies, nothing comes to lie by it. */
  #leavesOn({ holds, process }: Holder, file: SeenFile): Activity["onto"] {
    const device = deviceIn(file.inode);
    if ([...holds.keys()].some((it) => deviceIn(it) !== device)) return this.#ontoOf(file, process.facts.pid);
    return undefined;
  }

  /** Whether a process has written so much that its files may hold the weights it read. */
  #isMade({ holds, made }: Holder): boolean {
    const smallest = Math.min(...[...holds.values()].map((it) => it.bytes));
    return sum([...made.values()]) >= Math.max(madeBytes, smallest * madeShare);
  }

  /** Says of each file once that it was begun, and once that it is done; both watch it from then on. */
  #tellMade(holder: Holder, when: "begun" | "done", at: number): Activity[] {
    const [source] = holder.holds.values();
    if (!source) return [];
    const madeFrom = source.madeFrom ?? source.path;
    const found: Activity[] = [];
    for (const { inode, path, bytes, onto } of holder.made.values()) {
      const name = `${when} ${inode} ${when === "done" ? bytes : ""}`;
      if (bytes === 0 || holder.told.has(name)) continue;
      holder.told.add(name);
      this.#remember(inode, { path, bytes, madeFrom });
      const file = { path, bytes, madeFrom };
      const process = holder.process.facts;
      found.push({ time: at, what: "write", process, file, atMost: bytes, ...(onto && { onto }) });
    }
    return found;
  }

  #holder(process: Process): Holder | undefined {
    const known = this.#holders.get(process.key);
    if (known) return known;
    if (this.#holders.size >= maxProcesses) {
      this.leftOut++;
      return undefined;
    }
    const made: Holder = { process, holds: new Map(), made: new Map(), told: new Set(), sent: new Map() };
    this.#holders.set(process.key, made);
    return made;
  }

  #remember(inode: string, it: Watched): void {
    if (this.#watched.size >= maxWatched && !this.#watched.has(inode)) this.leftOut++;
    else this.#watched.set(inode, it);
  }
}

function deviceIn(inode: string): string {
  return inode.slice(0, inode.indexOf(":"));
}

function told({ path, bytes, madeFrom }: Watched): Activity["file"] {
  return { path, bytes, ...(madeFrom !== undefined && { madeFrom }) };
}

function sumOf({ over, open }: Sent): number {
  return Math.min(
    [...open.values()].reduce((all, it) => all + it, over),
    maxFileBytes,
  );
}

function sum(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((total, it) => Math.min(total + it.bytes, maxFileBytes), 0);
}
