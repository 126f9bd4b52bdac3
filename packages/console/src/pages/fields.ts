// What each list can be filtered by, in the server's words, and where a value leads that a list does not know.
import {
  actionVerb,
  agentTier,
  answerDial,
  grades,
  incidentStatus,
  methods,
  modelClasses,
  orderVerb,
  ownStage,
  printFilter,
  severities,
  verdict,
  watchedKind,
  type ActionRow,
  type AlertRow,
  type ClientKeyRow,
  type ClientRow,
  type HostRow,
  type IncidentRow,
  type ModelRow,
  type OcsfEvent,
  type OwnRule,
  type RuleRow,
  type SourceHealth,
  type Watched,
} from "@outweigh/schema";
import type { RowField } from "../filter-edit.ts";

const acts = ["obtain", "copy", "replicate"];
const spans = ["1h", "24h", "7d", "30d"];

export const incidentFields: readonly RowField<IncidentRow>[] = [
  { name: "status", about: "where it stands", values: ["open", ...incidentStatus.options] },
  { name: "severity", about: "how bad: severity:>=high", values: severities },
  { name: "model", about: "a model it tells of", of: (it) => it.models },
  { name: "principal", about: "who acted", of: (it) => it.principals },
  { name: "assignee", about: "who has it", of: (it) => [it.assignee] },
  { name: "verdict", about: "a person's judgement", values: verdict.options },
  { name: "act", about: "what the theft does", values: acts },
  { name: "method", about: "how it is stolen", values: methods },
  { name: "last", about: "last seen: last:>=24h", values: spans },
  { name: "first", about: "first seen", values: spans },
  { name: "number", about: "INC-214 is number:214" },
];

export const alertFields: readonly RowField<AlertRow>[] = [
  { name: "severity", about: "how bad: severity:>=high", values: severities },
  { name: "rule", about: "the rule or detector", of: (it) => [it.rule] },
  { name: "model", about: "the model", of: (it) => [it.model] },
  { name: "principal", about: "who acted", of: (it) => [it.principal] },
  { name: "act", about: "what the theft does", values: acts },
  { name: "method", about: "how it is stolen", values: methods },
  { name: "last", about: "last seen: last:>=24h", values: spans },
  { name: "first", about: "first seen", values: spans },
  { name: "incident", about: "the incident's id" },
];

const text = (value: unknown) => (typeof value === "string" ? value : undefined);
const inside = (value: unknown, name: string) =>
  typeof value === "object" && value !== null ? text(Reflect.get(value, name)) : undefined;

/** Where a client was, as its source says. */
export function addressOf(it: OcsfEvent): string | undefined {
  return inside(it["src_endpoint"], "ip");
}

export const eventFields: readonly RowField<OcsfEvent>[] = [
  { name: "principal", about: "who acted", of: (it) => [it.principal] },
  { name: "model", about: "the model touched", of: (it) => [it.model] },
  { name: "operation", about: "what was done", of: (it) => [it.operation] },
  { name: "artifact", about: "what was touched: artifact:s3://b/*", of: (it) => [it.artifact] },
  { name: "place", about: "the declared place", of: (it) => [it.place] },
  { name: "part", about: "the file of the model", of: (it) => [it.part] },
  { name: "address", about: "the client's address", of: (it) => [addressOf(it)] },
  { name: "agent", about: "the client's program", of: (it) => [inside(it["http_request"], "user_agent")] },
  { name: "credential", about: "the id of the key", of: (it) => [it.credential] },
  { name: "source", about: "who says so", of: (it) => [it.source] },
  { name: "grade", about: "what was checked of its record", values: [...grades, "none"] },
  { name: "time", about: "when: time:>=24h", values: spans },
  { name: "bytes", about: "sent: bytes:>=1GB", values: ["1MB", "1GB", "10GB"] },
  { name: "external", about: "from outside", values: ["true", "false"] },
  { name: "status", about: "1 success, 2 failure", values: ["1", "2"] },
  { name: "class", about: "OCSF class", of: (it) => [String(it.class_uid)] },
  { name: "activity", about: "OCSF activity" },
  { name: "pid", about: "of the process, where a host says it" },
  { name: "id", about: "one event" },
];

export const modelFields: readonly RowField<ModelRow>[] = [
  { name: "class", about: "what it is to its owner", values: modelClasses },
  { name: "name", about: "its name", of: (it) => [it.name] },
  { name: "owner", about: "who owns it", of: (it) => [it.owner] },
  { name: "registered", about: "in the register", values: ["true", "false"] },
  { name: "balanced", about: "whether its books balance", values: ["true", "false"] },
  { name: "undeclared", about: "copies nobody declared: undeclared:>0" },
  { name: "exposed", about: "copies others can read: exposed:>0" },
  { name: "incidents", about: "open ones: incidents:>0" },
  { name: "format", about: "of its files", of: (it) => it.formats },
  { name: "bytes", about: "its size: bytes:>=1GB", values: ["1GB", "10GB", "100GB"] },
  { name: "readers", about: "how many: readers:>0" },
  { name: "digest", about: "of its weights" },
];

export const sourceFields: readonly RowField<SourceHealth>[] = [
  { name: "state", about: "its health", values: ["sending", "waiting", "silent", "failing"] },
  { name: "name", about: "its name", of: (it) => [it.name] },
  { name: "kind", about: "what it sends", of: (it) => [it.kind] },
  { name: "grade", about: "what was checked of its records", values: [...grades, "none"] },
  { name: "rejects", about: "records refused: rejects:>0" },
  { name: "last", about: "last seen: last:>=1h", values: spans },
];

export const hostFields: readonly RowField<HostRow>[] = [
  { name: "state", about: "whether it is seen", values: ["reporting", "waiting", "silent", "revoked"] },
  { name: "name", about: "its name", of: (it) => [it.name] },
  { name: "tier", about: "how its agent sees", values: agentTier.options },
  { name: "system", about: "what it runs", of: (it) => [it.system] },
  { name: "seen", about: "last report: seen:>=1h", values: spans },
];

export const clientFields: readonly RowField<ClientRow>[] = [
  { name: "principal", about: "its name", of: (it) => [it.principal] },
  { name: "novelty", about: "over the alarm level: novelty:>0.5" },
  { name: "learning", about: "over the alarm level: learning:>0.5" },
  { name: "progress", about: "of a clone: progress:>0.5" },
  { name: "budget", about: "used today: budget:>0.9" },
  { name: "requests", about: "how many: requests:>1000" },
  { name: "denied", about: "refused: denied:>0" },
  { name: "dial", about: "what it is given", values: [...answerDial.options, "suspended"] },
  { name: "order", about: "what holds for it", values: orderVerb.options },
  { name: "group", about: "whom it is linked with", of: (it) => it.group },
  { name: "tenant", about: "whose it is", of: (it) => [it.tenant] },
  { name: "plan", about: "its plan", of: (it) => [it.plan] },
  { name: "gateway", about: "where it asks", of: (it) => [it.gatewayName] },
  { name: "last", about: "last request: last:>=1h", values: spans },
];

export const clientKeyFields: readonly RowField<ClientKeyRow>[] = [
  { name: "state", about: "whether it works", values: ["valid", "expired", "revoked"] },
  { name: "principal", about: "whose it is", of: (it) => [it.principal] },
  { name: "seen", about: "whether its client asked", values: ["true", "false"] },
  { name: "plan", about: "its plan", of: (it) => [it.plan] },
  { name: "tenant", about: "whose client", of: (it) => [it.tenant] },
  { name: "model", about: "what it may ask", of: (it) => it.models },
  { name: "replaces", about: "which key it took over from", of: (it) => [it.replaces] },
  { name: "gateway", about: "where it works", of: (it) => [it.gatewayName] },
  { name: "created", about: "made: created:>=30d", values: spans },
];

export const watchedFields: readonly RowField<Watched>[] = [
  { name: "kind", about: "what it is", values: watchedKind.options },
  { name: "name", about: "its name", of: (it) => [it.name] },
  { name: "incident", about: "the theft it is watched for: incident:INC-7" },
];

export const ownRuleFields: readonly RowField<OwnRule>[] = [
  { name: "stage", about: "how far it has come", values: ownStage.options },
  { name: "kind", about: "an exception or a rule", values: ["exception", "rule"] },
  { name: "rule", about: "the rule it is for", of: (it) => it.rules },
  { name: "by", about: "who wrote it", of: (it) => [it.by] },
  { name: "space", about: "the space it looks at", of: (it) => [it.space] },
  { name: "matches", about: "how often: matches:>=10" },
  { name: "ends", about: "when it ends" },
  { name: "name", about: "its name", of: (it) => [it.name] },
];

export const ruleFields: readonly RowField<RuleRow>[] = [
  { name: "level", about: "how bad", values: severities },
  { name: "kind", about: "rule or detector", values: ["sigma", "detector"] },
  { name: "status", about: "its life", values: ["experimental", "test", "stable"] },
  { name: "id", about: "its file's stem", of: (it) => [it.id] },
  { name: "technique", about: "of ATLAS or ATT&CK", of: (it) => it.techniques },
  { name: "playbook", about: "what to do", of: (it) => [it.playbook] },
  { name: "alerts", about: "how often it spoke: alerts:>0" },
];

export const actionFields: readonly RowField<ActionRow>[] = [
  {
    name: "state",
    about: "how it went",
    values: ["pending", "running", "verified", "failed", "undone", "declined", "lapsed"],
  },
  { name: "verb", about: "what was done", values: actionVerb.options },
  { name: "by", about: "who ordered it", of: (it) => [it.by] },
  { name: "target", about: "what it was done to", of: (it) => [it.target] },
  { name: "time", about: "when: time:>=24h", values: spans },
];

export const captureFields: readonly RowField<ActionRow>[] = actionFields.filter((it) => it.name !== "verb");

/** Fields of records, as rules name them, in the words of the hunt. */
const asHunted: Readonly<Record<string, string>> = {
  "src_endpoint.ip": "address",
  "http_request.user_agent": "agent",
  src_external: "external",
  class_uid: "class",
  activity_id: "activity",
  status_id: "status",
  "credential.uid": "credential",
  "user-agent": "agent",
};

/** Where a value leads from any page: to the events that hold it; a rule to its alerts. */
export function pivot(field: string, value: string, excluded: boolean): { to: string; filter: string } {
  if (field === "rule") return { to: "/alerts", filter: print("rule", value, excluded) };
  const hunted = asHunted[field] ?? field;
  const known = eventFields.some((it) => it.name === hunted);
  return { to: "/events", filter: print(known ? hunted : undefined, value, excluded) };
}

function print(field: string | undefined, value: string, excluded: boolean): string {
  return printFilter([{ field, op: "=", values: [value], excluded }]);
}
