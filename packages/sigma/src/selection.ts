import { refuse, type Path } from "./error.ts";
import { maxSelections, maxValueLength, maxValues } from "./limits.ts";
import { applyModifiers, isModifier } from "./modifiers.ts";
import type { Filling } from "./placeholder.ts";
import type { Item, Selection, ValueTest } from "./value.ts";
import { isMap, type Plain, type PlainMap } from "./yaml.ts";

/** What is left of a rule's budget while it is read. */
interface Reading {
  readonly filling: Filling;
  values: number;
}

/**
 * Reads the search identifiers of a `detection` or `filter` section, all keys but the ones in `reserved`.
 *
 * @throws {SigmaError} BAD_DETECTION, BAD_VALUE, BAD_MODIFIER, UNKNOWN_MODIFIER, BAD_REGEX, UNSUPPORTED_REGEX,
 * PLACEHOLDER_UNFILLED, TOO_MANY, TOO_LONG.
 */
export function readSelections(
  section: PlainMap,
  reserved: readonly string[],
  filling: Filling,
  path: Path,
): Map<string, Selection> {
  const names = Object.keys(section).filter((it) => !reserved.includes(it));
  if (names.length === 0) refuse("BAD_DETECTION", path, "there is no search identifier");
  if (names.length > maxSelections) refuse("TOO_MANY", path, `more than ${maxSelections} search identifiers`);
  const reading: Reading = { filling, values: 0 };
  const entries = names.map((name): [string, Selection] => {
    const alternatives = readAlternatives(section[name] ?? null, reading, [...path, name]);
    return [name, { name, alternatives }];
  });
  return new Map(entries);
}

function readAlternatives(definition: Plain, reading: Reading, path: Path): Item[][] {
  if (isMap(definition)) return [readMap(definition, reading, path)];
  if (!Array.isArray(definition)) refuse("BAD_DETECTION", path, "a search identifier is a map or a list");
  const list: readonly Plain[] = definition;
  if (list.length === 0) refuse("BAD_DETECTION", path, "an empty list matches nothing");
  return list.map((it, place) => {
    const at = [...path, place];
    if (isMap(it)) return readMap(it, reading, at);
    const isKeyword = typeof it === "string" || Number.isInteger(it);
    if (!isKeyword) refuse("BAD_DETECTION", at, "a list holds maps, texts and whole numbers");
    return [readItem("", it, reading, at)];
  });
}

function readMap(map: PlainMap, reading: Reading, path: Path): Item[] {
  const keys = Object.keys(map);
  if (keys.length === 0) refuse("BAD_DETECTION", path, "an empty map would match everything");
  return keys.map((key) => readItem(key, map[key] ?? null, reading, [...path, key]));
}

/** Reads `field|modifier|…: values`. Without a field, the values are keywords. */
function readItem(key: string, written: Plain, reading: Reading, path: Path): Item {
  const [field = "", ...names] = key.split("|");
  const all = names.includes("all");
  const negated = names.includes("neq");
  const ofValues = names.filter((it) => it !== "all" && it !== "neq");
  const unknown = ofValues.find((it) => !isModifier(it));
  if (unknown !== undefined) refuse("UNKNOWN_MODIFIER", path, `unknown modifier |${unknown.slice(0, 40)}`);
  const isList = Array.isArray(written);
  const values: readonly Plain[] = isList ? written : [written];
  if (values.length === 0) refuse("BAD_VALUE", path, "an empty list matches nothing");
  if (all && values.length < 2) refuse("BAD_MODIFIER", path, "|all wants more than one value");
  const isKeyword = field === "";
  const context = { isKeyword, isList, names: ofValues, reading };
  return {
    field: isKeyword ? undefined : field,
    modifiers: names,
    all,
    negated,
    values: values.map((it, place) => readValue(it, context, isList ? [...path, place] : path)),
  };
}

interface ValueContext {
  readonly isKeyword: boolean;
  readonly isList: boolean;
  readonly names: readonly string[];
  readonly reading: Reading;
}

function readValue(value: Plain, { isKeyword, isList, names, reading }: ValueContext, path: Path): ValueTest[] {
  if (value === null) return readNull(isKeyword || isList, names, path);
  if (typeof value === "object") refuse("BAD_VALUE", path, "a value is a text, a number, true, false or null");
  if (typeof value === "string" && value.length > maxValueLength) {
    refuse("TOO_LONG", path, `the value has ${value.length} characters, at most ${maxValueLength} are read`);
  }
  const needsField = names.find((it) => it === "exists" || it === "fieldref");
  if (isKeyword && needsField) refuse("BAD_MODIFIER", path, `|${needsField} needs a field`);
  // A keyword is found anywhere in a value, unless a modifier says where.
  const isPlaced = !isKeyword || names.some((it) => placing.includes(it));
  const tests = applyModifiers(value, isPlaced ? names : [...names, "contains"], reading.filling, path);
  reading.values += Math.max(1, tests.length);
  if (reading.values > maxValues) refuse("TOO_MANY", path, `more than ${maxValues} values in one rule`);
  return tests;
}

const placing = ["contains", "startswith", "endswith", "re", "cidr", "lt", "lte", "gt", "gte"];

function readNull(misplaced: boolean, names: readonly string[], path: Path): ValueTest[] {
  // Rules Specification 2.1.0, Special Field Values: null shares no type with any other value.
  if (misplaced)
    refuse("BAD_VALUE", path, "null can't stand in a list or be a keyword; give it a selection of its own");
  if (names.length > 0) refuse("BAD_MODIFIER", path, `|${names[0]} can't be applied to null`);
  return [{ kind: "null" }];
}
