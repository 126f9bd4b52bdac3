import { maxDepth, maxMembers } from "../limits.ts";

/** Where a value stands in a text: from `start` up to and without `end`, in bytes. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A member of an object: its decoded name and where its value stands. */
export interface Member extends Span {
  readonly name: string;
}

/** What was read is no JSON, or nests deeper than `maxDepth`. */
export class JsonError extends Error {
  override readonly name = "JsonError";
  /** Of the first byte that does not fit. */
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.offset = offset;
  }
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openObject, closeObject, openArray, closeArray] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Strings shorter than this are walked; longer ones are searched, which costs a call and then runs at memory speed. */
const walked = 48;

/** Skips white space. Source: RFC 8259 §2. */
export function skipSpace(text: Buffer, at: number): number {
  let i = at;
  for (let it = text[i]; it === 0x20 || it === 0x0a || it === 0x0d || it === 0x09; it = text[i]) i++;
  return i;
}

/** The end of the string whose opening quote stands at `at`. @throws {JsonError} when it is not closed. */
function skipString(text: Buffer, at: number): number {
  let i = at + 1;
  const near = i + walked < text.length ? i + walked : text.length;
  while (i < near) {
    const it = text[i]!;
    if (it === quote) return i + 1;
    i += it === backslash ? 2 : 1;
  }
  return skipLong(text, at, i);
}

/** The rest of a long string, from `from`, which is behind any escape that began before it. */
function skipLong(text: Buffer, at: number, from: number): number {
  for (let end = text.indexOf(quote, from); end >= 0; end = text.indexOf(quote, end + 1)) {
    // Closed if an even number of backslashes stands before it. Those before `from` are used up.
    let slashes = 0;
    while (end - slashes - 1 >= from && text[end - slashes - 1] === backslash) slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  throw new JsonError("a string is not closed", at);
}

/** The end of the value that begins at `at`. Brackets and strings are checked, letters and digits only for their place. */
export function skipValue(text: Buffer, at: number): number {
  const first = text[at];
  if (first === quote) return skipString(text, at);
  if (first === openObject || first === openArray) return skipNested(text, at);
  let i = at;
  while (i < text.length && !endsScalar(text[i] ?? 0)) i++;
  if (i === at) throw new JsonError("expected a value", at);
  return i;
}

function endsScalar(it: number): boolean {
  return (
    it === comma ||
    it === closeObject ||
    it === closeArray ||
    it <= 0x20 ||
    it === quote ||
    it === colon ||
    it === openObject ||
    it === openArray
  );
}

/** What a byte means to who skips: a quote, an opening or a closing bracket, or nothing. */
const [plain, quoted, opens, closes] = [0, 1, 2, 3];
const meaning = new Uint8Array(256).fill(plain);
meaning[quote] = quoted;
meaning[openObject] = meaning[openArray] = opens;
meaning[closeObject] = meaning[closeArray] = closes;

/** Which bracket closes each open level. */
const closers = new Uint8Array(maxDepth + 1);

/** The hot loop of every edit: one look-up a byte, and strings walked in place. */
function skipNested(text: Buffer, at: number): number {
  const end = text.length;
  let depth = 0;
  for (let i = at; i < end; i++) {
    const it = text[i]!;
    const means = meaning[it]!;
    if (means === plain) continue;
    if (means === quoted) {
      i = skipString(text, i) - 1;
    } else if (means === opens) {
      if (depth >= maxDepth) throw new JsonError(`nested more than ${maxDepth} deep`, i);
      // In ASCII a closing bracket stands two behind its opening one.
      closers[depth++] = it + 2;
    } else {
      depth--;
      if (closers[depth] !== it) throw new JsonError("a bracket closes another kind", i);
      if (depth === 0) return i + 1;
    }
  }
  throw new JsonError("a bracket is not closed", at);
}

/**
 * Calls `visit` for each member of the object at `at`, with its name and where its value begins; `visit` answers where that value ends, so
 * that nothing is read twice. @returns Where the object ends. @throws {JsonError}
 */
export function eachMember(text: Buffer, at: number, visit: (name: string, start: number) => number): number {
  if (text[at] !== openObject) throw new JsonError("expected an object", at);
  let i = skipSpace(text, at + 1);
  if (text[i] === closeObject) return i + 1;
  for (;;) {
    if (text[i] !== quote) throw new JsonError("expected a member's name", i);
    const nameEnd = skipString(text, i);
    const name = nameOf(text, i, nameEnd);
    i = skipSpace(text, nameEnd);
    if (text[i] !== colon) throw new JsonError("expected a colon", i);
    i = skipSpace(text, visit(name, skipSpace(text, i + 1)));
    if (text[i] === closeObject) return i + 1;
    if (text[i] !== comma) throw new JsonError("expected a comma or the object's end", i);
    i = skipSpace(text, i + 1);
  }
}

/** The same for the elements of the array at `at`. @returns Where the array ends. @throws {JsonError} */
export function eachElement(text: Buffer, at: number, visit: (start: number) => number): number {
  if (text[at] !== openArray) throw new JsonError("expected an array", at);
  let i = skipSpace(text, at + 1);
  if (text[i] === closeArray) return i + 1;
  for (;;) {
    i = skipSpace(text, visit(i));
    if (text[i] === closeArray) return i + 1;
    if (text[i] !== comma) throw new JsonError("expected a comma or the array's end", i);
    i = skipSpace(text, i + 1);
  }
}

/** Names that were read before, each in the place that its bytes lead to: the same few come again, and making their texts anew is dear. */
const known: string[] = Array.from({ length: 256 }, () => "");
/** Longest name that is remembered, in characters: 16 KiB in all. */
const maxKnownName = 64;

function nameOf(text: Buffer, from: number, to: number): string {
  let place = 0;
  for (let i = from + 1; i < to - 1; i++) {
    const it = text[i]!;
    // Escapes and other alphabets are decoded as any reader would: a name has one meaning, however it is written.
    if (it === backslash || it >= 0x80) return parseName(text, from, to);
    place = (31 * place + it) & 0xff;
  }
  const before = known[place]!;
  if (isNamed(before, text, from + 1, to - 1)) return before;
  const name = text.toString("latin1", from + 1, to - 1);
  if (name.length <= maxKnownName) known[place] = name;
  return name;
}

function isNamed(name: string, text: Buffer, from: number, to: number): boolean {
  if (name.length !== to - from) return false;
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) !== text[from + i]) return false;
  return true;
}

function parseName(text: Buffer, from: number, to: number): string {
  try {
    return String(JSON.parse(text.toString("utf8", from, to)));
  } catch {
    throw new JsonError("a name is malformed", from);
  }
}

/**
 * The members of a text that is one object, by name.
 * @throws {JsonError} also for a name that stands twice, whose value depends on the reader, for more than `maxMembers`, and for
 * anything behind the object.
 */
export function membersOf(text: Buffer): ReadonlyMap<string, Span> {
  const found = new Map<string, Span>();
  const end = eachMember(text, skipSpace(text, 0), (name, start) => {
    if (found.has(name)) throw new JsonError(`the member ${JSON.stringify(name.slice(0, 64))} stands twice`, start);
    if (found.size >= maxMembers) throw new JsonError(`more than ${maxMembers} members`, start);
    const value = { start, end: skipValue(text, start) };
    found.set(name, value);
    return value.end;
  });
  const rest = skipSpace(text, end);
  if (rest !== text.length) throw new JsonError("something stands behind the object", rest);
  return found;
}

/** A value, parsed. @throws {JsonError} */
export function valueAt(text: Buffer, { start, end }: Span): unknown {
  const switched = switchAt(text, start, end);
  if (switched !== undefined) return switched;
  try {
    return JSON.parse(text.toString("utf8", start, end));
  } catch {
    throw new JsonError("a value is malformed", start);
  }
}

/** The value where it is a switch, as most that are asked for: for those a parser need not be called. */
function switchAt(text: Buffer, start: number, end: number): boolean | undefined {
  if (isNamed("true", text, start, end)) return true;
  return isNamed("false", text, start, end) ? false : undefined;
}
