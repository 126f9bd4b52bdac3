import type { Condition } from "./condition.ts";
import type { Detection, FieldView } from "./document.ts";
import type { FieldTable } from "./field.ts";
import { fold, type Glob, type Stretch } from "./pattern.ts";
import type { Item, ValueTest } from "./value.ts";

/** Something cheap to see in an event. `some`: the field has a value. Texts are folded. */
export interface Atom {
  /** Number of the field; `anywhere` for keywords. */
  readonly field: number;
  readonly kind: "is" | "starts" | "ends" | "has" | "some";
  readonly text: string;
}

/** In place of a field's number: any value of the event. */
export const anywhere = -1;

/**
 * What has to be seen in an event before a detection can match it. Undefined: nothing that is cheap to see, so the
 * detection has to be tried.
 */
export type Need = Atom | { readonly kind: "all" | "any"; readonly of: readonly Need[] } | undefined;

export function needOf({ selections, conditions }: Detection, fieldView: FieldView, table: FieldTable): Need {
  const needs = new Map<string, Need>();
  for (const [name, { alternatives }] of selections) {
    needs.set(name, any(alternatives.map((items) => all(items.map((it) => ofItem(it, fieldView, table))))));
  }
  return any(conditions.map((it) => ofCondition(it, needs)));
}

function ofCondition(condition: Condition, needs: ReadonlyMap<string, Need>): Need {
  switch (condition.kind) {
    case "selection":
      return needs.get(condition.name);
    case "not":
      return undefined; // absence can't be looked for
    case "and":
      return all(condition.of.map((it) => ofCondition(it, needs)));
    case "or":
      return any(condition.of.map((it) => ofCondition(it, needs)));
  }
}

function ofItem(item: Item, fieldView: FieldView, table: FieldTable): Need {
  if (item.negated) return undefined;
  const field = item.field === undefined ? anywhere : table.number(item.field, fieldView);
  const values = item.values.map((tests) => any(tests.map((it) => ofTest(it, field))));
  return item.all ? all(values) : any(values);
}

function ofTest(test: ValueTest, field: number): Need {
  if (test.kind === "null" || test.kind === "exists") return undefined;
  const atom: Atom = test.kind === "glob" ? ofGlob(test.glob, field) : { field, kind: "some", text: "" };
  return field === anywhere && atom.kind === "some" ? undefined : atom;
}

/** The longest text that every value must hold, where it must hold it. */
function ofGlob({ stretches, openStart, openEnd }: Glob, field: number): Atom {
  const last = stretches.length - 1;
  if (last < 0) return { field, kind: openStart || openEnd ? "some" : "is", text: "" };
  const atoms = stretches.flatMap((stretch, place) =>
    ofStretch(stretch, place === 0 && !openStart, place === last && !openEnd),
  );
  const [longest = { kind: "some", text: "" } as const] = atoms.sort((a, b) => b.text.length - a.text.length);
  return { field, kind: longest.kind, text: fold(longest.text) };
}

type Piece = Pick<Atom, "kind" | "text">;

function ofStretch(stretch: Stretch, isFirst: boolean, isLast: boolean): Piece[] {
  const parts = typeof stretch === "string" ? [{ text: stretch }] : stretch;
  return parts.flatMap((part, place): Piece[] => {
    if (!("text" in part)) return [];
    const starts = isFirst && place === 0;
    const ends = isLast && place === parts.length - 1;
    return [{ kind: starts ? (ends ? "is" : "starts") : ends ? "ends" : "has", text: part.text }];
  });
}

function all(needs: readonly Need[]): Need {
  const known = needs.filter((it) => it !== undefined);
  return known.length <= 1 ? known[0] : { kind: "all", of: known };
}

function any(needs: readonly Need[]): Need {
  if (needs.includes(undefined)) return undefined;
  return needs.length === 1 ? needs[0] : { kind: "any", of: needs };
}

/** How many rules look for the same thing. What many look for is seen often, and tells little. */
export function countAtoms(need: Need, counts: Map<string, number>): void {
  if (need === undefined) return;
  if ("of" in need) for (const it of need.of) countAtoms(it, counts);
  else counts.set(atomKey(need), (counts.get(atomKey(need)) ?? 0) + 1);
}

interface Choice {
  /** One of them has to be seen. Empty: can never be. */
  readonly atoms: readonly Atom[];
  /** How often one will be seen though the rule does not match: a guess, only good for comparing. */
  readonly cost: number;
}

/** The cheapest set of things of which one must be seen. */
export function chooseAtoms(need: NonNullable<Need>, counts: ReadonlyMap<string, number>): Choice {
  if (!("of" in need)) return { atoms: [need], cost: costOf(need) * (counts.get(atomKey(need)) ?? 1) };
  const choices = need.of.flatMap((it) => (it === undefined ? [] : [chooseAtoms(it, counts)]));
  if (need.kind === "any") {
    return { atoms: choices.flatMap((it) => it.atoms), cost: choices.reduce((sum, it) => sum + it.cost, 0) };
  }
  return choices.reduce((best, it) => (it.cost < best.cost ? it : best));
}

function costOf({ kind, text }: Atom): number {
  if (kind === "some") return 5000;
  // Flags and small numbers are everywhere, too.
  if (kind === "is") return text.length <= 2 || text === "true" || text === "false" ? 1500 : 10;
  // Short texts are everywhere; beyond eight characters more length helps little.
  return (kind === "has" ? 4000 : 1000) / 3 ** Math.min(text.length, 8) + 15;
}

function atomKey({ field, kind, text }: Atom): string {
  return `${field} ${kind} ${text}`;
}
