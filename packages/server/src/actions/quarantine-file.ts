// Moves a copy that a scan found to where only we can read it. A rename: not a byte is read, written or lost.
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { chmod, link, lstat, mkdir, open, readlink, realpath, rename, unlink, type FileHandle } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path";
import { bytesText } from "@outweigh/pipeline";
import { couldBeModel, headBytes } from "@outweigh/weights";
import { z } from "zod";
import { ServerError } from "../error.ts";
import { copyById, scans, unnamedHost, type FoundCopy } from "../store/copies.ts";
import type { Db } from "../store/state/state.ts";
import { done, notDone, type Act, type Planned } from "./action.ts";

/** Most files of one copy that are moved: the shards of the largest models published are a few hundred. */
const maxFiles = 2000;
/** The folder beside a file that lies on another file system than our data. */
const besideFolder = ".outweigh-quarantine";
/** How much the clocks of a scan and of the file system may differ, in ms. */
const clockMs = 2000;

/** One file, as it was when the plan was made, and where it goes. Everything but its name stays as it is. */
const moved = z.object({
  from: z.string(),
  to: z.string(),
  dev: z.number(),
  ino: z.number(),
  size: z.int(),
  mode: z.int(),
  uid: z.int(),
  gid: z.int(),
  /** In ms; a changed content changes it. */
  modifiedAt: z.number(),
  /** Of all its bytes, where the scan gave it: checked again before the move. */
  sha256: z.string().optional(),
});
type Moved = z.infer<typeof moved>;
const record = z.object({ copy: z.string(), files: z.array(moved).min(1).max(maxFiles) });

interface QuarantineOptions {
  readonly db: Db;
  /** Our own folder for files of the same file system. */
  readonly folder: string;
  /** Folders whose files may be moved; empty: those that the scan read. */
  readonly roots: readonly string[];
  /** Our data folder: whatever a report says, nothing in it is moved. */
  readonly own: string;
}

export function quarantineFile({ db, folder, roots, own }: QuarantineOptions): Act {
  return {
    verb: "quarantine-file",

    async preview(target): Promise<Planned> {
      const copy = await copyById(db, target);
      if (!copy) return { ok: false, title: "Quarantine a copy", refused: "there is no such copy: scan again" };
      const title = `Move ${copy.container ?? copy.path} (${bytesText(copy.bytes)}) to quarantine`;
      try {
        const allowed = roots.length > 0 ? roots : await scannedRoots(db, copy.host);
        const paths = pathsOf(copy);
        for (const { path } of paths) {
          if (await isInside(own, path)) throw new ServerError("ACTION_REFUSED", `${path} is Outweigh's own`);
        }
        const files = await Promise.all(paths.map((it, i) => planFile(it, i, copy, folder, allowed)));
        await checkWeights(files);
        return {
          ok: true,
          plan: {
            title,
            effects: effectsOf(copy, files),
            undoable: true,
            touches: `file:${copy.container ?? copy.path}`,
            plan: { copy: copy.id, files },
          },
        };
      } catch (error) {
        if (error instanceof ServerError) return { ok: false, title, refused: error.message };
        throw error;
      }
    },

    async apply(plan) {
      const it = record.parse(plan);
      for (const file of it.files) await checkUnchanged(file);
      await moveAll(it.files, moveAway);
      return it;
    },

    async verify(plan) {
      const { files } = record.parse(plan);
      for (const file of files) {
        if (await exists(file.from)) return notDone(`${file.from} is there again`);
        const there = await lstat(file.to).catch(() => undefined);
        if (!there || there.ino !== file.ino || there.size !== file.size)
          return notDone(`${file.to} is not the file that was moved`);
      }
      return done(files.length === 1 ? "the file lies in quarantine" : `all ${files.length} files lie in quarantine`);
    },

    async undo(plan) {
      await moveAll(record.parse(plan).files.toReversed(), moveBack);
    },
  };
}

/** The files that make up a copy: its own, or the archive that holds it. */
function pathsOf(copy: FoundCopy): { readonly path: string; readonly bytes?: number; readonly sha256?: string }[] {
  if (copy.host !== hostname() && copy.host !== unnamedHost) {
    throw new ServerError("ACTION_REFUSED", `it lies on ${copy.host}, not on this host`);
  }
  if (copy.state !== "present") throw new ServerError("ACTION_REFUSED", `the copy is ${copy.state}`);
  if (copy.container !== undefined) return [{ path: copy.container }];
  const files = copy.files ?? [{ path: copy.path, bytes: copy.bytes }];
  if (files.length > maxFiles)
    throw new ServerError("ACTION_REFUSED", `it has ${files.length} files, at most ${maxFiles} are moved`);
  const only = files.length === 1 && copy.sha256 !== undefined ? { sha256: copy.sha256 } : {};
  return files.map(({ path, bytes }) => ({ path, bytes, ...only }));
}

async function scannedRoots(db: Db, host: string): Promise<readonly string[]> {
  const report = (await scans(db)).find((it) => (it.host ?? unnamedHost) === host);
  return report?.roots ?? [];
}

async function planFile(
  { path, bytes, sha256 }: { readonly path: string; readonly bytes?: number; readonly sha256?: string },
  index: number,
  copy: FoundCopy,
  folder: string,
  roots: readonly string[],
): Promise<Moved> {
  const refuse = (why: string) => new ServerError("ACTION_REFUSED", `${path} ${why}`);
  if (!isAbsolute(path) || resolve(path) !== path) throw refuse("is no plain absolute path");
  const parent = await realpath(dirname(path)).catch(() => undefined);
  if (parent === undefined) throw refuse("is not there any more: scan again");
  if (parent !== dirname(path)) throw refuse("is reached through a link");
  const inside = await Promise.all(roots.map((it) => isInside(it, path)));
  if (!inside.some(Boolean))
    throw refuse("lies outside the folders that may be touched (policy.quarantineRoots, or those scanned)");

  const it = await lstat(path).catch(() => undefined);
  if (!it) throw refuse("is not there any more: scan again");
  if (!it.isFile()) throw refuse("is no regular file");
  if (it.nlink > 1) throw refuse(`has ${it.nlink} names: the others would stay`);
  const isChanged = (bytes !== undefined && it.size !== bytes) || it.mtimeMs > copy.lastSeenAt + clockMs;
  if (isChanged) throw refuse("changed since it was scanned: scan again");

  const place = (await deviceOf(folder)) === it.dev ? folder : join(parent, besideFolder);
  const { dev, ino, size, mode, uid, gid, mtimeMs } = it;
  const to = join(place, `${copy.id}-${index}`);
  if (await exists(to)) throw refuse(`would overwrite ${to}`);
  return {
    from: path,
    to,
    dev,
    ino,
    size,
    mode,
    uid,
    gid,
    modifiedAt: mtimeMs,
    ...(sha256 !== undefined && { sha256 }),
  };
}

/**
 * A report is only somebody's word, so what is to be moved must look like weights to us too, or lie beside a file that does
 * (some formats cut weights into pieces without a mark). @throws {ServerError} ACTION_REFUSED
 */
async function checkWeights(files: readonly Moved[]): Promise<void> {
  const folders = new Set<string>();
  for (const { from, size } of files) if (couldBeModel(await headOf(from), size)) folders.add(dirname(from));
  const stranger = files.find(({ from }) => !folders.has(dirname(from)));
  if (stranger) throw new ServerError("ACTION_REFUSED", `${stranger.from} does not look like a model's file`);
}

async function headOf(path: string): Promise<Uint8Array> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (!handle) throw new ServerError("ACTION_REFUSED", `${path} cannot be opened, or became a link`);
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function effectsOf(copy: FoundCopy, files: readonly Moved[]): string[] {
  const places = [...new Set(files.map((it) => dirname(it.to)))];
  const effects = [
    files.length === 1
      ? `${files[0]?.from} goes to ${files[0]?.to}`
      : `${files.length} files go to ${places.join(" and ")}, all or none`,
    "Nobody but the user that runs Outweigh, and root, can read it there",
    "Programs that have it open keep it open until they close it",
    "Content, owner, mode and times stay; undoing puts it back where it was",
  ];
  if (copy.container !== undefined)
    effects.push(`The whole archive ${copy.container} goes, with all else that it holds`);
  if (copy.declared === true) effects.push("This is a declared copy: what serves from it may stop");
  return effects;
}

async function isInside(root: string, path: string): Promise<boolean> {
  const real = await realpath(resolve(root)).catch(() => undefined);
  return real !== undefined && path.startsWith(real.endsWith(sep) ? real : real + sep);
}

/** The device that a folder is on, or will be on once it is made: a preview makes nothing. */
async function deviceOf(folder: string): Promise<number> {
  const it = await lstat(folder).catch(() => undefined);
  return it ? it.dev : deviceOf(dirname(folder));
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** The file is the one that was agreed on: by identity, and by its bytes where they are known. Opened without following a link. */
async function checkUnchanged(file: Moved): Promise<void> {
  const refuse = (why: string) => new ServerError("ACTION_REFUSED", `${file.from} ${why}: preview it again`);
  const handle = await open(file.from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (!handle) throw refuse("cannot be opened, or became a link");
  try {
    const it = await handle.stat();
    const same = it.dev === file.dev && it.ino === file.ino && it.size === file.size && it.mtimeMs === file.modifiedAt;
    if (!it.isFile() || !same) throw refuse("is not the file that was agreed on");
    if (file.sha256 !== undefined && (await sha256Of(handle)) !== file.sha256)
      throw refuse("has other bytes than when it was scanned");
  } finally {
    await handle.close();
  }
}

async function sha256Of(handle: FileHandle): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 1024 * 1024 }))
    hash.update(chunk);
  return hash.digest("hex");
}

/** Moves all files or none: what was moved before one failed goes back. */
async function moveAll(files: readonly Moved[], move: (file: Moved) => Promise<void>): Promise<void> {
  const back = move === moveAway ? moveBack : moveAway;
  const done: Moved[] = [];
  try {
    for (const it of files) {
      await move(it);
      done.push(it);
    }
  } catch (cause) {
    for (const it of done.toReversed()) await back(it);
    throw cause;
  }
}

async function moveAway(file: Moved): Promise<void> {
  const place = dirname(file.to);
  await mkdir(place, { mode: 0o700, recursive: true });
  await within(dirname(file.from), (from) =>
    within(place, async (to) => {
      // Made by us, or by somebody who waits there: then it is not ours to trust.
      const { uid, mode } = await lstat(`${to}/.`);
      if (uid !== process.getuid?.()) throw new ServerError("ACTION_REFUSED", `${place} belongs to somebody else`);
      if ((mode & 0o077) !== 0) await chmod(`${to}/.`, 0o700);
      const target = `${to}/${basename(file.to)}`;
      if (await exists(target)) throw new ServerError("ACTION_REFUSED", `${file.to} is there already`);
      await rename(`${from}/${basename(file.from)}`, target);
      const there = await lstat(target);
      if (there.ino === file.ino && there.dev === file.dev) return;
      // Swapped between the check and the move: put back what is not ours to take.
      await rename(target, `${from}/${basename(file.from)}`);
      throw new ServerError("ACTION_REFUSED", `${file.from} was replaced while it was moved`);
    }),
  );
}

async function moveBack(file: Moved): Promise<void> {
  const there = await lstat(file.to).catch(() => undefined);
  if (!there?.isFile() || there.ino !== file.ino || there.size !== file.size) {
    throw new ServerError("ACTION_REFUSED", `${file.to} is not the file that was moved`);
  }
  await within(dirname(file.from), (from) =>
    within(dirname(file.to), async (to) => {
      const [source, target] = [`${to}/${basename(file.to)}`, `${from}/${basename(file.from)}`];
      // A new name first: unlike a rename, it never replaces what somebody put there meanwhile.
      try {
        await link(source, target);
      } catch (cause) {
        if (isCode(cause, "EEXIST"))
          throw new ServerError("ACTION_REFUSED", `${file.from} is there again: move it away first`);
        if (!isCode(cause, "EPERM") || (await exists(target))) throw cause;
        return rename(source, target);
      }
      await unlink(source);
    }),
  );
}

/**
 * Works inside a folder that cannot be exchanged for a link meanwhile: on Linux through its open handle. The folder must
 * be at its own path, without links on the way. It is synced afterwards: a moved file must not come back after a crash.
 */
async function within<T>(folder: string, work: (path: string) => Promise<T>): Promise<T> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const own = `/proc/self/fd/${handle.fd}`;
    const real = process.platform === "linux" ? await readlink(own) : await realpath(folder);
    if (real !== folder) throw new ServerError("ACTION_REFUSED", `${folder} is reached through a link`);
    const result = await work(process.platform === "linux" ? own : folder);
    await handle.sync();
    return result;
  } finally {
    await handle.close();
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
