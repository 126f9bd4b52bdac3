import { refuse, type Path } from "./error.ts";
import { maxAlternatives } from "./limits.ts";
import { parsePattern, type Part } from "./pattern.ts";

/** What stands for `%name%`: Sigma strings, so `*` and `?` are wildcards. `escapeValue` makes one of a plain text. */
export type Placeholders = Readonly<Record<string, readonly string[]>>;

// A name between two percent signs, neither of them behind a backslash; or a percent sign behind one.
const found = /\\%|%([^%\\\s]+)%/g;

/** Fills the placeholders of `|expand`. */
export interface Filling {
  readonly placeholders: Placeholders;
  /** Names that were filled with nothing at all, in the order found. */
  readonly emptied: string[];
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
    const choices = "text" in part ? split(part.text, filling, path) : [[[part]]];
    for (const choice of choices) options = combine(options, choice, path);
  }
  return options;
}

/** The same for the source of a regular expression; `print` writes a value in its language. */
export function fillText(text: string, filling: Filling, print: (value: Part[]) => string, path: Path): string[] {
  let options = [""];
  for (const choice of split(text, filling, path)) {
    const printed = choice.map((it) => print(it));
    if (options.length * printed.length > maxAlternatives) tooMany(path);
    options = options.flatMap((head) => printed.map((tail) => head + tail));
  }
  return options;
}

/** A text as a row of choices: plain stretches have one, placeholders one for each value. */
function split(text: string, { placeholders, emptied }: Filling, path: Path): Part[][][] {
  const choices: Part[][][] = [];
  let at = 0;
  for (const match of text.matchAll(found)) {
    const [whole, name] = match;
    if (match.index > at) choices.push([[{ text: text.slice(at, match.index) }]]);
    at = match.index + whole.length;
    if (name === undefined) {
      choices.push([[{ text: "%" }]]);
      continue;
    }
    const values = Object.hasOwn(placeholders, name) ? placeholders[name] : undefined;
    if (!values) refuse("PLACEHOLDER_UNFILLED", path, `nothing is configured for %${name}%`);
    if (values.length === 0) emptied.push(name);
    choices.push(values.map((it) => parsePattern(it)));
  }
  if (at < text.length) choices.push([[{ text: text.slice(at) }]]);
  return choices;
}

export function combine(heads: readonly Part[][], tails: readonly Part[][], path: Path): Part[][] {
  if (heads.length * tails.length > maxAlternatives) tooMany(path);
  return heads.flatMap((head) => tails.map((tail) => [...head, ...tail]));
}

function tooMany(path: Path): never {
  refuse("TOO_MANY", path, `a value with more than ${maxAlternatives} alternatives`);
}
