import type { EventView } from "./field.ts";
import type { Logsource } from "./logsource.ts";
import type { Matcher } from "./matcher.ts";

/** A rule, or what is left of it, for the hot path. */
export interface PlannedRule {
  /** Place among the engine's rules. */
  readonly number: number;
  readonly matches: Matcher;
}

/** The rules that are tried on events of some logsources. */
export interface Plan {
  /** Places of the rules that match the event in view, in rising order. */
  match(view: EventView): number[];
}

export function planAll(rules: readonly PlannedRule[]): Plan {
  return { match: (view) => rules.filter((it) => it.matches(view)).map((it) => it.number) };
}

/** One text for one set of logsources, whatever their values hold. */
export function logsourcesKey(logsources: readonly Logsource[]): string {
  return JSON.stringify(logsources.map(({ category, product, service }) => [category, product, service]));
}
