// The ring's records over a pipe: how a process that carries requests feeds the detectors of the one that started it.
import type { Duplex, Writable } from "node:stream";
import { ringBytes } from "../limits.ts";
import type { RecordHead, RecordSink } from "./ring.ts";

/** Bytes before a record's payload: eight words of 32 bits and a time. */
const headBytes = 40;
/** Records are written together, up to this many bytes. */
const batchBytes = 64 * 1024;
/** How long a record waits for others, in ms: as long as the reader of a ring sleeps. */
const batchMs = 5;

/** The writing end. It never waits: what finds no room is dropped and counted, as in the ring. */
export class WireWriter implements RecordSink {
  readonly #stream: Writable;
  #batch: Buffer = Buffer.allocUnsafeSlow(batchBytes);
  #used = 0;
  #timer: NodeJS.Timeout | undefined;
  #drops = 0;
  #closed = false;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on("error", () => (this.#closed = true));
    stream.on("close", () => (this.#closed = true));
  }

  push(head: RecordHead, payload: Uint8Array | undefined, limit: number): boolean {
    const length = payload === undefined ? 0 : Math.min(payload.length, limit);
    const whole = headBytes + length;
    if (this.#closed || this.#stream.writableLength + this.#used + whole > ringBytes) {
      this.#drops++;
      return false;
    }
    if (this.#used + whole > this.#batch.length) this.flush();
    if (whole > this.#batch.length) this.#batch = Buffer.allocUnsafeSlow(whole);
    const batch = this.#batch;
    let at = this.#used;
    for (const it of [whole, head.kind, head.sequence, head.a, head.b, head.c, head.d, 0]) {
      at = batch.writeInt32LE(it | 0, at);
    }
    at = batch.writeDoubleLE(head.time, at);
    if (payload !== undefined && length > 0) {
      batch.set(length === payload.length ? payload : payload.subarray(0, length), at);
    }
    this.#used += whole;
    this.#timer ??= setTimeout(() => this.flush(), batchMs);
    return true;
  }

  /** Sends what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#used === 0 || this.#closed) return;
    this.#stream.write(this.#batch.subarray(0, this.#used));
    this.#batch = Buffer.allocUnsafeSlow(batchBytes);
    this.#used = 0;
  }

  /** When everything was handed to the pipe. */
  sent(): Promise<void> {
    return this.#closed ? Promise.resolve() : new Promise((done) => this.#stream.end(() => done()));
  }

  /** From now on nobody reads: every record is dropped. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  get drops(): number {
    return this.#drops;
  }
}

/** How long a reader waits for room, in ms. */
const roomMs = 5;

/**
 * The reading end. What finds no room stays in the pipe, so that the writer drops it and can say whose it was.
 *
 * @param take Takes one record; false when there is no room for it now, and it is offered again. The payload is only lent.
 */
export function readWire(stream: Duplex, take: (head: RecordHead, payload: Buffer) => boolean): void {
  let rest: Buffer = Buffer.alloc(0);
  const work = (): void => {
    let at = 0;
    while (rest.length - at >= headBytes) {
      const whole = rest.readInt32LE(at);
      if (rest.length - at < whole) break;
      if (!take(headAt(rest, at), rest.subarray(at + headBytes, at + whole))) {
        rest = rest.subarray(at);
        stream.pause();
        setTimeout(() => {
          stream.resume();
          work();
        }, roomMs).unref();
        return;
      }
      at += whole;
    }
    rest = rest.subarray(at);
  };
  stream.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (!stream.isPaused()) work();
  });
  stream.on("error", () => stream.destroy());
}

function headAt(bytes: Buffer, at: number): RecordHead {
  return {
    kind: bytes.readInt32LE(at + 4),
    sequence: bytes.readInt32LE(at + 8),
    a: bytes.readInt32LE(at + 12),
    b: bytes.readInt32LE(at + 16),
    c: bytes.readInt32LE(at + 20),
    d: bytes.readInt32LE(at + 24),
    time: bytes.readDoubleLE(at + 32),
  };
}
