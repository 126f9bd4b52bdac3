import { z } from "zod";

/** How bad, in rising order: Sigma's levels, and OCSF's severity_id 1 to 5. Compare by place, never by name. */
export const severities = ["informational", "low", "medium", "high", "critical"] as const;

export const severity = z.enum(severities);
export type Severity = z.infer<typeof severity>;

/** The place of a severity on the scale, 1 to 5: OCSF's `severity_id`. */
export function severityId(it: Severity): number {
  return severities.indexOf(it) + 1;
}

/** The worse of two, so that a group is as bad as its worst member. */
export function worse(a: Severity, b: Severity): Severity {
  return severityId(a) >= severityId(b) ? a : b;
}
