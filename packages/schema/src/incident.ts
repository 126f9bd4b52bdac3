import { z } from "zod";
import { severity } from "./severity.ts";
import { act, method } from "./theft.ts";

/** OCSF's incident states, 1 to 5. `new`, `in-progress` and `on-hold` are open. */
export const incidentStatus = z.enum(["new", "in-progress", "on-hold", "resolved", "closed"]);
export type IncidentStatus = z.infer<typeof incidentStatus>;

/** A person's judgement. OCSF `verdict_id` 1, 2, 5, 6 and 10. */
export const verdict = z.enum(["false-positive", "true-positive", "benign", "test", "duplicate"]);
export type Verdict = z.infer<typeof verdict>;

/** Alerts that tell one story: the same model or the same principal, close in time. */
export const incident = z.object({
  id: z.string(),
  title: z.string(),
  /** As bad as its worst alert. */
  severity,
  /** Why these alerts stand together, in one sentence. */
  reason: z.string(),
  act: act.optional(),
  method: method.optional(),
  principals: z.array(z.string()),
  models: z.array(z.string()),
  /** What is watched after a confirmed theft and made its alerts worse: `model acme-13b`, `host gpu-7`. */
  raisedBy: z.array(z.string()).exactOptional(),
  alerts: z.array(z.string()).min(1),
  firstAt: z.int().nonnegative(),
  lastAt: z.int().nonnegative(),
});
export type Incident = z.infer<typeof incident>;

export function isOpen(status: IncidentStatus): boolean {
  return status === "new" || status === "in-progress" || status === "on-hold";
}
