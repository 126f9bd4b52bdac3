import { z } from "zod";
import { accountLinks, retest } from "./gateway.ts";
import { severity } from "./severity.ts";
import { act, method, technique } from "./theft.ts";

/** The most event ids that one alert lists; it counts the rest. */
export const maxEventsPerAlert = 200;

/** Accounts that a finding is of together: why they were tested as one, and what that gave, which alone is the claim. */
const alertLinks = accountLinks.extend({
  retest,
  /** Promised chance of this finding for honest accounts that are so alike, as a share. */
  alpha: z.number().min(0).max(1).optional(),
});
export type AlertLinks = z.infer<typeof alertLinks>;

/** A detection's claim about some events. It says what was seen, never what to do about it. */
export const alert = z.object({
  /** Stable for one rule, principal and model: repeats update an alert, they don't add one. */
  id: z.string(),
  /** The stem of the rule's or detector's file. */
  rule: z.string(),
  title: z.string(),
  /** One sentence with the numbers of this case. */
  summary: z.string(),
  severity,
  /** When its first and last events happened at the source, in ms since 1970. */
  firstAt: z.int().nonnegative(),
  lastAt: z.int().nonnegative(),
  principal: z.string().optional(),
  model: z.string().optional(),
  act: act.optional(),
  method: method.optional(),
  /** Ids of the events that prove the claim: the first ones, at most `maxEventsPerAlert`. Never empty. */
  events: z.array(z.string()).min(1).max(maxEventsPerAlert),
  /** How many events there were in all. */
  count: z.int().positive(),
  /** At how many later times what it claims was seen again unchanged, as a copy is by each scan: no event is added; `lastAt` is the last. */
  again: z.int().positive().exactOptional(),
  /** Where several accounts were tested as one. */
  linked: alertLinks.optional(),
  /** Why it matched: the fields, with their values, that the rule names. */
  matched: z.array(z.object({ field: z.string(), value: z.string() })).default([]),
  /** What is watched after a confirmed theft and made it one step worse: `model acme-13b`, `host gpu-7`. */
  raisedBy: z.array(z.string()).exactOptional(),
  techniques: z.array(technique),
  /** The stem of the page that says what a person should do. */
  playbook: z.string(),
});
export type Alert = z.infer<typeof alert>;
