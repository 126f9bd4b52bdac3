import type { OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import { spanText } from "../amounts.ts";
import { detector } from "./detector.ts";
import { agentOf, inside, isProtected, isRead, isTimed, networkOf, whoText } from "./events.ts";

/** One use of a key: from where, with what, when. */
interface Use {
  readonly from: string;
  readonly agent: string;
  readonly at: number;
  readonly event: string;
}

interface State {
  /** The newest use from each network and agent, oldest first, at most `maxUses`; and the use before it, if there was one within the window. */
  readonly uses: readonly (Use & { readonly before?: number })[];
  /** Sets of networks that were told of, at most `maxTold`. */
  readonly told: readonly string[];
}

const maxUses = 16;
const maxTold = 32;
/** Longest user agent compared, in UTF-16 units. */
const maxAgent = 120;

/**
 * One key reads protected models from unrelated networks at once: from one, then another, then the first again, within an hour.
 * Somebody who moves does not come back that fast. Either several share the key, or it was stolen and its owner still works.
 *
 * Blind spot: all of the own networks count as one; a thief who waits until the owner stops.
 */
export const sharedKey = detector({
  id: "shared-key",
  title: "One key in use from unrelated networks at once",
  severity: "medium",
  act: "obtain",
  method: "credentials",
  techniques: ["T1078", "AML.T0012", "AML.T0055"],
  blindspots: [
    "Several users of one key inside the own networks, which count as one",
    "A thief who uses the key while its owner does not",
    "A person whose VPN drops in and out, and a job that runs at several providers: they look the same",
  ],
  playbook: "key-elsewhere",
  options: z.object({ windowMs: z.int().positive().default(3_600_000) }),

  key: (event, { model }) =>
    isProtected(model) &&
    isRead(event) &&
    isTimed(event) &&
    event.vouched !== false &&
    !event.principal.startsWith("anonymous@") &&
    networkOf(event) !== undefined
      ? JSON.stringify([event.credential ?? event.principal])
      : undefined,

  start: (): State => ({ uses: [], told: [] }),

  step(state: State, event, { windowMs }) {
    const use = useOf(event);
    const recent = state.uses.filter((it) => Math.abs(use.at - it.at) < windowMs);
    const own = recent.find((it) => it.from === use.from && it.agent === use.agent);
    const next = {
      uses: [...recent.filter((it) => it !== own), { ...use, ...(own && { before: own.at }) }].slice(-maxUses),
      told: state.told,
    };
    // Here before, elsewhere since, and now here again.
    const other = recent.find((it) => it.from !== use.from && returned(recent, it, use));
    if (!other) return { state: next };
    const pair = [use.from, other.from].sort().join(" ");
    if (state.told.includes(pair)) return { state: next };
    const here = recent.filter((it) => it.from === use.from);
    const since = Math.min(other.at, ...here.map((it) => it.at));
    const agents = here.some((it) => it.agent === other.agent) ? "" : `, by other programs (${other.agent || "none"})`;
    return {
      state: { ...next, told: [...state.told, pair].slice(-maxTold) },
      finding: {
        summary: `${whoText(event)} read ${event.model} from ${use.from} and ${other.from} in turns within ${spanText(Math.max(1000, use.at - since))}${agents}: one key, several users`,
        since,
        events: [...here.map((it) => it.event), other.event, event.id],
      },
    };
  },

  remembersMs: ({ windowMs }) => Math.max(windowMs, 86_400_000),
});

function useOf(event: OcsfEvent): Use {
  return {
    from: networkOf(event) ?? inside,
    agent: (agentOf(event) ?? "").slice(0, maxAgent),
    at: event.time,
    event: event.id,
  };
}

/** Whether the network of `use` was in use before `other` was, too. */
function returned(recent: State["uses"], other: Use, use: Use): boolean {
  return (
    recent.some((it) => it.from === use.from && Math.min(it.at, it.before ?? it.at) < other.at) && other.at < use.at
  );
}
