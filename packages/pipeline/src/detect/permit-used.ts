import { z } from "zod";
import { bytesText, percentText } from "../amounts.ts";
import { detector } from "./detector.ts";
import { whoText } from "./events.ts";

/**
 * What is read under a permit: told, with how much of the model is out by it. The books go on counting it, since no declared copy
 * accounts for it.
 *
 * Blind spot: what the reader does with the bytes.
 */
export const permitUsed = detector({
  id: "permit-used",
  title: "Read under a permit",
  severity: "low",
  act: "obtain",
  techniques: ["AML.T0035"],
  blindspots: ["What the reader does with the bytes afterwards", "Reads at a source that does not log them"],
  playbook: "permit",
  options: z.object({}),

  key: (event, { booking, permitted }) =>
    booking && permitted?.is === "within" ? JSON.stringify([event.principal, event.model]) : undefined,

  start: () => ({}),

  step(state, event, _options, { booking, permitted }) {
    const { bytes, fraction, bound } = booking?.holding ?? { bytes: 0, bound: "exact" };
    const atMost = bound === "<=" ? "at most " : "";
    const share = fraction === undefined ? "" : `, ${atMost}${percentText(fraction)} of it`;
    return {
      state,
      finding: {
        summary: `${whoText(event)} read ${atMost}${bytesText(bytes)} of ${event.model}${share}, under the permit that ${permitted?.permit.by} asked for and ${permitted?.permit.agreedBy} agreed to`,
        events: [event.id],
      },
    };
  },

  remembersMs: () => 86_400_000,
});
