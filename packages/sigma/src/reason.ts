import type { Condition } from "./condition.ts";
import type { Detection, FieldView } from "./document.ts";
import { foldedOf, type EventView, type FieldTable } from "./field.ts";
import { maxMatchedFields, maxShownLength } from "./limits.ts";
import { compileItem, findKeyword, matchesText } from "./matcher.ts";
import type { Item } from "./value.ts";

/** A field that a rule names, with the value in the event that fulfilled it. */
export interface MatchedField {
  readonly field: string;
  readonly value: string;
}

/** Says why a detection matches the event in view. */
export type Reasoner = (view: EventView) => MatchedField[];

/**
 * The fields of those selections that are true and wanted: what a condition excludes is no reason. At most
 * `maxMatchedFields`, values cut to `maxShownLength`.
 */
export function compileReasons(
  { selections, conditions }: Detection,
  fieldView: FieldView,
  table: FieldTable,
): Reasoner {
  const names = new Set<string>();
  for (const condition of conditions) wantedNames(condition, names);
  const wanted = [...names].flatMap((name) =>
    (selections.get(name)?.alternatives ?? []).map((items) => ({
      items,
      tests: items.map((it) => compileItem(it, fieldView, table)),
    })),
  );
  return (view) => {
    const reasons = new Map<string, MatchedField>();
    for (const { items, tests } of wanted) {
      if (!tests.every((it) => it(view))) continue;
      for (const reason of items.flatMap((it) => reasonsOf(it, fieldView, view, table))) {
        if (reasons.size < maxMatchedFields) reasons.set(JSON.stringify([reason.field, reason.value]), reason);
      }
    }
    return [...reasons.values()];
  };
}

function wantedNames(condition: Condition, names: Set<string>): void {
  if (condition.kind === "selection") names.add(condition.name);
  if (condition.kind === "and" || condition.kind === "or") for (const it of condition.of) wantedNames(it, names);
}

/**
 * The values that fulfil an item: for each value written, the first one in the event that fits. Where the item asks for
 * absence, or about the field as a whole, the first value there is, or an empty text.
 */
export function reasonsOf(item: Item, fieldView: FieldView, view: EventView, table: FieldTable): MatchedField[] {
  const { field, values } = item;
  if (field === undefined) return keywordReasons(item, view);
  const slot = view.slot(table.number(field, fieldView));
  const folded = foldedOf(slot);
  const fitting = values.flatMap((tests) => {
    const place = slot.texts.findIndex((it, index) => tests.some((test) => matchesText(test, it, folded[index] ?? "")));
    return place < 0 ? [] : [slot.texts[place] ?? ""];
  });
  const shown = fitting.length > 0 && !item.negated ? fitting : [slot.texts[0] ?? ""];
  return shown.map((value) => ({ field, value: value.slice(0, maxShownLength) }));
}

function keywordReasons({ values }: Item, view: EventView): MatchedField[] {
  const { leaves } = view.leaves();
  return values.flatMap((tests) => {
    const place = tests.map((it) => findKeyword(it, view)).find((it) => it !== undefined);
    const leaf = place === undefined ? undefined : leaves[place];
    return leaf ? [{ field: leaf.path, value: leaf.text.slice(0, maxShownLength) }] : [];
  });
}
