import { refuse, type SigmaErrorCode } from "./error.ts";
import { isMap, type Plain, type PlainMap } from "./yaml.ts";

export const levels = ["informational", "low", "medium", "high", "critical"] as const;
/** Sigma's five words for how bad a match is, in rising order. */
export type Level = (typeof levels)[number];

export const statuses = ["stable", "test", "experimental", "deprecated", "unsupported"] as const;
export type Status = (typeof statuses)[number];

export type DocumentKind = "rule" | "correlation" | "filter";

/** What is wrong with a value; undefined if nothing is. */
type Check = (value: Plain) => string | undefined;

const uuid = /^(?:urn:uuid:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const date = text({
  pattern: /^\d{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|3[01])$/,
  wanted: "a date like 2026-11-25",
});
const id = text({ pattern: uuid, wanted: "a UUID" });

const ofAll: Readonly<Record<string, Check>> = {
  id,
  taxonomy: text({ max: 256 }),
  description: text({ max: 65_535 }),
  date,
  modified: date,
};

const ofRulesAndCorrelations: Readonly<Record<string, Check>> = {
  ...ofAll,
  status: oneOf(statuses),
  level: oneOf(levels),
  author: text({}),
  references: list(text({})),
};

/**
 * The attributes that the JSON schemas of Sigma 2.1.0 describe, by kind of document. Others are the author's own and
 * may hold anything. Sections of their own (`detection`, `correlation`, `filter`) are read elsewhere.
 */
const checks: Readonly<Record<DocumentKind, Readonly<Record<string, Check>>>> = {
  rule: {
    ...ofRulesAndCorrelations,
    name: text({ max: 256 }),
    license: text({}),
    related: list(isRelation, { distinct: false }),
    fields: list(text({})),
    falsepositives: list(text({ min: 2 })),
    tags: list(text({ pattern: /^[a-z0-9_-]+\.[a-z0-9._-]+$/, wanted: "a tag like attack.t1530" })),
    scope: list(text({ min: 2 }), { distinct: false }),
  },
  correlation: {
    ...ofRulesAndCorrelations,
    name: text({ max: 256 }),
    falsepositives: (value) => (typeof value === "string" ? text({ min: 2 }) : list(text({ min: 2 })))(value),
    generate: (value) => (typeof value === "boolean" ? undefined : "is neither true nor false"),
  },
  filter: ofAll,
};

/**
 * Holds the attributes of a document to the schema of its kind.
 *
 * @throws {SigmaError} BAD_ATTRIBUTE with the path of the first one that is wrong.
 */
export function checkAttributes(kind: DocumentKind, document: PlainMap): void {
  const title = document["title"];
  if (title === undefined) refuse("BAD_ATTRIBUTE", [], "there is no title");
  const bad = (name: string, reason: string | undefined, code: SigmaErrorCode = "BAD_ATTRIBUTE"): void => {
    if (reason !== undefined) refuse(code, [name], reason);
  };
  bad("title", text({ max: 256 })(title));
  for (const [name, check] of Object.entries(checks[kind])) {
    const value = document[name];
    if (value !== undefined) bad(name, check(value));
  }
}

function text({ min = 0, max, pattern, wanted }: TextForm): Check {
  return (value) => {
    if (typeof value !== "string") return "is not a text";
    if (value.length < min) return `has less than ${min} characters`;
    // Schemas count characters, not UTF-16 units.
    if (max !== undefined && value.length > max && [...value].length > max) return `has more than ${max} characters`;
    return pattern && !pattern.test(value) ? `is not ${wanted ?? "as it should be"}` : undefined;
  };
}

interface TextForm {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly wanted?: string;
}

function list(check: Check, { distinct = true } = {}): Check {
  return (value) => {
    if (!Array.isArray(value)) return "is not a list";
    const members: readonly Plain[] = value;
    const bad = members.map((it) => check(it)).findIndex((it) => it !== undefined);
    if (bad >= 0) return `member ${bad + 1} ${check(members[bad] ?? null) ?? ""}`;
    const different = new Set(members.map((it) => JSON.stringify(it)));
    return distinct && different.size < members.length ? "has the same member twice" : undefined;
  };
}

function oneOf(words: readonly string[]): Check {
  return (value) => (typeof value === "string" && words.includes(value) ? undefined : `is none of ${words.join(", ")}`);
}

const relations = ["derived", "obsolete", "merged", "renamed", "similar"];

function isRelation(value: Plain): string | undefined {
  if (!isMap(value)) return "is not a map";
  return id(value["id"] ?? null) ?? oneOf(relations)(value["type"] ?? null);
}
