// Files and folders that are watched: read as they grow, through rotation, truncation and restarts.
import { watch, type FSWatcher } from "node:fs";
import { dirname } from "node:path";
import { PackedFile } from "./packed-file.ts";
import { PlainFile } from "./plain-file.ts";
import { filePosition, watchedSince, type FilePosition } from "./position.ts";
import type { FileReader } from "./reader.ts";
import type { Batch, Portion, UnreadableRecord } from "./record.ts";
import { findFiles, identify, isRotated, type FoundFile } from "./watched.ts";

/** Folders that are watched for hints; the rest is found by looking, as are the files of file systems that send none. */
const maxWatchers = 64;

/** How coarse the times of file systems may be, in ms. */
const coarseMs = 1000;

/** One source's files. Positions go out with each batch and come back, after a restart, through the constructor. */
export class Tail {
  readonly source: string;
  readonly #paths: readonly string[];
  /** Stream → reader. A stream is a file's identity, not its name. */
  readonly #readers = new Map<string, FileReader>();
  readonly #watchers = new Map<string, FSWatcher>();
  /** Path → since when it is watched. */
  readonly #since = new Map<string, number>();
  /** Why a path cannot be read. */
  problem: string | undefined;
  /** Called when the system says that something was written. */
  onHint: () => void = () => undefined;

  constructor(source: string, paths: readonly string[], stored: ReadonlyMap<string, unknown>) {
    this.source = source;
    this.#paths = paths;
    this.restore(stored);
  }

  /** The name of a file's stream among all stored positions. */
  static stream(source: string, dev: number, ino: number): string {
    return JSON.stringify(["file", source, dev, ino]);
  }

  /** Reading goes on at these positions: after a failed commit, or at the start. */
  restore(stored: ReadonlyMap<string, unknown>): void {
    for (const it of this.#readers.values()) it.close();
    this.#readers.clear();
    this.#since.clear();
    for (const path of this.#paths) {
      const body = stored.get(pathStream(this.source, path));
      if (body !== undefined) this.#since.set(path, watchedSince.parse(body).since);
    }
    for (const [stream, body] of stored) {
      if (isFileStream(stream, this.source)) this.#readers.set(stream, readerOf(filePosition.parse(body)));
    }
  }

  /** Paths that are watched from now on, to be stored before anything is read: what is written from here on is not history. */
  begin(): ReadonlyMap<string, object> {
    const positions = new Map<string, object>();
    for (const path of this.#paths) {
      if (this.#since.has(path)) continue;
      const since = Date.now() - coarseMs;
      this.#since.set(path, since);
      positions.set(pathStream(this.source, path), { since });
    }
    return positions;
  }

  /** Looks at all paths: finds new files, and notices those that were renamed, emptied, replaced or removed. */
  async look(): Promise<UnreadableRecord[]> {
    const problems: string[] = [];
    const found = new Map<string, { readonly path: string; readonly file: FoundFile }>();
    for (const path of this.#paths) {
      const { files, problem } = await findFiles(path);
      if (problem !== undefined) problems.push(problem);
      this.#watch(path, files);
      for (const file of this.#chosen(path, files)) {
        const stream = Tail.stream(this.source, file.dev, file.ino);
        if (!found.has(stream)) found.set(stream, { path, file });
      }
    }
    this.problem = problems.length === 0 ? undefined : problems.join("; ");

    // Those that are gone come first: a new file may be one of them, packed.
    for (const [stream, it] of this.#readers) if (!found.has(stream)) await it.miss();
    const rejects: UnreadableRecord[] = [];
    for (const [stream, { path, file }] of found) {
      const reader = this.#readers.get(stream) ?? (await this.#begin(stream, path, file));
      const lost = await reader?.meet(file);
      if (lost) rejects.push(lost);
    }
    return rejects;
  }

  /** The next records of one file; undefined when all is read. Files are taken in turn, the oldest first. */
  async read(portion: Portion): Promise<Batch | undefined> {
    const waiting: [string, FileReader][] = [];
    for (const [stream, it] of this.#readers) {
      if (it.mayHaveMore) waiting.push([stream, it]);
      else if (it.isForgotten) {
        this.#readers.delete(stream);
        it.close();
        return { source: this.source, records: [], rejects: [], positions: new Map([[stream, undefined]]) };
      }
    }
    waiting.sort(([, a], [, b]) => a.position.writtenAt - b.position.writtenAt);
    for (const [stream, reader] of waiting) {
      const read = await reader.read(portion);
      if (read) return { source: this.source, ...read, positions: new Map([[stream, reader.position]]) };
    }
    return undefined;
  }

  close(): void {
    for (const it of this.#watchers.values()) it.close();
    for (const it of this.#readers.values()) it.close();
  }

  /**
   * Which of the files that a path led to are its own. Of a path to one file, rotated ones are read if they are known, or
   * were written since we watch: a log may be rotated twice between two looks, or while we were not running.
   */
  #chosen(path: string, files: readonly FoundFile[]): readonly FoundFile[] {
    const since = this.#since.get(path) ?? 0;
    return files.filter(
      (it) =>
        !isRotated(path, it.path) ||
        it.writtenAt >= since ||
        this.#readers.has(Tail.stream(this.source, it.dev, it.ino)),
    );
  }

  /** A file that was not here before; undefined while it is empty, or may be the packed form of one that is still here. */
  async #begin(stream: string, path: string, file: FoundFile): Promise<FileReader | undefined> {
    const head = await identify(file);
    if (!head) return undefined;
    const { dev, ino, size, writtenAt } = file;
    const identity = { dev, ino, size, writtenAt, packed: head.packed, head: head.digest, headBytes: head.bytes };
    const before = head.packed ? await this.#plainBefore(path, file) : undefined;
    if (before?.isPresent) return undefined;
    const position: FilePosition = before
      ? { ...before.position, ...identity }
      : {
          path,
          name: `${path}#${dev}:${ino}`,
          generation: 0,
          state: { offset: 0, mode: "records" },
          done: false,
          ...identity,
        };
    const reader = readerOf(position);
    if (before) before.position = { ...before.position, done: true };
    this.#readers.set(stream, reader);
    return reader;
  }

  /** The plain file that this packed one holds, if we read it: then reading goes on where it was, under the same name. */
  async #plainBefore(path: string, file: FoundFile): Promise<FileReader | undefined> {
    for (const it of this.#readers.values()) {
      const { packed, done, path: ofPath, head, headBytes } = it.position;
      if (packed || done || ofPath !== path || headBytes === 0) continue;
      const inside = await identify(file, headBytes, "unpacked");
      if (inside?.digest === head) return it;
    }
    return undefined;
  }

  #watch(path: string, files: readonly FoundFile[]): void {
    for (const folder of new Set([dirname(path), ...files.map((it) => dirname(it.path))])) {
      if (this.#watchers.has(folder) || this.#watchers.size >= maxWatchers) continue;
      try {
        const watcher = watch(folder, { persistent: false }, () => this.onHint());
        watcher.on("error", () => {
          watcher.close();
          this.#watchers.delete(folder);
        });
        this.#watchers.set(folder, watcher);
      } catch {
        // Only a hint: looking every second finds it too.
      }
    }
  }
}

function pathStream(source: string, path: string): string {
  return JSON.stringify(["path", source, path]);
}

function isFileStream(stream: string, source: string): boolean {
  return stream.startsWith(`${JSON.stringify(["file", source]).slice(0, -1)},`);
}

function readerOf(position: FilePosition): FileReader {
  return position.packed ? new PackedFile(position) : new PlainFile(position);
}
