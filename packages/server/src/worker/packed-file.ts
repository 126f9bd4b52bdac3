// A gzip file: read whole, once it is finished.
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { RecordSplitter } from "@outweigh/pipeline";
import { maxUnpackedBytes } from "../limits.ts";
import type { FilePosition } from "./position.ts";
import { FileReader, type FileBatch } from "./reader.ts";
import type { PlacedRecord, Portion, UnreadableRecord } from "./record.ts";
import { collect } from "./split.ts";
import { identify, type FoundFile } from "./watched.ts";

/** It is read when it has not changed for this long, in ms: until then somebody may still write it. */
const settledMs = 400;
/** One that ends too early is given this long, in ms, to grow before it counts as broken. */
const brokenMs = 30_000;

export class PackedFile extends FileReader {
  #splitter: RecordSplitter;
  /** Bytes of the unpacked stream that came out so far. */
  #unpackedBytes = 0;
  #chunks: AsyncIterator<unknown> | undefined;
  #retryAt = 0;

  constructor(position: FilePosition) {
    super(position);
    this.#splitter = new RecordSplitter(position.state);
  }

  get mayHaveMore(): boolean {
    if (this.position.done || !this.isPresent) return false;
    return Date.now() - this.changedAt > settledMs && Date.now() >= this.#retryAt;
  }

  async read(portion: Portion): Promise<FileBatch | undefined> {
    this.#chunks ??= unpack(this.path);
    const records: PlacedRecord[] = [];
    const rejects: UnreadableRecord[] = [];
    const start = this.#unpackedBytes;
    let problem: string | undefined;
    let ended = false;
    while (
      !ended &&
      problem === undefined &&
      records.length < portion.records &&
      this.#unpackedBytes - start < portion.bytes
    ) {
      try {
        const { value, done } = await this.#chunks.next();
        if (done) ended = true;
        else if (Buffer.isBuffer(value)) this.#take(value, records, rejects);
        if (this.#unpackedBytes > maxUnpackedBytes)
          problem = `it unpacks to more than ${maxUnpackedBytes} bytes; the rest is not read`;
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
        if (Date.now() - this.changedAt < brokenMs) return this.#later(records, rejects);
      }
    }
    if (ended) collect(this.#splitter.end(), this.place, records, rejects);
    if (problem !== undefined)
      rejects.push(this.reject(this.#unpackedBytes, `cannot be unpacked from here on: ${problem}`));
    const done = ended || problem !== undefined;
    this.position = { ...this.position, state: this.#splitter.state(), done };
    if (done) this.close();
    return { records, rejects };
  }

  close(): void {
    void this.#chunks?.return?.();
    this.#chunks = undefined;
    this.#unpackedBytes = 0;
  }

  protected override async noticeChange(found: FoundFile): Promise<UnreadableRecord | "unsure" | undefined> {
    const { head, headBytes, generation } = this.position;
    const now = await identify(found);
    if (!now) return "unsure";
    const before = now.bytes >= headBytes ? await identify(found, headBytes) : undefined;
    if (before?.digest === head) {
      // Longer than before: what was unpacked stays read, what follows is new.
      this.position = { ...this.position, head: now.digest, headBytes: now.bytes, done: false };
    } else {
      const state = new RecordSplitter().state();
      const identity = { head: now.digest, headBytes: now.bytes, packed: now.packed };
      this.position = { ...this.position, ...identity, generation: generation + 1, state, done: false };
    }
    this.#restart(this.position);
    return undefined;
  }

  #take(chunk: Buffer, records: PlacedRecord[], rejects: UnreadableRecord[]): void {
    // Unpacking can only begin at the start: what was read before a restart is passed over.
    const passed = Math.max(0, Math.min(chunk.length, this.#splitter.state().offset - this.#unpackedBytes));
    const isNew = this.#unpackedBytes + chunk.length > this.#splitter.state().offset;
    this.#unpackedBytes += chunk.length;
    if (isNew) collect(this.#splitter.push(chunk.subarray(passed)), this.place, records, rejects);
  }

  /** It ends too early and may still be written: what came out so far counts, the rest is tried again. */
  #later(records: readonly PlacedRecord[], rejects: readonly UnreadableRecord[]): FileBatch | undefined {
    this.position = { ...this.position, state: this.#splitter.state() };
    this.#restart(this.position);
    this.#retryAt = Date.now() + 1000;
    return records.length > 0 || rejects.length > 0 ? { records, rejects } : undefined;
  }

  #restart(position: FilePosition): void {
    this.close();
    this.#splitter = new RecordSplitter(position.state);
  }
}

async function* unpack(path: string): AsyncGenerator<unknown> {
  const file = createReadStream(path);
  const unpacked = file.pipe(createGunzip());
  file.on("error", (error) => unpacked.destroy(error));
  try {
    yield* unpacked;
  } finally {
    file.destroy();
    unpacked.destroy();
  }
}
