/** What one record of the ring is. */
export const recordKind = {
  ask: 1,
  part: 2,
  end: 3,
  /** A name for a number, from a process that carries requests: never in the ring itself. */
  name: 4,
} as const;

/** The fixed part of a record: six whole numbers and a time. What they mean depends on the kind. */
export interface RecordHead {
  readonly kind: number;
  /** Of the exchange: what ties its records together. */
  readonly sequence: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  /** In ms since 1970. */
  readonly time: number;
}

/** Where the tap puts its records: the ring, or a pipe to the process that has it. */
export interface RecordSink {
  /** False when there was no room: the record is dropped. At most `limit` bytes of the payload are kept. */
  push(head: RecordHead, payload: Uint8Array | undefined, limit: number): boolean;
  /** Records dropped so far. */
  readonly drops: number;
}

/** Bytes before a record's payload. */
const headBytes = 40;
/** Marks the rest of the ring as unused: a record never wraps round. */
const skip = 0;
/** Words of the control block. */
const [written, read, dropped, closed] = [0, 1, 2, 3];
const controlBytes = 64;

/** The memory that both threads share. `bytes` is a power of two. */
export function ringMemory(bytes: number): SharedArrayBuffer {
  if (bytes < 1024 || (bytes & (bytes - 1)) !== 0) throw new Error(`expected a power of two from 1024, got ${bytes}`);
  return new SharedArrayBuffer(controlBytes + bytes);
}

/**
 * A queue between two threads in shared memory: one writes, one reads, nobody waits for a lock. Positions count bytes and wrap at
 * 2^32. A full ring drops the record and counts it: the data path is never held up. Waking the reader for each record would cost
 * more than copying it, so the reader polls.
 */
export class RingWriter implements RecordSink {
  readonly #control: Int32Array;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #size: number;
  #at: number;

  constructor(memory: SharedArrayBuffer) {
    this.#control = new Int32Array(memory, 0, controlBytes / 4);
    this.#words = new Int32Array(memory, controlBytes);
    this.#times = new Float64Array(memory, controlBytes);
    this.#bytes = new Uint8Array(memory, controlBytes);
    this.#size = this.#bytes.length;
    this.#at = Atomics.load(this.#control, written) >>> 0;
  }

  /** Whether a record with so many bytes would find room. */
  hasRoom(length: number): boolean {
    // Twice: at the ring's end a record goes to its begin, and what is left behind it stays empty.
    return 2 * (headBytes + length + 7) <= this.#size - this.waiting;
  }

  push(head: RecordHead, payload: Uint8Array | undefined, limit: number): boolean {
    const length = payload === undefined ? 0 : Math.min(payload.length, limit);
    const whole = (headBytes + length + 7) & ~7;
    const free = this.#size - ((this.#at - (Atomics.load(this.#control, read) >>> 0)) >>> 0);
    const place = this.#at & (this.#size - 1);
    const rest = this.#size - place;
    if (whole + (whole > rest ? rest : 0) > free) {
      Atomics.add(this.#control, dropped, 1);
      return false;
    }
    let at = place;
    if (whole > rest) {
      this.#words[place >> 2] = rest;
      this.#words[(place >> 2) + 1] = skip;
      this.#at = (this.#at + rest) >>> 0;
      at = 0;
    }
    const word = at >> 2;
    this.#words[word] = whole;
    this.#words[word + 1] = head.kind;
    this.#words[word + 2] = head.sequence;
    this.#words[word + 3] = head.a;
    this.#words[word + 4] = head.b;
    this.#words[word + 5] = head.c;
    this.#words[word + 6] = head.d;
    this.#words[word + 7] = length;
    this.#times[(at >> 3) + 4] = head.time;
    if (payload !== undefined && length > 0) {
      this.#bytes.set(length === payload.length ? payload : payload.subarray(0, length), at + headBytes);
    }
    this.#at = (this.#at + whole) >>> 0;
    Atomics.store(this.#control, written, this.#at | 0);
    return true;
  }

  /** Records dropped since the ring was made. */
  get drops(): number {
    return Atomics.load(this.#control, dropped) >>> 0;
  }

  /** Bytes that wait for the reader. */
  get waiting(): number {
    return (this.#at - (Atomics.load(this.#control, read) >>> 0)) >>> 0;
  }

  /** Tells the reader to stop once it has read everything. */
  close(): void {
    Atomics.store(this.#control, closed, 1);
    Atomics.notify(this.#control, written);
  }
}

/** A record as it is read. The payload is a copy: the ring may overwrite its place at once. */
export interface RingRecord extends RecordHead {
  readonly payload: Buffer;
}

/** The reading side. */
export class RingReader {
  readonly #control: Int32Array;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #size: number;
  #at: number;

  /** Continues where the last reader stopped. */
  constructor(memory: SharedArrayBuffer) {
    this.#control = new Int32Array(memory, 0, controlBytes / 4);
    this.#words = new Int32Array(memory, controlBytes);
    this.#times = new Float64Array(memory, controlBytes);
    this.#bytes = new Uint8Array(memory, controlBytes);
    this.#size = this.#bytes.length;
    this.#at = Atomics.load(this.#control, read) >>> 0;
  }

  /** The next record; undefined when there is none yet. */
  next(): RingRecord | undefined {
    for (;;) {
      if (this.#at === Atomics.load(this.#control, written) >>> 0) return undefined;
      const at = this.#at & (this.#size - 1);
      const word = at >> 2;
      const whole = this.#words[word] ?? 0;
      const kind = this.#words[word + 1] ?? skip;
      if (kind === skip) {
        this.#advance(whole);
        continue;
      }
      const length = this.#words[word + 7] ?? 0;
      const record = {
        kind,
        sequence: this.#words[word + 2] ?? 0,
        a: this.#words[word + 3] ?? 0,
        b: this.#words[word + 4] ?? 0,
        c: this.#words[word + 5] ?? 0,
        d: this.#words[word + 6] ?? 0,
        time: this.#times[(at >> 3) + 4] ?? 0,
        payload: Buffer.from(this.#bytes.subarray(at + headBytes, at + headBytes + length)),
      };
      this.#advance(whole);
      return record;
    }
  }

  #advance(bytes: number): void {
    this.#at = (this.#at + bytes) >>> 0;
    Atomics.store(this.#control, read, this.#at | 0);
  }

  /** Sleeps until there is something, or the time is over. Only for worker threads. */
  wait(ms: number): void {
    Atomics.wait(this.#control, written, this.#at | 0, ms);
  }

  get isClosed(): boolean {
    return Atomics.load(this.#control, closed) === 1;
  }
}
