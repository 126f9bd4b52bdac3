// Where sent records wait on disk: what is acknowledged is here, synced, until the worker has stored what the line made of it.
import { mkdir, open, readdir, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { RecordSplitter } from "@outweigh/pipeline";
import { wayIn, type WayIn } from "@outweigh/schema";
import { secretIn } from "../auth/tokens.ts";
import { ServerError } from "../error.ts";
import { maxIngestBytes, maxSpoolBytes } from "../limits.ts";
import { splitterState } from "./position.ts";
import type { Batch, Portion } from "./record.ts";
import { pushInto } from "./split.ts";
import { parseJson } from "../values.ts";

/** Bytes after which a new segment begins: small enough to be deleted soon, large enough that there are few. */
const segmentBytes = 64 * 1024 * 1024;
/** Longest header of a block, in bytes: a source's name, a key and four numbers. */
const maxHeaderBytes = 1024;

/** What stands before the bytes of one request. `crc` is of the bytes: a block that was not written whole is not there. */
const header = z.strictObject({
  source: z.string(),
  /** When it arrived, in ms. */
  at: z.int(),
  /** What the sender calls this request: sent again under the same key, its records are the same ones. */
  key: z.string().optional(),
  /** All of it is one record, e.g. a report. */
  whole: z.literal(true).optional(),
  /** What was checked when it came in; absent in blocks from before there were grades. */
  way: wayIn.optional(),
  bytes: z.int().min(1).max(maxIngestBytes),
  crc: z.int(),
});
type Header = z.infer<typeof header>;

/** What one request brings. */
export interface Sent {
  readonly source: string;
  readonly body: Buffer;
  readonly at: number;
  /** What was checked of it, and of whoever sent it. */
  readonly way: WayIn;
  readonly key?: string | undefined;
  readonly whole?: boolean;
}

/** Where reading goes on: `block` is a block's offset in its segment, `body` how far its body was cut into records. */
const spoolPosition = z.object({ segment: z.int(), block: z.int(), body: splitterState.optional() });
export type SpoolPosition = z.infer<typeof spoolPosition>;

/** The block that is being read, kept between portions. */
interface OpenBlock {
  readonly segment: number;
  readonly block: number;
  readonly head: Header;
  readonly body: Buffer;
  readonly next: number;
  readonly splitter: RecordSplitter;
  /** Bytes that the splitter has been given. */
  pushed: number;
}

interface Waiting {
  readonly block: Buffer;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Append-only segments. One process writes and reads; many requests share one sync. */
export class Spool {
  /** Its name among the stored positions: that of this very spool. A database that outlives the folder knows another one. */
  readonly stream: string;
  readonly #folder: string;
  readonly #id: string;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #file: FileHandle | undefined;
  /** The segment that is written, and its length on disk. */
  #segment = 0;
  #length = 0;
  /** Bytes in all segments that are still there. */
  #stored = 0;
  #position: SpoolPosition = { segment: 0, block: 0 };
  /** Where reading began when it was opened. */
  #start: SpoolPosition = this.#position;
  #open: OpenBlock | undefined;
  /** Called when something new can be read. */
  onAppend: () => void = () => undefined;

  private constructor(folder: string, id: string) {
    this.#folder = folder;
    this.#id = id;
    this.stream = JSON.stringify(["spool", id]);
  }

  /** Opens the spool; a block that a crash cut off was never acknowledged, and is cut away. */
  static async open(folder: string, positions: ReadonlyMap<string, unknown>): Promise<Spool> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const spool = new Spool(folder, await secretIn(join(folder, "id")));
    const position = spool.#positionIn(positions);
    const segments = await spool.#segments();
    const [first] = segments;
    spool.#segment = segments.at(-1) ?? position?.segment ?? 1;
    spool.#start = position ?? { segment: first ?? spool.#segment, block: 0 };
    spool.restore(positions);
    spool.#file = await open(spool.#path(spool.#segment), "a+", 0o600);
    spool.#length = await wholeLength(spool.#file);
    await spool.#file.truncate(spool.#length);
    await syncFolder(folder);
    for (const it of segments) spool.#stored += (await stat(spool.#path(it))).size;
    return spool;
  }

  get waitingBytes(): number {
    return this.#stored;
  }

  /**
   * Writes what one request brought; it is on disk when this resolves.
   *
   * @throws {ServerError} BUSY when too much waits already or the disk refuses.
   */
  append({ source, body, at, way, key, whole }: Sent): Promise<void> {
    if (this.#stored + body.length > maxSpoolBytes) {
      throw new ServerError(
        "BUSY",
        `${this.#stored} bytes wait to be read, at most ${maxSpoolBytes} may: try again later`,
      );
    }
    const head: Header = {
      source,
      at,
      way,
      ...(key !== undefined && { key }),
      ...(whole && { whole }),
      bytes: body.length,
      crc: crc32(body),
    };
    const block = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]);
    return new Promise((done, failed) => {
      this.#waiting.push({ block, done, failed });
      this.#flushing ??= this.#flush();
    });
  }

  /** Reading goes on at its position among these: after a failed commit, or at the start. None stored yet: where it was opened. */
  restore(positions: ReadonlyMap<string, unknown>): void {
    this.#position = this.#positionIn(positions) ?? this.#start;
    this.#open = undefined;
  }

  #positionIn(positions: ReadonlyMap<string, unknown>): SpoolPosition | undefined {
    const stored = positions.get(this.stream);
    return stored === undefined ? undefined : spoolPosition.parse(stored);
  }

  /** The next records of one request; undefined when all is read. */
  async read(portion: Portion): Promise<Batch | undefined> {
    for (;;) {
      this.#open ??= await this.#openBlock();
      if (this.#open) return this.#readOpen(this.#open, portion);
      const lost = await this.#skipSegment();
      if (lost === undefined) return undefined;
      if (lost.rejects.length > 0) return lost;
    }
  }

  #readOpen(open: OpenBlock, portion: Portion): Batch {
    const { segment, block, head, body, next, splitter } = open;
    // Offsets within a request are the same whenever it is read, and, under a key, whenever it is sent.
    const from = {
      file: head.key === undefined ? `spool:${this.#id}:${segment}:${block}` : `key:${head.key}`,
      receivedAt: head.at,
      ...(head.way !== undefined && { way: head.way }),
    };
    const read = head.whole
      ? {
          records: [{ record: body.toString("utf8"), offset: 0, ...from }],
          rejects: [],
          pushed: body.length,
          ended: true,
        }
      : pushInto(splitter, body, open.pushed, portion, from);
    open.pushed = read.pushed;
    this.#position = read.ended ? { segment, block: next } : { segment, block, body: splitter.state() };
    if (read.ended) this.#open = undefined;
    const positions = new Map([[this.stream, this.#position]]);
    return { source: head.source, records: read.records, rejects: read.rejects, positions };
  }

  async #openBlock(): Promise<OpenBlock | undefined> {
    const { segment, block, body: state } = this.#position;
    const found = await this.#block(segment, block);
    if (!found) return undefined;
    const splitter = new RecordSplitter(state);
    return { segment, block, ...found, splitter, pushed: state?.offset ?? 0 };
  }

  /**
   * Nothing can be read at the position: on to the next segment, if there is one. Bytes that are passed over were damaged
   * on disk after they were acknowledged: that is said, not hidden.
   */
  async #skipSegment(): Promise<Batch | undefined> {
    const { segment, block } = this.#position;
    const next = (await this.#segments()).find((it) => it > segment);
    if (next === undefined) return undefined;
    const size = await stat(this.#path(segment)).then(
      (it) => it.size,
      () => block,
    );
    this.#position = { segment: next, block: 0 };
    const reason = `${size - block} bytes of the spool are damaged and could not be read`;
    const reject = { offset: block, file: this.#path(segment), reason, record: "" };
    const positions = new Map([[this.stream, this.#position]]);
    return { source: "spool", records: [], rejects: size > block ? [reject] : [], positions };
  }

  /** What lies before its position among these is stored: those segments go. */
  async release(positions: ReadonlyMap<string, unknown>): Promise<void> {
    const position = this.#positionIn(positions);
    if (!position) return;
    for (const it of await this.#segments()) {
      if (it >= position.segment) return;
      this.#stored -= (await stat(this.#path(it))).size;
      await rm(this.#path(it));
    }
  }

  async close(): Promise<void> {
    await this.#flushing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #flush(): Promise<void> {
    // Requests that arrive while the disk syncs share the next sync.
    while (this.#waiting.length > 0) {
      const now = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(Buffer.concat(now.map((it) => it.block)));
        for (const it of now) it.done();
        this.onAppend();
      } catch (cause) {
        const error = new ServerError("BUSY", "the spool cannot be written: is the disk full?", { cause });
        for (const it of now) it.failed(error);
      }
    }
    // In the same turn as the last look at what waits: who comes next finds nobody flushing, and flushes.
    this.#flushing = undefined;
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#length >= segmentBytes) await this.#roll();
    const file = this.#file;
    if (!file) throw new ServerError("CLOSED", "the server is stopping");
    try {
      await file.appendFile(bytes);
      await file.datasync();
    } catch (error) {
      // Half a write must not stand before the next whole one.
      await file.truncate(this.#length).catch(() => undefined);
      throw error;
    }
    this.#length += bytes.length;
    this.#stored += bytes.length;
  }

  async #roll(): Promise<void> {
    await this.#file?.close();
    this.#file = await open(this.#path(this.#segment + 1), "a+", 0o600);
    this.#segment++;
    this.#length = 0;
    await syncFolder(this.#folder);
  }

  async #block(segment: number, at: number) {
    if (segment === this.#segment && at >= this.#length) return undefined;
    const file = await open(this.#path(segment), "r").catch(() => undefined);
    if (!file) return undefined;
    try {
      return await readBlock(file, at);
    } finally {
      await file.close();
    }
  }

  async #segments(): Promise<number[]> {
    const names = await readdir(this.#folder);
    return names
      .flatMap((it) => /^(\d{12})\.log$/.exec(it)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  #path(segment: number): string {
    return join(this.#folder, `${String(segment).padStart(12, "0")}.log`);
  }
}

/** The block at an offset; undefined at the end, or where the rest was not written whole. */
async function readBlock(file: FileHandle, at: number) {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(maxHeaderBytes), 0, maxHeaderBytes, at);
  const end = buffer.subarray(0, bytesRead).indexOf(0x0a);
  if (end < 0) return undefined;
  const head = header.safeParse(parseJson(buffer.toString("utf8", 0, end)));
  if (!head.success) return undefined;
  const { bytes, crc } = head.data;
  const read = await file.read(Buffer.alloc(bytes), 0, bytes, at + end + 1);
  if (read.bytesRead < bytes || crc32(read.buffer) !== crc) return undefined;
  return { head: head.data, body: read.buffer, next: at + end + 1 + bytes };
}

/** The length of a segment up to its last whole block. */
async function wholeLength(file: FileHandle): Promise<number> {
  let at = 0;
  for (let block = await readBlock(file, at); block; block = await readBlock(file, at)) at = block.next;
  return at;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
