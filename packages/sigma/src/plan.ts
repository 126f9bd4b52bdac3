import { foldedOf, type EventView } from "./field.ts";
import type { Logsource } from "./logsource.ts";
import type { Matcher } from "./matcher.ts";
import { anywhere, chooseAtoms, countAtoms, type Atom, type Need } from "./need.ts";
import { buildTrie, scanAnywhere, scanEnd, scanStart, turnRound, type Needle, type Trie } from "./trie.ts";

/** A rule for the hot path. */
export interface PlannedRule {
  /** Place among the engine's rules. */
  readonly number: number;
  readonly matches: Matcher;
  readonly need: Need;
}

/** The rules that are tried on events of some logsources. */
export interface Plan {
  /** Places of the rules that match the event in view, in rising order. */
  match(view: EventView): number[];
  /** How many rules were evaluated for the last event. */
  readonly tried: number;
}

/** Tries every rule. */
export function planAll(rules: readonly PlannedRule[]): Plan {
  return { match: (view) => rules.filter((it) => it.matches(view)).map((it) => it.number), tried: rules.length };
}

/**
 * Tries only the rules of which something has been seen in the event. Same matches as `planAll`; a property test
 * holds it to that.
 */
export function planByNeed(rules: readonly PlannedRule[]): Plan {
  const { always, fields } = buildIndex(rules);
  const seen = new Uint32Array(rules.length);
  const candidates: number[] = [];
  let round = 0;
  const report = (places: readonly number[]): void => {
    for (const place of places) {
      if (seen[place] === round) continue;
      seen[place] = round;
      candidates.push(place);
    }
  };
  return {
    match(view) {
      candidates.length = 0;
      // Rounds are told apart by 32 bits: start over before they repeat.
      if (++round > 0xfffffffe) {
        seen.fill(0);
        round = 1;
      }
      report(always);
      for (const index of fields) lookInto(index, view, report);
      if (candidates.length > 1) candidates.sort(ascending);
      const matching: number[] = [];
      for (const place of candidates) {
        const rule = rules[place];
        if (rule?.matches(view)) matching.push(rule.number);
      }
      return matching;
    },
    get tried() {
      return candidates.length;
    },
  };
}

const ascending = (a: number, b: number): number => a - b;

/** What rules look for in one field. Numbers are places in the plan's list of rules. */
interface FieldIndex {
  readonly field: number;
  readonly some: readonly number[];
  readonly is: ReadonlyMap<string, readonly number[]>;
  readonly starts: Trie | undefined;
  readonly ends: Trie | undefined;
  readonly has: Trie | undefined;
}

type Report = (places: readonly number[]) => void;

function lookInto({ field, some, is, starts, ends, has }: FieldIndex, view: EventView, report: Report): void {
  const slot = field === anywhere ? undefined : view.slot(field);
  if (slot?.texts.length === 0) return;
  if (some.length > 0) report(some);
  const texts = slot ? foldedOf(slot) : view.leaves().folded;
  for (const text of texts) {
    if (is.size > 0) {
      const places = is.get(text);
      if (places) report(places);
    }
    if (starts) scanStart(starts, text, report);
    if (ends) scanEnd(ends, text, report);
    if (has) scanAnywhere(has, text, report);
  }
}

function buildIndex(rules: readonly PlannedRule[]): { always: number[]; fields: FieldIndex[] } {
  const counts = new Map<string, number>();
  for (const { need } of rules) countAtoms(need, counts);
  const always: number[] = [];
  const byField = new Map<number, Map<Atom["kind"], Map<string, number[]>>>();
  for (const [place, { need }] of rules.entries()) {
    // A text without length is found in everything, which no index can tell.
    const atoms = need && chooseAtoms(need, counts).atoms;
    if (!atoms || atoms.some((it) => it.text === "" && it.kind !== "is" && it.kind !== "some")) {
      always.push(place);
      continue;
    }
    for (const { field, kind, text } of atoms) {
      const kinds = entryOf(byField, field, () => new Map<Atom["kind"], Map<string, number[]>>());
      const texts = entryOf(kinds, kind, () => new Map<string, number[]>());
      entryOf(texts, text, () => []).push(place);
    }
  }
  return { always, fields: [...byField].map(([field, kinds]) => toIndex(field, kinds)) };
}

function toIndex(field: number, kinds: ReadonlyMap<Atom["kind"], ReadonlyMap<string, number[]>>): FieldIndex {
  const needles = (kind: Atom["kind"]): Needle[] => [...(kinds.get(kind) ?? [])];
  const trie = (list: Needle[], from: "anywhere" | "start"): Trie | undefined =>
    list.length === 0 ? undefined : buildTrie(list, from);
  return {
    field,
    some: needles("some").flatMap(([, places]) => places),
    is: kinds.get("is") ?? new Map(),
    starts: trie(needles("starts"), "start"),
    ends: trie(
      needles("ends").map(([text, places]): Needle => [turnRound(text), places]),
      "start",
    ),
    has: trie(needles("has"), "anywhere"),
  };
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** One text for one set of logsources, whatever their values hold. */
export function logsourcesKey(logsources: readonly Logsource[]): string {
  return JSON.stringify(logsources.map(({ category, product, service }) => [category, product, service]));
}
