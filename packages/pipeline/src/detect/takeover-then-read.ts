import type { OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import { spanText } from "../amounts.ts";
import { detector } from "./detector.ts";
import { field, isRead, personOf, whoText } from "./events.ts";
import { placeOf } from "./impossible-travel.ts";
import { distanceKm, speedKmh, type Sighting } from "./travel.ts";

/** A sign that somebody else may have an account. */
interface Sign {
  readonly what: string;
  readonly at: number;
  readonly event: string;
}

interface State {
  /** The newest signs, at most `maxSigns`, each kind once. */
  readonly signs: readonly Sign[];
  /** When prompts were refused, at most `maxRefusals`. */
  readonly refused: readonly number[];
  /** Countries of granted sign-ins, at most `maxCountries`; a first one is only a sign once there are several sign-ins. */
  readonly countries: readonly string[];
  readonly logons: number;
  readonly last?: Sighting | undefined;
  /** Models that were told of since the newest sign. */
  readonly told: readonly string[];
}

const maxSigns = 8;
const maxRefusals = 20;
const maxCountries = 50;
const maxTold = 50;
/** Refused prompts within an hour before one that was granted: by mistake one refuses once or twice. */
const minRefusals = 3;
const refusalMs = 3_600_000;
/** Sign-ins before a new country says anything. */
const minLogons = 5;
/** As in `impossible-travel`. */
const minKm = 500;
const maxKmh = 1000;

/**
 * An account shows signs of having been taken over (a changed factor or password, a sign-in from a new device, from a country
 * never seen or too far away, prompts refused until one was granted, the provider's own warning), and then the same person reads a
 * protected model.
 *
 * Blind spot: a person under two names that nothing ties together, and a thief who waits longer than the window.
 */
export const takeoverThenRead = detector({
  id: "takeover-then-read",
  title: "Model read after signs of a taken-over account",
  severity: "high",
  act: "obtain",
  method: "credentials",
  techniques: ["T1078", "AML.T0012", "AML.T0035"],
  blindspots: [
    "A person whose name at the provider and at the store nothing ties together, e.g. a role whose sessions have no e-mail address",
    "A sign whose record arrives after that of the read",
    "A thief who waits longer than the window, or who steals a session instead of signing in",
    "A person with a new phone who then works: it looks the same",
  ],
  playbook: "account-takeover",
  options: z.object({ windowMs: z.int().positive().default(86_400_000) }),

  key(event, { model }) {
    const read = isRead(event) && (model?.class === "private" || model?.class === "delta" || model?.class === "decoy");
    return read || signing.has(event.operation ?? "") ? JSON.stringify([personOf(event)]) : undefined;
  },

  start: (): State => ({ signs: [], refused: [], countries: [], logons: 0, told: [] }),

  step(state: State, event, { windowMs }, { declared }) {
    if (signing.has(event.operation ?? "")) return { state: observe(state, event) };
    const model = event.model ?? "";
    const signs = state.signs.filter((it) => it.at <= event.time && it.at > event.time - windowMs);
    const [first] = signs;
    if (!first || state.told.includes(model)) return { state };
    return {
      state: { ...state, told: [...state.told, model].slice(-maxTold) },
      finding: {
        summary: `${whoText(event)} read ${model} ${spanText(event.time - first.at)} after ${signs.map((it) => it.what).join(", and ")}`,
        severity: declared && signs.length === 1 && first.what !== warned ? "high" : "critical",
        since: first.at,
        events: [...signs.map((it) => it.event), event.id],
      },
    };
  },

  remembersMs: ({ windowMs }) => Math.max(windowMs, 90 * 86_400_000),
});

const signing = new Set(["logon", "mfa-refuse", "mfa-change", "password-change", "threat"]);
const warned = "a warning of the identity provider";

/** What an identity provider's event adds to what is known of a person. */
function observe(state: State, event: OcsfEvent): State {
  if (event.operation === "mfa-refuse") {
    return { ...state, refused: [...state.refused, event.time].slice(-maxRefusals) };
  }
  if (event.status_id === 2) return state;
  const next = event.operation === "logon" ? logon(state, event) : state;
  const found = signsOf(state, event);
  if (found.length === 0) return next;
  const kinds = found.map((what) => ({ what, at: event.time, event: event.id }));
  const others = next.signs.filter((it) => !found.includes(it.what));
  return { ...next, signs: [...others, ...kinds].slice(-maxSigns), told: [] };
}

function logon(state: State, event: OcsfEvent): State {
  const country = field(event.unmapped, "country");
  const place = placeOf(event);
  const known = typeof country !== "string" || state.countries.includes(country);
  return {
    ...state,
    logons: Math.min(state.logons + 1, minLogons),
    countries: known ? state.countries : [...state.countries, country].slice(-maxCountries),
    last: place && (!state.last || place.at >= state.last.at) ? place : state.last,
  };
}

function signsOf(state: State, event: OcsfEvent): string[] {
  switch (event.operation) {
    case "mfa-change":
      return ["a second factor was changed"];
    case "password-change":
      return ["a password was changed"];
    case "threat":
      return [warned];
    case "logon":
      return logonSigns(state, event);
    default:
      return [];
  }
}

function logonSigns({ refused, countries, logons, last }: State, event: OcsfEvent): string[] {
  const country = field(event.unmapped, "country");
  const here = placeOf(event);
  const pushed = refused.filter((at) => at <= event.time && at > event.time - refusalMs).length;
  return [
    ...(field(event.unmapped, "new_device") === true ? ["a sign-in from a new device"] : []),
    ...(typeof country === "string" && logons >= minLogons && !countries.includes(country)
      ? [`the first sign-in from ${country.slice(0, 40)}`]
      : []),
    ...(pushed >= minRefusals ? [`a prompt was granted after ${pushed} were refused`] : []),
    ...(here && last && distanceKm(last, here) >= minKm && speedKmh(last, here) >= maxKmh
      ? ["a sign-in too far from the one before"]
      : []),
  ];
}
