import { z } from "zod";
import { detector } from "./detector.ts";
import { field, isRead, isTimed, methodOf, whoText } from "./events.ts";
import { see, slidingSet } from "./sliding-set.ts";

/**
 * One file of weights fetched in pieces by a principal that is not declared for it: what download managers do, to be fast or to
 * stay below a limit on each request.
 *
 * Blind spot: pieces fetched over more than the window or by several principals; the books still add these up.
 */
export const segmentedDownload = detector({
  id: "segmented-download",
  title: "Weights fetched in pieces",
  severity: "medium",
  act: "obtain",
  techniques: ["AML.T0025", "T1030"],
  blindspots: [
    "Pieces fetched slower than the window, or by several principals",
    "Records that carry no time and come from inside: order is all they tell",
    "A download that broke off and was resumed several times looks the same",
  ],
  playbook: "unaccounted-read",
  options: z.object({
    /** Pieces of one file in one window before we speak up. */
    limit: z.int().min(2).max(200).default(4),
    windowMs: z.int().positive().default(600_000),
  }),

  key: (event, { declared }) =>
    isRead(event) &&
    event.weights === true &&
    !declared &&
    isPiece(event) &&
    (isTimed(event) || event.src_external === true)
      ? JSON.stringify([event.principal, event.artifact])
      : undefined,

  start: ({ windowMs }) => slidingSet(windowMs),

  step(state, event, { limit, windowMs }) {
    const next = see(state, event.id, event.time, event.id);
    if (next.members.length < limit) return { state: next };
    const within = isTimed(event) ? `within ${windowMs / 60_000} min` : "in a log that gives no times";
    return {
      state: slidingSet(windowMs), // start over: one finding for each full window, not one for each piece
      finding: {
        summary: `${whoText(event)} fetched ${event.artifact} in ${next.members.length} pieces ${within}`,
        method: methodOf(event),
        since: next.members[0]?.at,
        events: next.members.map((it) => it.event),
      },
    };
  },

  remembersMs: ({ windowMs }) => windowMs,
});

function isPiece(event: Parameters<typeof isRead>[0]): boolean {
  return field(event.http_response, "code") === 206;
}
