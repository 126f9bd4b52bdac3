// What people add to a line while it runs: exceptions, rules of their own, models that are watched, and permits. Plain JSON.
import { permit, severities, type Severity } from "@outweigh/schema";
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

/** A model whose findings count for more, in a time of the events. */
const watchedModel = z.object({ model: z.string(), from: z.number(), until: z.number() });

/** Who took part in a confirmed theft: what they do counts for more, whatever the model. */
const watchedPrincipal = z.object({ principal: z.string(), from: z.number(), until: z.number() });

export const tuning = z.object({
  own: z.array(tunedRule),
  watched: z.array(watchedModel),
  principals: z.array(watchedPrincipal).exactOptional(),
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
