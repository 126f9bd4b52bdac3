import { WeightsError } from "../error.ts";

/** A JSON object as it was parsed: own keys only count. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member that the file itself has, never one of `Object.prototype`. */
export function member(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** UTF-8 text. @throws {WeightsError} MALFORMED for bytes that are none. */
export function decodeText(bytes: Uint8Array, what: string, at?: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new WeightsError("MALFORMED", `${what} is not UTF-8`, { at, cause });
  }
}

/** A JSON object. @throws {WeightsError} MALFORMED for anything else. */
export function parseObject(text: string, what: string, at?: number): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new WeightsError("MALFORMED", `${what} is not JSON`, { at, cause });
  }
  if (!isObject(value)) throw new WeightsError("MALFORMED", `${what} is not a JSON object`, { at });
  return value;
}

/**
 * How many `key: value` pairs valid JSON text has, at all depths. `JSON.parse` silently keeps the last of two equal keys;
 * fewer keys in its answer than pairs in the text betray that.
 */
export function countPairs(text: string): number {
  let pairs = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c && inString) i++;
    else if (code === 0x22) inString = !inString;
    else if (code === 0x3a && !inString) pairs++;
  }
  return pairs;
}

/** Whether a file begins like a JSON object; white space may come first. */
export function isJson(head: Uint8Array): boolean {
  return firstByte(head) === 0x7b;
}

/** The first byte that is no white space; undefined if there is none. */
export function firstByte(head: Uint8Array): number | undefined {
  let at = 0;
  while (at < head.length && isSpace(head[at] ?? 0)) at++;
  return head[at];
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Where `text` (Latin-1) first stands in `bytes`; -1 if nowhere. */
export function indexOf(bytes: Uint8Array, text: string): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(text, 0, "latin1");
}
