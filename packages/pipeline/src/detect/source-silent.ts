import { z } from "zod";
import { spanText } from "../amounts.ts";
import { detector } from "./detector.ts";
import { field } from "./events.ts";

/**
 * A source was silent for longer than it said it would be. What happened meanwhile is not known, and stopping a log is
 * what a thief does first.
 *
 * Blind spot: a source that still sends something but no longer everything.
 */
export const sourceSilent = detector({
  id: "source-silent",
  title: "A source fell silent",
  severity: "medium",
  techniques: ["T1685.002"],
  blindspots: [
    "A source that still sends, but no longer everything",
    "A source without silenceMs in the configuration is never called silent",
  ],
  playbook: "source-silent",
  options: z.object({}),

  key: (event) => (event.operation === "silence" ? JSON.stringify([event.source]) : undefined),

  start: () => ({}),

  step(state, event) {
    const since = field(event.unmapped, "since");
    const span = typeof since === "number" ? ` for ${spanText(event.time - since)}` : "";
    return {
      state,
      finding: {
        summary: `${event.source} sent nothing${span}; what happened meanwhile is not known`,
        events: [event.id],
      },
    };
  },

  remembersMs: () => 86_400_000,
});
