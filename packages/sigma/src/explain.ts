import type { FilterDocument, RuleDocument } from "./document.ts";
import { EventView, FieldTable, type SigmaEvent } from "./field.ts";
import { fits } from "./logsource.ts";
import { compileDetection, compileItem } from "./matcher.ts";
import { reasonsOf, type MatchedField } from "./reason.ts";
import { isMap } from "./yaml.ts";

/** Why a rule matches an event or does not, down to each line of its selections. */
export interface Explanation {
  /** The condition as a whole. It says nothing of filters, which are documents of their own. */
  readonly matched: boolean;
  /** Whether the logsource fits: the engine tries a rule only then. */
  readonly fits: boolean;
  /** As written; several mean that one is enough. */
  readonly conditions: readonly string[];
  readonly selections: readonly ExplainedSelection[];
}

export interface ExplainedSelection {
  readonly name: string;
  readonly matched: boolean;
  /** Any one is enough; in it, every line has to match. */
  readonly alternatives: readonly (readonly ExplainedItem[])[];
}

export interface ExplainedItem {
  /** Empty for keywords. */
  readonly field: string;
  readonly modifiers: readonly string[];
  readonly matched: boolean;
  /** The values that made it match; otherwise what the event holds, empty where the field is absent. */
  readonly values: readonly MatchedField[];
}

/** Looks at one rule, or one filter, and one event. `reserved` as for the engine. */
export function explain(
  document: RuleDocument | FilterDocument,
  event: SigmaEvent,
  { reserved = [] }: { readonly reserved?: readonly string[] } = {},
): Explanation {
  const table = new FieldTable(reserved);
  const view = new EventView(table, event);
  const { detection, view: fieldView, logsource } = document;
  const selections = [...detection.selections.values()].map(({ name, alternatives }): ExplainedSelection => {
    const explained = alternatives.map((items) =>
      items.map((item): ExplainedItem => ({
        field: item.field ?? "",
        modifiers: item.modifiers,
        matched: compileItem(item, fieldView, table)(view),
        values: reasonsOf(item, fieldView, view, table),
      })),
    );
    return { name, matched: explained.some((items) => items.every((it) => it.matched)), alternatives: explained };
  });
  return {
    matched: compileDetection(detection, fieldView, table)(view),
    fits: fits(logsource, {}) || event.logsources.some((it) => fits(logsource, it)),
    conditions: conditionsOf(document),
    selections,
  };
}

function conditionsOf({ kind, attributes }: RuleDocument | FilterDocument): string[] {
  const section = attributes[kind === "rule" ? "detection" : "filter"];
  const condition = isMap(section) ? section["condition"] : undefined;
  return (Array.isArray(condition) ? condition : [condition]).map(String);
}
