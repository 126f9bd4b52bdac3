import { AuditAssembly } from "./audit-assembly.ts";
import { closeBracket, comma, doubleQuote, newline, newScan, openBrace, openBracket, scanValue } from "./json-scan.ts";

/** Cuts a stream of bytes into records, without knowing who wrote them. Unpacking gz is the caller's. */

/** Longest record, in bytes: eight times CloudTrail's largest event, four times the longest webhook envelope we expect. */
export const maxRecordBytes = 4 * 1024 * 1024;

/** A record and the offset of its first byte, or why there is none at that offset. */
export type Cut =
  { readonly record: string; readonly offset: number } | { readonly rejected: string; readonly offset: number };

/** What a splitter needs to go on where it was: plain JSON. Bytes from `offset` on must be pushed again. */
export interface SplitterState {
  readonly offset: number;
  readonly mode: Mode;
  /** Offsets of records after `offset` that were handed out already, while lines of an event before them were still awaited. */
  readonly taken?: number[] | undefined;
}

/**
 * `records`: one record a line, or a JSON object over several lines. `elements`: inside an array whose elements are the
 * records. `tail`: after that array, inside the object that held it. `skip-line`, `skip-element`: inside a record that is too long.
 */
type Mode =
  "records" | "elements" | "elements-in-object" | "tail" | "skip-line" | "skip-element" | "skip-element-in-object";

/** Bytes looked at to tell a document that holds an array of records from a record. */
const maxOpening = 256;

/**
 * An incremental cutter of records: lines, JSON objects printed over many lines, and documents such as
 * `{"Records":[…]}` or `[…]`, whose elements are the records, so that a document of any size needs no more memory than its longest record.
 *
 * Lines of the Linux audit log that belong to one event are one record, each on its own line.
 *
 * Any bytes give records or rejects, never an exception, and cutting the stream into other chunks changes nothing.
 * A truncated line costs itself alone: the next line that could not continue it starts afresh.
 */
export class RecordSplitter {
  #pending: Uint8Array = new Uint8Array(0);
  #offset: number;
  #mode: Mode;
  /** How far the pending bytes were scanned, and what the scan knows. */
  #scan = newScan();
  /** Joins the lines of the Linux audit log that are one event. */
  readonly #assembly: AuditAssembly;

  constructor(state: SplitterState = { offset: 0, mode: "records" }) {
    this.#assembly = new AuditAssembly(state.taken);
    this.#offset = state.offset;
    this.#mode = state.mode;
  }

  /** The state from which reading can resume: everything before its offset has been handed out. */
  state(): SplitterState {
    const waiting = this.#assembly.state();
    if (!waiting) return { offset: this.#offset, mode: this.#mode };
    const { offset, taken } = waiting;
    return { offset, mode: "records", ...(taken.length > 0 && { taken }) };
  }

  /** Takes the next bytes; answers with the records that are whole now. */
  push(chunk: Uint8Array): Cut[] {
    this.#pending = join(this.#pending, chunk);
    return this.#drain(false);
  }

  /** Says that no more bytes will come: what is left is a record of its own or a reject. */
  end(): Cut[] {
    return this.#drain(true);
  }

  #drain(last: boolean): Cut[] {
    const cuts: Cut[] = [];
    while (this.#pending.length > 0) {
      const before = this.#pending.length;
      const mode = this.#mode;
      const cut = this.#step(last);
      if (cut) this.#assembly.pass(cut, cuts);
      if (this.#pending.length === before && this.#mode === mode) break;
    }
    if (last) this.#assembly.flush(cuts);
    return cuts;
  }

  /** One step: consumes something, changes the mode, or leaves everything as it is when more bytes are needed. */
  #step(last: boolean): Cut | undefined {
    switch (this.#mode) {
      case "records":
        return this.#record(last);
      case "elements":
      case "elements-in-object":
        return this.#element(last);
      case "tail":
        return this.#tail(last);
      case "skip-line":
        return this.#skipLine();
      default:
        return this.#skipElement(last);
    }
  }

  #record(last: boolean): Cut | undefined {
    const start = this.#offset === 0 && hasMark(this.#pending) ? 3 : 0;
    const first = skipBlank(this.#pending, start);
    if (first > start || start > 0) {
      this.#take(first);
      return undefined;
    }
    const bytes = this.#pending;
    if (bytes[0] !== openBrace && bytes[0] !== openBracket) return this.#line(last);
    const opening = openingOf(bytes);
    if (opening.kind === "unsure" && !last) return undefined;
    if (opening.kind === "array") {
      this.#take(opening.length);
      this.#mode = opening.inObject ? "elements-in-object" : "elements";
      return undefined;
    }
    return bytes[0] === openBrace ? this.#object(last) : this.#line(last);
  }

  /** Up to the end of the line. */
  #line(last: boolean): Cut | undefined {
    const end = this.#pending.indexOf(newline, this.#scan.at);
    if (end < 0 && !last) {
      this.#scan.at = this.#pending.length;
      return this.#pending.length > maxRecordBytes ? this.#refuse("skip-line") : undefined;
    }
    const length = end < 0 ? this.#pending.length : end;
    if (length > maxRecordBytes) return this.#refuse("skip-line");
    return this.#hand(length, end < 0 ? length : length + 1);
  }

  /**
   * A JSON object up to its closing brace, or to a line end after which it cannot go on. What follows on the same line is a record of
   * its own: some writers put no line end between objects.
   */
  #object(last: boolean): Cut | undefined {
    const bytes = this.#pending;
    const found = scanValue(bytes, this.#scan);
    switch (found) {
      case "more":
        if (bytes.length > maxRecordBytes) return this.#refuse("skip-line");
        return last ? this.#hand(bytes.length, bytes.length) : undefined;
      case "broken": {
        const at = this.#scan.brokenAt;
        return this.#hand(at, at);
      }
      default:
        if (found > maxRecordBytes) return this.#refuse("skip-line");
        return this.#hand(found, found);
    }
  }

  #element(last: boolean): Cut | undefined {
    const bytes = this.#pending;
    const first = skipBlank(bytes, 0, comma);
    if (first > 0) {
      this.#take(first);
      return undefined;
    }
    if (bytes[0] === closeBracket) {
      this.#mode = this.#mode === "elements-in-object" ? "tail" : "records";
      this.#take(1);
      return undefined;
    }
    const found = scanValue(bytes, this.#scan);
    const skip = this.#mode === "elements-in-object" ? "skip-element-in-object" : "skip-element";
    if (found === "broken") return this.#broken();
    if (found === "more") {
      if (bytes.length > maxRecordBytes) return this.#refuse(skip);
      if (!last) return undefined;
      const cut = { rejected: "the document ends inside a record", offset: this.#offset };
      this.#take(bytes.length);
      return cut;
    }
    if (found > maxRecordBytes) return this.#refuse(skip);
    return this.#hand(found, found);
  }

  /** What cannot be cut any more: nested too deeply, or no JSON. The rest of the line is given up. */
  #broken(): Cut {
    const cut = { rejected: this.#scan.why, offset: this.#offset };
    this.#take(Math.max(this.#scan.brokenAt, 1));
    this.#mode = "skip-line";
    return cut;
  }

  /** The object after its array of records: further fields mean nothing to us. */
  #tail(last: boolean): Cut | undefined {
    const scan = this.#scan;
    if (scan.stack.length === 0 && scan.at === 0) scan.stack.push(openBrace);
    const found = scanValue(this.#pending, scan, "tail");
    if (found === "more" && !last) {
      // Nothing of it is kept, so that a tail of any length needs no memory.
      const { stack, inString, escaped } = scan;
      this.#take(this.#pending.length);
      Object.assign(this.#scan, { stack, inString, escaped });
      return undefined;
    }
    this.#take(typeof found === "number" ? found : this.#pending.length);
    this.#mode = "records";
    return undefined;
  }

  #skipLine(): Cut | undefined {
    const end = this.#pending.indexOf(newline);
    this.#take(end < 0 ? this.#pending.length : end + 1);
    if (end >= 0) this.#mode = "records";
    return undefined;
  }

  #skipElement(last: boolean): Cut | undefined {
    const found = scanValue(this.#pending, this.#scan);
    if (typeof found === "number") {
      this.#mode = this.#mode === "skip-element-in-object" ? "elements-in-object" : "elements";
      this.#take(found);
    } else if (found === "broken") {
      this.#mode = "skip-line";
      this.#take(this.#scan.brokenAt);
    } else {
      const { stack, inString, escaped, started } = this.#scan;
      this.#take(this.#pending.length);
      if (!last) Object.assign(this.#scan, { stack, inString, escaped, started });
    }
    return undefined;
  }

  /** Refuses a record that is too long and goes on where it ends. */
  #refuse(mode: Mode): Cut {
    const cut = { rejected: `longer than ${maxRecordBytes} bytes`, offset: this.#offset };
    this.#scan = newScan();
    this.#mode = mode;
    return cut;
  }

  #hand(length: number, consumed: number): Cut | undefined {
    const offset = this.#offset;
    const text = decoder.decode(this.#pending.subarray(0, length)).trimEnd();
    // The line end goes with its record: one step less for each.
    this.#take(this.#mode === "records" && this.#pending[consumed] === newline ? consumed + 1 : consumed);
    return text === "" ? undefined : { record: text, offset };
  }

  #take(length: number): void {
    this.#pending = this.#pending.subarray(length);
    this.#offset += length;
    this.#scan = newScan();
  }
}

// Not fatal: bytes that are no UTF-8 become U+FFFD and the source decides. The mark at the start of a file is skipped before.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

type Opening =
  | { readonly kind: "array"; readonly length: number; readonly inObject: boolean }
  | { readonly kind: "none" | "unsure" };

/** Whether the bytes open a document whose array holds the records: `[{`, `[]`, `{"Records":[` or `{"Events":[`. */
function openingOf(bytes: Uint8Array): Opening {
  if (opensRecord(bytes)) return { kind: "none" };
  const text = decoder.decode(bytes.subarray(0, maxOpening));
  const whole = bytes.length >= maxOpening;
  if (text.startsWith("[")) {
    const it = /^\[\s*(?=[{\]])/.exec(text);
    if (it) return { kind: "array", length: 1, inObject: false };
    return /^\[\s*$/.test(text) && !whole ? { kind: "unsure" } : { kind: "none" };
  }
  const it = /^\{\s*"(?:Records|Events)"\s*:\s*\[/.exec(text);
  if (it) return { kind: "array", length: it[0].length, inObject: true };
  const start = text.replace(/\s/g, "");
  const possible = ['{"Records":[', '{"Events":['].some((name) => name.startsWith(start));
  return possible && !whole ? { kind: "unsure" } : { kind: "none" };
}

const letters = { R: 0x52, E: 0x45 };

/** Whether the first name of an object is plainly none of those: nearly every record, told by three bytes. */
function opensRecord(bytes: Uint8Array): boolean {
  if (bytes[0] !== openBrace) return false;
  const quote = skipBlank(bytes, 1);
  const first = bytes[quote + 1];
  return bytes[quote] === doubleQuote && first !== undefined && first !== letters.R && first !== letters.E;
}

function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/** The first byte from `at` on that is not blank. 0x1e separates records in JSON text sequences (RFC 7464). */
function skipBlank(bytes: Uint8Array, at: number, also = 0x20): number {
  let i = at;
  for (; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte !== 0x20 && byte !== newline && byte !== 0x0d && byte !== 0x09 && byte !== 0x1e && byte !== also) break;
  }
  return i;
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
