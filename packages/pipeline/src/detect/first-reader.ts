import { z } from "zod";
import { detector } from "./detector.ts";
import { methodOf, whoText } from "./events.ts";

/**
 * The first read of a protected model by a principal that the register allows: worth knowing, not worth waking anyone.
 * The undeclared are `unaccounted-read`'s.
 *
 * Blind spot: everyone is new when the books are; and a stolen key is not new.
 */
export const firstReader = detector({
  id: "first-reader",
  title: "First read by a declared reader",
  severity: "low",
  techniques: ["AML.T0035"],
  blindspots: ["A stolen key of a principal that has read before", "Right after the start everyone is new"],
  playbook: "unaccounted-read",
  options: z.object({}),

  key: (event, { booking, model }) =>
    booking?.firstRead && booking.declared && model?.class !== "public" && model?.class !== "base"
      ? JSON.stringify([event.principal, event.model])
      : undefined,

  start: () => ({}),

  step: (state, event) => ({
    state,
    finding: {
      summary: `${whoText(event)} read ${event.model} for the first time, as the register allows`,
      method: methodOf(event),
      events: [event.id],
    },
  }),

  remembersMs: () => 86_400_000,
});
