// The facts that may be asked of a host: a closed list, read from the system, nothing started, nothing contacted.
import { readdirSync, statSync } from "node:fs";
import { release, uptime } from "node:os";
import { factLists, type FactList, type Facts } from "@outweigh/schema";
import { parseAccounts } from "../scan/accounts.ts";
import { findListeners, readTable } from "../scan/listeners.ts";
import { parseMounts } from "../scan/mounts.ts";
import { NotSeen } from "../scan/not-seen.ts";
import { peersOf } from "./connections.ts";
import { withoutPassword } from "./mounts.ts";
import { Programs } from "./programs.ts";
import type { Proc } from "./proc.ts";

/** Most rows of one list. A busy host has some thousand processes and connections. */
const maxRows = 20_000;
/** Longest text of one fact, in UTF-16 units. */
const maxText = 8192;

type Row = Facts["lists"][number]["rows"][number];
interface Answer {
  readonly rows: Row[];
  readonly notSeen: string[];
}

interface ContextOptions {
  readonly proc: Proc;
  /** Whether this inode is a watched file: weights, or made from them. */
  isWatched(inode: string): boolean;
}

/** Reads the lists asked for, in the order of their names. */
export function collectFacts(lists: readonly FactList[], options: ContextOptions, at: number): Facts {
  const wanted = factLists.filter((it) => lists.includes(it));
  return {
    at,
    lists: wanted.map((list) => {
      const { rows, notSeen } = readers[list](options);
      if (rows.length > maxRows) notSeen.push(`${rows.length - maxRows} rows beyond the first ${maxRows}`);
      return { list, rows: rows.slice(0, maxRows).map(cut), notSeen: notSeen.slice(0, 100) };
    }),
  };
}

function cut(row: Row): Row {
  const entries = Object.entries(row).map(([name, it]) => [name, typeof it === "string" ? it.slice(0, maxText) : it]);
  return Object.fromEntries(entries);
}

const readers: Readonly<Record<FactList, (options: ContextOptions) => Answer>> = {
  processes: ({ proc }) => {
    const programs = new Programs();
    const rows = proc.pids().flatMap((pid) => {
      const found = proc.process(pid);
      if (!found) return [];
      const it = found.facts;
      return {
        pid,
        key: found.key,
        program: programs.digestOf(`/proc/${pid}/exe`),
        parent: it.parents[0]?.pid ?? 0,
        name: it.name,
        exe: it.exe ?? "",
        command: it.command.join(" "),
        user: it.user ?? String(it.uid ?? ""),
        login: it.login ?? "",
        container: it.container ?? "",
        pod: it.pod?.name === undefined ? (it.pod?.uid ?? "") : `${it.pod.namespace}/${it.pod.name}`,
        startedAt: it.startedAt ?? 0,
      };
    });
    const left = programs.leftOut > 0 ? [`digests of ${programs.leftOut} programs: too much to read at once`] : [];
    return { rows, notSeen: [...hidden(rows.filter((it) => it.exe === "").length, "the programs"), ...left] };
  },

  connections: ({ proc }) => {
    const seen = new NotSeen();
    const listeners = findListeners("/proc", seen).map(({ listener: { address, port, process } }) => {
      return { state: "listening", address, port, process: process ?? "" };
    });
    let blind = 0;
    const clients = proc.pids().flatMap((pid) => {
      const open = proc.handles(pid);
      if (!open) {
        blind++;
        return [];
      }
      const sockets = new Set(open.flatMap((it) => /^socket:\[(\d+)\]$/.exec(it.target)?.[1] ?? []));
      if (sockets.size === 0) return [];
      const tables = (["tcp", "tcp6", "udp", "udp6"] as const).map((it) => proc.sockets(pid, it));
      const process = proc.process(pid)?.facts.name ?? "";
      return peersOf(tables, sockets).map((it) => ({ state: "connected", ...it, process, pid }));
    });
    const said = seen.list().map((it) => `${it.what}: ${it.why}`);
    return { rows: [...listeners, ...clients], notSeen: [...said, ...hidden(blind, "the connections")] };
  },

  weights: ({ proc, isWatched }) => {
    let blind = 0;
    const rows = proc.pids().flatMap((pid) => {
      const open = proc.handles(pid);
      if (!open) blind++;
      const process = proc.process(pid)?.facts;
      return (open ?? []).flatMap((it) => {
        const file = proc.file(pid, it);
        if (!file || !isWatched(file.inode)) return [];
        const { path, bytes } = file;
        return { pid, process: process?.name ?? "", user: process?.user ?? "", path, bytes, ...proc.mode(pid, it) };
      });
    });
    return { rows, notSeen: [...hidden(blind, "the open files"), "files that a process mapped and closed"] };
  },

  mounts: () => {
    const rows = parseMounts(readTable("/proc/self/mountinfo") ?? "");
    return {
      rows: rows.map((it) => ({ ...it, source: withoutPassword(it.source) })),
      notSeen: ["mounts of containers with a mount namespace of their own"],
    };
  },

  accounts: () => {
    const { users, groupName, leftOut } = parseAccounts(readTable("/etc/passwd") ?? "", readTable("/etc/group") ?? "");
    const rows = users.map(({ name, uid, gids }) => {
      return { name, uid, groups: [...gids].map((it) => groupName.get(it) ?? String(it)).join(" ") };
    });
    const more = leftOut > 0 ? [`${leftOut} accounts`] : [];
    return { rows, notSeen: [...more, "root", "accounts of a directory service", "who was signed in before"] };
  },

  gpus: ({ proc }) => {
    let blind = 0;
    const rows = proc.pids().flatMap((pid) => {
      const open = proc.handles(pid);
      if (!open) blind++;
      const devices = new Set((open ?? []).map((it) => it.target).filter((it) => gpuDevice.test(it)));
      const process = devices.size > 0 ? proc.process(pid)?.facts : undefined;
      return process ? { pid, process: process.name, user: process.user ?? "", devices: [...devices].join(" ") } : [];
    });
    return { rows, notSeen: [...hidden(blind, "the devices"), "what lies in the memory of the GPUs"] };
  },

  schedules: () => {
    const rows: Row[] = [];
    const notSeen: string[] = [];
    for (const folder of scheduleFolders) {
      try {
        for (const name of readdirSync(folder)) {
          const it = statSync(`${folder}/${name}`, { throwIfNoEntry: false });
          if (it?.isFile()) rows.push({ path: `${folder}/${name}`, bytes: it.size, changedAt: Math.round(it.mtimeMs) });
        }
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOENT"))
          notSeen.push(`${folder}: not readable`);
      }
    }
    return { rows, notSeen: [...notSeen, "what the files say", "timers of users' own service managers"] };
  },

  system: () => {
    const osRelease = /^PRETTY_NAME="?([^"\n]*)/m.exec(readTable("/etc/os-release") ?? "")?.[1];
    const packages = ["/var/lib/dpkg/status", "/var/lib/rpm/rpmdb.sqlite", "/lib/apk/db/installed"].flatMap((path) => {
      const it = statSync(path, { throwIfNoEntry: false });
      return it ? { what: "packages changed", value: new Date(it.mtimeMs).toISOString(), path } : [];
    });
    const rows = [
      { what: "system", value: osRelease ?? "unknown" },
      { what: "kernel", value: release() },
      { what: "up for seconds", value: Math.round(uptime()) },
      ...packages,
    ];
    return { rows, notSeen: [] };
  },
};

const gpuDevice = /^\/dev\/(?:nvidia\d|nvidia-uvm|kfd|dri\/renderD\d|accel\d)/;

const scheduleFolders = [
  "/etc/cron.d",
  "/etc/cron.hourly",
  "/etc/cron.daily",
  "/etc/cron.weekly",
  "/var/spool/cron/crontabs",
  "/etc/systemd/system",
];

function hidden(count: number, what: string): string[] {
  return count > 0 ? [`${what} of ${count} processes: another user's, or ended meanwhile`] : [];
}
