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
/** Longest line with a chunk's size, in bytes: sixteen digits and an extension. */
const maxSizeLine = 1024;
/** Fields of one answer. */
const maxFields = 200;
/** Lines of heads that are remembered, and how long they may be: 64 KiB in all. */
const maxLines = 512;
const maxLineLength = 128;

const headEnd = Buffer.from("\r\n\r\n");
const lineEnd = Buffer.from("\r\n");
const nameShape = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const badValue = /[^\t\x20-\x7e\x80-\xff]/;

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
    let rest: Buffer | undefined = this.#held ? Buffer.concat([this.#held, chunk]) : chunk;
    this.#held = undefined;
    while (rest && rest.length > 0) rest = this.#step(rest);
  }

  /** The connection was closed by the server. @throws {AnswerError} in the middle of an answer. */
  close(): void {
    if (this.#state === "until-close") this.#end(false);
    else if (this.#state !== "over") throw new AnswerError("the connection was closed before the answer was whole");
  }

  /** Takes something off the front. @returns What is left; undefined when more is needed first. */
  #step(bytes: Buffer): Buffer | undefined {
    switch (this.#state) {
      case "head":
        return this.#head(bytes);
      case "length":
      case "chunk":
        return this.#counted(bytes);
      case "until-close":
        this.#parts.onBody(bytes);
        return undefined;
      case "size":
        return this.#size(bytes);
      case "chunk-end":
        return this.#chunkEnd(bytes);
      case "trailer":
        return this.#trailer(bytes);
      case "over":
        throw new AnswerError("something came that nobody asked for");
    }
  }

  #hold(bytes: Buffer, most: number): undefined {
    if (bytes.length > most) throw new AnswerError(`more than ${most} bytes before the body`);
    this.#held = Buffer.from(bytes);
    return undefined;
  }

  #head(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf(headEnd);
    if (end < 0 || end > maxHeadBytes) return this.#hold(bytes, maxHeadBytes);
    const rest = bytes.subarray(end + 4);
    const { status, minor, fields } = readHead(bytes.toString("latin1", 0, end));
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
    if (this.#state === "length" && this.#left === 0) this.#end(rest.length === 0);
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

  #counted(bytes: Buffer): Buffer | undefined {
    const own = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left);
    this.#left -= own.length;
    const rest = bytes.length > own.length ? bytes.subarray(own.length) : undefined;
    this.#parts.onBody(own);
    if (this.#left > 0) return rest;
    if (this.#state === "chunk") this.#state = "chunk-end";
    else if (this.#state === "length") this.#end(rest === undefined);
    return rest;
  }

  #size(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf(lineEnd);
    if (end < 0 || end > maxSizeLine) return this.#hold(bytes, maxSizeLine);
    const line = bytes.toString("latin1", 0, end);
    const digits = /^([0-9a-fA-F]{1,13})(?:[ \t]*;[\t\x20-\x7e]*)?$/.exec(line)?.[1];
    if (digits === undefined) throw new AnswerError("a chunk without a size");
    this.#left = Number.parseInt(digits, 16);
    this.#state = this.#left === 0 ? "trailer" : "chunk";
    return bytes.subarray(end + 2);
  }

  #chunkEnd(bytes: Buffer): Buffer | undefined {
    if (bytes.length < 2) return this.#hold(bytes, 2);
    if (bytes[0] !== 0x0d || bytes[1] !== 0x0a) throw new AnswerError("a chunk that is longer than its size");
    this.#state = "size";
    return bytes.subarray(2);
  }

  /** Fields behind the last chunk are dropped: nobody here would read them. */
  #trailer(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf(lineEnd);
    if (end < 0 || end > maxHeadBytes) return this.#hold(bytes, maxHeadBytes);
    const rest = bytes.subarray(end + 2);
    if (end === 0) this.#end(rest.length === 0);
    return rest;
  }

  #end(clean: boolean): void {
    this.#state = "over";
    this.#parts.onEnd(clean && this.#keepAlive);
  }
}

/** Fields by name. No name means anything of an object's own, and yet the engine knows its shape: such objects are read five times as fast. */
class Fields {
  [name: string]: string | string[] | undefined;
}
Object.setPrototypeOf(Fields.prototype, null);
Reflect.deleteProperty(Fields.prototype, "constructor");

function readHead(text: string): { readonly status: number; readonly minor: number; readonly fields: AnswerFields } {
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
