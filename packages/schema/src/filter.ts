/**
 * The one filter grammar of URL, console and command line: `status:open model:acme-13b severity:>=high -principal:ci text`.
 * Terms are joined by AND; several values of one field by commas mean OR; `-` excludes; quotes keep spaces;
 * a bare word is looked for in any text. No nesting, on purpose: what a person types must fit on one line.
 */
export interface FilterTerm {
  /** Undefined for a bare word. */
  readonly field: string | undefined;
  readonly op: "=" | ">" | ">=" | "<" | "<=";
  /** At least one; any of them may match. `*` at the end of a value matches any rest. */
  readonly values: readonly string[];
  readonly excluded: boolean;
}

/** Longest filter text, in UTF-16 units: what fits in a URL. */
const maxFilterLength = 2000;
/** Most terms in one filter: more would be a report, not a filter. */
const maxFilterTerms = 32;

/** A filter that cannot be read. `at` is the offset of the offending term in the text. */
export class FilterError extends Error {
  override readonly name = "FilterError";
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

// A term: optional minus, optional field with colon and operator, then quoted or bare values joined by commas.
const termPattern =
  /(-?)(?:([A-Za-z_][\w.-]*):(>=|<=|>|<)?)?((?:"(?:[^"\\]|\\.)*"|[^\s",]+)(?:,(?:"(?:[^"\\]|\\.)*"|[^\s",]+))*)/y;

/** @throws {FilterError} when the text is too long, has too many terms, or a term cannot be read. */
export function parseFilter(text: string): FilterTerm[] {
  if (text.length > maxFilterLength) {
    throw new FilterError(`the filter has ${text.length} characters, at most ${maxFilterLength} are read`, 0);
  }
  const terms: FilterTerm[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      at++;
      continue;
    }
    termPattern.lastIndex = at;
    const match = termPattern.exec(text);
    if (!match) throw new FilterError(`cannot read the filter at "${text.slice(at, at + 20)}"`, at);
    const [whole, minus, field, op, list = ""] = match;
    const next = text.charAt(at + whole.length);
    if (next !== "" && !/\s/.test(next)) {
      throw new FilterError(`cannot read the filter at "${text.slice(at + whole.length, at + whole.length + 20)}"`, at);
    }
    if (terms.length === maxFilterTerms) throw new FilterError(`at most ${maxFilterTerms} terms are read`, at);
    terms.push({
      field,
      op: (op as FilterTerm["op"] | undefined) ?? "=",
      values: [...list.matchAll(/"((?:[^"\\]|\\.)*)"|[^",]+/g)].map(([bare, quoted]) =>
        quoted === undefined ? bare : quoted.replace(/\\(.)/g, "$1"),
      ),
      excluded: minus === "-",
    });
    at += whole.length;
  }
  return terms;
}

/** The text that parses to these terms: what a click on a value adds to the filter line. */
export function printFilter(terms: readonly FilterTerm[]): string {
  return terms.map(printTerm).join(" ");
}

function printTerm({ field, op, values, excluded }: FilterTerm): string {
  // A colon in a bare word would read as a field's.
  const plain = field === undefined ? /^[^\s",\\:<>-][^\s",\\:]*$/ : /^[^\s",\\:<>-][^\s",\\]*$/;
  const shown = values.map((it) => (plain.test(it) ? it : `"${it.replace(/["\\]/g, "\\$&")}"`));
  return `${excluded ? "-" : ""}${field === undefined ? "" : `${field}:${op === "=" ? "" : op}`}${shown.join(",")}`;
}
