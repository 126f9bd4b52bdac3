import { z } from "zod";
import { spanText } from "../amounts.ts";
import { detector } from "./detector.ts";
import { field, isRead, methodOf, personOf, whoText } from "./events.ts";
import { see, slidingSet, type SlidingSet } from "./sliding-set.ts";

interface State {
  /** The newest key that was made. */
  readonly made?: { readonly call: string; readonly at: number; readonly event: string } | undefined;
  readonly taken: SlidingSet;
}

/**
 * Somebody makes a key, token or deploy key, and then takes several files of weights or repositories: what a thief does who wants to
 * come back without signing in.
 *
 * Blind spot: a key that is used under another name than its maker's; the books still add up what it takes.
 */
export const keyThenBulkRead = detector({
  id: "key-then-bulk-read",
  title: "Made a key, then took weights in bulk",
  severity: "high",
  act: "obtain",
  method: "credentials",
  techniques: ["T1098.001", "AML.T0012", "AML.T0035"],
  blindspots: [
    "A key used under another name than its maker's, e.g. a service account's",
    "Fewer files than the limit, or later than the window",
    "A person who sets up a new machine and is not declared as a reader",
  ],
  playbook: "account-takeover",
  options: z.object({
    /** Different files or repositories taken before we speak up. */
    limit: z.int().min(2).max(200).default(3),
    windowMs: z.int().positive().default(86_400_000),
  }),

  key(event, { declared }) {
    if (event.status_id === 2) return undefined;
    const takes = isRead(event) && !declared && (event.weights === true || event.model !== undefined);
    return event.operation === "create-key" || takes ? JSON.stringify([personOf(event)]) : undefined;
  },

  start: ({ windowMs }): State => ({ taken: slidingSet(windowMs) }),

  step(state: State, event, { limit, windowMs }) {
    if (event.operation === "create-key") {
      const call = field(event.api, "operation");
      const made = { call: typeof call === "string" ? call : "a key", at: event.time, event: event.id };
      return { state: state.made && state.made.at > made.at ? state : { ...state, made } };
    }
    const { made } = state;
    if (!made || event.time < made.at || event.time - made.at >= windowMs) return { state };
    const taken = see(state.taken, event.artifact ?? "", event.time, event.id);
    const since = taken.members.filter((it) => it.at >= made.at);
    if (since.length < limit) return { state: { ...state, taken } };
    return {
      state: { taken: slidingSet(windowMs) },
      finding: {
        summary: `${whoText(event)} made a key (${made.call.slice(0, 80)}) and took ${since.length} files or repositories within ${spanText(event.time - made.at)} of it`,
        method: methodOf(event) === "repositories" ? "repositories" : "credentials",
        since: made.at,
        events: [made.event, ...since.map((it) => it.event)],
      },
    };
  },

  remembersMs: ({ windowMs }) => windowMs,
});
