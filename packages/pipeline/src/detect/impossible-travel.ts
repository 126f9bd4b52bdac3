import type { OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import { spanText } from "../amounts.ts";
import { detector } from "./detector.ts";
import { field, personOf, whoText } from "./events.ts";
import { distanceKm, speedKmh, type Sighting } from "./travel.ts";

/**
 * One person signs in at two places that nobody could reach in the time between. Low by itself, since places are guessed from
 * addresses; it weighs when the same person then reads a model, which `takeover-then-read` tells.
 *
 * Blind spot: a thief near the victim, or behind a proxy that is.
 */
export const impossibleTravel = detector({
  id: "impossible-travel",
  title: "Signed in at two places too far apart",
  severity: "low",
  method: "credentials",
  techniques: ["T1078", "AML.T0012"],
  blindspots: [
    "A thief near the victim, or behind a proxy there",
    "Proxies and mobile networks, whose addresses lie elsewhere than their users: they look the same",
    "Providers that tell no coordinates",
  ],
  playbook: "account-takeover",
  options: z.object({
    /** Faster than an airliner with its way to the airport, in km/h. */
    kmh: z.number().positive().default(1000),
    /** Nearer sightings say nothing: places of addresses are that far off. */
    minKm: z.number().positive().default(500),
  }),

  key: (event) => (placeOf(event) ? JSON.stringify([personOf(event)]) : undefined),

  start: (): { last?: Sighting } => ({}),

  step({ last }, event, { kmh, minKm }) {
    const here = placeOf(event);
    if (!here) return { state: { ...(last && { last }) } };
    const newest = last && last.at > here.at ? last : here;
    if (!last || distanceKm(last, here) < minKm || speedKmh(last, here) < kmh) return { state: { last: newest } };
    const far = Math.round(distanceKm(last, here));
    return {
      state: { last: newest },
      finding: {
        summary: `${whoText(event)} signed in ${far} km from where they had ${spanText(Math.abs(here.at - last.at))} before`,
        principal: personOf(event),
        since: Math.min(last.at, here.at),
        events: [last.event, event.id],
      },
    };
  },

  remembersMs: () => 2 * 86_400_000,
});

/** Where a granted sign-in came from, if the provider says. */
export function placeOf(event: OcsfEvent): Sighting | undefined {
  if (event.operation !== "logon" || event.status_id === 2) return undefined;
  const latitude = field(event.unmapped, "latitude");
  const longitude = field(event.unmapped, "longitude");
  if (typeof latitude !== "number" || typeof longitude !== "number") return undefined;
  return { latitude, longitude, at: event.time, event: event.id };
}
