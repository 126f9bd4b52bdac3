// The host as its files tell it: bounded, read-only, nothing followed that a user could have laid.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  readdirSync,
  realpathSync,
  statSync,
} from "node:fs";
import { join, normalize } from "node:path";
import { parseAccounts, type Accounts } from "../scan/accounts.ts";
import { AttributeReader, type Capability, type Known } from "../scan/attributes.ts";
import { errnoOf, whyUnreadable } from "../scan/open-file.ts";
import type { Permissions } from "../scan/readable-by.ts";
import { maxTableBytes } from "../scan/limits.ts";
import { maxConfigBytes, maxConfigFiles } from "./limits.ts";

/** What a file says, that there is none, or why it could not be read. */
export type Told =
  | { readonly state: "read"; readonly text: string }
  | { readonly state: "absent" }
  | { readonly state: "closed"; readonly why: string };

/** Files of a host. All paths are the host's own: `/etc/exports`, wherever its root lies here. */
export class Machine {
  /** Where the host's `/` is: another folder than `/` for an image that is mounted, and in tests. */
  readonly root: string;
  readonly accounts: Accounts;
  readonly attributes: AttributeReader;

  constructor(root = "/", attributes = new AttributeReader()) {
    this.attributes = attributes;
    this.root = root === "/" ? "" : root.replace(/\/+$/, "");
    const told = (path: string) => {
      const it = this.read(path, maxTableBytes);
      return it.state === "read" ? it.text : "";
    };
    this.accounts = parseAccounts(told("/etc/passwd"), told("/etc/group"));
  }

  /** Where a path of the host is here. It cannot lead out of the root by dots. */
  here(path: string): string {
    return this.root + normalize(join("/", path));
  }

  /** The host's own path of one that is here; undefined for what is not the host's. */
  own(path: string): string | undefined {
    if (this.root === "") return path;
    return path.startsWith(`${this.root}/`) ? path.slice(this.root.length) : undefined;
  }

  /**
   * A regular file's text, up to `limit` bytes. Links are followed: who may write to `/etc` is root already.
   * For what users may have laid, see `readLaid`.
   */
  read(path: string, limit = maxConfigBytes): Told {
    return readRegular(this.here(path), 0, limit);
  }

  /** Like `read`, for a file in a user's home: not through a link, anywhere on the way. */
  readLaid(path: string, limit = maxConfigBytes): Told {
    const here = this.here(path);
    try {
      if (realpathSync(here) !== here) return { state: "closed", why: "is reached through a link" };
    } catch (error) {
      return whyNot(error);
    }
    return readRegular(here, constants.O_NOFOLLOW, limit);
  }

  /** Names in a folder, sorted, at most `most`; undefined if it may not be read; empty if there is none. */
  names(path: string, most = maxConfigFiles): string[] | undefined {
    try {
      return readdirSync(this.here(path)).sort().slice(0, most);
    } catch (error) {
      return whyNot(error).state === "absent" ? [] : undefined;
    }
  }

  /** Reads the extended attributes of these and of the folders above them ahead: each time that it is asked costs a process. */
  learn(paths: readonly string[]): void {
    const steps = new Set(paths.flatMap(stepsTo));
    this.attributes.learn([...steps].map((it) => this.here(it)));
  }

  /** The rights that a program brings. Of a path that `learn` was told. */
  capability(path: string): Known<Capability> {
    return this.attributes.of(this.here(path)).capability;
  }

  /** What tells one folder from another, links followed; undefined if there is none, or it may not be seen. */
  folder(path: string): string | undefined {
    try {
      const it = statSync(this.here(path));
      return it.isDirectory() ? `${it.dev}:${it.ino}` : undefined;
    } catch {
      return undefined;
    }
  }

  /** What the system says of one file, its access list where `learn` was told; undefined if there is none, or it may not be seen. */
  stat(path: string): (Permissions & { readonly isFile: boolean; readonly isSocket: boolean }) | undefined {
    try {
      const it = lstatSync(this.here(path));
      const { uid, gid } = it;
      const { list } = this.attributes.of(this.here(path));
      const known = list.state === "read" ? { list: list.value } : {};
      return { path, mode: it.mode & 0o7777, uid, gid, ...known, isFile: it.isFile(), isSocket: it.isSocket() };
    } catch {
      return undefined;
    }
  }

  /** The permissions from the host's root folder to a file; undefined if a part of it is gone or closed. */
  chain(path: string): Permissions[] | undefined {
    const all = stepsTo(path).map((it) => this.stat(it));
    return all.every((it) => it !== undefined) ? all : undefined;
  }
}

/** The host's root folder, each folder above a path, and the path. */
function stepsTo(path: string): string[] {
  const own = normalize(join("/", path));
  const ends = [...own].flatMap((char, at) => (char === "/" && at > 0 ? [own.slice(0, at)] : []));
  return ["/", ...ends, own];
}

function readRegular(path: string, flags: number, limit: number): Told {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
  } catch (error) {
    return whyNot(error);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return { state: "closed", why: "is no regular file" };
    if (stats.size > limit) return { state: "closed", why: `is longer than ${limit} bytes` };
    // Files of /proc say that they are empty.
    const whole = Buffer.alloc(stats.size > 0 ? stats.size : Math.min(limit, 256 * 1024));
    let done = 0;
    for (let got = 1; got > 0 && done < whole.length; done += got) {
      got = readSync(fd, whole, done, whole.length - done, null);
    }
    return { state: "read", text: whole.toString("utf8", 0, done) };
  } catch (error) {
    return whyNot(error);
  } finally {
    closeSync(fd);
  }
}

function whyNot(error: unknown): Told {
  const code = errnoOf(error);
  if (code === "ENOENT" || code === "ENOTDIR") return { state: "absent" };
  return { state: "closed", why: whyUnreadable(error) };
}
