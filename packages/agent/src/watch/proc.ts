// What `/proc` says of processes, read without following anything. Whatever cannot be read is undefined: it may have ended, or not be ours to see.
import { readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { maxArgument, maxArguments, maxParents, type ActivityProcess } from "@outweigh/schema";
import { containerIdOf } from "../scan/container-id.ts";
import { readTable } from "../scan/listeners.ts";
import type { RawProcess } from "./frames.ts";
import { Pods } from "./pods.ts";
import { withoutSecrets } from "./secrets.ts";
import { maxDescriptors, maxFileBytes, maxParentPath, maxProcBytes, maxProcesses } from "./limits.ts";

/** One process, without what it has open. */
export interface Process {
  /** Names it for good: pids are used again. */
  readonly key: string;
  readonly facts: ActivityProcess;
}

/** Something that a process has open. */
export interface Handle {
  readonly fd: string;
  /** What the kernel calls it: a path, `pipe:[7]`, `socket:[9]`. A deleted file's path ends in ` (deleted)`. */
  readonly target: string;
}

/** A regular file that a process has open. */
export interface OpenFile {
  readonly path: string;
  /** Device and inode, which outlive a rename. */
  readonly inode: string;
  readonly bytes: number;
}

/** Clock ticks of `/proc/PID/stat` in one second: fixed at 100 on every Linux that programs see (sysconf(3), USER_HZ). */
const ticksPerSecond = 100;

/** Reads a tree like `/proc`. */
export class Proc {
  readonly #root: string;
  readonly #names = new Map<number, string>();
  readonly #bootedAt: number;
  readonly #pods: Pods;

  /** @param root `/proc`, or a folder like it. */
  constructor(root = "/proc", passwd = "/etc/passwd", pods = new Pods()) {
    this.#root = root;
    this.#pods = pods;
    this.#bootedAt = Number(/^btime (\d+)$/m.exec(text(`${root}/stat`) ?? "")?.[1] ?? 0) * 1000;
    for (const line of (readTable(passwd) ?? "").split("\n")) {
      const [name = "", , uid = ""] = line.split(":");
      if (name !== "" && /^\d+$/.test(uid) && !this.#names.has(Number(uid))) this.#names.set(Number(uid), name);
    }
  }

  /** The ids of all processes we are shown, at most `maxProcesses`, oldest ids first. */
  pids(): number[] {
    const found: number[] = [];
    for (const it of list(this.#root)) if (/^\d{1,10}$/.test(it)) found.push(Number(it));
    return found.slice(0, maxProcesses);
  }

  /** What names this process for good; undefined when it has ended. */
  key(pid: number): string | undefined {
    return this.signs(pid)?.key;
  }

  /**
   * What names this process for good, what it is called, and how much it has used of the host: as long as that is the same, it has done next to nothing.
   * Undefined when it has ended.
   */
  signs(pid: number): { readonly key: string; readonly name: string; readonly used: number } | undefined {
    const stat = statOf(text(`${this.#root}/${pid}/stat`));
    return stat && { key: keyOf(pid, stat.startTicks), name: stat.name, used: stat.used };
  }

  /** The program a process runs. */
  exe(pid: number): string | undefined {
    return link(`${this.#root}/${pid}/exe`);
  }

  process(pid: number): Process | undefined {
    const stat = statOf(text(`${this.#root}/${pid}/stat`));
    if (!stat) return undefined;
    const home = `${this.#root}/${pid}`;
    // Ended meanwhile: whose it was is not known, and nobody stands for root.
    const uid = /^Uid:\s+(\d+)/m.exec(text(`${home}/status`) ?? "")?.[1];
    const exe = this.exe(pid);
    const login = Number(text(`${home}/loginuid`) ?? unset);
    const words = (readTable(`${home}/cmdline`, maxProcBytes) ?? "").split("\0", maxArguments);
    return this.told({
      pid,
      startTicks: stat.startTicks,
      name: stat.name,
      ...(exe !== undefined && { exe }),
      command: words.filter((it) => it !== ""),
      ...(uid !== undefined && { uid: Number(uid) }),
      ...(login !== unset && { login }),
      cgroup: text(`${home}/cgroup`) ?? "",
      parents: this.#parents(stat.parent),
    });
  }

  /** A process by what was read of it, with names for its users and without its secrets. */
  told({ pid, startTicks, name, exe, uid, login, command, cgroup, parents }: RawProcess): Process {
    const container = containerIdOf(cgroup);
    const pod = this.#pods.of(cgroup);
    const user = uid === undefined ? undefined : this.#names.get(uid);
    return {
      key: keyOf(pid, startTicks),
      facts: {
        pid,
        startedAt: this.#bootedAt + Math.round((startTicks * 1000) / ticksPerSecond),
        name: name.slice(0, maxArgument),
        ...(exe !== undefined && { exe }),
        command: withoutSecrets(command).map((it) => it.slice(0, maxArgument)),
        ...(uid !== undefined && { uid }),
        ...(user !== undefined && { user }),
        ...(login !== undefined && { login: this.#names.get(login) ?? `uid:${login}` }),
        ...(container !== undefined && { container }),
        ...(pod && { pod: { ...pod } }),
        parents: parents.map(({ pid: id, name: called, exe: path }) => ({
          pid: id,
          name: called.slice(0, maxArgument),
          ...(path !== undefined && { exe: path }),
        })),
      },
    };
  }

  #parents(first: number): ActivityProcess["parents"] {
    const found: ActivityProcess["parents"] = [];
    for (let pid = first; pid > 0 && found.length < maxParents;) {
      const stat = statOf(text(`${this.#root}/${pid}/stat`));
      if (!stat) break;
      const exe = this.exe(pid)?.slice(0, maxParentPath);
      found.push({ pid, name: stat.name.slice(0, maxArgument), ...(exe !== undefined && { exe }) });
      pid = stat.parent;
    }
    return found;
  }

  /**
   * Whether we may look at every process and file of this host: as root may, or who was given CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE.
   * Blind spot: a module of the kernel, such as SELinux, may forbid it all the same.
   */
  seesAll(): boolean {
    const held = /^CapEff:\s+([0-9a-f]+)$/m.exec(text(`${this.#root}/self/status`) ?? "")?.[1] ?? "0";
    return (BigInt(`0x${held}`) & allSeeing) === allSeeing;
  }

  /** What a process has open; undefined when we may not look or it has ended. Files it only maps are not among them. */
  handles(pid: number): Handle[] | undefined {
    const folder = `${this.#root}/${pid}/fd`;
    return listOrNone(folder)
      ?.slice(0, maxDescriptors)
      .flatMap((fd) => {
        const target = link(`${folder}/${fd}`);
        return target === undefined ? [] : { fd, target };
      });
  }

  /** The regular file behind a handle; undefined for anything else. */
  file(pid: number, { fd, target }: Handle): OpenFile | undefined {
    // The kernel's own files are many and never weights.
    if (!target.startsWith("/") || /^\/(?:dev|proc|sys)\//.test(target)) return undefined;
    const it = fileAt(`${this.#root}/${pid}/fd/${fd}`);
    return it && { path: target, ...it };
  }

  /** Whether a handle reads and writes. */
  mode(pid: number, { fd }: Handle): { readonly reads: boolean; readonly writes: boolean } {
    const info = text(`${this.#root}/${pid}/fdinfo/${fd}`);
    const flags = Number.parseInt(/^flags:\s+(\d+)/m.exec(info ?? "")?.[1] ?? "2", 8) & 3;
    return { reads: flags !== 1, writes: flags !== 0 };
  }

  /** What a process reads as its standard input: how programs of a pipe are joined. */
  input(pid: number): string | undefined {
    return link(`${this.#root}/${pid}/fd/0`);
  }

  /** The text of a table of sockets as this process sees it: its own network namespace. */
  sockets(pid: number, table: "tcp" | "tcp6" | "udp" | "udp6" | "unix"): string {
    return readTable(`${this.#root}/${pid}/net/${table}`) ?? "";
  }

  /** What names the network namespace of a process. */
  network(pid: number): string | undefined {
    return link(`${this.#root}/${pid}/ns/net`);
  }
}

/** The two rights, as bits of a set of capabilities. Source: linux/capability.h. */
const allSeeing = (1n << 2n) | (1n << 19n);

/** What names a process for good, whoever saw it. */
export function keyOf(pid: number, startTicks: number): string {
  return `${pid}:${startTicks}`;
}

/** `loginuid` of what no login started. */
const unset = 4_294_967_295;

interface Stat {
  readonly name: string;
  readonly parent: number;
  readonly startTicks: number;
  /** Page faults and clock ticks of processor time so far: a sum that only rises, and does when a process does anything. */
  readonly used: number;
}

/** What `stat` says of a process. The name stands in brackets and may hold brackets and spaces. Source: proc_pid_stat(5). */
function statOf(line: string | undefined): Stat | undefined {
  if (line === undefined) return undefined;
  const [from, to] = [line.indexOf("("), line.lastIndexOf(") ")];
  if (from < 0 || to < from) return undefined;
  const fields = line.slice(to + 2).split(" ", 20);
  const [parent, startTicks] = [Number(fields[1]), Number(fields[19])];
  const used = Number(fields[7]) + Number(fields[9]) + Number(fields[11]) + Number(fields[12]);
  if (!Number.isSafeInteger(parent) || !Number.isSafeInteger(startTicks)) return undefined;
  return { name: line.slice(from + 1, to), parent, startTicks, used };
}

function fileAt(path: string): { inode: string; bytes: number } | undefined {
  try {
    const it = statSync(path);
    return it.isFile() ? { inode: `${it.dev}:${it.ino}`, bytes: Math.min(it.size, maxFileBytes) } : undefined;
  } catch {
    return undefined;
  }
}

/** The small files of `/proc` are one page: one read gets them whole. */
function text(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function link(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function list(folder: string): string[] {
  return listOrNone(folder) ?? [];
}

function listOrNone(folder: string): string[] | undefined {
  try {
    return readdirSync(folder);
  } catch {
    return undefined;
  }
}
