/** Header fields of an answer, by lower-case name. */
export type AnswerFields = Readonly<Record<string, string | string[] | undefined>>;

/** Who takes an answer as it comes. */
export interface AnswerParts {
  onHead(status: number, fields: AnswerFields): void;
  /** @param bytes Lent: whoever keeps them copies them. */
  onBody(bytes: Buffer): void;
  /** The answer is whole. @param reusable Whether the connection may carry another one. */
  onEnd(reusable: boolean): void;
}

/** What a model server sent is no answer, or has two meanings. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
}

/** Largest head of an answer, and of a chunked answer's trailer, in bytes. */
const maxHeadBytes = 64 * 1024;
/** Longest line with a chunk's size, in bytes, with an extension; and its digits: 2^52 bytes are counted exactly. */
const maxSizeLine = 1024;
const maxSizeDigits = 13;
/** Fields of one answer. */
const maxFields = 200;
/** Lines of heads that are remembered, and how long they may be: 64 KiB in all. */
const maxLines = 512;
const maxLineLength = 128;
/** Whole heads that are remembered, and how long they may be: as much. */
const maxHeads = 64;
const maxHeadLength = 1024;

/** Two line ends. */
const headEndLength = 4;
const lineEnd = Buffer.from("\r\n");
const nameShape = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const badValue = /[^\t\x20-\x7e\x80-\xff]/;
const extension = /^[ \t]*;[\t\x20-\x7e]*$/;

type State = "head" | "length" | "until-close" | "size" | "chunk" | "chunk-end" | "trailer" | "over";

/**
 * Reads answers of HTTP/1.1, one at a time: a length, chunks, or until the connection closes. Strict: what RFC 9112 calls an error of
 * framing is one, so that no answer is ever taken for a part of another's. Bodies are given as they come, never put together.
 */
export class AnswerParser {
  readonly #parts: AnswerParts;
  #state: State = "over";
  #held: Buffer | undefined;
  #left = 0;
  #keepAlive = true;

  constructor(parts: AnswerParts) {
    this.#parts = parts;
  }

  /** A request was sent: an answer is due. */
  expect(): void {
    this.#state = "head";
    this.#held = undefined;
  }

  /** @param chunk Lent. @throws {AnswerError} Then the connection is of no use any more. */
  push(chunk: Buffer): void {
    const bytes = this.#held ? Buffer.concat([this.#held, chunk]) : chunk;
    this.#held = undefined;
    for (let at = 0; at < bytes.length;) at = this.#step(bytes, at);
  }

  /** The connection was closed by the server. @throws {AnswerError} in the middle of an answer. */
  close(): void {
    if (this.#state === "until-close") this.#end(false);
    else if (this.#state !== "over") throw new AnswerError("the connection was closed before the answer was whole");
  }

  /** Takes something from `at` on. @returns Where what is left begins: at the end also where more is needed first. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case "head":
        return this.#head(bytes, at);
      case "length":
      case "chunk":
        return this.#counted(bytes, at);
      case "until-close":
        this.#parts.onBody(partOf(bytes, at, bytes.length));
        return bytes.length;
      case "size":
        return this.#size(bytes, at);
      case "chunk-end":
        return this.#chunkEnd(bytes, at);
      case "trailer":
        return this.#trailer(bytes, at);
      case "over":
        throw new AnswerError("something came that nobody asked for");
    }
  }

  #hold(bytes: Buffer, at: number, most: number): number {
    if (bytes.length - at > most) throw new AnswerError(`more than ${most} bytes before the body`);
    this.#held = Buffer.from(bytes.subarray(at));
    return bytes.length;
  }

  #head(bytes: Buffer, at: number): number {
    const end = endOfHead(bytes, at);
    if (end < 0 || end - at > maxHeadBytes) return this.#hold(bytes, at, maxHeadBytes);
    const rest = end + headEndLength;
    const { status, minor, fields } = readHead(bytes.toString("latin1", at, end));
    // An answer on the way to the answer; a change of protocol was never asked for.
    if (status < 200) {
      if (status === 101) throw new AnswerError("the protocol changed");
      return rest;
    }
    const connection = String(fields["connection"] ?? "").toLowerCase();
    // HTTP/1.0 has no chunks (RFC 9112 §6.1): whatever stands behind them is nobody's answer.
    const isOld = minor === 0 && fields["transfer-encoding"] !== undefined;
    this.#keepAlive = minor === 1 ? !connection.includes("close") : connection.includes("keep-alive") && !isOld;
    this.#frame(status, fields);
    this.#parts.onHead(status, fields);
    if (this.#state === "length" && this.#left === 0) this.#end(rest === bytes.length);
    return rest;
  }

  /** RFC 9112 §6.3: how the body is delimited. */
  #frame(status: number, fields: AnswerFields): void {
    const coding = fields["transfer-encoding"];
    const length = fields["content-length"];
    if (coding !== undefined && length !== undefined) throw new AnswerError("a length and chunks");
    if (status === 204 || status === 304) {
      this.#state = "length";
      this.#left = 0;
    } else if (coding !== undefined) {
      if (typeof coding !== "string" || coding.toLowerCase() !== "chunked") throw new AnswerError("an unknown coding");
      this.#state = "size";
    } else if (length !== undefined) {
      if (typeof length !== "string" || !/^\d{1,15}$/.test(length)) throw new AnswerError("no one length");
      this.#state = "length";
      this.#left = Number(length);
    } else this.#state = "until-close";
  }

  #counted(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    this.#parts.onBody(partOf(bytes, at, end));
    if (this.#left > 0) return end;
    if (this.#state === "chunk") this.#state = "chunk-end";
    else if (this.#state === "length") this.#end(end === bytes.length);
    return end;
  }

  #size(bytes: Buffer, at: number): number {
    let size = 0;
    let i = at;
    for (let digit = digitAt(bytes, i); digit >= 0; digit = digitAt(bytes, ++i)) size = 16 * size + digit;
    // Almost always the line ends behind the digits; an extension is sought by itself.
    const end = bytes[i] === 0x0d && bytes[i + 1] === 0x0a ? i : bytes.indexOf(lineEnd, i);
    if (end < 0 || end - at > maxSizeLine) return this.#hold(bytes, at, maxSizeLine);
    const digits = i - at;
    if (digits < 1 || digits > maxSizeDigits || (end > i && !extension.test(bytes.toString("latin1", i, end))))
      throw new AnswerError("a chunk without a size");
    this.#left = size;
    this.#state = size === 0 ? "trailer" : "chunk";
    return end + lineEnd.length;
  }

  #chunkEnd(bytes: Buffer, at: number): number {
    if (bytes.length - at < 2) return this.#hold(bytes, at, 2);
    if (bytes[at] !== 0x0d || bytes[at + 1] !== 0x0a) throw new AnswerError("a chunk that is longer than its size");
    this.#state = "size";
    return at + 2;
  }

  /** Fields behind the last chunk are dropped: nobody here would read them. */
  #trailer(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(lineEnd, at);
    if (end < 0 || end - at > maxHeadBytes) return this.#hold(bytes, at, maxHeadBytes);
    const rest = end + lineEnd.length;
    if (end === at) this.#end(rest === bytes.length);
    return rest;
  }

  #end(clean: boolean): void {
    this.#state = "over";
    this.#parts.onEnd(clean && this.#keepAlive);
  }
}

/** A part of what came; all of it as it is. */
function partOf(bytes: Buffer, from: number, to: number): Buffer {
  return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
}

/** Where a head's two line ends begin; -1 for not yet. */
function endOfHead(bytes: Buffer, at: number): number {
  // Looks at the last of four bytes: most are in no line end, and then none of the four begins one.
  for (let i = at + 3; i < bytes.length;) {
    const it = bytes[i];
    if (it === 0x0a && bytes[i - 1] === 0x0d && bytes[i - 2] === 0x0a && bytes[i - 3] === 0x0d) return i - 3;
    i += it === 0x0d ? 1 : it === 0x0a ? 2 : 4;
  }
  return -1;
}

/** A hexadecimal digit's value; less than 0 for any other byte, and behind the end. */
function digitAt(bytes: Buffer, at: number): number {
  const it = bytes[at] ?? 0;
  if (it >= 0x30 && it <= 0x39) return it - 0x30;
  const letter = it | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Fields by name. No name means anything of an object's own, and yet the engine knows its shape: such objects are read five times as fast. */
class Fields {
  [name: string]: string | string[] | undefined;
}
Object.setPrototypeOf(Fields.prototype, null);
Reflect.deleteProperty(Fields.prototype, "constructor");

interface AnswerHead {
  readonly status: number;
  readonly minor: number;
  readonly fields: AnswerFields;
}

/** Heads as they came: those of streams, which state no length, are the same for as long as their date is. Full, it begins anew. */
const knownHeads = new Map<string, AnswerHead>();

function readHead(text: string): AnswerHead {
  const before = knownHeads.get(text);
  if (before) return before;
  const read = readNewHead(text);
  if (text.length > maxHeadLength) return read;
  if (knownHeads.size >= maxHeads) knownHeads.clear();
  knownHeads.set(text, read);
  return read;
}

function readNewHead(text: string): AnswerHead {
  const [first = "", ...lines] = text.split("\r\n");
  const shape = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(first);
  if (!shape) throw new AnswerError("no status line of HTTP/1.1");
  if (lines.length > maxFields) throw new AnswerError(`more than ${maxFields} header fields`);
  const fields = new Fields();
  for (const line of lines) {
    const { name, value } = readLine(line);
    const before = fields[name];
    fields[name] = before === undefined ? value : [...(typeof before === "string" ? [before] : before), value];
  }
  return { minor: Number(shape[1]), status: Number(shape[2]), fields };
}

interface Line {
  readonly name: string;
  readonly value: string;
}

/** What lines of heads say: a server sends mostly the same ones. Full, it begins anew. */
const known = new Map<string, Line>();

function readLine(line: string): Line {
  const before = known.get(line);
  if (before) return before;
  // A part of a text keeps the whole of it in memory: what is remembered is a copy.
  const own = line.length <= maxLineLength ? Buffer.from(line, "latin1").toString("latin1") : line;
  const colon = own.indexOf(":");
  const name = own.slice(0, colon).toLowerCase();
  const written = own.slice(colon + 1);
  if (colon < 1 || !nameShape.test(name) || badValue.test(written)) throw new AnswerError("a malformed header field");
  const read = { name, value: written.trim() };
  if (line.length > maxLineLength) return read;
  if (known.size >= maxLines) known.clear();
  known.set(own, read);
  return read;
}
