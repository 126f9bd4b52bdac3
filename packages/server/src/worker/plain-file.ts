// A plain file that grows, is renamed, emptied, replaced.
import type { FileHandle } from "node:fs/promises";
import { RecordSplitter } from "@outweigh/pipeline";
import type { FilePosition } from "./position.ts";
import { FileReader, type FileBatch } from "./reader.ts";
import type { PlacedRecord, Portion, UnreadableRecord } from "./record.ts";
import { collect } from "./split.ts";
import { identify, openSame, type FoundFile, type Head } from "./watched.ts";

/** Bytes read at a time. */
const chunkBytes = 256 * 1024;
/** After this quiet, in ms, a last line without its newline counts as whole: its writer has gone or pauses for long. */
const settledMs = 10_000;
/** A file that has not been written for this long, in ms, is not kept open. */
const idleMs = 600_000;

export class PlainFile extends FileReader {
  #splitter: RecordSplitter;
  /** Bytes that the splitter has been given. */
  #given: number;
  /** Kept open, so that a file that is moved out of sight can be read to its end. */
  #handle: FileHandle | undefined;

  constructor(position: FilePosition) {
    super(position);
    this.#splitter = new RecordSplitter(position.state);
    this.#given = position.state.offset;
  }

  get mayHaveMore(): boolean {
    return this.size > this.#given || this.#isSettled();
  }

  async read(portion: Portion): Promise<FileBatch | undefined> {
    const handle = await this.#opened();
    if (!handle) return undefined;
    const records: PlacedRecord[] = [];
    const rejects: UnreadableRecord[] = [];
    const start = this.#given;
    const buffer = Buffer.alloc(chunkBytes);
    while (records.length < portion.records && this.#given - start < portion.bytes) {
      const { bytesRead } = await handle.read(buffer, 0, chunkBytes, this.#given);
      if (bytesRead === 0) break;
      this.#given += bytesRead;
      collect(this.#splitter.push(Buffer.from(buffer.subarray(0, bytesRead))), this.place, records, rejects);
    }
    this.size = Math.max(this.size, this.#given);
    if (this.#given === start && this.#isSettled()) collect(this.#splitter.end(), this.place, records, rejects);
    const state = this.#splitter.state();
    const moved = state.offset !== this.position.state.offset || state.mode !== this.position.state.mode;
    this.position = { ...this.position, state };
    if (!this.isPresent || Date.now() - this.changedAt > idleMs) this.close();
    return moved || records.length > 0 || rejects.length > 0 ? { records, rejects } : undefined;
  }

  override async miss(): Promise<void> {
    await super.miss();
    // Moved out of sight while we hold it open: its writer may go on for a while.
    const now = await this.#handle?.stat().catch(() => undefined);
    if (now && now.size > this.size) this.size = now.size;
  }

  close(): void {
    void this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
  }

  protected override async noticeChange(found: FoundFile): Promise<UnreadableRecord | "unsure" | undefined> {
    const { head, headBytes, state } = this.position;
    const now = await identify(found);
    if (!now && found.size > 0) return "unsure";
    const before = now && now.bytes >= headBytes ? await identify(found, headBytes) : undefined;
    if (now && now.bytes >= headBytes && !before) return "unsure";
    if (found.size < state.offset || before?.digest !== head) return this.#beginAnew(now);
    // A short file's head says little: it is taken again when there is more of it.
    if (now && now.bytes > headBytes) this.position = { ...this.position, head: now.digest, headBytes: now.bytes };
    return undefined;
  }

  /** Emptied, or replaced by another file with its inode: read from the start, as another file. */
  #beginAnew(head: Head | undefined): UnreadableRecord | undefined {
    const unread = this.size - this.position.state.offset;
    const lost = this.reject(this.position.state.offset, `${unread} bytes were removed before they were read`);
    this.close();
    this.#splitter = new RecordSplitter();
    this.#given = 0;
    this.position = {
      ...this.position,
      generation: this.position.generation + 1,
      state: this.#splitter.state(),
      head: head?.digest ?? "",
      headBytes: head?.bytes ?? 0,
    };
    return unread > 0 ? lost : undefined;
  }

  #isSettled(): boolean {
    const pending = this.#given > this.position.state.offset;
    return pending && this.size <= this.#given && Date.now() - this.changedAt > settledMs;
  }

  async #opened(): Promise<FileHandle | undefined> {
    if (this.#handle) return this.#handle;
    const { dev, ino } = this.position;
    // Renamed since the last look: the next one says where it is now.
    this.#handle = await openSame({ path: this.path, dev, ino });
    return this.#handle;
  }
}
