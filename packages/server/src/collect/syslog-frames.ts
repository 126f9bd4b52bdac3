// A stream of syslog messages, cut by RFC 6587: each by its length in front, or by its line end.
import { maxMessageBytes } from "./limits.ts";

/** A whole message, or why there is none; `record` is how it began. */
export type Frame = { readonly message: Buffer } | { readonly rejected: string; readonly record: string };

type State =
  | { readonly at: "start" }
  /** By length: so many bytes to come. */
  | { readonly at: "counted"; readonly bytes: number }
  | { readonly at: "line" }
  /** Inside a message that is too long. */
  | { readonly at: "skip-counted"; readonly bytes: number }
  | { readonly at: "skip-line" };

const lf = 0x0a;
const cr = 0x0d;
const blank = 0x20;

/** Digits of a length: no more fit into what a connection sends in a lifetime. */
const maxDigits = 9;
/** Characters of a refused message that are kept. */
const sampleBytes = 200;

/**
 * Cuts what comes on one connection. Both framings may stand in one stream: a message that begins with a digit has its length in front
 * (RFC 6587 §3.4.1), any other ends with its line (§3.4.2). Any bytes give messages or rejects, however they are split; no more
 * than one message is kept.
 */
export class FrameCutter {
  #pending: Buffer = Buffer.alloc(0);
  #state: State = { at: "start" };
  /** How far the pending bytes were looked through for a line end. */
  #scanned = 0;

  /** Whether a message was begun and not ended. */
  get isInside(): boolean {
    return this.#state.at !== "start" || this.#pending.length > 0;
  }

  push(chunk: Buffer): Frame[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const frames: Frame[] = [];
    while (this.#pending.length > 0 && this.#step(frames));
    // What is kept must not hold the whole chunk.
    if (this.#pending.length > 0) this.#pending = Buffer.from(this.#pending);
    return frames;
  }

  /** The stream ended: a last line needs no line end, a counted message needs all of itself. */
  end(): Frame[] {
    const { at } = this.#state;
    const rest = trimmed(this.#pending);
    this.#reset();
    this.#pending = Buffer.alloc(0);
    if (at === "counted") return [{ rejected: "the connection ended inside a message", record: sampleOf(rest) }];
    return (at === "line" || at === "start") && rest.length > 0 ? [{ message: rest }] : [];
  }

  /** One step; false when more bytes are needed. */
  #step(frames: Frame[]): boolean {
    const state = this.#state;
    switch (state.at) {
      case "start":
        return this.#begin(frames);
      case "counted":
        if (this.#pending.length < state.bytes) return false;
        frames.push({ message: this.#pending.subarray(0, state.bytes) });
        return this.#take(state.bytes);
      case "line":
        return this.#line(frames);
      case "skip-counted": {
        const bytes = Math.min(state.bytes, this.#pending.length);
        this.#take(bytes);
        if (bytes < state.bytes) this.#state = { at: "skip-counted", bytes: state.bytes - bytes };
        return true;
      }
      case "skip-line":
        return this.#skipLine();
    }
  }

  /** Which framing the next message has. Blank lines between messages mean nothing. */
  #begin(frames: Frame[]): boolean {
    const first = this.#pending[0] ?? lf;
    if (first === lf || first === cr) return this.#take(1);
    const head = this.#pending.toString("latin1", 0, maxDigits + 1);
    const digits = /^[1-9]\d*/.exec(head)?.[0] ?? "";
    // All that is there are digits: what follows them tells.
    if (digits.length === this.#pending.length && digits.length <= maxDigits) return false;
    if (digits === "" || digits.length > maxDigits || this.#pending[digits.length] !== blank) {
      this.#state = { at: "line" };
      return true;
    }
    const bytes = Number(digits);
    this.#take(digits.length + 1);
    if (bytes > maxMessageBytes) {
      frames.push({ rejected: tooLong(`${bytes} bytes`), record: "" });
      this.#state = { at: "skip-counted", bytes };
    } else this.#state = { at: "counted", bytes };
    return true;
  }

  #line(frames: Frame[]): boolean {
    const end = this.#pending.indexOf(lf, this.#scanned);
    const length = end < 0 ? this.#pending.length : end;
    if (length > maxMessageBytes) {
      frames.push({ rejected: tooLong("a line"), record: "" });
      this.#state = { at: "skip-line" };
      return true;
    }
    if (end < 0) {
      this.#scanned = length;
      return false;
    }
    const message = trimmed(this.#pending.subarray(0, end));
    if (message.length > 0) frames.push({ message });
    return this.#take(end + 1);
  }

  #skipLine(): boolean {
    const end = this.#pending.indexOf(lf);
    if (end >= 0) return this.#take(end + 1);
    this.#pending = Buffer.alloc(0);
    return false;
  }

  /** Goes past so many bytes, to the beginning of a message. */
  #take(bytes: number): true {
    this.#pending = this.#pending.subarray(bytes);
    this.#reset();
    return true;
  }

  #reset(): void {
    this.#state = { at: "start" };
    this.#scanned = 0;
  }
}

function tooLong(what: string): string {
  return `${what}: a message may have ${maxMessageBytes} bytes`;
}

/** Without the carriage returns and NULs that some writers put before the line end. */
function trimmed(line: Buffer): Buffer {
  let end = line.length;
  while (end > 0 && (line[end - 1] === cr || line[end - 1] === 0)) end--;
  return line.subarray(0, end);
}

/** How a refused message begins. */
export function sampleOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, sampleBytes)).toString("utf8");
}
