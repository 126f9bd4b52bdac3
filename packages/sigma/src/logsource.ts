import { refuse } from "./error.ts";
import { isMap, type Plain } from "./yaml.ts";

/** Where events come from. A rule's names only what it needs; an event's names all that is true of it. */
export interface Logsource {
  readonly category?: string | undefined;
  readonly product?: string | undefined;
  readonly service?: string | undefined;
}

const names = ["category", "product", "service"] as const;

/** @throws {SigmaError} BAD_ATTRIBUTE. An empty logsource is allowed and means any. */
export function readLogsource(value: Plain | undefined): Logsource {
  if (!isMap(value))
    refuse("BAD_ATTRIBUTE", ["logsource"], value === undefined ? "there is no logsource" : "is not a map");
  const bad = [...names, "definition"].find((it) => value[it] !== undefined && typeof value[it] !== "string");
  if (bad !== undefined) refuse("BAD_ATTRIBUTE", ["logsource", bad], "is not a text");
  return Object.fromEntries(names.flatMap((it) => (value[it] === undefined ? [] : [[it, String(value[it])]])));
}

/** True when `wide` names nothing that `narrow` does not name alike. Case does not count. */
export function fits(wide: Logsource, narrow: Logsource): boolean {
  return names.every((it) => wide[it] === undefined || wide[it].toLowerCase() === narrow[it]?.toLowerCase());
}
