import type { OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import { detector } from "./detector.ts";
import { addressOf, field, inside, isProtected, isRead, networkOf, whoText } from "./events.ts";

interface State {
  /** Where the machine's credentials were used, the first seen first, at most `maxPlaces`. */
  readonly places: readonly { readonly at: string; readonly event: string; readonly time: number }[];
  /** The place that was told of and from which the machine has not been seen back yet. */
  readonly away?: { readonly at: string; readonly event: string; readonly time: number } | undefined;
}

const maxPlaces = 8;

/**
 * Credentials that belong to one machine, pod or task read a protected model from elsewhere than that machine did: from an outside
 * network, or through an endpoint of another private network. When the machine itself goes on reading from its own place, the
 * credentials are in two hands.
 *
 * Blind spot: use inside the own networks from another machine is low only, since pods and second network cards look the same.
 */
export const machineKeyMoved = detector({
  id: "machine-key-moved",
  title: "A machine's credentials used away from the machine",
  severity: "medium",
  act: "obtain",
  method: "credentials",
  techniques: ["T1552.005", "T1078", "AML.T0012"],
  blindspots: [
    "Use from another machine inside the own networks is low: pods and second network cards look the same",
    "A machine whose first read already was the thief's",
    "A new outgoing address that networks in outweigh.yml does not list: medium until it is listed",
  ],
  playbook: "key-elsewhere",
  options: z.object({}),

  key(event, { model }) {
    const session = isProtected(model) && isRead(event) ? machineOf(event) : undefined;
    return session !== undefined && placeOf(event) !== undefined ? JSON.stringify([session]) : undefined;
  },

  start: (): State => ({ places: [] }),

  step({ places, away }: State, event) {
    const at = placeOf(event) ?? inside;
    const here = { at, event: event.id, time: event.time };
    const [home] = places;
    if (!home) return { state: { places: [here] } };
    const who = `${machineOf(event)} of ${whoText(event)}`;
    if (places.some((it) => it.at === at)) {
      if (!away || away.at === at || event.time < away.time) return { state: { places, ...(away && { away }) } };
      return {
        state: { places },
        finding: {
          summary: `${who} reads from ${at} again after its credentials read ${event.model} from ${away.at}: they are in two hands`,
          severity: "high",
          since: away.time,
          events: [away.event, event.id],
        },
      };
    }
    const next = [...places, here].slice(-maxPlaces);
    const inner = event.src_external === false && !at.startsWith("endpoint ") && !home.at.startsWith("endpoint ");
    return {
      state: { places: next, ...(inner ? away && { away } : { away: here }) },
      finding: {
        summary: `${who} read ${event.model} from ${at}; before, these credentials were used from ${home.at}`,
        severity: inner ? "low" : "medium",
        since: home.time,
        events: [home.event, event.id],
      },
    };
  },

  remembersMs: () => 14 * 86_400_000,
});

/** How AWS names the session of a machine's, pod's or task's role: after an instance, a task, a pod identity, or by the SDK itself. */
const machine =
  /^(i-[0-9a-f]{8,17}|[0-9a-f]{32}|eks-[\w-]{8,}|(botocore|aws-sdk-[a-z]+|aws-go-sdk)-session-\d+|aws-sdk-[a-z]+-\d+)$/;

/** The machine that a temporary credential was given to; undefined for people and for keys that stay. */
function machineOf({ actor }: OcsfEvent): string | undefined {
  const session = field(field(actor, "session"), "uid");
  if (typeof session !== "string") return undefined;
  const name = session.slice(session.lastIndexOf("/") + 1);
  return machine.test(name) ? name : undefined;
}

/** An endpoint of a private network, else an address inside, else the network around one outside. */
function placeOf(event: OcsfEvent): string | undefined {
  const endpoint = field(event.unmapped, "vpc_endpoint");
  if (typeof endpoint === "string") return `endpoint ${endpoint}`;
  const network = networkOf(event);
  return network === inside ? addressOf(event) : network;
}
