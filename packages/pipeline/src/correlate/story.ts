import { severityId, worse, type Alert, type Incident, type Severity } from "@outweigh/schema";
import { z } from "zod";
import { countText, spanText } from "../amounts.ts";
import { featuresText } from "../detect/linked.ts";

/** Most names that an incident lists. */
export const maxNames = 100;

/** What of an alert its incident needs. */
export const member = z.object({
  id: z.string(),
  rule: z.string(),
  severity: z.enum(["informational", "low", "medium", "high", "critical"]),
  summary: z.string(),
  principal: z.string().optional(),
  model: z.string().optional(),
  /** Outside the own networks, if its event had one. */
  address: z.string().optional(),
  act: z.enum(["obtain", "copy", "replicate"]).optional(),
  method: z.string().optional(),
  /** Accounts that it is of together, its principal among them. */
  linked: z.array(z.string()).optional(),
  /** By what they are linked, in words. */
  linkedBy: z.string().optional(),
  /** What is watched and made it one step worse. */
  raisedBy: z.array(z.string()).optional(),
  firstAt: z.number(),
  lastAt: z.number(),
});
export type Member = Omit<z.infer<typeof member>, "method"> & { readonly method?: Alert["method"] };

/** An incident while alerts can still join it. Plain JSON. */
export interface Story {
  readonly id: string;
  members: Member[];
  /** Addresses outside the own networks that its events came from: they tie an anonymous client to a named one. */
  addresses: string[];
  /** What a person decided of it, in one sentence: its alerts stand together for that reason too. */
  decided?: string;
  /** From when its longest span counts, where that is not its first alert. */
  spanFrom?: number;
}

export function asMember(it: z.infer<typeof member>): Member {
  return it as Member;
}

export function memberOf({
  id,
  rule,
  severity,
  summary,
  principal,
  model,
  act,
  method,
  firstAt,
  lastAt,
  linked,
  raisedBy,
}: Alert): Member {
  return {
    id,
    rule,
    severity,
    summary,
    firstAt,
    lastAt,
    ...(principal !== undefined && { principal }),
    ...(model !== undefined && { model }),
    ...(act !== undefined && { act }),
    ...(method !== undefined && { method }),
    ...(raisedBy && { raisedBy }),
    ...(linked && { linked: linked.members.slice(0, maxNames), linkedBy: featuresText(linked) }),
  };
}

/** How much an alert has in common with the one of a story that is most like it: rule, principal, model and address. */
export function affinity({ members }: Story, it: Member): number {
  const shared = (other: Member): number =>
    (["rule", "principal", "model", "address"] as const).filter(
      (key) => it[key] !== undefined && it[key] === other[key],
    ).length;
  return Math.max(0, ...members.map(shared));
}

// These and what follows are asked for every alert of a flood, of stories with hundreds of members: they make no lists on the way.
export function firstAt({ members }: Story): number {
  let at = Number.POSITIVE_INFINITY;
  for (const it of members) if (it.firstAt < at) at = it.firstAt;
  return at;
}

export function lastAt({ members }: Story): number {
  let at = Number.NEGATIVE_INFINITY;
  for (const it of members) if (it.lastAt > at) at = it.lastAt;
  return at;
}

/** Which alert tells the story best, among the worst: what the books prove before what a pattern suggests. */
const tellers = [
  "complete-copy",
  "coalition-coverage",
  "decoy-touched",
  "retired-key-used",
  "undeclared-copy",
  "enumerate-then-pull",
  "unaccounted-read",
  "machine-key-moved",
  "shared-key",
  "new-network",
  "segmented-download",
  "bulk-completion",
];

export function incidentOf(story: Story): Incident {
  const { id, members } = story;
  let severity: Severity = "informational";
  for (const it of members) severity = worse(severity, it.severity);
  const worst = members.filter((it) => it.severity === severity);
  const [told] = tellers.map((rule) => worst.find((it) => it.rule === rule)).filter((it) => it !== undefined);
  const lead = told ?? worst[0];
  const loud = members.filter((it) => severityId(it.severity) >= severityId("medium"));
  const act = lead?.act ?? loud.find((it) => it.act !== undefined)?.act;
  const method = lead?.method ?? loud.find((it) => it.method !== undefined)?.method;
  const [principals, models] = [namedPrincipals(members), named(members, "model")];
  const raisedBy = [...new Set(members.flatMap((it) => it.raisedBy ?? []))].slice(0, maxNames);
  return {
    id,
    title: lead ? lead.summary + alikeText(lead, worst) : "An incident without alerts",
    severity,
    reason: reasonOf(story, principals, models),
    ...(act !== undefined && { act }),
    ...(method !== undefined && { method }),
    principals,
    models,
    ...(raisedBy.length > 0 && { raisedBy }),
    alerts: members.map((it) => it.id),
    firstAt: firstAt(story),
    lastAt: lastAt(story),
  };
}

/** Who else did what the alert tells of its principal: an incident of two readers is not the first one's alone. */
function alikeText({ rule, model, principal }: Member, worst: readonly Member[]): string {
  if (principal === undefined) return "";
  const alike = worst.filter((it) => it.rule === rule && it.model === model);
  const [first, ...more] = named(alike, "principal").filter((it) => it !== principal);
  if (first === undefined) return "";
  return more.length === 0 ? `; ${first} did the same` : `; ${more.length + 1} more principals did the same`;
}

/** The first different values, at most `maxNames`. */
function named(members: readonly Member[], key: "principal" | "model"): string[] {
  const found = new Set<string>();
  for (const it of members) {
    const name = it[key];
    if (name !== undefined) found.add(name);
    if (found.size === maxNames) break;
  }
  return [...found];
}

/** The same of principals, with the accounts that were found together with them. */
function namedPrincipals(members: readonly Member[]): string[] {
  const linked = members.flatMap((it) => it.linked ?? []);
  return [...new Set([...named(members, "principal"), ...linked])].slice(0, maxNames);
}

/** Why these alerts stand together: what a person decided first. */
function reasonOf(story: Story, principals: readonly string[], models: readonly string[]): string {
  const shared = sharedOf(story, principals, models) + linkedText(story);
  return story.decided === undefined ? shared : `${story.decided} ${shared}`;
}

/** Why accounts without an alert of their own stand in it. */
function linkedText({ members }: Story): string {
  const found = members.find((it) => it.linkedBy !== undefined);
  if (!found) return "";
  return `. ${countText(found.linked?.length ?? 0, "account")} are linked by ${found.linkedBy} and were tested as one: the link alone says nothing against any of them, the test does of all together`;
}

/** What these alerts share, in one sentence. */
function sharedOf(story: Story, principals: readonly string[], models: readonly string[]): string {
  const { members } = story;
  if (members.length === 1) return "One alert; nothing else close in time shares its principal, address or model";
  const shared: string[] = [];
  if (principals.length === 1 && members.every((it) => it.principal !== undefined))
    shared.push(`the principal ${principals[0]}`);
  const address = members[0]?.address;
  if (principals.length > 1 && address !== undefined && members.every((it) => it.address === address))
    shared.push(`the address ${address}`);
  if (models.length === 1 && members.every((it) => it.model !== undefined)) shared.push(`the model ${models[0]}`);
  // Records without any time stand at 0: then how close they are is not known.
  const span = lastAt(story) - firstAt(story);
  const within = lastAt(story) === 0 ? "in a log that gives no times" : `within ${spanText(span)}`;
  if (shared.length > 0) return `${countText(members.length, "alert")} share ${shared.join(" and ")} ${within}`;
  const kinds = [
    principals.length > 0 ? countText(principals.length, "principal") : "",
    models.length > 0 ? countText(models.length, "model") : "",
  ].filter((it) => it !== "");
  return `${countText(members.length, "alert")} ${within} are linked through ${kinds.join(" and ")}: each shares a principal, an address or a model with another`;
}
