import { z } from "zod";
import { spanText } from "../amounts.ts";
import type { Permitted } from "../permits.ts";
import { detector } from "./detector.ts";
import { isProtected, isRead, methodOf, whoText } from "./events.ts";

/**
 * Whoever had a permit reads beyond it: after its end, from another address than it names, or another model that it is not declared
 * for. An insider who was trusted once is one of the few who know where weights lie.
 *
 * Blind spot: another name for the same person.
 */
export const permitOverstepped = detector({
  id: "permit-overstepped",
  title: "Read beyond a permit",
  severity: "high",
  act: "obtain",
  method: "credentials",
  techniques: ["AML.T0012", "T1078"],
  blindspots: ["The same person under another name", "Copies of what was taken while the permit held"],
  playbook: "permit",
  options: z.object({}),

  key: (event, { permitted, model, declared }) =>
    permitted && permitted.is !== "within" && !declared && isProtected(model) && isRead(event)
      ? JSON.stringify([event.principal, event.model])
      : undefined,

  start: () => ({}),

  step(state, event, _options, { permitted }) {
    const how = permitted ? beyond(permitted, event.time) : "beyond a permit";
    return {
      state,
      finding: {
        summary: `${whoText(event)} read ${event.model} ${how}`,
        method: methodOf(event),
        events: [event.id],
      },
    };
  },

  remembersMs: () => 86_400_000,
});

function beyond({ permit, is }: Permitted, time: number): string {
  switch (is) {
    case "over":
      return `${spanText(time - permit.until)} after its permit was over`;
    case "elsewhere":
      return `from another address than ${permit.address}, which its permit names`;
    case "astray":
      return `while it had a permit for ${permit.model} alone`;
    case "within":
      return "within its permit";
  }
}
