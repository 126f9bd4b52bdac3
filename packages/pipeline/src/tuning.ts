// What people add to a line while it runs: exceptions, rules of their own, what is watched, and permits. Plain JSON.
import { permit, severities, watchedKind, type Severity } from "@outweigh/schema";
import { z } from "zod";

/** An exception or a rule that somebody wrote here. */
const tunedRule = z.object({
  /** The name in its text. */
  name: z.string(),
  text: z.string(),
  /** On trial nothing is hidden and nothing raised: matches are counted. */
  stage: z.enum(["trial", "published"]),
  /** Of a rule: the models it looks at. Absent: all events. */
  models: z.array(z.string()).optional(),
});
export type TunedRule = z.infer<typeof tunedRule>;

/** A model, principal, host, place or address whose findings count for more, in a time of the events. */
const watchedSubject = z.object({ kind: watchedKind, name: z.string(), from: z.number(), until: z.number() });

/** As versions before kept it: models alone. */
const watchedModel = z
  .object({ model: z.string(), from: z.number(), until: z.number() })
  .transform(({ model, from, until }) => ({ kind: "model" as const, name: model, from, until }));

export const tuning = z.object({
  own: z.array(tunedRule),
  watched: z.array(z.union([watchedSubject, watchedModel])),
  /** Those that hold, and those that ended lately: what is read after one is an alarm. */
  permits: z.array(permit).exactOptional(),
});
export type Tuning = z.infer<typeof tuning>;

export const noTuning: Tuning = { own: [], watched: [] };

/** How often a text of somebody's matched, since it is in its stage. */
export const tunedCount = z.object({
  name: z.string(),
  matches: z.int().nonnegative(),
  lastAt: z.number().optional(),
  event: z.string().optional(),
});
export type TunedCount = z.infer<typeof tunedCount>;

/** One step worse; critical stays. */
export function stepUp(severity: Severity): Severity {
  return severities[severities.indexOf(severity) + 1] ?? severity;
}
