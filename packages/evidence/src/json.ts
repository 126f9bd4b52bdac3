import { EvidenceError } from "./error.ts";
import { maxDepth } from "./limits.ts";

/** A value that JSON can write. `undefined` members count as absent, as in `JSON.stringify`. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

/**
 * The one text of a value: two values have the same text exactly if they are equal. Source: RFC 8785 (JCS).
 *
 * @throws {EvidenceError} BAD_VALUE for numbers that are not finite, texts with half a surrogate pair, anything that is
 * not JSON (dates and maps too), and nesting deeper than `depth`.
 */
export function canonical(value: unknown, depth = maxDepth): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return writeText(value);
  // RFC 8785 §3.2.2.3: numbers as ECMAScript prints them, which is what JSON.stringify does; -0 becomes 0.
  if (typeof value === "number" && Number.isFinite(value)) return JSON.stringify(value);
  if (typeof value !== "object") throw new EvidenceError("BAD_VALUE", `${describe(value)} is no JSON value`);
  if (depth === 0) throw new EvidenceError("BAD_VALUE", `the value nests too deep`);
  if (Array.isArray(value)) return `[${Array.from(value, (it) => canonical(it, depth - 1)).join(",")}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) {
    throw new EvidenceError("BAD_VALUE", "an object of a class is no JSON value");
  }
  // RFC 8785 §3.2.3: members sorted by their names' UTF-16 units, which is how JavaScript compares texts.
  const members = Object.entries(value).filter(([, it]) => it !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, it]) => `${writeText(name)}:${canonical(it, depth - 1)}`).join(",")}}`;
}

function writeText(text: string): string {
  // RFC 8785 §3.2.2.2: escapes as ECMAScript writes them; half a surrogate pair is an error.
  if (!text.isWellFormed()) throw new EvidenceError("BAD_VALUE", "a text holds half a surrogate pair");
  return JSON.stringify(text);
}

function describe(value: unknown): string {
  return typeof value === "number" ? String(value) : `a ${typeof value}`;
}
