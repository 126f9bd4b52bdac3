import { endFlags } from "../tap/tap.ts";
import { recordKind, type RingRecord } from "../tap/ring.ts";

/** An exchange with all its bytes. */
export interface Assembled {
  readonly slot: number;
  readonly route: number;
  readonly model: number;
  readonly origin: number;
  readonly requestJson: number | undefined;
  readonly answerJson: number | undefined;
  readonly request: Buffer;
  readonly answer: Buffer;
  readonly status: number;
  readonly streamed: "sse" | "ndjson" | undefined;
  /** The client got labels alone. */
  readonly labelOnly: boolean;
  readonly askedAt: number;
  readonly endedAt: number;
}

interface Open {
  readonly head: RingRecord;
  readonly parts: Buffer[];
}

/** Exchanges that are open at once; then the oldest are given up and counted: they lost their end. */
const maxOpen = 20_000;

/** Puts the records of each exchange together again. */
export class Assembler {
  readonly #open = new Map<number, Open>();
  #unread = 0;

  /** The exchange that this record completes, if it is whole and readable. */
  take(record: RingRecord): Assembled | undefined {
    const { kind, sequence } = record;
    if (kind === recordKind.ask) {
      this.#open.set(sequence, { head: record, parts: [] });
      if (this.#open.size > maxOpen) this.#giveUpOldest();
      return undefined;
    }
    const open = this.#open.get(sequence);
    if (!open) return undefined;
    if (kind === recordKind.part) {
      open.parts.push(record.payload);
      return undefined;
    }
    this.#open.delete(sequence);
    const flags = record.c;
    const readable = (flags & (endFlags.broken | endFlags.encoded)) === 0;
    if (!readable) this.#unread++;
    return readable ? assemble(open, record) : undefined;
  }

  /** Exchanges that could not be read since the last call. */
  takeUnread(): number {
    const count = this.#unread;
    this.#unread = 0;
    return count;
  }

  #giveUpOldest(): void {
    const [oldest] = this.#open.keys();
    if (oldest === undefined) return;
    this.#open.delete(oldest);
    this.#unread++;
  }
}

function assemble({ head, parts }: Open, end: RingRecord): Assembled {
  const [first] = parts;
  return {
    slot: head.a,
    route: head.b >> 12,
    model: head.b & 0xfff,
    origin: head.c,
    requestJson: head.d < 0 ? undefined : head.d,
    answerJson: end.b < 0 ? undefined : end.b,
    request: head.payload,
    answer: parts.length === 1 && first ? first : Buffer.concat(parts),
    status: end.a,
    streamed: (end.c & endFlags.sse) !== 0 ? "sse" : (end.c & endFlags.ndjson) !== 0 ? "ndjson" : undefined,
    labelOnly: (end.c & endFlags.labelOnly) !== 0,
    askedAt: head.time,
    endedAt: end.time,
  };
}
