import { z } from "zod";
import { spanText } from "../amounts.ts";
import { detector } from "./detector.ts";
import { asTelling, isProtected, isRead, isTimed, methodOf, whoText } from "./events.ts";

/**
 * A declared reader that has not read a model for months reads it: a right that nobody uses any more is one that nobody misses
 * when it is stolen. The undeclared are `unaccounted-read`'s.
 *
 * Blind spot: a right that was never used, see `first-reader`; and a thief who reads a little now and then.
 */
export const dormantReader = detector({
  id: "dormant-reader",
  title: "Declared reader reads again after months of silence",
  severity: "medium",
  act: "obtain",
  techniques: ["T1078", "AML.T0012"],
  blindspots: [
    "A right that was never used: its first use is low, see first-reader",
    "A thief who reads a little now and then keeps it awake",
    "Silence before the first record that is here is not known",
  ],
  playbook: "unaccounted-read",
  options: z.object({
    /** Silence that counts, in ms: a quarter with its holidays is shorter. */
    silentMs: z
      .int()
      .positive()
      .default(90 * 86_400_000),
  }),

  key: (event, { declared, model }) =>
    declared && isProtected(model) && isRead(event) && isTimed(event)
      ? JSON.stringify([event.principal, event.model])
      : undefined,

  start: (): { last?: { at: number; event: string } } => ({}),

  step({ last }, event, { silentMs }) {
    const state = { last: last && last.at > event.time ? last : { at: event.time, event: event.id } };
    if (!last || event.time - last.at < silentMs) return { state };
    return {
      state,
      finding: {
        summary: `${whoText(event)} read ${event.model} for the first time in ${spanText(event.time - last.at)}`,
        severity: asTelling(event, "medium"),
        method: methodOf(event),
        events: [last.event, event.id],
      },
    };
  },

  remembersMs: ({ silentMs }) => Math.max(silentMs * 4, 400 * 86_400_000),
});
