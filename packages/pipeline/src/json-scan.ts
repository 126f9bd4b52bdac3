/** Finds where a JSON value ends, byte by byte and across chunks, without building it. */

/** Deepest nesting of a document that is still cut into records: logs nest a dozen levels, bombs thousands. */
export const maxNesting = 200;

export const newline = 0x0a;
export const openBrace = 0x7b;
const closeBrace = 0x7d;
export const openBracket = 0x5b;
export const closeBracket = 0x5d;
export const doubleQuote = 0x22;
const backslash = 0x5c;
export const comma = 0x2c;
const colon = 0x3a;

/** What is known of a JSON value after some of its bytes. */
export interface Scan {
  at: number;
  /** Open braces and brackets. */
  stack: number[];
  inString: boolean;
  escaped: boolean;
  started: boolean;
  /** The last byte that is not blank and outside strings. */
  previous: number;
  /** Start of the line on which a break would cut. */
  lineEnd: number;
  brokenAt: number;
  why: string;
}

/** A scan that has seen nothing yet. */
export function newScan(): Scan {
  return {
    at: 0,
    stack: [],
    inString: false,
    escaped: false,
    started: false,
    previous: 0,
    lineEnd: -1,
    brokenAt: 0,
    why: "",
  };
}

/**
 * Scans one JSON value from where the scan stands. Answers with its length, `more` when it is not whole yet, or `broken`
 * when it cannot go on: a line ended inside a string, or the next line cannot continue it. `brokenAt` is the end of the good part.
 */
export function scanValue(bytes: Uint8Array, scan: Scan, context?: "tail"): number | "more" | "broken" {
  for (; scan.at < bytes.length; scan.at++) {
    if (scan.inString && !scan.escaped) scan.at = plainUntil(bytes, scan.at);
    if (scan.at >= bytes.length) break;
    const byte = bytes[scan.at] ?? 0;
    if (scan.inString) {
      if (byte === newline && context === undefined) return fail(scan, scan.at, "a line ends inside a string");
      if (scan.escaped) scan.escaped = false;
      else if (byte === backslash) scan.escaped = true;
      else if (byte === doubleQuote) {
        scan.inString = false;
        if (scan.stack.length === 0) return scan.at + 1;
      }
      continue;
    }
    if (byte === newline) {
      if (scan.stack.length === 0 && scan.started) return scan.at;
      if (scan.lineEnd < 0) scan.lineEnd = scan.at;
      continue;
    }
    if (byte === 0x20 || byte === 0x09 || byte === 0x0d) continue;
    if (scan.lineEnd >= 0 && context === undefined && !continues(scan, byte)) {
      return fail(scan, scan.lineEnd, "a line ends inside a record, and the next does not continue it");
    }
    scan.lineEnd = -1;
    const done = stepInto(scan, byte);
    if (done === "whole") return scan.at + 1;
    if (done === "before") return scan.at;
    if (done === "deep") return fail(scan, scan.at, `nested deeper than ${maxNesting}`);
    scan.previous = byte;
    scan.started = true;
  }
  return "more";
}

/** The next byte of a string that means something. Most of a record stands in strings: this loop makes scanning every line affordable. */
function plainUntil(bytes: Uint8Array, from: number): number {
  let at = from;
  for (; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === doubleQuote || byte === backslash || byte === newline) break;
  }
  return at;
}

/** Whether the first byte of a line can go on with a value that is open: JSON's grammar, as far as one byte tells. */
function continues(scan: Scan, byte: number): boolean {
  const inside = scan.stack.at(-1);
  if (byte === comma || byte === closeBrace || byte === closeBracket || byte === colon) return true;
  const { previous } = scan;
  if (previous === colon) return true;
  if (inside === openBrace) return (previous === openBrace || previous === comma) && byte === doubleQuote;
  return previous === openBracket || previous === comma;
}

function stepInto(scan: Scan, byte: number): "whole" | "before" | "deep" | undefined {
  if (byte === doubleQuote) scan.inString = true;
  else if (byte === openBrace || byte === openBracket) {
    if (scan.stack.length >= maxNesting) return "deep";
    scan.stack.push(byte);
  } else if (byte === closeBrace || byte === closeBracket) {
    // A bare number or word inside the array of records ends where the array does.
    if (scan.stack.length === 0) return "before";
    scan.stack.pop();
    if (scan.stack.length === 0) return "whole";
  } else if (byte === comma && scan.stack.length === 0) return scan.started ? "before" : undefined;
  return undefined;
}

function fail(scan: Scan, at: number, why: string): "broken" {
  scan.brokenAt = at;
  scan.why = why;
  return "broken";
}
