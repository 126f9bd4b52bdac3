import { refuse, type Path } from "./error.ts";
import { maxAlternatives } from "./limits.ts";
import { parsePattern, type Part } from "./pattern.ts";

/** What stands for `%name%`: Sigma strings, so `*` and `?` are wildcards. `escapeValue` makes one of a plain text. */
export type Placeholders = Readonly<Record<string, readonly string[]>>;

// A name between two percent signs, neither of them behind a backslash; or a percent sign behind one.
const found = /\\%|%([\p{L}\p{N}_.-]+)%/gu;

/** Fills the placeholders of `|expand`. */
export interface Filling {
  readonly placeholders: Placeholders;
  /** Names that were filled with nothing at all, in the order found. */
  readonly emptied: string[];
  /** Instructions of all regular expressions so far. */
  readonly regexes: { size: number };
}

/**
 * Every string that the parts may become: one for each combination of the values of their placeholders; none if one
 * of them has no value. `\%` is a plain percent sign.
 *
 * Source: Sigma Rules Specification 2.1.0, Placeholders.
 *
 * @throws {SigmaError} PLACEHOLDER_UNFILLED when a name has no entry; TOO_MANY.
 */
export function fillParts(parts: readonly Part[], filling: Filling, path: Path): Part[][] {
  let options: Part[][] = [[]];
  for (const part of parts) {
    const pieces = "text" in part ? split(part.text, filling, path) : [{ values: [[part]] }];
    for (const piece of pieces) {
      options = combine(options, "text" in piece ? [[{ text: piece.text }]] : piece.values, path);
    }
  }
  return options;
}

/** The same for the source of a regular expression; `print` writes a value in its language. */
export function fillText(text: string, filling: Filling, print: (value: Part[]) => string, path: Path): string[] {
  let options = [""];
  for (const piece of split(text, filling, path)) {
    const printed = "text" in piece ? [piece.text] : piece.values.map((it) => print(it));
    if (options.length * printed.length > maxAlternatives) tooMany(path);
    options = options.flatMap((head) => printed.map((tail) => head + tail));
  }
  return options;
}

/** A stretch of text as it stands, or what a placeholder may become. */
type Piece = { readonly text: string } | { readonly values: Part[][] };

function split(text: string, { placeholders, emptied }: Filling, path: Path): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(found)) {
    const [whole, name] = match;
    if (match.index > at) pieces.push({ text: text.slice(at, match.index) });
    at = match.index + whole.length;
    if (name === undefined) {
      pieces.push({ text: "%" });
      continue;
    }
    const values = Object.hasOwn(placeholders, name) ? placeholders[name] : undefined;
    if (!values) refuse("PLACEHOLDER_UNFILLED", path, `nothing is configured for %${name}%`);
    if (values.length === 0) emptied.push(name);
    pieces.push({ values: values.map((it) => parsePattern(it)) });
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}

export function combine(heads: readonly Part[][], tails: readonly Part[][], path: Path): Part[][] {
  if (heads.length * tails.length > maxAlternatives) tooMany(path);
  return heads.flatMap((head) => tails.map((tail) => [...head, ...tail]));
}

function tooMany(path: Path): never {
  refuse("TOO_MANY", path, `a value with more than ${maxAlternatives} alternatives`);
}
