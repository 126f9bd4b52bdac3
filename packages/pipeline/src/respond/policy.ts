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

/** What of an incident must fit. */
const incidentPart = z.strictObject({
  /** This severity or worse. */
  severity: z.enum(severities).optional(),
  act: act.optional(),
  method: method.optional(),
});

const entry = z.strictObject({
  when: z.strictObject({
    incident: incidentPart.prefault({}),
    /** Any of its alerts comes from one of these rules. */
    rule: z.union([z.string(), z.array(z.string())]).optional(),
    /** What it touches begins with this: an artifact's or place's address, `host:NAME`, the name of a client or connection. */
    target: z.string().min(1).max(2048).optional(),
  }),
  do: z.array(actionVerb).min(1),
  /** Who has to agree. Nothing acts by itself. */
  approval: approval.default("person"),
  /** How long it stays; then it is undone by itself. */
  lasts: lasts.optional(),
  why: z.string().min(1).max(500),
});

/** Whom to tell of what, by itself: a message changes nothing. */
const tell = z.strictObject({
  when: z
    .strictObject({ incident: incidentPart.optional(), source: z.literal("silent").optional() })
    .refine((it) => (it.incident === undefined) !== (it.source === undefined), "expected either incident or source"),
  /** Names of connections. */
  tell: z.array(z.string().min(1).max(64)).min(1).max(20),
  why: z.string().min(1).max(500),
});

/** The only place where an incident becomes an action: what to recommend, and why; and whom to tell by itself. */
export interface Policy {
  readonly entries: readonly z.infer<typeof entry>[];
  readonly tells: readonly z.infer<typeof tell>[];
}

/** Something that the policy recommends for an incident. */
export interface Recommendation {
  readonly verb: ActionVerb;
  readonly approval: Approval;
  readonly why: string;
}

/** Reads `content/policy.yml`. @throws {PipelineError} BAD_POLICY with the entry, counted from 1, and the path of the first mistake. */
export function readPolicy(text: string): Policy {
  if (text.length > maxPolicyLength) {
    throw new PipelineError("BAD_POLICY", `policy.yml: ${text.length} characters, at most ${maxPolicyLength} are read`);
  }
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw new PipelineError(
      "BAD_POLICY",
      `policy.yml: not YAML: ${cause instanceof Error ? cause.message : "unknown"}`,
      { cause },
    );
  }
  const lines = readPart(z.array(z.unknown()).max(maxEntries), value);
  const policy: { entries: z.infer<typeof entry>[]; tells: z.infer<typeof tell>[] } = { entries: [], tells: [] };
  for (const [i, line] of lines.entries()) {
    // By the word that only one of the two has: so that a mistake is named for what the line means to be.
    if (typeof line === "object" && line !== null && !("do" in line || "tell" in line))
      throw new PipelineError("BAD_POLICY", `policy.yml, entry ${i + 1}: expected do or tell`);
    if (typeof line === "object" && line !== null && "tell" in line) policy.tells.push(readPart(tell, line, i + 1));
    else policy.entries.push(readPart(entry, line, i + 1));
  }
  return policy;
}

/** The first name that the policy tells by and that is none of these connections'; undefined if all are. */
export function unknownTeller({ tells }: Policy, names: readonly string[]): string | undefined {
  return tells.flatMap((it) => it.tell).find((it) => !names.includes(it));
}

function readPart<Schema extends z.ZodType>(schema: Schema, value: unknown, entry?: number): z.infer<Schema> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const at = ["policy.yml", ...(entry === undefined ? [] : [`entry ${entry}`])].join(", ");
  const path = issue?.path.length ? `${issue.path.join(".")}: ` : "";
  throw new PipelineError("BAD_POLICY", `${at}: ${path}${issue?.message ?? "not a policy"}`);
}

/** What the policy recommends for an incident with these alerts: each verb once, from the first entry that names it. */
export function recommend(policy: Policy, incident: Incident, alerts: readonly Alert[]): Recommendation[] {
  const found = new Map<ActionVerb, Recommendation>();
  for (const { when, do: verbs, approval, why } of policy.entries) {
    if (!fits(incident, when.incident)) continue;
    const rules = when.rule === undefined ? undefined : [when.rule].flat();
    if (rules && !alerts.some((it) => rules.includes(it.rule))) continue;
    for (const verb of verbs) if (!found.has(verb)) found.set(verb, { verb, approval, why });
  }
  return [...found.values()];
}

/** Which connections the policy tells of an incident by itself. */
export function toldOfIncident(policy: Policy, incident: Pick<Incident, "severity" | "act" | "method">): Set<string> {
  const fitting = policy.tells.filter(({ when }) => when.incident !== undefined && fits(incident, when.incident));
  return new Set(fitting.flatMap((it) => it.tell));
}

/** Which connections the policy tells of a source that fell silent. */
export function toldOfSilence(policy: Policy): Set<string> {
  return new Set(policy.tells.filter(({ when }) => when.source === "silent").flatMap((it) => it.tell));
}

function fits(
  incident: Pick<Incident, "severity" | "act" | "method">,
  { severity, act: asked, method: by }: z.infer<typeof incidentPart>,
): boolean {
  if (severity !== undefined && severityId(incident.severity) < severityId(severity)) return false;
  return (asked === undefined || incident.act === asked) && (by === undefined || incident.method === by);
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
