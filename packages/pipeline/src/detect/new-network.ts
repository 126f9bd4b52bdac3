import { z } from "zod";
import { detector } from "./detector.ts";
import { asTelling, inside, isProtected, isRead, isTimed, networkOf, whoText } from "./events.ts";

interface State {
  /** Networks that it read from, the newest last, at most `maxNetworks`. */
  readonly networks: readonly string[];
  /** Different days on which it read, and the newest of them, counted from 1970. */
  readonly days: number;
  readonly lastDay: number;
}

/** Whoever is known from more networks than this has no usual one. */
const maxNetworks = 8;
const dayMs = 86_400_000;

/**
 * A declared reader that has read on several days, always from the same few networks, reads a protected model from another one:
 * what a stolen key looks like when it is used elsewhere. The books balance, since the reader may read.
 *
 * Blind spot: a thief inside the own networks or in the reader's own network.
 */
export const newNetwork = detector({
  id: "new-network",
  title: "Declared reader reads from a network never seen for it",
  severity: "medium",
  act: "obtain",
  method: "credentials",
  techniques: ["T1078", "AML.T0012"],
  blindspots: [
    "A thief inside the own networks, or in a network that the reader uses too",
    "A reader that is used from many networks has no usual one; of one that is new nothing is usual yet",
    "A new outgoing address, or a colleague who travels: they look the same",
  ],
  playbook: "key-elsewhere",
  options: z.object({
    /** Different days of reading before a network counts as unusual. */
    minDays: z.int().positive().default(5),
  }),

  key: (event, { declared, model }) =>
    declared && isProtected(model) && isRead(event) && isTimed(event) && networkOf(event) !== undefined
      ? JSON.stringify([event.principal])
      : undefined,

  start: (): State => ({ networks: [], days: 0, lastDay: -1 }),

  step(state: State, event, { minDays }) {
    const from = networkOf(event) ?? inside;
    const day = Math.floor(event.time / dayMs);
    const next: State = {
      networks: [...state.networks.filter((it) => it !== from), from].slice(-maxNetworks - 1),
      days: state.days + (day > state.lastDay ? 1 : 0),
      lastDay: Math.max(day, state.lastDay),
    };
    const usual = state.networks.length > 0 && state.networks.length <= maxNetworks && state.days >= minDays;
    if (!usual || from === inside || state.networks.includes(from)) return { state: next };
    return {
      state: next,
      finding: {
        summary: `${whoText(event)} read ${event.model} from ${from}, where it never read before; on ${state.days} days it read from ${state.networks.join(", ")} alone`,
        severity: asTelling(event, "medium"),
        events: [event.id],
      },
    };
  },

  remembersMs: () => 90 * dayMs,
});
