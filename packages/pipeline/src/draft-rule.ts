import type { FilterTerm, RuleDraft } from "@outweigh/schema";
import { escapeValue } from "@outweigh/sigma";
import { stringify } from "yaml";

/** What a field of the filter grammar is called in a rule, and what its values are. */
const fields: Readonly<Record<string, { readonly name: string; readonly kind: "text" | "number" | "flag" }>> = {
  source: { name: "source", kind: "text" },
  principal: { name: "principal", kind: "text" },
  credential: { name: "credential", kind: "text" },
  model: { name: "model", kind: "text" },
  place: { name: "place", kind: "text" },
  part: { name: "part", kind: "text" },
  artifact: { name: "artifact", kind: "text" },
  operation: { name: "operation", kind: "text" },
  address: { name: "src_endpoint.ip", kind: "text" },
  agent: { name: "http_request.user_agent", kind: "text" },
  bytes: { name: "bytes", kind: "number" },
  class: { name: "class_uid", kind: "number" },
  activity: { name: "activity_id", kind: "number" },
  status: { name: "status_id", kind: "number" },
  external: { name: "src_external", kind: "flag" },
};

const comparisons: Record<FilterTerm["op"], string> = { "=": "", ">": "|gt", ">=": "|gte", "<": "|lt", "<=": "|lte" };

/** Terms that only make sense for events that lie still. */
const unfit: Readonly<Record<string, string>> = {
  time: "a rule looks at each event as it comes, not at a time",
  id: "an id names one event that has been",
  pid: "the number is given to another program later: a rule would mean that one too",
};

type Selection = Record<string, readonly (string | number | boolean)[]>;

/**
 * A filter of events as a Sigma rule to begin with: experimental, so that it wakes nobody, and without the proof that it needs before
 * it is used. Numbers of the terms must be plain digits: units are the filter's, not the rule's.
 *
 * Blind spot: a filter takes a number that an event does not have for 0, a rule for no match.
 */
export function draftRule(terms: readonly FilterTerm[]): RuleDraft {
  const left: { term: string; why: string }[] = [];
  const selections = new Map<string, Selection>();
  const wanted: string[] = [];
  for (const term of terms) {
    const why = whyNot(term);
    if (why !== undefined) {
      left.push({ term: term.field ?? term.values.join(","), why });
      continue;
    }
    const name = freeName(term, selections);
    selections.set(name, selectionOf(term));
    wanted.push(term.excluded ? `not ${name}` : name);
  }
  if (selections.size === 0) {
    selections.set("any", { source: ["*"] });
    wanted.push("any");
  }
  const rule = {
    title: "Draft from a hunt",
    name: "draft_from_a_hunt",
    status: "experimental",
    description: "What was hunted for. Say here what it means when it happens.",
    author: "you",
    logsource: { product: "outweigh", category: "model_access" },
    detection: { ...Object.fromEntries(selections), condition: wanted.join(" and ") },
    falsepositives: ["Say who does this rightly"],
    level: "low",
    blindspots: ["Say what this rule cannot see"],
    playbook: "unexplained",
  };
  return { text: stringify(rule, { lineWidth: 0 }), left };
}

function whyNot({ field }: FilterTerm): string | undefined {
  if (field === undefined) return "a word that may stand anywhere: name its field";
  return Object.hasOwn(fields, field) ? undefined : (unfit[field] ?? "a rule has no such field");
}

/** `principal`, `not_principal`, `principal_2`: a name that says what it selects. */
function freeName({ field = "", excluded }: FilterTerm, taken: ReadonlyMap<string, unknown>): string {
  const plain = excluded ? `not_${field}` : field;
  let name = plain;
  for (let n = 2; taken.has(name); n++) name = `${plain}_${n}`;
  return name;
}

function selectionOf({ field = "", op, values }: FilterTerm): Selection {
  const { name, kind } = fields[field] ?? { name: field, kind: "text" };
  switch (kind) {
    case "flag":
      return { [name]: values.map((it) => it === "true" || it === "yes") };
    case "number":
      return { [`${name}${comparisons[op]}`]: values.map(Number) };
    case "text":
      return { [`${name}|cased`]: values.map(patternOf) };
  }
}

/** A star at the end stands for any rest; every other character for itself. */
function patternOf(value: string): string {
  return value.endsWith("*") ? `${escapeValue(value.slice(0, -1))}*` : escapeValue(value);
}
