import type { Condition } from "./condition.ts";
import type { Detection } from "./document.ts";
import type { Item, Selection } from "./value.ts";

/** `undefined`: depends on the event. */
type Known = boolean | undefined;

/**
 * True when no event can match, because placeholders were filled with nothing. Such a rule would load and keep silent
 * for ever. An empty list in an exception (`not known_readers`) is fine: the rule then has no exception.
 */
export function neverMatches({ selections, conditions }: Detection): boolean {
  return conditions.every((it) => evaluate(it, selections) === false);
}

function evaluate(condition: Condition, selections: ReadonlyMap<string, Selection>): Known {
  switch (condition.kind) {
    case "selection":
      return any((selections.get(condition.name)?.alternatives ?? []).map((it) => all(it.map(item))));
    case "not":
      return not(evaluate(condition.of, selections));
    case "and":
      return all(condition.of.map((it) => evaluate(it, selections)));
    case "or":
      return any(condition.of.map((it) => evaluate(it, selections)));
  }
}

function item({ values, all: isAll, negated }: Item): Known {
  const known = values.map((it) => (it.length === 0 ? false : undefined));
  const result = isAll ? all(known) : any(known);
  return negated ? not(result) : result;
}

function all(parts: readonly Known[]): Known {
  if (parts.includes(false)) return false;
  return parts.every((it) => it === true) ? true : undefined;
}

function any(parts: readonly Known[]): Known {
  if (parts.includes(true)) return true;
  return parts.every((it) => it === false) ? false : undefined;
}

function not(it: Known): Known {
  return it === undefined ? undefined : !it;
}
