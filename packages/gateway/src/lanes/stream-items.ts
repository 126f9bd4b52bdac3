import { maxStreamedItemBytes } from "../limits.ts";

/** A stream's item was longer than we hold. */
export class ItemTooLong extends Error {
  override readonly name = "ItemTooLong";
}

/**
 * Cuts a byte stream after each line feed (NDJSON), or after each blank line (SSE), across any chunk borders. What comes out, put
 * together, is what went in. SSE lines may end in CR, LF or both; events are cut at a blank line of any of them.
 */
export class ItemCutter {
  readonly #kind: "sse" | "ndjson";
  #kept: Buffer = Buffer.alloc(0);
  /** How much of `#kept` was searched already. */
  #searched = 0;

  constructor(kind: "sse" | "ndjson") {
    this.#kind = kind;
  }

  /** Whole items, each with its end. @throws {ItemTooLong} */
  push(chunk: Buffer): Buffer[] {
    this.#kept = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    const items: Buffer[] = [];
    let from = 0;
    for (let end = this.#endAfter(Math.max(from, this.#searched)); end >= 0; end = this.#endAfter(from)) {
      items.push(this.#kept.subarray(from, end));
      from = end;
    }
    this.#kept = this.#kept.subarray(from);
    this.#searched = Math.max(0, this.#kept.length - 3);
    if (this.#kept.length > maxStreamedItemBytes) throw new ItemTooLong(`more than ${maxStreamedItemBytes} bytes`);
    return items;
  }

  /** What is left when the stream ends: an item without its end, or nothing. */
  rest(): Buffer {
    return this.#kept;
  }

  /** Where the first item that ends at or behind `at` ends; -1 for none yet. */
  #endAfter(at: number): number {
    const text = this.#kept;
    if (this.#kind === "ndjson") {
      const feed = text.indexOf(0x0a, at);
      return feed < 0 ? -1 : feed + 1;
    }
    for (let i = at; i < text.length; i++) {
      const end = lineEnd(text, i);
      if (end === undefined) continue;
      const second = lineEnd(text, end);
      if (second !== undefined) return second;
      i = end - 1;
    }
    return -1;
  }
}

/** Behind the line end at `i`; undefined if there is none, or a CR is last and an LF may follow. */
function lineEnd(text: Buffer, i: number): number | undefined {
  if (text[i] === 0x0a) return i + 1;
  if (text[i] !== 0x0d) return undefined;
  if (i + 1 >= text.length) return undefined;
  return text[i + 1] === 0x0a ? i + 2 : i + 1;
}

/** The data of one SSE event, joined as the standard says; undefined for comments and events without data. */
export function eventData(item: Buffer): Buffer | undefined {
  const text = item.toString();
  if (!/(?:^|[\r\n])data(?::|[\r\n]|$)/.test(text)) return undefined;
  const lines = text.split(/\r\n|\r|\n/).filter((it) => it.startsWith("data"));
  const data = lines.map((it) => it.slice(4).replace(/^: ?/, ""));
  return Buffer.from(data.join("\n"));
}

/** The event again with other data: its other lines stay, its data become one line. */
export function withData(item: Buffer, data: string): Buffer {
  const lines = item.toString().split(/\r\n|\r|\n/);
  const first = lines.findIndex((it) => it.startsWith("data"));
  const kept = lines.flatMap((it, i) => {
    if (i === first) return [`data: ${data.replaceAll(/[\r\n]+/g, " ")}`];
    return it.startsWith("data") ? [] : [it];
  });
  return Buffer.from(kept.join("\n"));
}
