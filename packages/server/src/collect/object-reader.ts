// The bytes of one object to batches of records: unpacked, cut, and handed on piece by piece, so that its size costs no memory.
import { createHash } from "node:crypto";
import { pipeline, Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { RecordSplitter, type SplitterState } from "@outweigh/pipeline";
import { maxUnpackedBytes, minStoreBytesPerSecond, storePauseMs } from "./limits.ts";

/** Bytes of records that are handed on at once. */
const pieceBytes = 1024 * 1024;
/** Bytes of the unpacked object that are cut at a time. */
const stepBytes = 256 * 1024;

/** Refused things that are told at once. */
const maxRefused = 1000;

/** Some records of an object. */
export interface Piece {
  /** One record a line. Empty where all was refused. */
  readonly body: Buffer;
  readonly refused: readonly Unreadable[];
  /** Names the piece within its object: the same whenever it is read from the same position. */
  readonly name: string;
  /** Where reading goes on once the piece is kept. */
  readonly next: SplitterState;
}

/** Something in the object that is no record. */
interface Unreadable {
  readonly offset: number;
  readonly reason: string;
}

export interface ObjectReaderOptions {
  readonly position: SplitterState | undefined;
  keep(piece: Piece): Promise<void>;
  /** Most that it may unpack to, in bytes. */
  readonly maxBytes?: number;
  /** Whether the bytes are hashed. */
  readonly isHashed?: boolean;
}

/** It cannot be unpacked: read again, it would be as broken. */
export class BrokenObject extends Error {
  override readonly name = "BrokenObject";
}

/**
 * Reads an object from a position to its end. Answers with the SHA-256 of all its bytes, unpacked, where that is asked for and it was
 * read whole. gzip and zstd are told by their first bytes, not by the name.
 *
 * @throws {BrokenObject} after what was good was kept; whatever the body throws. What was kept by then stays.
 */
export async function readObject(body: Readable, options: ObjectReaderOptions): Promise<string | undefined> {
  const { position, keep, maxBytes = maxUnpackedBytes, isHashed = false } = options;
  const hash = isHashed ? createHash("sha256") : undefined;
  const splitter = new RecordSplitter(position);
  let before = splitter.state();
  let records: string[] = [];
  let refused: Unreadable[] = [];
  let held = 0;
  let offset = 0;
  const take = (cuts: ReturnType<RecordSplitter["push"]>) => {
    for (const it of cuts) {
      if ("record" in it) {
        records.push(it.record);
        held += it.record.length;
      } else refused.push({ offset: it.offset, reason: it.rejected });
    }
  };
  const hand = async () => {
    const next = splitter.state();
    const name = `${before.offset}.${before.taken?.length ?? 0}`;
    if (records.length + refused.length > 0) await keep({ body: Buffer.from(records.join("\n")), refused, name, next });
    before = next;
    records = [];
    refused = [];
    held = 0;
  };
  try {
    for await (const step of steps(unpacked(body))) {
      hash?.update(step);
      // Unpacking can only begin at the start: what is kept already is passed over.
      const passed = Math.max(0, (position?.offset ?? 0) - offset);
      if (passed < step.length) take(splitter.push(step.subarray(passed)));
      offset += step.length;
      if (offset > maxBytes) {
        refused.push({ offset, reason: `it unpacks to more than ${maxBytes} bytes: the rest is not read` });
        await hand();
        return undefined;
      }
      if (held >= pieceBytes || refused.length >= maxRefused) await hand();
    }
  } catch (error) {
    // What came out until then is good.
    if (error instanceof BrokenObject) await hand();
    throw error;
  }
  take(splitter.end());
  await hand();
  return hash?.digest("hex");
}

/** A small object whole, unpacked. @throws {BrokenObject} also for one that unpacks to more; whatever the body throws. */
export async function readWhole(body: Readable, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const it of unpacked(body)) {
    bytes += it.length;
    if (bytes > maxBytes) throw new BrokenObject(`it unpacks to more than ${maxBytes} bytes`);
    pieces.push(it);
  }
  return Buffer.concat(pieces, bytes);
}

/**
 * The same bytes in steps of one length, however they come: pieces end at the same places whenever the object is read, so that their
 * names mean the same records. What came before an error comes out before it.
 */
async function* steps(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length;) {
        const part = chunk.subarray(at, at + stepBytes - length);
        held.push(part);
        length += part.length;
        at += part.length;
        if (length < stepBytes) continue;
        yield Buffer.concat(held, length);
        [held, length] = [[], 0];
      }
    }
  } catch (error) {
    if (error instanceof BrokenObject && length > 0) yield Buffer.concat(held, length);
    throw error;
  }
  if (length > 0) yield Buffer.concat(held, length);
}

/** The object's bytes, whatever they are packed with. */
async function* unpacked(body: Readable): AsyncGenerator<Buffer> {
  const chunks = paced(body);
  const head: Buffer[] = [];
  let length = 0;
  while (length < 4) {
    const { value, done } = await chunks.next();
    if (done) break;
    head.push(value);
    length += value.length;
  }
  const first = Buffer.concat(head);
  const whole = async function* () {
    yield first;
    yield* chunks;
  };
  const unpack = unpackerOf(first);
  if (!unpack) return yield* whole();
  pipeline(Readable.from(whole(), { objectMode: false }), unpack, () => undefined);
  try {
    for await (const it of unpack) yield Buffer.from(it);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (!/^(Z_|ZSTD_|ERR_ZLIB)/.test(code)) throw cause;
    throw new BrokenObject(`it cannot be unpacked: ${cause instanceof Error ? cause.message : code}`, { cause });
  } finally {
    body.destroy();
  }
}

/** RFC 1952 §2.3.1 and RFC 8878 §3.1.1: what such files begin with. */
function unpackerOf(head: Buffer) {
  if (head[0] === 0x1f && head[1] === 0x8b) return createGunzip();
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return createZstdDecompress();
  return undefined;
}

/** The body, as long as it comes fast enough. Only the time in which we wait for it counts. */
async function* paced(body: Readable): AsyncGenerator<Buffer> {
  const chunks = body[Symbol.asyncIterator]();
  let bytes = 0;
  let waitedMs = 0;
  try {
    for (;;) {
      const began = performance.now();
      const timer = setTimeout(() => body.destroy(new Error(`nothing came for ${storePauseMs} ms`)), storePauseMs);
      const { value, done } = await chunks.next().finally(() => clearTimeout(timer));
      if (done) return;
      const chunk = Buffer.from(value);
      bytes += chunk.length;
      waitedMs += performance.now() - began;
      if (waitedMs > storePauseMs && bytes < (waitedMs / 1000) * minStoreBytesPerSecond)
        throw new Error(`it came slower than ${minStoreBytesPerSecond} bytes a second`);
      yield chunk;
    }
  } finally {
    body.destroy();
  }
}
