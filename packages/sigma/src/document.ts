import { checkAttributes, type DocumentKind, type Level, type Status } from "./attributes.ts";
import { parseCondition, type Condition } from "./condition.ts";
import { readCorrelation, type Correlation } from "./correlation/definition.ts";
import { refuse, SigmaError } from "./error.ts";
import { fits, readLogsource, type Logsource } from "./logsource.ts";
import { neverMatches } from "./never.ts";
import type { Filling, Placeholders } from "./placeholder.ts";
import { readSelections } from "./selection.ts";
import type { Selection } from "./value.ts";
import { isMap, readYaml, type Plain, type PlainMap, type YamlDocument } from "./yaml.ts";

interface Common {
  readonly title: string;
  readonly id?: string;
  readonly name?: string;
  readonly status?: Status;
  readonly level?: Level;
  readonly description?: string;
  /** Empty where the document has none. */
  readonly tags: readonly string[];
  /** All top-level attributes as written, the author's own (`blindspots`, `playbook` …) among them. */
  readonly attributes: PlainMap;
}

/** What a rule or a filter looks for. */
export interface Detection {
  readonly selections: ReadonlyMap<string, Selection>;
  /** Any one of them is enough; a filter has one. */
  readonly conditions: readonly Condition[];
}

export interface RuleDocument extends Common {
  readonly kind: "rule";
  readonly logsource: Logsource;
  readonly detection: Detection;
  /** Where its field names are looked up: see `FieldView`. */
  readonly view: FieldView;
}

export interface CorrelationDocument extends Common {
  readonly kind: "correlation";
  readonly correlation: Correlation;
  /** True when the rules it joins shall also match by themselves. */
  readonly generate: boolean;
}

/**
 * An exception for rules that others wrote. Its condition says what *stays*: a rule matches when its own condition and
 * the filter's are true, so an exception reads `condition: not selection`.
 *
 * Source: pySigma's reading (Filters Specification 2.1.0 leaves it open, and its own example reads the other way).
 */
export interface FilterDocument extends Common {
  readonly kind: "filter";
  readonly logsource: Logsource;
  /** Ids and names of the rules it applies to, where its logsource names nothing that theirs does not. */
  readonly rules: readonly string[];
  readonly detection: Detection;
  readonly view: FieldView;
}

export type SigmaDocument = RuleDocument | CorrelationDocument | FilterDocument;

/**
 * Which of an event's two views field names mean. `both`: the normalised view, and the source's own record for names
 * that have no value there. `raw`: the source's own record alone, if the event has one; for rules written against it,
 * whose `status` or `actor` would otherwise meet a normalised field that happens to have the same name.
 */
export type FieldView = "both" | "raw";

export interface CompileOptions {
  /** Values for `%name%` under `|expand`. A rule that uses a name without an entry is refused. */
  readonly placeholders?: Placeholders;
  /** Default: `both`. */
  readonly view?: FieldView;
}

/**
 * Compiles one YAML text: rules, correlations and filters, in the order written.
 *
 * @throws {SigmaError} for the first document that can't be used as it is meant, with code, path, document and line.
 * Nothing is ignored: a rule that silently matched nothing would look like peace.
 * Source: SigmaHQ/sigma-specification, version 2.1.0.
 */
export function compileRules(text: string, options: CompileOptions = {}): SigmaDocument[] {
  return readYaml(text).map((it, place) => compileDocument(it, place, options));
}

/** @throws {SigmaError} with the number of the document and the line of what is wrong. */
export function compileDocument(yaml: YamlDocument, place: number, options: CompileOptions): SigmaDocument {
  try {
    return readDocument(yaml.read(), options);
  } catch (error) {
    if (!(error instanceof SigmaError)) throw error;
    const line = error.line ?? yaml.lineOf(error.segments);
    throw new SigmaError(error.code, error.reason, { path: error.segments, document: place, line, cause: error.cause });
  }
}

function readDocument(document: Plain, options: CompileOptions): SigmaDocument {
  if (!isMap(document)) refuse("NOT_A_RULE", [], "the document is not a map");
  const kind = kindOf(document);
  checkAttributes(kind, document);
  switch (kind) {
    case "rule":
      return readRule(document, options);
    case "correlation":
      return readCorrelationDocument(document);
    case "filter":
      return readFilter(document, options);
  }
}

function kindOf(document: PlainMap): DocumentKind {
  if (["global", "reset", "repeat"].includes(String(document["action"]))) {
    refuse("UNSUPPORTED", ["action"], "collections of Sigma 1 are not part of version 2; write the rules out");
  }
  const kinds = (["correlation", "filter", "detection"] as const).filter((it) => document[it] !== undefined);
  const [kind] = kinds;
  if (kind === undefined) refuse("NOT_A_RULE", [], "there is no detection, no correlation and no filter");
  if (kinds.length > 1) refuse("NOT_A_RULE", [], `${kinds.join(" and ")} stand in one document`);
  return kind === "detection" ? "rule" : kind;
}

function readCommon(document: PlainMap): Common {
  const text = (name: string): string | undefined => {
    const value = document[name];
    return typeof value === "string" ? value : undefined;
  };
  const tags = document["tags"];
  const known = Object.fromEntries(
    ["id", "name", "status", "level", "description"].flatMap((it) => (text(it) === undefined ? [] : [[it, text(it)]])),
  );
  const list: readonly Plain[] = Array.isArray(tags) ? tags : [];
  return {
    title: text("title") ?? "",
    ...known,
    tags: list.filter((it) => typeof it === "string"),
    attributes: document,
  };
}

function readRule(document: PlainMap, { placeholders = {}, view = "both" }: CompileOptions): RuleDocument {
  const logsource = readLogsource(document["logsource"]);
  const section = document["detection"];
  if (!isMap(section)) refuse("BAD_DETECTION", ["detection"], "is not a map");
  const written = section["condition"];
  const conditions: readonly Plain[] = Array.isArray(written) ? written : [written ?? null];
  if (conditions.length === 0) refuse("BAD_CONDITION", ["detection", "condition"], "an empty list matches nothing");
  const detection = readDetection(section, conditions, ["condition"], "detection", placeholders);
  return { ...readCommon(document), kind: "rule", logsource, detection, view };
}

function readFilter(document: PlainMap, { placeholders = {}, view = "both" }: CompileOptions): FilterDocument {
  const logsource = readLogsource(document["logsource"]);
  const section = document["filter"];
  if (!isMap(section)) refuse("BAD_FILTER", ["filter"], "is not a map");
  const rules = section["rules"];
  const names: readonly Plain[] = Array.isArray(rules) ? rules : [];
  const isGood = names.length > 0 && names.every((it) => typeof it === "string");
  if (!isGood || new Set(names).size < names.length) {
    refuse("BAD_FILTER", ["filter", "rules"], "is not a list of different ids and names of rules");
  }
  if (section["selection"] === undefined) refuse("BAD_FILTER", ["filter"], "there is no search identifier `selection`");
  const condition = section["condition"] ?? null;
  const detection = readDetection(section, [condition], ["condition", "rules"], "filter", placeholders);
  return { ...readCommon(document), kind: "filter", logsource, rules: names.map(String), detection, view };
}

function readDetection(
  section: PlainMap,
  conditions: readonly Plain[],
  reserved: readonly string[],
  name: string,
  placeholders: Placeholders,
): Detection {
  const filling: Filling = { placeholders, emptied: [], regexes: { size: 0 } };
  const selections = readSelections(section, reserved, filling, [name]);
  const at = [name, "condition"];
  const parsed = conditions.map((it) => {
    if (typeof it !== "string") refuse("BAD_CONDITION", at, it === null ? "there is no condition" : "is not a text");
    return parseCondition(it, [...selections.keys()], at);
  });
  const detection = { selections, conditions: parsed };
  if (filling.emptied.length > 0 && neverMatches(detection)) {
    refuse("PLACEHOLDER_UNFILLED", [name], `can't match: %${filling.emptied.join("%, %")}% has no value`);
  }
  return detection;
}

function readCorrelationDocument(document: PlainMap): CorrelationDocument {
  const section = document["correlation"];
  if (!isMap(section)) refuse("BAD_CORRELATION", ["correlation"], "is not a map");
  // The schema has `generate` at the root, the prose and pySigma below `correlation`.
  const generate = section["generate"] ?? document["generate"] ?? false;
  if (typeof generate !== "boolean")
    refuse("BAD_CORRELATION", ["correlation", "generate"], "is neither true nor false");
  return { ...readCommon(document), kind: "correlation", correlation: readCorrelation(section), generate };
}

/** What others call a document: its name, else its id, else its title. */
export function labelOf({ name, id, title }: SigmaDocument): string {
  return name ?? id ?? title;
}

/** True when the filter was written for this rule. */
export function appliesTo(filter: FilterDocument, rule: RuleDocument): boolean {
  const isNamed = filter.rules.some((it) => it === rule.id || it === rule.name);
  return isNamed && fits(filter.logsource, rule.logsource);
}
