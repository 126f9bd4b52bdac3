import { containsAddress } from "./cidr.ts";
import type { Condition } from "./condition.ts";
import type { Detection, FieldView } from "./document.ts";
import { foldedOf, type EventView, type FieldTable, type Scalar, type Slot } from "./field.ts";
import { momentPart } from "./moment.ts";
import { matchesGlob } from "./pattern.ts";
import type { Comparison, Item, Selection, ValueTest } from "./value.ts";

/** Answers for the event that the view shows. Never throws; costs at most (size of rule) x (size of event). */
export type Matcher = (view: EventView) => boolean;

/** Compiles what a rule or filter looks for. */
export function compileDetection(
  { selections, conditions }: Detection,
  fieldView: FieldView,
  table: FieldTable,
): Matcher {
  const compiled = new Map<string, Matcher>();
  for (const [name, selection] of selections) compiled.set(name, compileSelection(selection, fieldView, table));
  return any(conditions.map((it) => compileCondition(it, compiled)));
}

function compileCondition(condition: Condition, selections: ReadonlyMap<string, Matcher>): Matcher {
  switch (condition.kind) {
    case "selection":
      return selections.get(condition.name) ?? never;
    case "not":
      return negate(compileCondition(condition.of, selections));
    case "and":
      return all(condition.of.map((it) => compileCondition(it, selections)));
    case "or":
      return any(condition.of.map((it) => compileCondition(it, selections)));
  }
}

function compileSelection({ alternatives }: Selection, fieldView: FieldView, table: FieldTable): Matcher {
  return any(alternatives.map((items) => all(items.map((it) => compileItem(it, fieldView, table)))));
}

export function compileItem(item: Item, fieldView: FieldView, table: FieldTable): Matcher {
  const matcher = item.field === undefined ? compileKeywords(item) : compileField(item, item.field, fieldView, table);
  return item.negated ? negate(matcher) : matcher;
}

function compileField(item: Item, field: string, fieldView: FieldView, table: FieldTable): Matcher {
  const number = table.number(field, fieldView);
  const choices = item.all ? item.values : [item.values.flat()];
  return all(
    choices.map((tests) => {
      // Long lists of plain values are one look-up; lists of digests and of known readers run to thousands.
      const { exact, rest } = partition(tests);
      const others = rest.map((it) => compileTest(it, fieldView, table));
      return (view) => {
        const slot = view.slot(number);
        if (exact.size > 0) for (const text of foldedOf(slot)) if (exact.has(text)) return true;
        for (const test of others) if (test(slot, view)) return true;
        return false;
      };
    }),
  );
}

/** A test of one slot; the view is for those that look at a second field. */
type SlotTest = (slot: Slot, view: EventView) => boolean;

function compileTest(test: ValueTest, fieldView: FieldView, table: FieldTable): SlotTest {
  switch (test.kind) {
    case "glob":
      if (test.glob.cased) return (slot) => slot.texts.some((it) => matchesGlob(test.glob, it));
      return (slot) => foldedOf(slot).some((it) => matchesGlob(test.glob, it));
    case "regex":
      return ({ texts }, view) => {
        for (const it of texts) if (it.length > test.regex.reach) view.noteCut();
        return texts.some((it) => test.regex.test(it));
      };
    case "network":
      return (slot) => slot.texts.some((it) => containsAddress(test.network, it));
    case "number":
      return (slot) => slot.values.some((it) => matchesNumber(test, it));
    case "null":
      return (slot) => slot.values.length === 0;
    case "exists":
      return (slot) => slot.present === test.wanted;
    case "field":
      return compileReference(test, table.number(test.field, fieldView));
  }
}

type Reference = Extract<ValueTest, { kind: "field" }>;

/** The other field has to be there: two absent fields are not equal. */
function compileReference({ cased, openStart, openEnd }: Reference, other: number): SlotTest {
  return (slot, view) => {
    const wanted = cased ? view.slot(other).texts : foldedOf(view.slot(other));
    const texts = cased ? slot.texts : foldedOf(slot);
    return texts.some((text) => wanted.some((it) => matchesGlob({ stretches: [it], openStart, openEnd, cased }, text)));
  };
}

function matchesNumber({ number, op, part }: Extract<ValueTest, { kind: "number" }>, value: Scalar): boolean {
  const actual = part === undefined ? toNumber(value) : momentPart(value, part);
  if (actual === undefined) return false;
  return op === undefined ? actual === number : compare(actual, op, number);
}

export function compare(actual: number, op: Comparison, wanted: number): boolean {
  switch (op) {
    case "lt":
      return actual < wanted;
    case "lte":
      return actual <= wanted;
    case "gt":
      return actual > wanted;
    case "gte":
      return actual >= wanted;
  }
}

/** The number that a value is or spells in decimal; undefined for everything else, so that "" is not zero. */
export function toNumber(value: Scalar): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || !/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(value)) return undefined;
  return Number(value);
}

function partition(tests: readonly ValueTest[]): { exact: ReadonlySet<string>; rest: readonly ValueTest[] } {
  const exact = new Set<string>();
  const rest: ValueTest[] = [];
  for (const test of tests) {
    const text = exactText(test);
    if (text === undefined) rest.push(test);
    else exact.add(text);
  }
  return { exact, rest };
}

/** The folded text that a test wants as a whole, if it is that simple. */
function exactText(test: ValueTest): string | undefined {
  if (test.kind !== "glob") return undefined;
  const { stretches, openStart, openEnd, cased } = test.glob;
  const [first = ""] = stretches;
  return cased || openStart || openEnd || stretches.length > 1 || typeof first !== "string" ? undefined : first;
}

function compileKeywords({ values, all: isAll }: Item): Matcher {
  const found = values.map(
    (tests): Matcher =>
      (view) =>
        tests.some((it) => findKeyword(it, view) !== undefined),
  );
  return isAll ? all(found) : any(found);
}

/** The place in `view.leaves()` of the first value that a keyword fits. */
export function findKeyword(test: ValueTest, view: EventView): number | undefined {
  const { leaves, folded } = view.leaves();
  const { reach } = test.kind === "regex" ? test.regex : { reach: Infinity };
  if (leaves.some(({ text }) => text.length > reach)) view.noteCut();
  const place = leaves.findIndex(({ text }, index) => matchesText(test, text, folded[index] ?? ""));
  return place < 0 ? undefined : place;
}

/** Whether one text by itself fulfils a test; false for tests that look at the field as a whole. */
export function matchesText(test: ValueTest, text: string, folded: string): boolean {
  switch (test.kind) {
    case "glob":
      return matchesGlob(test.glob, test.glob.cased ? text : folded);
    case "regex":
      return test.regex.test(text);
    case "network":
      return containsAddress(test.network, text);
    case "number":
      return matchesNumber(test, text);
    default:
      return false;
  }
}

const never: Matcher = () => false;

function negate(matcher: Matcher): Matcher {
  return (view) => !matcher(view);
}

function all(matchers: readonly Matcher[]): Matcher {
  const [first = never, second] = matchers;
  if (matchers.length === 1) return first;
  if (matchers.length === 2 && second) return (view) => first(view) && second(view);
  return (view) => {
    for (const it of matchers) if (!it(view)) return false;
    return true;
  };
}

function any(matchers: readonly Matcher[]): Matcher {
  const [first = never, second] = matchers;
  if (matchers.length <= 1) return first;
  if (matchers.length === 2 && second) return (view) => first(view) || second(view);
  return (view) => {
    for (const it of matchers) if (it(view)) return true;
    return false;
  };
}
