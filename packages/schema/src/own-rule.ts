/** What people write here beside the rules that come with a release: exceptions, and rules of their own, from draft to end. */
import { z } from "zod";
import { maxBacktestText } from "./backtest.ts";
import { severity } from "./severity.ts";

const time = z.int().nonnegative();

/** `draft` does nothing; `trial` counts what it would hide or raise; `published` hides or raises it; `ended` does nothing any more. */
export const ownStage = z.enum(["draft", "trial", "published", "ended"]);
export type OwnStage = z.infer<typeof ownStage>;

/** How long an exception holds once it is published, in days, unless told otherwise; and at most. */
export const usualExceptionDays = 90;
export const maxExceptionDays = 366;

/** What an exception hid, or a rule found; on trial, what it would have. */
const ownCount = z.object({
  matches: z.int().nonnegative(),
  lastAt: time.optional(),
  /** The last event of it. */
  event: z.string().optional(),
});
export type OwnCount = z.infer<typeof ownCount>;

/** A stored alert that an exception would have hidden. */
const hiddenAlert = z.object({
  id: z.string(),
  title: z.string(),
  rule: z.string(),
  severity,
  principal: z.string().optional(),
  model: z.string().optional(),
  lastAt: time,
  /** Of how many of its events that are kept, the exception hides how many. All: the alert would not have been raised. */
  events: z.int(),
  hidden: z.int(),
  incident: z.string().optional(),
  incidentNumber: z.int().optional(),
  /** Its incident was closed as a true positive. */
  confirmed: z.boolean(),
});
export type HiddenAlert = z.infer<typeof hiddenAlert>;

/** What stored alerts say of an exception. */
const hiddenAlerts = z.object({
  from: time,
  to: time,
  /** How many alerts of its rules are stored of that time. */
  alerts: z.int(),
  /** How many it would have hidden whole, and how many in part. */
  hidden: z.int(),
  partly: z.int(),
  /** How many of both belong to an incident that was closed as a true positive. */
  confirmed: z.int(),
  /** Alerts of which no event is kept any more: of these nothing is known. */
  unknown: z.int(),
  /** Why not all alerts were looked at. */
  cut: z.string().optional(),
  /** Those of confirmed thefts first, then the latest; the first of them. */
  examples: z.array(hiddenAlert),
});
export type HiddenAlerts = z.infer<typeof hiddenAlerts>;

/** How the proofs went that must hold: of a rule its own, of an exception those of the rules it is for. */
const provenCase = z.object({
  rule: z.string(),
  case: z.string(),
  kind: z.enum(["attack", "clean", "twin"]),
  passed: z.boolean(),
  problem: z.string().optional(),
});

/** What was found when it was checked, of exactly this text. */
export const ownCheck = z.object({
  at: time,
  by: z.string(),
  proofs: z.array(provenCase),
  /** Rules that have no proof here: detectors are code, and tested with it. */
  unproven: z.array(z.string()),
  /** Of an exception. */
  hides: hiddenAlerts.optional(),
  /** Why it cannot go on. Empty: it can. */
  problems: z.array(z.string()),
});
export type OwnCheck = z.infer<typeof ownCheck>;

export const ownRule = z.object({
  /** Unique among all rules. */
  name: z.string(),
  kind: z.enum(["exception", "rule"]),
  title: z.string(),
  /** Of an exception: the rules and detectors it is for. */
  rules: z.array(z.string()),
  text: z.string(),
  proof: z.string().optional(),
  /** Of a rule: the one space whose models it looks at. Absent: all. */
  space: z.string().optional(),
  /** Of an exception: how long it holds once published. */
  days: z.int().optional(),
  stage: ownStage,
  by: z.string(),
  at: time,
  reason: z.string(),
  /** When its stage changed last. */
  stageAt: time,
  /** When it ends by itself. */
  endsAt: time.optional(),
  /** Names text, proof, space and days: what was looked at is what goes on. */
  digest: z.string(),
  check: ownCheck.optional(),
  count: ownCount,
  /** The action that published it, or that waits for somebody who agrees. */
  action: z.string().optional(),
});
export type OwnRule = z.infer<typeof ownRule>;
export const ownRulePage = z.object({ items: z.array(ownRule), total: z.int() });

const reason = z.string().trim().min(1).max(2000);
export const ownName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,79}$/, "expected a name in snake case: small letters, digits and _ alone, at most 80");

/** Writes a draft, or writes it anew: one that is on trial or published is changed by a draft of another name. */
export const ownRuleBody = z.strictObject({
  text: z.string().min(1).max(maxBacktestText),
  /** Of a rule: a list of cases, at least one that must raise an alert and one that must not. */
  proof: z.string().max(maxBacktestText).optional(),
  space: z.string().max(64).optional(),
  days: z.int().min(1).max(maxExceptionDays).optional(),
  reason,
});
export type OwnRuleBody = z.infer<typeof ownRuleBody>;

/** Moves it on, or ends it. What was looked at is named by its digest. */
export const ownStageBody = z.strictObject({ to: z.enum(["trial", "ended"]), digest: z.string(), reason });

/** An exception to begin with: for an alert, or for a rule. */
export const exceptionQuery = z
  .object({ alert: z.string().max(200).optional(), rule: z.string().max(512).optional() })
  .refine((it) => (it.alert === undefined) !== (it.rule === undefined), "expected either an alert or a rule");
export const ownDraft = z.object({ text: z.string(), proof: z.string().optional() });
export type OwnDraft = z.infer<typeof ownDraft>;
