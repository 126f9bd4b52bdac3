import { z } from "zod";
import { detector } from "./detector.ts";
import { isProtected, methodOf, whoText } from "./events.ts";

/**
 * Somebody whom nobody declared was told size and digest of a protected model's weights: registries' clients ask before they
 * download, so it speaks before the first byte.
 *
 * Blind spot: a client that does not ask first.
 */
export const weightsLookedUp = detector({
  id: "weights-looked-up",
  title: "Weights looked up by somebody who is no declared reader",
  severity: "medium",
  act: "obtain",
  techniques: ["AML.T0007", "T1526"],
  blindspots: [
    "A client that downloads without asking first",
    "From inside, and where a log names nobody, it is low: people and programs that list look the same",
  ],
  playbook: "unaccounted-read",
  options: z.object({}),

  key: (event, { declared, model }) =>
    (event.operation === "stat" || event.operation === "manifest") &&
    event.status_id !== 2 &&
    event.weights !== false &&
    !declared &&
    isProtected(model)
      ? JSON.stringify([event.principal, event.model])
      : undefined,

  start: () => ({ told: false }),

  step({ told }, event) {
    if (told) return { state: { told } };
    const named = event.vouched !== false && !event.principal.startsWith("anonymous@");
    return {
      state: { told: true },
      finding: {
        summary: `${whoText(event)} asked about the weights of ${event.model} and was answered; no register entry lets them read it`,
        severity: named && event.src_external === true ? "medium" : "low",
        method: methodOf(event),
        events: [event.id],
      },
    };
  },

  remembersMs: () => 3 * 86_400_000,
});
