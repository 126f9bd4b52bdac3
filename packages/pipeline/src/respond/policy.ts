import {
  act,
  actionVerb,
  method,
  severities,
  severityId,
  type ActionVerb,
  type Alert,
  type Incident,
} from "@outweigh/schema";
import { parse } from "yaml";
import { z } from "zod";
import { PipelineError } from "../error.ts";

/** Longest policy text, in UTF-16 units. */
const maxPolicyLength = 256 * 1024;
/** Most entries of a policy: more is no policy that a person can judge. */
const maxEntries = 200;

const entry = z.strictObject({
  when: z.strictObject({
    incident: z
      .strictObject({
        /** This severity or worse. */
        severity: z.enum(severities).optional(),
        act: act.optional(),
        method: method.optional(),
      })
      .prefault({}),
    /** Any of its alerts comes from one of these rules. */
    rule: z.union([z.string(), z.array(z.string())]).optional(),
  }),
  do: z.array(actionVerb).min(1),
  /** Who has to agree. Nothing here acts by itself. */
  approval: z.enum(["person"]).default("person"),
  why: z.string().min(1).max(500),
});

/** The only place where an incident becomes an action: what to recommend, and why. */
export interface Policy {
  readonly entries: readonly z.infer<typeof entry>[];
}

/** Something that the policy recommends for an incident. */
export interface Recommendation {
  readonly verb: ActionVerb;
  readonly approval: "person";
  readonly why: string;
}

/** Reads `content/policy.yml`. @throws {PipelineError} BAD_POLICY with the path of the first mistake. */
export function readPolicy(text: string): Policy {
  if (text.length > maxPolicyLength) {
    throw new PipelineError("BAD_POLICY", `${text.length} characters, at most ${maxPolicyLength} are read`);
  }
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw new PipelineError("BAD_POLICY", `not YAML: ${cause instanceof Error ? cause.message : "unknown"}`, { cause });
  }
  const read = z.array(entry).max(maxEntries).safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new PipelineError("BAD_POLICY", `${issue?.path.join(".") || "policy"}: ${issue?.message ?? "not a policy"}`);
  }
  return { entries: read.data };
}

/** What the policy recommends for an incident with these alerts: each verb once, from the first entry that names it. */
export function recommend(policy: Policy, incident: Incident, alerts: readonly Alert[]): Recommendation[] {
  const found = new Map<ActionVerb, Recommendation>();
  for (const { when, do: verbs, approval, why } of policy.entries) {
    const { severity, act: asked, method: by } = when.incident;
    if (severity !== undefined && severityId(incident.severity) < severityId(severity)) continue;
    if (asked !== undefined && incident.act !== asked) continue;
    if (by !== undefined && incident.method !== by) continue;
    const rules = when.rule === undefined ? undefined : [when.rule].flat();
    if (rules && !alerts.some((it) => rules.includes(it.rule))) continue;
    for (const verb of verbs) if (!found.has(verb)) found.set(verb, { verb, approval, why });
  }
  return [...found.values()];
}
