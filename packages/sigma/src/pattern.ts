/** A piece of a Sigma string: text, or a wildcard. `dash` is one of the five characters that start an option on Windows. */
export type Part = { readonly text: string } | { readonly wild: Wildcard };
type Wildcard = "many" | "one" | "dash";

/** `-`, `/`, en dash, em dash, horizontal bar: what Windows programs take for the start of an option. */
export const dashes = "-/\u2013\u2014\u2015";

/**
 * Reads a Sigma string. A backslash escapes `*`, `?` and itself, and is a plain backslash before anything else:
 * `\*` is a star, `\\*` a backslash and a wildcard, `\\` and a lone `\` one backslash.
 *
 * Source: Sigma Rules Specification 2.1.0, Escape Character.
 */
export function parsePattern(text: string): Part[] {
  const parts: Part[] = [];
  let plain = "";
  const wild = (it: Wildcard): void => {
    if (plain !== "") parts.push({ text: plain });
    plain = "";
    parts.push({ wild: it });
  };
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\" && at + 1 < text.length && "\\*?".includes(text.charAt(at + 1))) plain += text.charAt(++at);
    else if (char === "*") wild("many");
    else if (char === "?") wild("one");
    else plain += char;
  }
  if (plain !== "") parts.push({ text: plain });
  return parts;
}

/** The Sigma string that matches `text` and nothing else: for values from outside that fill a placeholder. */
export function escapeValue(text: string): string {
  return text.replace(/[\\*?]/g, "\\$&");
}

/** Joins neighbouring texts, and wildcards `*` in a row. */
export function joinParts(parts: readonly Part[]): Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last && "text" in last && "text" in part) joined[joined.length - 1] = { text: last.text + part.text };
    else if (last && "wild" in last && last.wild === "many" && "wild" in part && part.wild === "many") continue;
    else if (!("text" in part) || part.text !== "") joined.push(part);
  }
  return joined;
}

/**
 * The text by which values are compared when case does not count.
 *
 * Folding a text is folding its characters, one by one, so parts of a value fold to parts of the folded value.
 * `toLowerCase` alone breaks that twice: it turns a final sigma into another letter, and İ into two.
 */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  if (plainAscii.test(lower)) return lower;
  return text.replaceAll("\u0130", "i").toLowerCase().replaceAll("\u03c2", "\u03c3");
}

// oxlint-disable-next-line no-control-regex -- all of ASCII is meant
const plainAscii = /^[\x00-\x7f]*$/;

/** One stretch of a pattern between two `*`: a text, or a row of texts and single wildcards. */
export type Stretch = string | readonly Part[];

/** A pattern ready to match: its stretches in order; `open` ends take any rest. */
export interface Glob {
  readonly stretches: readonly Stretch[];
  readonly openStart: boolean;
  readonly openEnd: boolean;
  /** When false, both sides are folded. */
  readonly cased: boolean;
}

export function compileGlob(parts: readonly Part[], cased: boolean): Glob {
  const joined = joinParts(parts);
  const stretches: Stretch[] = [];
  let row: Part[] = [];
  const close = (): void => {
    if (row.length > 0) stretches.push(row.every((it) => "text" in it) ? row.map((it) => it.text).join("") : row);
    row = [];
  };
  for (const part of joined) {
    if ("wild" in part && part.wild === "many") close();
    else row.push("text" in part && !cased ? { text: fold(part.text) } : part);
  }
  close();
  return { stretches, openStart: isMany(joined[0]), openEnd: isMany(joined.at(-1)), cased };
}

function isMany(part: Part | undefined): boolean {
  return part !== undefined && "wild" in part && part.wild === "many";
}

/**
 * True if the whole value matches. `value` must be folded already unless the glob is cased.
 *
 * Each stretch is looked for once, leftmost first, and never looked for again: at most (length of value) x (length of
 * pattern) steps, whatever both hold.
 */
export function matchesGlob({ stretches, openStart, openEnd }: Glob, value: string): boolean {
  const last = stretches.length - 1;
  if (last < 0) return openStart || openEnd || value === "";
  if (last === 0 && typeof stretches[0] === "string") return matchesText(stretches[0], openStart, openEnd, value);
  let at = 0;
  for (let index = 0; index <= last; index++) {
    const stretch = stretches[index] ?? "";
    if (index === last && !openEnd) {
      return index === 0 && !openStart ? endOf(stretch, value, 0) === value.length : endsWith(stretch, value, at);
    }
    const end = index === 0 && !openStart ? endOf(stretch, value, 0) : find(stretch, value, at);
    if (end < 0) return false;
    at = end;
  }
  return true;
}

function matchesText(text: string, openStart: boolean, openEnd: boolean, value: string): boolean {
  if (openStart) return openEnd ? value.includes(text) : value.endsWith(text);
  return openEnd ? value.startsWith(text) : value === text;
}

/** Where the leftmost occurrence at or after `from` ends; -1 if there is none. */
function find(stretch: Stretch, value: string, from: number): number {
  if (typeof stretch === "string") {
    const found = value.indexOf(stretch, from);
    return found < 0 ? -1 : found + stretch.length;
  }
  for (let at = from; at <= value.length; at++) {
    const end = endOf(stretch, value, at);
    if (end >= 0) return end;
  }
  return -1;
}

function endsWith(stretch: Stretch, value: string, from: number): boolean {
  if (typeof stretch === "string") return value.length - stretch.length >= from && value.endsWith(stretch);
  // A single wildcard takes one or two units, so where the stretch has to start is not known beforehand.
  const [shortest, longest] = lengths(stretch);
  for (let at = Math.max(from, value.length - longest); at <= value.length - shortest; at++) {
    if (endOf(stretch, value, at) === value.length) return true;
  }
  return false;
}

function lengths(stretch: readonly Part[]): [number, number] {
  let shortest = 0;
  let longest = 0;
  for (const part of stretch) {
    shortest += "text" in part ? part.text.length : 1;
    longest += "text" in part ? part.text.length : 2;
  }
  return [shortest, longest];
}

/** Where the stretch ends if it starts exactly at `at`; -1 if it does not match there. */
function endOf(stretch: Stretch, value: string, at: number): number {
  if (typeof stretch === "string") return value.startsWith(stretch, at) ? at + stretch.length : -1;
  let end = at;
  for (const part of stretch) {
    if ("text" in part) {
      if (!value.startsWith(part.text, end)) return -1;
      end += part.text.length;
      continue;
    }
    if (end >= value.length) return -1;
    if (part.wild === "dash" && !dashes.includes(value.charAt(end))) return -1;
    end += (value.codePointAt(end) ?? 0) > 0xffff ? 2 : 1; // `?` is one character, not half of one
  }
  return end;
}
