import { z } from "zod";
import { bytesText, percentText } from "../amounts.ts";
import { detector } from "./detector.ts";
import { asTelling, methodOf, whoText } from "./events.ts";

/**
 * A read of a private model that no declared copy accounts for: the smallest sign of a theft, and true for any number of bytes.
 *
 * Blind spot: a declared reader that passes bytes on, and reads that no source logs.
 */
export const unaccountedRead = detector({
  id: "unaccounted-read",
  title: "Read of a protected model that nobody declared",
  severity: "medium",
  act: "obtain",
  techniques: ["AML.T0035", "T1530"],
  blindspots: [
    "A declared reader that passes the bytes on",
    "Reads at a source that does not log them, e.g. a bucket without data events",
    "Where a log names nobody, anyone inside looks alike: such reads are low",
  ],
  playbook: "unaccounted-read",
  options: z.object({}),

  key: (event, { booking, model }) =>
    booking && !booking.declared && (model?.class === "private" || model?.class === "delta")
      ? JSON.stringify([event.principal, event.model])
      : undefined,

  start: () => ({ reads: 0 }),

  step({ reads }, event, _options, { booking }) {
    const { bytes, fraction, bound } = booking?.holding ?? { bytes: 0, bound: "exact" };
    const atMost = bound === "<=" ? "at most " : "";
    const share = fraction === undefined ? "" : `, ${atMost}${percentText(fraction)} of it`;
    const amount = bytes > 0 ? `${atMost}${bytesText(bytes)}` : "an unknown number of bytes";
    return {
      state: { reads: reads + 1 },
      finding: {
        summary: `${whoText(event)} read ${amount} of ${event.model}${share}; no declared copy accounts for it`,
        severity: asTelling(event, "medium"),
        method: methodOf(event),
        act: event.operation === "copy" ? "copy" : "obtain",
        events: [event.id],
      },
    };
  },

  remembersMs: () => 86_400_000,
});
