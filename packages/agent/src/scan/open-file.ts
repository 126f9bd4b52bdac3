import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
} from "node:fs";
import { sep } from "node:path";
import type { Reader } from "@outweigh/weights";

/**
 * Where a file or folder is. `raw` is set where its name is not valid UTF-8: then it opens the file, and `path` only shows it.
 * Nobody hides a model from us by giving it a name that cannot be written.
 */
export interface Place {
  readonly path: string;
  readonly raw?: Uint8Array;
}

/** The bytes of names that are no UTF-8, by the path that shows them. */
export type RawNames = ReadonlyMap<string, readonly Uint8Array[]>;

export interface OpenFile {
  readonly fd: number;
  readonly stats: Stats;
}

// A link is not followed; a pipe that took the file's place does not block; the time of last access stays.
const quiet = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const quietest = quiet | (constants.O_NOATIME ?? 0);

/** Where the kernel tells what an open file or folder is called. Elsewhere paths are resolved once more, which leaves a gap. */
const descriptors = existsSync("/proc/self/fd") ? "/proc/self/fd" : undefined;

/** A file or folder, or one above it, gave way to another while the scan ran: a link that leads elsewhere, or a new file. */
class Replaced extends Error {
  readonly code = "REPLACED";
}

/**
 * A folder held open. What is opened through it lies in it, whatever takes the folder's place meanwhile: nobody leads a scan that runs as
 * root out of its roots by swapping a folder for a link.
 */
export class HeldFolder {
  readonly #fd: number;
  /** Its descriptor as a path; where there is no such path, its own. */
  readonly #at: Place;

  /** @throws the system's error (ENOTDIR for what is no folder, also for a link), REPLACED if a link stands on the way there. */
  constructor(place: Place) {
    this.#fd = openSync(openable(place), quiet | (constants.O_DIRECTORY ?? 0));
    try {
      verifyPlace(this.#fd, place);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
    this.#at = descriptors === undefined ? place : { path: `${descriptors}/${this.#fd}` };
  }

  /** What the system calls take for the folder itself. */
  get self(): string | Buffer {
    return openable(this.#at);
  }

  /** What they take for a name in it. */
  child({ name, raw }: { readonly name: string; readonly raw?: Uint8Array }): string | Buffer {
    const { path } = this.#at;
    if (!raw && !this.#at.raw) return path.endsWith(sep) ? path + name : path + sep + name;
    return Buffer.concat([Buffer.from(this.#at.raw ?? Buffer.from(path)), Buffer.from(sep), raw ?? Buffer.from(name)]);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** @throws REPLACED unless the open file stands where its path says, without a link on the way. */
function verifyPlace(fd: number, place: Place): void {
  const stands = descriptors === undefined ? resolved(place) : readlinkSync(`${descriptors}/${fd}`, "buffer");
  if (!stands.equals(Buffer.from(openable(place)))) throw new Replaced(`${place.path} was replaced`);
}

function resolved(place: Place): Buffer {
  return realpathSync.native(openable(place), "buffer");
}

/** Opens regular files for reading only. Remembers whether the access time may be left alone: only owners may ask for that. */
export class Opener {
  #flags = quietest;

  /** In another folder, other owners. */
  forget(): void {
    this.#flags = quietest;
  }

  /**
   * By its path, which must lead there without a link. Undefined for what is no regular file.
   * @throws the system's error (EACCES, ENOENT, ELOOP, …), REPLACED if a link stands on the way.
   */
  open(place: Place): OpenFile | undefined {
    const file = this.openIn(openable(place));
    if (!file) return undefined;
    try {
      verifyPlace(file.fd, place);
    } catch (error) {
      closeSync(file.fd);
      throw error;
    }
    return file;
  }

  /** In a folder that is held open: `path` is what its `child` gave. Undefined for what is no regular file. @throws the system's error. */
  openIn(path: string | Buffer): OpenFile | undefined {
    const fd = this.#open(path);
    const stats = fstatSync(fd);
    if (stats.isFile()) return { fd, stats };
    closeSync(fd);
    return undefined;
  }

  #open(path: string | Buffer): number {
    try {
      return openSync(path, this.#flags);
    } catch (error) {
      if (errnoOf(error) !== "EPERM" || this.#flags === quiet) throw error;
      this.#flags = quiet;
      return openSync(path, this.#flags);
    }
  }
}

/** What the system calls take. */
export function openable({ path, raw }: Place): string | Buffer {
  return raw ? Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength) : path;
}

/** The code of a system error, such as EACCES; undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Words for a system error, for the report. */
export function whyUnreadable(error: unknown): string {
  const code = errnoOf(error);
  switch (code) {
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "ENOENT":
    case "ENOTDIR":
      return "vanished during the scan";
    case "REPLACED":
      return "was replaced during the scan, itself or a folder above it";
    case "ELOOP":
      return "became a symbolic link during the scan";
    case "ENAMETOOLONG":
      return "its path is longer than the system opens";
    case "EIO":
      return "the disk gave an input/output error";
    default:
      return code === undefined ? String(error) : `the system said ${code}`;
  }
}

/** What is read ahead where reads follow each other closely, in bytes: archives of thousands of small members are read so. */
const aheadBytes = 64 * 1024;
/** How far the next read may lie from the end of the last one to follow closely, in bytes: further apart, reading ahead reads too much. */
const closeBytes = 8 * 1024;

/** Reads of this many bytes and more can be recycled. */
const recycledBytes = 1024 * 1024;

/**
 * Buffers that large reads take turns in while weights are hashed. Otherwise a hundred MB of read pieces wait for the garbage
 * collector: a scan of 500,000 files stays below 200 MB by this (bench/scan).
 *
 * Only for a consumer that is done with a piece when it has asked for the next but one, as `digestTensors` and `digestFile` are; a test
 * holds them to it.
 */
export class Recycler {
  /** Off while headers are read: those may be kept. */
  isOn = false;
  readonly #buffers: (Buffer | undefined)[] = [undefined, undefined, undefined];
  #next = 0;

  take(length: number): Buffer | undefined {
    if (!this.isOn || length < recycledBytes) return undefined;
    this.#next = (this.#next + 1) % this.#buffers.length;
    const old = this.#buffers[this.#next];
    const buffer = old && old.length >= length ? old : Buffer.allocUnsafeSlow(length);
    this.#buffers[this.#next] = buffer;
    return buffer.subarray(0, length);
  }
}

/**
 * A file's bytes. Blocks while it reads, so it belongs in a worker. Small reads one after the other are served from one piece.
 *
 * @param onRead Told the length of each read of the disk.
 */
export function fileReader({ fd, stats }: OpenFile, onRead: (bytes: number) => void, recycler?: Recycler): Reader {
  const { size } = stats;
  let kept: Buffer = Buffer.alloc(0);
  let keptAt = 0;
  let lastEnd = -1;
  const load = (at: number, length: number): Buffer => {
    const piece = readPiece(fd, at, recycler?.take(length) ?? Buffer.allocUnsafeSlow(length));
    onRead(piece.length);
    return piece;
  };
  return {
    size,
    read(at, length) {
      const wanted = Math.max(0, Math.min(length, size - at));
      if (wanted === 0) return new Uint8Array(0);
      const from = at - keptAt;
      const follows = lastEnd >= 0 && at >= lastEnd && at - lastEnd < closeBytes;
      lastEnd = at + wanted;
      if (from >= 0 && from + wanted <= kept.length) return kept.subarray(from, from + wanted);
      if (!follows || wanted > aheadBytes / 2) return load(at, wanted);
      kept = load(at, Math.min(aheadBytes, size - at));
      keptAt = at;
      return kept.subarray(0, wanted);
    },
  };
}

function readPiece(fd: number, at: number, piece: Buffer): Buffer {
  let done = 0;
  while (done < piece.length) {
    const got = readSync(fd, piece, done, piece.length - done, at + done);
    if (got === 0) return piece.subarray(0, done); // it was cut since
    done += got;
  }
  return piece;
}
