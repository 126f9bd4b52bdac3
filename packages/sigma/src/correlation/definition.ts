import { refuse, type Path } from "../error.ts";
import { maxCorrelatedRules, maxDistinct, maxGroupFields, maxTimespanMs } from "../limits.ts";
import { isMap, type Plain, type PlainMap } from "../yaml.ts";

export const correlationTypes = [
  "event_count",
  "value_count",
  "value_sum",
  "value_avg",
  "value_percentile",
  "temporal",
  "temporal_ordered",
] as const;
type CorrelationType = (typeof correlationTypes)[number];

const operators = ["gt", "gte", "lt", "lte", "eq", "neq"] as const;
export type Operator = (typeof operators)[number];

/** One bound on what is measured. Several of one correlation must all hold. */
export interface Bound {
  readonly op: Operator;
  readonly value: number;
}

/** How matches of some rules make a match of their own. */
export interface Correlation {
  readonly type: CorrelationType;
  /** Names or ids, in the order that `temporal_ordered` wants. */
  readonly rules: readonly string[];
  readonly groupBy: readonly string[];
  readonly timespanMs: number;
  /** Never empty: the temporal types default to "all rules". */
  readonly bounds: readonly Bound[];
  /** The fields that `value_*` reads; several make a tuple. */
  readonly fields: readonly string[];
  /** `value_percentile`: which percentile, 0 to 100; undefined when the share of each value is meant. */
  readonly percentile: number | undefined;
  /** For an alias, the field that it means in the matches of a rule. */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

const root: Path = ["correlation"];
const parts = ["type", "rules", "aliases", "group-by", "timespan", "condition", "generate"];

/**
 * Reads a `correlation` section.
 *
 * @throws {SigmaError} BAD_CORRELATION, UNSUPPORTED, TOO_MANY.
 * Source: Sigma Correlation Rules Specification 2.1.0 and its schema, which has three types more than the prose.
 */
export function readCorrelation(section: PlainMap): Correlation {
  const strange = Object.keys(section).find((it) => !parts.includes(it));
  if (strange !== undefined) refuse("UNSUPPORTED", [...root, strange], "is not part of a correlation in Sigma 2.1");
  const type = correlationTypes.find((it) => it === section["type"]);
  if (!type) refuse("BAD_CORRELATION", [...root, "type"], `is none of ${correlationTypes.join(", ")}`);
  const rules = readTexts(section["rules"], "rules", 2);
  if (rules.length === 0) refuse("BAD_CORRELATION", [...root, "rules"], "there are no rules");
  if (rules.length > maxCorrelatedRules)
    refuse("TOO_MANY", [...root, "rules"], `more than ${maxCorrelatedRules} rules`);
  const groupBy = readTexts(section["group-by"], "group-by", 0);
  if (groupBy.length > maxGroupFields) refuse("TOO_MANY", [...root, "group-by"], `more than ${maxGroupFields} fields`);
  const aliases = readAliases(section["aliases"], rules);
  const condition = readCondition(section["condition"], type, rules.length);
  for (const name of [...groupBy, ...condition.fields]) {
    const left = aliases.has(name) && rules.find((it) => aliases.get(name)?.get(it) === undefined);
    if (left) refuse("BAD_CORRELATION", [...root, "aliases", name], `says nothing about the rule "${left}"`);
  }
  checkReachable(condition.bounds, type, rules.length);
  return { type, rules, groupBy, timespanMs: readTimespan(section["timespan"]), ...condition, aliases };
}

/** Refuses bounds that nothing measured can fulfil: such a correlation would keep silent for ever. */
function checkReachable(bounds: readonly Bound[], type: CorrelationType, rules: number): void {
  const isWhole = !["value_sum", "value_avg", "value_percentile"].includes(type);
  const step = isWhole ? 1 : 0;
  // Events are grouped by what they hold, so a group without events is not there to be counted.
  let lowest = isWhole ? 1 : -Infinity;
  let highest = type.startsWith("temporal") ? rules : Infinity;
  for (const { op, value } of bounds) {
    if (op === "gt" || op === "gte" || op === "eq") lowest = Math.max(lowest, op === "gt" ? value + step : value);
    if (op === "lt" || op === "lte" || op === "eq") highest = Math.min(highest, op === "lt" ? value - step : value);
  }
  const isExcluded = lowest === highest && bounds.some(({ op, value }) => op === "neq" && value === lowest);
  if (lowest > highest || isExcluded) {
    const absence = isWhole && highest < 1 ? ": no events are no group, so their absence can't be counted" : "";
    refuse(
      absence === "" ? "BAD_CORRELATION" : "UNSUPPORTED",
      [...root, "condition"],
      `nothing can fulfil it${absence}`,
    );
  }
}

function readTexts(value: Plain | undefined, name: string, shortest: number): string[] {
  const path = [...root, name];
  if (!Array.isArray(value)) refuse("BAD_CORRELATION", path, value === undefined ? "is missing" : "is not a list");
  const members: readonly Plain[] = value;
  const texts = members.map((it, place) => {
    const isGood = typeof it === "string" && it.length >= shortest;
    if (!isGood) refuse("BAD_CORRELATION", [...path, place], `is not a text of at least ${shortest} characters`);
    return it;
  });
  if (new Set(texts).size < texts.length) refuse("BAD_CORRELATION", path, "has the same member twice");
  return texts;
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function readTimespan(value: Plain | undefined): number {
  const path = [...root, "timespan"];
  const [, count = "0", unit = ""] = /^(\d{1,9})([smhd])$/.exec(typeof value === "string" ? value : "") ?? [];
  const span = Number(count) * (unitMs[unit] ?? 0);
  if (span <= 0) refuse("BAD_CORRELATION", path, "is not a number with s, m, h or d behind it, such as 15m");
  if (span > maxTimespanMs) refuse("BAD_CORRELATION", path, `is longer than ${maxTimespanMs / 86_400_000} days`);
  return span;
}

type ReadCondition = Pick<Correlation, "bounds" | "fields" | "percentile">;

function readCondition(value: Plain | undefined, type: CorrelationType, rules: number): ReadCondition {
  const path = [...root, "condition"];
  const isTemporal = type === "temporal" || type === "temporal_ordered";
  if (value === undefined && isTemporal) {
    return { bounds: [{ op: "gte", value: rules }], fields: [], percentile: undefined };
  }
  if (typeof value === "string") refuse("UNSUPPORTED", path, "conditions over rule names are not part of Sigma 2.1");
  if (!isMap(value)) refuse("BAD_CORRELATION", path, value === undefined ? "is missing" : "is not a map");
  const unknown = Object.keys(value).find((it) => !["field", "percentile", ...operators].includes(it));
  if (unknown !== undefined) refuse("BAD_CORRELATION", [...path, unknown], "is not part of a condition");
  const bounds = operators.flatMap((op) => readBound(op, value[op], type));
  if (bounds.length === 0) refuse("BAD_CORRELATION", path, `has none of ${operators.join(", ")}`);
  return { bounds, fields: readFields(value["field"], type), percentile: readPercentile(value["percentile"], type) };
}

function readBound(op: Operator, value: Plain | undefined, type: CorrelationType): Bound[] {
  if (value === undefined) return [];
  const path = [...root, "condition", op];
  if (typeof value !== "number" || !Number.isFinite(value)) refuse("BAD_CORRELATION", path, "is not a number");
  const isCount = !["value_sum", "value_avg", "value_percentile"].includes(type);
  if (isCount && !(Number.isInteger(value) && value >= 0)) refuse("BAD_CORRELATION", path, "is not a whole number");
  if (type === "value_count" && value > maxDistinct) {
    refuse("TOO_MANY", path, `more than ${maxDistinct} distinct values are not kept`);
  }
  return [{ op, value }];
}

function readFields(value: Plain | undefined, type: CorrelationType): string[] {
  const path = [...root, "condition", "field"];
  if (!type.startsWith("value_")) {
    if (value !== undefined) refuse("BAD_CORRELATION", path, `${type} reads no field`);
    return [];
  }
  const list: readonly Plain[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  if (list.length === 0) refuse("BAD_CORRELATION", path, `${type} needs the field whose values it reads`);
  if (list.length > 1 && type !== "value_count") refuse("BAD_CORRELATION", path, `${type} reads one field`);
  if (list.length > maxGroupFields) refuse("TOO_MANY", path, `more than ${maxGroupFields} fields`);
  return list.map((it) => {
    if (typeof it !== "string" || it === "" || it.length > 256) refuse("BAD_CORRELATION", path, "is not a field name");
    return it;
  });
}

function readPercentile(value: Plain | undefined, type: CorrelationType): number | undefined {
  if (value === undefined) return undefined;
  const path = [...root, "condition", "percentile"];
  const isGood = typeof value === "number" && value >= 0 && value <= 100;
  if (!isGood || type !== "value_percentile")
    refuse("BAD_CORRELATION", path, "is not a percentile of value_percentile");
  return value;
}

function readAliases(value: Plain | undefined, rules: readonly string[]): Map<string, Map<string, string>> {
  if (value === undefined) return new Map();
  const path = [...root, "aliases"];
  if (!isMap(value)) refuse("BAD_CORRELATION", path, "is not a map");
  return new Map(
    Object.entries(value).map(([alias, fields]) => {
      if (!isMap(fields)) refuse("BAD_CORRELATION", [...path, alias], "is not a map from rules to fields");
      const entries = Object.entries(fields).map(([rule, field]): [string, string] => {
        const at = [...path, alias, rule];
        if (!rules.includes(rule)) refuse("BAD_CORRELATION", at, "is none of the correlation's rules");
        if (typeof field !== "string" || field === "") refuse("BAD_CORRELATION", at, "is not a field name");
        return [rule, field];
      });
      return [alias, new Map(entries)];
    }),
  );
}
