import { z } from "zod";
import { bytesText } from "../amounts.ts";
import { detector } from "./detector.ts";
import { asTelling, methodOf, whoText } from "./events.ts";

/**
 * An undeclared principal holds every byte of a model, as the books have it: the theft is complete.
 * Where a source gives no ranges the books know an upper bound only; then it says "may hold", one level lower.
 *
 * Blind spot: a model whose size the register does not know, and bytes that several principals share out: `coalition-coverage`.
 */
export const completeCopy = detector({
  id: "complete-copy",
  title: "Complete copy of a model, accounted for by nobody",
  severity: "critical",
  act: "obtain",
  techniques: ["AML.T0035", "AML.T0025", "T1530"],
  blindspots: [
    "A model without bytes or files in the register: what is all of it cannot be told",
    "Bytes shared out among several principals: coalition-coverage adds these up",
    "A declared reader that passes the bytes on",
  ],
  playbook: "complete-copy",
  options: z.object({}),

  key: (event, { booking, model }) =>
    booking?.holding.complete && !booking.declared && model?.class !== "public" && model?.class !== "base"
      ? JSON.stringify([event.principal, event.model])
      : undefined,

  start: () => ({ told: "nothing" as "nothing" | "<=" | "exact" }),

  step({ told }, event, _options, { booking }) {
    const holding = booking?.holding;
    if (!holding || told === "exact" || told === holding.bound) return { state: { told } };
    const size = bytesText(holding.bytes);
    const sure = holding.bound === "exact";
    const summary = sure
      ? `${whoText(event)} took 100 % of ${event.model}, ${size}; no declared copy accounts for it`
      : `${whoText(event)} may hold all of ${event.model}, at most ${size}; no declared copy accounts for it`;
    return {
      state: { told: holding.bound },
      finding: {
        summary,
        severity: asTelling(event, sure ? "critical" : "high"),
        method: methodOf(event),
        act: event.operation === "copy" ? "copy" : "obtain",
        events: [event.id],
      },
    };
  },

  remembersMs: () => 30 * 86_400_000,
});
