// Hunts that a playbook offers: filters of events with places for what an alert names.
import { parseFilter, printFilter } from "./filter.ts";

/** One hunt of a playbook: what it looks for, and a filter in which `{principal}` and the like stand for what the alert says. */
export interface PlaybookHunt {
  readonly title: string;
  readonly filter: string;
}

/** What an alert or an incident can fill in. Times in ms. */
export interface HuntFacts {
  readonly principal?: string | undefined;
  readonly model?: string | undefined;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** How far before and after what was seen a hunt looks, in ms: steps of a theft follow each other within the hour. */
const aroundMs = 3_600_000;

const places: Readonly<Record<string, (facts: HuntFacts) => string | undefined>> = {
  principal: (it) => it.principal,
  model: (it) => it.model,
  before: (it) => new Date(it.firstAt - aroundMs).toISOString(),
  after: (it) => new Date(it.lastAt + aroundMs).toISOString(),
};

const block = /^```hunt\n([\s\S]*?)^```[^\S\n]*$/gm;

/**
 * Cuts the hunts out of a playbook's Markdown: blocks of code named `hunt`, in them a title and, on the next line, its filter.
 * What is left is the text to read.
 */
export function splitHunts(markdown: string): { readonly text: string; readonly hunts: readonly PlaybookHunt[] } {
  const hunts: PlaybookHunt[] = [];
  const text = markdown.replaceAll(block, (_, body: string) => {
    const lines = body.split("\n").filter((it) => it.trim() !== "");
    for (let i = 0; i < lines.length; i += 2)
      hunts.push({ title: lines[i]?.trim() ?? "", filter: lines[i + 1]?.trim() ?? "" });
    return "";
  });
  return { text: text.trim(), hunts };
}

/**
 * The filter with the facts in their places. Undefined where a fact is not known: a hunt without it would look for something else.
 *
 * @throws {FilterError} where it is no filter. {RangeError} where it names a place that does not exist, or is empty.
 */
export function filledHunt({ title, filter }: PlaybookHunt, facts: HuntFacts): string | undefined {
  if (title === "" || filter === "") throw new RangeError("a hunt has a title, and its filter on the next line");
  let isKnown = true;
  const fill = (value: string) =>
    value.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      if (!Object.hasOwn(places, name)) throw new RangeError(`${title}: there is no {${name}}`);
      const fact = places[name]?.(facts);
      if (fact === undefined) isKnown = false;
      return fact ?? "";
    });
  // Terms first, facts after: a principal's name may hold anything, and must not become a term of its own.
  const terms = parseFilter(filter).map((it) => ({ ...it, values: it.values.map(fill) }));
  return isKnown ? printFilter(terms) : undefined;
}
