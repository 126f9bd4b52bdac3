// Moves a file with weights to a folder that only we read. A rename within its file system: not a byte is written or lost.
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
  renameSync,
  unlinkSync,
  type Stats,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Order, Quarantined } from "@outweigh/schema";
import { couldBeModel, headBytes } from "@outweigh/weights";
import { quarantineFolder } from "../scan/limits.ts";
import { errnoOf } from "../scan/open-file.ts";
import { Refused, type Change } from "./outcome.ts";

type QuarantineOrder = Extract<Order, { verb: "quarantine-file" }>;

/** @param own Our own folder: nothing in it is moved. */
export function quarantineFile(own: string): Change<QuarantineOrder, Quarantined> {
  return {
    async plan({ path, sha256 }, id) {
      if (resolve(path) !== path) throw new Refused(`${path} is no plain absolute path`);
      if (path.startsWith(`${resolve(own)}/`)) throw new Refused(`${path} is Outweigh's own`);
      const it = await looked(path, sha256);
      const folder = join(dirname(path), quarantineFolder);
      // An id is the server's word: it must not lead elsewhere.
      const to = join(folder, createHash("sha256").update(id).digest("hex").slice(0, 24));
      if (exists(to)) throw new Refused(`${to} is there already`);
      const { dev, ino, size, mode, uid, gid, mtimeMs } = it;
      return { from: path, to, dev, ino, size, mode, uid, gid, modifiedAt: mtimeMs, sha256 };
    },

    apply(it) {
      within(dirname(it.from), (from) => {
        const name = basename(dirname(it.to));
        try {
          mkdirSync(`${from}/${name}`, { mode: 0o700 });
        } catch (error) {
          if (errnoOf(error) !== "EEXIST") throw error;
        }
        within(dirname(it.to), (to) => {
          const folder = lstatSync(`${to}/.`);
          // Made by us, or by somebody who waits there: then it is not ours to trust.
          if (folder.uid !== process.geteuid?.() || (folder.mode & 0o077) !== 0)
            throw new Refused(`${dirname(it.to)} is there already and not ours alone`);
          const target = `${to}/${basename(it.to)}`;
          if (exists(target)) throw new Refused(`${it.to} is there already`);
          renameSync(`${from}/${basename(it.from)}`, target);
          if (isSame(lstatSync(target), it)) return;
          // Swapped between the look and the move.
          renameSync(target, `${from}/${basename(it.from)}`);
          throw new Refused(`${it.from} was replaced while it was moved`);
        });
      });
    },

    async verify(it) {
      if (exists(it.from)) return `${it.from} is there again`;
      const there = lstatSync(it.to, { throwIfNoEntry: false });
      if (!there || !isSame(there, it)) return `${it.to} is not the file that was moved`;
      return (await digestOf(it.to)) === it.sha256 ? undefined : `${it.to} has other bytes`;
    },

    undo(it) {
      const there = lstatSync(it.to, { throwIfNoEntry: false });
      if (!there || !isSame(there, it)) throw new Refused(`${it.to} is not the file that was moved`);
      within(dirname(it.from), (from) =>
        within(dirname(it.to), (to) => {
          const [source, target] = [`${to}/${basename(it.to)}`, `${from}/${basename(it.from)}`];
          // A new name first: unlike a rename, it replaces nothing that somebody put there meanwhile.
          try {
            linkSync(source, target);
          } catch (cause) {
            if (errnoOf(cause) === "EEXIST") throw new Refused(`${it.from} is there again: move it away first`);
            throw cause;
          }
          unlinkSync(source);
        }),
      );
      const back = lstatSync(it.from);
      const isAsItWas = isSame(back, it) && back.mode === it.mode && back.uid === it.uid && back.gid === it.gid;
      if (!isAsItWas || back.mtimeMs !== it.modifiedAt) throw new Error(`${it.from} is back, but not as it was`);
    },
  };
}

/** The file as it is now, if it is what the order names and looks like weights. @throws {Refused} */
async function looked(path: string, sha256: string): Promise<Stats> {
  const fd = openQuietly(path);
  try {
    const it = fstatSync(fd);
    if (!it.isFile()) throw new Refused(`${path} is no regular file`);
    if (readlinkSync(`/proc/self/fd/${fd}`) !== path) throw new Refused(`${path} is reached through a link`);
    if (it.nlink > 1) throw new Refused(`${path} has ${it.nlink} names: the others would stay`);
    const head = Buffer.alloc(headBytes);
    const length = readSync(fd, head, 0, headBytes, 0);
    if (!couldBeModel(head.subarray(0, length), it.size))
      throw new Refused(`${path} does not look like a model's file`);
    if ((await digestOf(path, fd)) !== sha256) throw new Refused(`${path} has other bytes than the order says`);
    return it;
  } finally {
    closeSync(fd);
  }
}

function openQuietly(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    throw new Refused(`${path} cannot be opened: ${errnoOf(cause) ?? "it is not there"}`, { cause });
  }
}

/** SHA-256 of a file's bytes, read in pieces. */
export async function digestOf(path: string, fd?: number): Promise<string> {
  const hash = createHash("sha256");
  const from = fd === undefined ? {} : { fd, autoClose: false };
  for await (const piece of createReadStream(path, { start: 0, highWaterMark: 1024 * 1024, ...from }))
    hash.update(piece);
  return hash.digest("hex");
}

function isSame(found: Stats, it: Quarantined): boolean {
  return found.isFile() && found.dev === it.dev && found.ino === it.ino && found.size === it.size;
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Works inside a folder that cannot be exchanged for a link meanwhile, and syncs it: a moved file must not come back after a crash. */
function within(folder: string, work: (path: string) => void): void {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const own = `/proc/self/fd/${fd}`;
    if (readlinkSync(own) !== folder) throw new Refused(`${folder} is reached through a link`);
    work(own);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
