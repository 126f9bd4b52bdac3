import {
  act,
  actionVerb,
  approval,
  method,
  severities,
  severityId,
  type ActionVerb,
  type Alert,
  type Approval,
  type Incident,
} from "@outweigh/schema";
import { parse } from "yaml";
import { z } from "zod";
import { PipelineError } from "../error.ts";

/** Longest policy text, in UTF-16 units. */
const maxPolicyLength = 256 * 1024;
/** Most entries of a policy: more is no policy that a person can judge. */
const maxEntries = 200;

const spans = { h: 3_600_000, d: 86_400_000 } as const;
/** Longest that an action may last: what should hold longer is no answer to an incident. 90 days, in ms. */
const maxLastsMs = 90 * spans.d;

/** `12h` or `30d`, read as ms. */
const lasts = z
  .string()
  .regex(/^[1-9]\d{0,3}[hd]$/, "expected hours or days, such as 12h or 30d")
  .transform((it) => Number(it.slice(0, -1)) * (it.endsWith("h") ? spans.h : spans.d))
  .refine((it) => it <= maxLastsMs, "at most 90d");

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
    /** What it touches begins with this: the address of an artifact, or the name of a client or webhook. */
    target: z.string().min(1).max(2048).optional(),
  }),
  do: z.array(actionVerb).min(1),
  /** Who has to agree. Nothing here acts by itself. */
  approval: approval.default("person"),
  /** How long it stays; then it is undone by itself. */
  lasts: lasts.optional(),
  why: z.string().min(1).max(500),
});

/** The only place where an incident becomes an action: what to recommend, and why. */
export interface Policy {
  readonly entries: readonly z.infer<typeof entry>[];
}

/** Something that the policy recommends for an incident. */
export interface Recommendation {
  readonly verb: ActionVerb;
  readonly approval: Approval;
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

/** What an action needs, whatever incident it is for. */
export interface Demand {
  readonly approval: Approval;
  /** How long it stays, in ms. Undefined: the policy does not say. */
  readonly lasts?: number;
}

/**
 * Who has to agree to an action, and how long it lasts: the strictest of the lines that name its verb and what it touches. Not by the
 * incident: who asks without one, or with another, must not need less.
 */
export function demandOf(policy: Policy, verb: ActionVerb, touches: string): Demand {
  const named = policy.entries.filter(
    (it) => it.do.includes(verb) && (it.when.target === undefined || touches.startsWith(it.when.target)),
  );
  const lengths = named.flatMap((it) => it.lasts ?? []);
  return {
    approval: named.some((it) => it.approval === "two-people") ? "two-people" : "person",
    ...(lengths.length > 0 && { lasts: Math.min(...lengths) }),
  };
}
