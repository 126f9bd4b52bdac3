import { createHash } from "node:crypto";
import {
  detectKind,
  RecordSplitter,
  sourceOf,
  type Cut,
  type From,
  type Ingested,
  type Line,
  type Outcome,
  type SourceKind,
} from "@outweigh/pipeline";
import type { WayIn } from "@outweigh/schema";
import { CliError } from "../error.ts";
import { visible } from "../text/visible.ts";
import type { LogFile } from "./files.ts";
import { Tally, type ReplayedFile } from "./tally.ts";
import { unpacked } from "./unpack.ts";

/** How much of a file decides its kind, in bytes unpacked. */
const sampleBytes = 64 * 1024;

/** What records are read with and go through: the line, or something else that takes events. */
export type Reads = Pick<Line, "read" | "take">;

/**
 * A file that is being replayed, record by record. Memory does not grow with the file: what is read ahead is one chunk.
 * What is wrong with the file is in `result`: a broken stream costs what follows the break.
 */
export class OpenLog {
  readonly #file: LogFile;
  readonly #line: Reads;
  readonly #kind: SourceKind | undefined;
  readonly #way: WayIn;
  /** What its bytes have to be, of a file that a signed digest vouches for: it was looked at before, and may be another one by now. */
  readonly #vouched: string | undefined;
  readonly #hash = createHash("sha256");
  readonly #tally = new Tally();
  readonly #splitter = new RecordSplitter();
  readonly #chunks: AsyncGenerator<Uint8Array>;
  #cuts: Cut[] = [];
  #at = 0;
  #ended = false;
  /** The record at hand, once it was read. */
  #next: Ingested | undefined;
  /** When the last one did: of records that hold no time, this one's. */
  #last = 0;

  private constructor(file: LogFile, line: Reads, kind: SourceKind | undefined, vouched?: string) {
    this.#file = file;
    this.#vouched = vouched;
    this.#way = vouched === undefined ? "given" : "digest-file";
    this.#kind = kind;
    this.#line = line;
    this.#chunks = unpacked(file.path);
  }

  /** @param vouched SHA-256 of its bytes, unpacked, if a signed digest vouches for them. */
  static async open(file: LogFile, line: Reads, beginning: number, vouched?: string): Promise<OpenLog> {
    const sample = await sampleOf(file.path);
    const kind = typeof sample === "string" ? detectKind(sample) : undefined;
    const log = new OpenLog(file, line, kind, vouched);
    log.#last = beginning;
    if (kind !== undefined) return log;
    if (typeof sample !== "string") log.#tally.reject(0, sample.problem);
    else if (sample !== "") log.#tally.reject(0, "no source recognises it"); // An empty log is no fault.
    log.#ended = true;
    return log;
  }

  /** Whether a record is at hand; else `fill` has to be awaited, or there is none any more. */
  get hasRecord(): boolean {
    return this.#at < this.#cuts.length;
  }

  get isOver(): boolean {
    return this.#ended && !this.hasRecord;
  }

  /** Reads until a record is at hand or the file is over. @throws the signal's reason. */
  async fill(signal: AbortSignal): Promise<void> {
    while (!this.hasRecord && !this.#ended) {
      this.#cuts = await this.#more(signal);
      this.#at = 0;
    }
  }

  async #more(signal: AbortSignal): Promise<Cut[]> {
    try {
      const chunk = await this.#chunks.next();
      signal.throwIfAborted();
      if (!chunk.done) {
        if (this.#vouched !== undefined) this.#hash.update(chunk.value);
        return this.#splitter.push(chunk.value);
      }
      if (this.#vouched !== undefined && this.#hash.digest("hex") !== this.#vouched) throw this.#isAnother();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof CliError) throw error;
      if (this.#vouched !== undefined) throw this.#isAnother(error);
      this.#tally.reject(this.#splitter.state().offset, `cannot be read from here on: ${wordsOf(error)}`);
    }
    this.#ended = true;
    return this.#splitter.end();
  }

  #isAnother(cause?: unknown): CliError {
    const why = "it was changed after its digest was checked: replay it again";
    return new CliError("FAILED", `${visible(this.#file.path)}: ${why}`, { cause });
  }

  /** When the record at hand happened, in ms since 1970; for one that says no time, when the one before it did. */
  time(): number {
    const read = this.#read();
    return (read?.ok ? read.events[0]?.time : undefined) ?? this.#last;
  }

  /** The record at hand as its source reads it, once; undefined when it could not be cut out. */
  #read(): Ingested | undefined {
    const cut = this.#cuts[this.#at];
    if (!cut || "rejected" in cut || this.#kind === undefined) return undefined;
    return (this.#next ??= this.#line.read(cut.record, this.#from(this.#kind, cut.offset)));
  }

  /** Puts the record at hand through the line, as live ingest does; undefined when it could not be cut out. */
  take(): Outcome | undefined {
    const read = this.#read();
    this.#last = this.time();
    const cut = this.#cuts[this.#at++];
    this.#next = undefined;
    if (cut && "rejected" in cut) this.#tally.uncut(cut.offset, cut.rejected);
    if (!cut || !read || this.#kind === undefined) return undefined;
    const outcome = this.#line.take(read, this.#from(this.#kind, cut.offset));
    this.#tally.enter(outcome, cut.offset);
    return outcome;
  }

  #from(kind: SourceKind, offset: number): From {
    const { path, writtenAt } = this.#file;
    return { source: kind, kind, file: path, writtenAt, offset, way: this.#way };
  }

  result(): ReplayedFile {
    return this.#tally.of(this.#file.path, this.#kind ?? "unknown");
  }

  async close(): Promise<void> {
    await this.#chunks.return(undefined);
  }
}

/** When a file's first events happened, in ms since 1970; when it was written, if it does not say. */
export async function beginningOf(file: LogFile): Promise<number> {
  const sample = await sampleOf(file.path);
  const kind = typeof sample === "string" ? detectKind(sample) : undefined;
  if (kind === undefined || typeof sample !== "string") return file.writtenAt;
  for (const cut of new RecordSplitter().push(Buffer.from(sample))) {
    const time = "record" in cut ? timeIn(kind, cut.record, file, cut.offset) : undefined;
    if (time !== undefined) return time;
  }
  return file.writtenAt;
}

/** The time of a record's first event. Whom we trust changes who it was, not when. */
function timeIn(kind: SourceKind, record: string, { path, writtenAt }: LogFile, offset: number): number | undefined {
  const read = sourceOf(kind).read(record, { source: kind, file: path, writtenAt, offset }, { trusts: () => false });
  return read.ok ? read.events[0]?.time : undefined;
}

/** The beginning of a file, unpacked; as text, since every source is text. */
async function sampleOf(path: string): Promise<string | { readonly problem: string }> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of unpacked(path)) {
      pieces.push(chunk);
      bytes += chunk.length;
      if (bytes >= sampleBytes) break;
    }
  } catch (error) {
    if (bytes === 0) return { problem: `cannot be read: ${wordsOf(error)}` };
  }
  return Buffer.concat(pieces).subarray(0, sampleBytes).toString("utf8");
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
