import type { Severity } from "@outweigh/schema";
import { z } from "zod";
import { bytesText, countText, percentText } from "../amounts.ts";
import { detector } from "./detector.ts";
import { asTelling, methodOf } from "./events.ts";

/**
 * All undeclared readers of a model, taken as one thief, hold much of it together although none holds it alone.
 * The bound stands for any number of identities, and for a download spread over months.
 *
 * Blind spot: honest readers whom nobody declared pool too; declaring them takes them out.
 */
export const coalitionCoverage = detector({
  id: "coalition-coverage",
  title: "Undeclared readers together hold much of a model",
  severity: "high",
  act: "obtain",
  techniques: ["AML.T0035", "AML.T0025", "T1530"],
  blindspots: [
    "Honest readers that nobody declared are counted as one thief; they belong in the register",
    "A model without bytes or files in the register: shares of it cannot be told",
  ],
  playbook: "complete-copy",
  options: z.object({
    /** Shares of the model, 0 to 1, each told once. */
    shares: z.array(z.number().positive().max(1)).default([0.1, 0.5, 1]),
  }),

  key: (event, { booking, model }) =>
    booking &&
    !booking.declared &&
    booking.coalitionAdded > 0 &&
    (model?.class === "private" || model?.class === "delta")
      ? JSON.stringify([event.model])
      : undefined,

  start: () => ({ told: 0 }),

  step({ told }, event, { shares }, { booking }) {
    const { coalition, holding } = booking ?? {};
    const fraction = coalition?.fraction;
    const alone = holding?.fraction ?? 0;
    if (!coalition || fraction === undefined || coalition.readers < 2 || alone >= fraction) return { state: { told } };
    const reached = Math.max(0, ...shares.filter((it) => fraction >= it));
    if (reached <= told) return { state: { told } };
    const atMost = coalition.bound === "<=" ? "at most " : "";
    return {
      state: { told: reached },
      finding: {
        summary: `${countText(coalition.readers, "undeclared reader")} of ${event.model} together hold ${atMost}${percentText(fraction)} of it, ${bytesText(coalition.bytes)}`,
        severity: asTelling(event, severityOf(reached, coalition.bound === "exact")),
        method: methodOf(event),
        principal: null,
        events: [event.id],
      },
    };
  },

  remembersMs: () => 365 * 86_400_000,
});

function severityOf(reached: number, sure: boolean): Severity {
  if (reached >= 1) return sure ? "critical" : "high";
  return reached >= 0.5 ? "high" : "medium";
}
