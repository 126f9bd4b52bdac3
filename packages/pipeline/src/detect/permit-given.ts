import { z } from "zod";
import { spanText } from "../amounts.ts";
import { detector } from "./detector.ts";
import { textIn } from "./events.ts";

/**
 * Two people let a principal take a model out. It is an incident like others, so that somebody who did not agree to it hears of it and
 * closes it, and everything that is read under it stands with it.
 *
 * Blind spot: weights that are handed out without asking here.
 */
export const permitGiven = detector({
  id: "permit-given",
  title: "A model may be taken out, for a time",
  severity: "medium",
  act: "obtain",
  techniques: ["AML.T0012", "T1078"],
  blindspots: ["Weights that somebody hands out without a permit: those reads are like any other"],
  playbook: "permit",
  options: z.object({}),

  key: (event) => (event.operation === "permit" ? event.id : undefined),

  start: () => ({}),

  step(state, event) {
    const text = (name: string) => textIn(event.unmapped, name) ?? "";
    const from = text("address");
    return {
      state,
      finding: {
        summary: `${text("by")} asked and ${text("agreed_by")} agreed: ${event.principal} may take ${event.model} out for ${spanText(Number(text("lasts")))}${from === "" ? "" : ` from ${from}`}: ${text("reason")}`,
        events: [event.id],
        matched: ["permit", "by", "agreed_by", "reason"].map((name) => ({
          field: `unmapped.${name}`,
          value: text(name),
        })),
      },
    };
  },

  remembersMs: () => 86_400_000,
});
