import { closeSync, openSync, readSync, readdirSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import type { Listener } from "@outweigh/schema";
import { maxCommandBytes, maxDescriptors, maxProcesses, maxTableBytes } from "./limits.ts";
import type { NotSeen } from "./not-seen.ts";
import { productAt, productOf, type Product } from "./products.ts";
import { parseListening, type Socket } from "./sockets.ts";

/** A listener with what the report does not show: which process it is, and what that has open. */
export interface FoundListener {
  readonly listener: Listener;
  readonly kind?: Product["kind"];
  /** Files that the process has open or mapped; undefined if that could not be told. */
  readonly openFiles?: ReadonlySet<string>;
  /** The folder it was started in, which some products serve; undefined if that could not be told. */
  readonly folder?: string;
  /** Its command line after the program. It may hold secrets: it decides, and never enters a report. */
  readonly args?: readonly string[];
  /** Folders that its configuration names as served, and what in it settles whether it asks for a key. */
  readonly serves?: readonly string[];
  readonly proof?: string;
}

interface Process {
  readonly program: string;
  readonly args: readonly string[];
  readonly openFiles: ReadonlySet<string>;
  readonly folder: string | undefined;
}

/**
 * Who listens on TCP on this host, read from the kernel's tables. Nothing is contacted.
 *
 * `authenticated` stays `unknown` unless the process's own command line settles it: a password may hide in a file we do not read.
 * @param proc `/proc`, or a folder like it.
 * Blind spot: processes of other users unless we are root; other network namespaces (containers); UDP; a reverse proxy in front.
 */
export function findListeners(proc: string, notSeen: NotSeen): FoundListener[] {
  const sockets = new Map<string, Socket>();
  for (const table of ["tcp", "tcp6"]) {
    const text = readTable(`${proc}/net/${table}`);
    if (text === undefined) notSeen.say(`listeners in ${proc}/net/${table}`, "could not be read");
    for (const it of parseListening(text ?? "")) sockets.set(JSON.stringify([it.address, it.port]), it);
  }
  const owners = findOwners(proc, new Set([...sockets.values()].map((it) => it.inode)));
  const found = [...sockets.values()].map((it) => describe(it, owners.get(it.inode)));
  const hidden = found.filter((it) => it.openFiles === undefined).length;
  if (hidden > 0)
    notSeen.say(
      hidden === 1 ? "the process of 1 listener" : `the processes of ${hidden} listeners`,
      "no process is shown: another user's, a container's or the kernel's",
    );
  return found.toSorted((a, b) => a.listener.port - b.listener.port);
}

function describe({ address, port }: Socket, owner: Process | undefined): FoundListener {
  const sure = owner && productOf(owner.program, owner.args);
  const product = sure ?? (owner ? undefined : productAt(port));
  const listener: Listener = {
    address,
    port,
    ...(owner && { process: owner.program }),
    ...(product && { product: product.name }),
    authenticated: (owner && sure?.auth?.(owner.args)) ?? "unknown",
    basis: owner ? "verified" : "inferred",
  };
  return {
    listener,
    ...(product && { kind: product.kind }),
    ...(owner && { openFiles: owner.openFiles, args: owner.args }),
    ...(owner?.folder !== undefined && { folder: owner.folder }),
  };
}

/** The processes that hold these sockets, as far as we may look. */
function findOwners(proc: string, inodes: ReadonlySet<string>): Map<string, Process> {
  const owners = new Map<string, Process>();
  const pids = listOf(proc).filter((it) => /^\d+$/.test(it));
  for (const pid of pids.slice(0, maxProcesses)) {
    const links = openFilesOf(`${proc}/${pid}`);
    const held = links.map((it) => /^socket:\[(\d+)\]$/.exec(it)?.[1] ?? "").filter((it) => inodes.has(it));
    if (held.length === 0) continue;
    const process = processOf(`${proc}/${pid}`, links);
    // A worker shares its parent's socket: the first, which is the parent, names it; a product names it better.
    for (const inode of held) {
      const known = owners.get(inode);
      if (!known || (!productOf(known.program, known.args) && productOf(process.program, process.args))) {
        owners.set(inode, process);
      }
    }
  }
  return owners;
}

function processOf(home: string, links: readonly string[]): Process {
  const args = (readTable(`${home}/cmdline`, maxCommandBytes) ?? "").split("\0").filter((it) => it !== "");
  const comm = (readTable(`${home}/comm`, maxCommandBytes) ?? "").trim();
  const [first = comm] = args;
  const program = basename(first) || comm;
  const mapped = [...(readTable(`${home}/maps`) ?? "").matchAll(/ (\/[^\n]+)$/gm)].map(([, path = ""]) => path);
  const openFiles = new Set([...links.filter((it) => it.startsWith("/")), ...mapped]);
  return { program, args: args.slice(1), openFiles, folder: linkOf(`${home}/cwd`) };
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // closed since, or not ours to see
  }
}

function openFilesOf(home: string): string[] {
  return listOf(`${home}/fd`)
    .slice(0, maxDescriptors)
    .flatMap((it) => linkOf(`${home}/fd/${it}`) ?? []);
}

/** Empty where we may not look: then the sockets stay without an owner, and that is said. */
function listOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A file of the kernel's or of `/etc`, up to `limit` bytes; undefined if it cannot be read. Their sizes read as 0. */
export function readTable(path: string, limit = maxTableBytes): string | undefined {
  try {
    const fd = openSync(path, "r");
    try {
      const pieces: Buffer[] = [];
      for (let total = 0; total < limit;) {
        const piece = Buffer.alloc(64 * 1024);
        const got = readSync(fd, piece, 0, Math.min(piece.length, limit - total), null);
        if (got === 0) break;
        pieces.push(piece.subarray(0, got));
        total += got;
      }
      return Buffer.concat(pieces).toString("utf8");
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
