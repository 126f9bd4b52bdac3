import { z } from "zod";
import { detector } from "./detector.ts";
import { methodOf, whoText } from "./events.ts";

/** What counts as touching: looking at a list that happens to show the decoy does not. */
const touches = new Set([
  "download",
  "manifest",
  "stat",
  "copy",
  "decrypt",
  "delete",
  "describe",
  "share",
  "open",
  "launch",
  "rename",
  "link",
]);

/**
 * Somebody touched a model that exists only to be touched by a thief. Nobody has a reason to, so one event is enough,
 * and an attempt that was refused tells as much.
 *
 * Blind spot: a thief who knows which model is the decoy.
 */
export const decoyTouched = detector({
  id: "decoy-touched",
  title: "Decoy touched",
  severity: "critical",
  act: "obtain",
  techniques: ["AML.T0035", "AML.T0007"],
  blindspots: [
    "A thief who knows the decoy",
    "Backups and scanners that read everything: declare them as readers of the decoy",
  ],
  playbook: "decoy-touched",
  options: z.object({}),

  key: (event, { model, declared }) =>
    model?.class === "decoy" && !declared && touches.has(event.operation ?? "")
      ? JSON.stringify([event.principal, event.model])
      : undefined,

  start: () => ({}),

  step: (state, event) => ({
    state,
    finding: {
      summary: `${whoText(event)} ${event.status_id === 2 ? "tried to touch" : "touched"} the decoy ${event.model} (${event.operation}); nobody has a reason to`,
      severity: event.status_id === 2 ? "high" : "critical",
      method: methodOf(event),
      events: [event.id],
    },
  }),

  remembersMs: () => 86_400_000,
});
