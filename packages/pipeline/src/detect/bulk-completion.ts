import { z } from "zod";
import { detector } from "./detector.ts";
import { isTimed, whoText } from "./events.ts";
import { add, slidingCount, total } from "./sliding-count.ts";

/**
 * A key that collects completions faster than a person reads and most products ask: the loud form of rebuilding a
 * model from its answers. It says "consistent with", never "proven".
 *
 * Blind spot: work spread over many keys, or slower than the limit; and batch jobs, which look the same.
 */
export const bulkCompletion = detector({
  id: "bulk-completion",
  title: "Bulk collection of completions",
  severity: "medium",
  act: "replicate",
  method: "queries",
  techniques: ["AML.T0024.002", "AML.T0040"],
  blindspots: [
    "Work spread over many keys stays under the limit of each",
    "Batch and evaluation jobs look the same: a count says nothing about what was asked. From inside the own networks it is therefore low",
    "Records that carry no time and come from inside: their rate is not known",
  ],
  playbook: "bulk-completion",
  options: z.object({
    /** Completions in one window before we speak up. */
    limit: z.int().positive().default(200),
    windowMs: z.int().positive().default(3_600_000),
  }),

  // As JSON, so that no choice of names lets two principals share a key.
  key: (event) =>
    event.operation === "complete" && event.status_id !== 2 && (isTimed(event) || event.src_external === true)
      ? JSON.stringify([event.credential ?? event.principal, event.model])
      : undefined,

  start: ({ windowMs }) => slidingCount(windowMs),

  step(state, event, { limit, windowMs }) {
    const next = add(state, event.time);
    if (total(next) < limit) return { state: next };
    const within = isTimed(event) ? `within ${windowMs / 60_000} min` : "in a log that gives no times";
    return {
      state: slidingCount(windowMs), // start over: one finding for each full window, not one for each event
      finding: {
        summary: `${whoText(event)} took ${limit} completions ${within}, which is consistent with collecting answers to rebuild a model`,
        severity: event.src_external === false ? "low" : "medium",
        events: [event.id],
      },
    };
  },

  remembersMs: ({ windowMs }) => windowMs,
});
