// Which files a watched path leads to, and how one file is told from another.
import { createHash } from "node:crypto";
import { constants, type Dirent, type Stats } from "node:fs";
import { open, readdir, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { createGunzip } from "node:zlib";
import { maxWatchedFiles } from "../limits.ts";

/** Folders below a watched one that are looked into: an archive by account, region, year, month and day has eight. */
const maxDepth = 16;
/** Bytes that identify a file together with device and inode: longer than what logs of one kind begin alike with. */
const maxHeadBytes = 1024;

export interface FoundFile {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  /** When it was last written, in ms. */
  readonly writtenAt: number;
}

export interface Found {
  readonly files: readonly FoundFile[];
  /** Why the path cannot be read, or not all of it. */
  readonly problem?: string;
}

/**
 * The regular files that a path leads to: itself and its rotated siblings (`access.log.1`, `access.log-20261125.gz`),
 * everything below a folder, or what its pattern matches; `*` stands for any characters of one segment. Links inside
 * folders are not followed: they could lead anywhere.
 */
export async function findFiles(path: string): Promise<Found> {
  const whole = resolve(path);
  const files: FoundFile[] = [];
  const add = (at: string, it: Stats) => {
    if (it.isFile()) files.push({ path: at, dev: it.dev, ino: it.ino, size: it.size, writtenAt: it.mtimeMs });
  };
  try {
    const last = basename(whole);
    for (const folder of await folders(dirname(whole))) {
      for (const entry of await list(folder)) {
        if (!belongs(last, entry.name)) continue;
        const at = join(folder, entry.name);
        // Only what is named by the path itself may be a link.
        const it = await stat(at).catch(() => undefined);
        if (it?.isDirectory() && matches(last, entry.name)) await below(at, 0, add, files);
        else if (it) add(at, it);
        if (files.length >= maxWatchedFiles) break;
      }
    }
  } catch (error) {
    return { files, problem: `${path}: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (files.length >= maxWatchedFiles)
    return { files, problem: `${path}: more than ${maxWatchedFiles} files, the rest is not read` };
  return { files };
}

/** Whether a file was reached as an older one of a path's name, not by the path itself. */
export function isRotated(path: string, file: string): boolean {
  const whole = resolve(path);
  if (file.split(sep).length !== whole.split(sep).length) return false;
  return !matches(basename(whole), basename(file));
}

/** The existing folders of a path whose segments may hold `*`. */
async function folders(path: string): Promise<string[]> {
  if (!path.includes("*")) return [path];
  const found: string[] = [];
  const pattern = basename(path);
  for (const folder of await folders(dirname(path))) {
    if (!pattern.includes("*")) {
      found.push(join(folder, pattern));
      continue;
    }
    for (const it of await list(folder).catch(() => [])) {
      if (it.isDirectory() && matches(pattern, it.name)) found.push(join(folder, it.name));
    }
  }
  return found;
}

async function below(
  folder: string,
  depth: number,
  add: (at: string, it: Stats) => void,
  files: readonly FoundFile[],
): Promise<void> {
  for (const entry of await list(folder)) {
    if (files.length >= maxWatchedFiles) return;
    const at = join(folder, entry.name);
    if (entry.isDirectory() && depth < maxDepth) await below(at, depth + 1, add, files);
    if (!entry.isFile()) continue;
    const it = await stat(at).catch(() => undefined); // It may be gone by now.
    if (it) add(at, it);
  }
}

function list(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true });
}

function belongs(pattern: string, name: string): boolean {
  return matches(pattern, name) || [...name.matchAll(/[.-]/g)].some((it) => matches(pattern, name.slice(0, it.index)));
}

/** Whether `*` and plain characters match the whole name. Greedy from left to right: linear in the name for each star. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split("*");
  const first = parts.shift() ?? "";
  if (parts.length === 0) return name === pattern;
  const last = parts.pop() ?? "";
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  const end = name.length - last.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

export interface Head {
  readonly digest: string;
  /** How many bytes the digest is of. */
  readonly bytes: number;
  readonly packed: boolean;
}

/**
 * What a file begins with: at most `maxHeadBytes`, or exactly `bytes`. Undefined when it has fewer, or when it is another
 * file that has this name by now: a log is renamed at any moment. `unpacked` looks into a packed one.
 */
export async function identify(
  file: Pick<FoundFile, "path" | "dev" | "ino">,
  bytes?: number,
  how?: "unpacked",
): Promise<Head | undefined> {
  const handle = await openSame(file);
  if (!handle) return undefined;
  const wanted = bytes ?? maxHeadBytes;
  const found = await (how === "unpacked" ? unpackedHead(handle, wanted) : plainHead(handle, wanted)).finally(() =>
    handle.close(),
  );
  if (!found || found.length === 0 || (bytes !== undefined && found.length < bytes)) return undefined;
  return {
    digest: createHash("sha256").update(found).digest("hex"),
    bytes: found.length,
    packed: isPacked(found),
  };
}

/** RFC 1952 §2.3.1: the two bytes every gzip file begins with. By content, not by name. */
function isPacked(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** The file of this identity, if it still has this name; undefined if another one has. */
export async function openSame({
  path,
  dev,
  ino,
}: Pick<FoundFile, "path" | "dev" | "ino">): Promise<FileHandle | undefined> {
  // Not blocking: a pipe put in the file's place must not stop us.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (!handle) return undefined;
  const it = await handle.stat();
  if (it.isFile() && it.dev === dev && it.ino === ino) return handle;
  await handle.close();
  return undefined;
}

async function plainHead(file: FileHandle, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
  return buffer.subarray(0, bytesRead);
}

/** Bytes of a packed file that surely hold the head of what it unpacks to. */
const packedHeadBytes = 64 * 1024;

async function unpackedHead(file: FileHandle, bytes: number): Promise<Buffer> {
  const packed = await plainHead(file, packedHeadBytes);
  const unpacked = createGunzip();
  unpacked.end(packed);
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of unpacked) {
      const part = Buffer.from(chunk);
      parts.push(part);
      length += part.length;
      if (length >= bytes) break;
    }
  } catch {
    // What was given ends inside the stream: what came out until then is what we want.
  }
  return Buffer.concat(parts).subarray(0, bytes);
}
