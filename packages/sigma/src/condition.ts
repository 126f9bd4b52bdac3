import { refuse, type Path } from "./error.ts";
import { maxConditionDepth, maxConditionLength } from "./limits.ts";

/** How the search identifiers of a rule combine. `1 of` and `all of` are written out. */
export type Condition =
  | { readonly kind: "and" | "or"; readonly of: readonly Condition[] }
  | { readonly kind: "not"; readonly of: Condition }
  | { readonly kind: "selection"; readonly name: string };

/**
 * Reads `selection and not 1 of filter_*`. From loosest to tightest: or, and, not, x of, parentheses.
 *
 * @param names The search identifiers of the rule. `them` and patterns leave out those that start with `_`.
 * @throws {SigmaError} BAD_CONDITION for what can't be read or names nothing, UNSUPPORTED for the aggregations of
 * Sigma 1, TOO_LONG, TOO_DEEP.
 * Source: Sigma Rules Specification 2.1.0, Condition.
 */
export function parseCondition(text: string, names: readonly string[], path: Path): Condition {
  if (text.length > maxConditionLength) {
    refuse("TOO_LONG", path, `the condition has ${text.length} characters, at most ${maxConditionLength} are read`);
  }
  if (text.includes("|")) {
    refuse("UNSUPPORTED", path, "aggregations behind a pipe left Sigma with version 2; write a correlation");
  }
  const reader: Reader = { tokens: tokenize(text, path), at: 0, names, path };
  const condition = readOr(reader, 0);
  if (reader.at < reader.tokens.length) unexpected(reader);
  return condition;
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
  readonly names: readonly string[];
  readonly path: Path;
}

function tokenize(text: string, path: Path): string[] {
  const stray = /[^\s()\w*.-]/.exec(text);
  if (stray) refuse("BAD_CONDITION", path, `can't read "${stray[0]}" at character ${stray.index + 1}`);
  return text.match(/[()]|[^\s()]+/g) ?? [];
}

function readOr(reader: Reader, depth: number): Condition {
  return readRow(reader, "or", () => readRow(reader, "and", () => readNot(reader, depth)));
}

function readRow(reader: Reader, kind: "and" | "or", readMember: () => Condition): Condition {
  const first = readMember();
  const members = [first];
  while (isWord(reader, kind)) {
    reader.at++;
    members.push(readMember());
  }
  return members.length === 1 ? first : { kind, of: members };
}

function readNot(reader: Reader, depth: number): Condition {
  if (depth > maxConditionDepth) refuse("TOO_DEEP", reader.path, `nested deeper than ${maxConditionDepth}`);
  if (isWord(reader, "not")) {
    reader.at++;
    return { kind: "not", of: readNot(reader, depth + 1) };
  }
  if (reader.tokens[reader.at] !== "(") return readOperand(reader);
  reader.at++;
  const inner = readOr(reader, depth + 1);
  if (reader.tokens[reader.at] !== ")") unexpected(reader, ")");
  reader.at++;
  return inner;
}

function readOperand(reader: Reader): Condition {
  const token = reader.tokens[reader.at];
  if (token === undefined || /^(?:[()]|and|or|not|of)$/i.test(token)) unexpected(reader, "a search identifier");
  reader.at++;
  if (isWord(reader, "of")) return readQuantified(reader, token);
  if (!reader.names.includes(token)) {
    refuse("BAD_CONDITION", reader.path, `there is no search identifier called "${token.slice(0, 80)}"`);
  }
  return { kind: "selection", name: token };
}

function readQuantified(reader: Reader, quantifier: string): Condition {
  const kind = { "1": "or", any: "or", all: "and" }[quantifier.toLowerCase()];
  if (kind !== "or" && kind !== "and") {
    refuse("BAD_CONDITION", reader.path, `"${quantifier.slice(0, 40)} of" is neither "1 of" nor "all of"`);
  }
  const pattern = reader.tokens[reader.at + 1];
  if (pattern === undefined || pattern === "(" || pattern === ")") unexpected(reader, 'a pattern or "them" after "of"');
  reader.at += 2;
  const named = reader.names.filter((it) => isMeant(pattern, it));
  if (named.length === 0) {
    refuse("BAD_CONDITION", reader.path, `no search identifier fits "${pattern.slice(0, 80)}"`);
  }
  return { kind, of: named.map((name) => ({ kind: "selection", name })) };
}

/** Names that start with `_` are meant only by a pattern that does, too. */
function isMeant(pattern: string, name: string): boolean {
  const isHidden = name.startsWith("_");
  if (pattern.toLowerCase() === "them") return !isHidden;
  return isHidden === pattern.startsWith("_") && fits(pattern.split("*"), name);
}

function fits([first = "", ...rest]: readonly string[], name: string): boolean {
  const last = rest.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}

function isWord({ tokens, at }: Reader, word: string): boolean {
  return tokens[at]?.toLowerCase() === word;
}

function unexpected({ tokens, at, path }: Reader, wanted = "the end"): never {
  const token = tokens[at];
  const found = token === undefined ? "the end" : `"${token.slice(0, 80)}"`;
  refuse("BAD_CONDITION", path, `expected ${wanted}, found ${found}${token === undefined ? "" : ` (word ${at + 1})`}`);
}
