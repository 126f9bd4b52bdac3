import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import type { Reader } from "@outweigh/weights";

/**
 * Where a file or folder is. `raw` is set where its name is not valid UTF-8: then it opens the file, and `path` only shows it.
 * Nobody hides a model from us by giving it a name that cannot be written.
 */
export interface Place {
  readonly path: string;
  readonly raw?: Uint8Array;
}

export interface OpenFile {
  readonly fd: number;
  readonly stats: Stats;
}

// A link is not followed; a pipe that took the file's place does not block; the time of last access stays.
const quiet = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const quietest = quiet | (constants.O_NOATIME ?? 0);

/** Opens regular files for reading only. Remembers whether the access time may be left alone: only owners may ask for that. */
export class Opener {
  #flags = quietest;

  /** In another folder, other owners. */
  forget(): void {
    this.#flags = quietest;
  }

  /** Undefined for what is no regular file. @throws the system's error (EACCES, ENOENT, ELOOP, …). */
  open(place: Place): OpenFile | undefined {
    const fd = this.#open(openable(place));
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

/** A file's bytes. Blocks while it reads, so it belongs in a worker. `onRead` is told of each read's length. */
export function fileReader({ fd, stats }: OpenFile, onRead: (bytes: number) => void): Reader {
  return {
    size: stats.size,
    read(at, length) {
      const piece = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, stats.size - at)));
      let done = 0;
      while (done < piece.length) {
        const got = readSync(fd, piece, done, piece.length - done, at + done);
        if (got === 0) break; // it was cut since
        done += got;
      }
      onRead(done);
      return done === piece.length ? piece : piece.subarray(0, done);
    },
  };
}
