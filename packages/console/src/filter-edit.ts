import { FilterError, parseFilter, printFilter, type FilterTerm } from "@outweigh/schema";

/**
 * A filter with one more value: what a click on a value does, or an alt-click, which excludes it. Several values of one
 * field stand together; a value leaves the other side first, for asking and excluding the same at once finds nothing.
 * A filter that cannot be read is replaced: the click says what is wanted.
 */
export function withValue(filter: string, field: string, value: string, excluded = false): string {
  const terms = readable(filter);
  const others: FilterTerm[] = [];
  for (const term of terms) {
    const touched = term.field === field && term.op === "=";
    others.push(touched ? { ...term, values: term.values.filter((it) => it !== value) } : term);
  }
  const same = others.find((it) => it.field === field && it.op === "=" && it.excluded === excluded);
  const added: FilterTerm = { field, op: "=", values: [...(same?.values ?? []), value], excluded };
  const next = same ? others.map((it) => (it === same ? added : it)) : [...others, added];
  return printFilter(next.filter((it) => it.values.length > 0));
}

function readable(filter: string): FilterTerm[] {
  try {
    return parseFilter(filter);
  } catch (error) {
    if (error instanceof FilterError) return [];
    throw error;
  }
}

/** What is wrong with a filter, or undefined: said under the line while one types. */
export function problemOf(filter: string): { message: string; at: number } | undefined {
  try {
    parseFilter(filter);
    return undefined;
  } catch (error) {
    if (error instanceof FilterError) return { message: error.message, at: error.at };
    throw error;
  }
}

/** A field that a list can be filtered by, with the values known so far. */
export interface FilterField {
  readonly name: string;
  /** What it means, in a few words. */
  readonly about: string;
  readonly values?: readonly string[];
}

/** Most values of one field that are gathered from rows: more could not be offered anyway. */
const maxGathered = 200;

/** A field whose values are also taken from the rows at hand. */
export interface RowField<Row> extends FilterField {
  readonly of?: (row: Row) => readonly (string | undefined)[];
}

/** The fields with every value that stands in the rows. */
export function gathered<Row>(fields: readonly RowField<Row>[], rows: readonly Row[]): FilterField[] {
  return fields.map(({ name, about, values = [], of }) => {
    const found = new Set(values);
    for (const row of of ? rows : []) {
      if (found.size >= maxGathered) break;
      for (const it of of?.(row) ?? []) if (it !== undefined) found.add(it);
    }
    return { name, about, values: [...found] };
  });
}

export interface Completion {
  /** What the list of completions shows. */
  readonly label: string;
  readonly about: string;
  /** The whole text, and where the caret stands, once it is taken. */
  readonly text: string;
  readonly caret: number;
}

/** Most completions that are offered: what one can read without scrolling. */
const maxCompletions = 8;

/** What the word at the caret could become: names of fields, and after the colon values. Quoted text is left alone. */
export function completions(text: string, caret: number, fields: readonly FilterField[]): Completion[] {
  const before = text.slice(0, caret);
  const word = /[^\s"]*$/.exec(before)?.[0] ?? "";
  if (/"/.test(before.slice(0, before.length - word.length).replace(/"[^"]*"/g, ""))) return [];
  const start = caret - word.length;
  const rest = text.slice(caret);
  const minus = word.startsWith("-") ? "-" : "";
  const [, name = "", op = "", list = ""] = /^-?([\w.-]*):(>=|<=|>|<)?(.*)$/.exec(word) ?? [];

  const taken = (label: string, about: string, insert: string): Completion => {
    const head = `${text.slice(0, start)}${minus}${insert}`;
    return { label, about, text: head + rest, caret: head.length };
  };

  if (!word.includes(":")) {
    const typed = word.slice(minus.length).toLowerCase();
    return fields
      .filter((it) => it.name.toLowerCase().startsWith(typed))
      .slice(0, maxCompletions)
      .map((it) => taken(`${it.name}:`, it.about, `${it.name}:`));
  }
  const field = fields.find((it) => it.name === name);
  const typed = (list.split(",").at(-1) ?? "").toLowerCase();
  const earlier = list.slice(0, list.length - typed.length);
  return (field?.values ?? [])
    .filter((it) => it.toLowerCase().includes(typed) && it.toLowerCase() !== typed)
    .slice(0, maxCompletions)
    .map((it) => taken(it, "", `${name}:${op}${earlier}${printedValue(it)}`));
}

/** A value as it stands in a filter, quoted if it must be. */
function printedValue(value: string): string {
  return printFilter([{ field: "x", op: "=", values: [value], excluded: false }]).slice(2);
}
