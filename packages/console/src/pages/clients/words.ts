// What is said of clients, in one place.
import type { ClientRow, OrderVerb } from "@outweigh/schema";

/** The positions of the answer dial, from all to nothing. */
export const positions = ["full", "rounded", "top-k", "label-only", "suspended"] as const;
export type Position = (typeof positions)[number];

/** What a client gets at each position. */
export const positionText: Readonly<Record<Position, { readonly name: string; readonly gets: string }>> = {
  full: { name: "Full", gets: "answers as the model gave them" },
  rounded: { name: "Round", gets: "probabilities with two decimals" },
  "top-k": { name: "Top k", gets: "the largest probabilities, rounded, three unless an order says otherwise" },
  "label-only": { name: "Label only", gets: "the label, without probabilities, log-probabilities and logits" },
  suspended: { name: "Suspended", gets: "no answers: it is told why, until when, and whom to ask" },
};

/** The order that turns the dial to a position. Full has none: undo what holds. */
export const positionVerb: Readonly<Record<Exclude<Position, "full">, OrderVerb>> = {
  rounded: "round",
  "top-k": "top-k",
  "label-only": "label-only",
  suspended: "suspend",
};

/** What each order does, for the one who chooses. */
export const verbText: Readonly<Record<OrderVerb, { readonly name: string; readonly does: string }>> = {
  throttle: { name: "Throttle", does: "Fewer requests a minute; the rest get 429 with the time to wait." },
  "strip-logprobs": { name: "Strip log-probabilities", does: "Answers come without scores of tokens." },
  round: { name: "Round", does: "Probabilities are rounded: a change of format, no defence by itself." },
  "top-k": { name: "Top k", does: "The largest probabilities are left, rounded; the others are zero." },
  "label-only": { name: "Label only", does: "Labels without probabilities, log-probabilities and logits." },
  "strip-reasoning": { name: "Strip reasoning", does: "Answers come without the model's shown reasoning." },
  challenge: { name: "Challenge", does: "A proof of work with each request; unchanged clients stop working." },
  suspend: { name: "Suspend", does: "Every request gets 403, and is told not to come again." },
  mark: {
    name: "Mark",
    does: "A few answers are wrong on purpose, always the same ones: a clone that took them is proved by them.",
  },
  capture: {
    name: "Capture",
    does: "Prompts and answers are kept, sealed, for a day at most. Two people agree to that, and again to opening it.",
  },
};

/** A reading over its alarm level: 1 alarms. */
export function reading(value: number | undefined): string | undefined {
  return value === undefined ? undefined : value.toFixed(2);
}

/** Bits, as an upper bound. */
export function bits(value: number): string {
  if (value < 10_000) return `≤ ${Math.round(value * 10) / 10} bits`;
  const units = ["k", "M", "G", "T"];
  let rest = value;
  let unit = -1;
  while (rest >= 1000 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `≤ ${rest < 100 ? rest.toFixed(1) : Math.round(rest)} ${units[unit]}bit`;
}

/** Whether detectors can promise anything of it. */
export function readingState({ reading: it }: ClientRow): string {
  if (!it) return "Its queries were not read yet: no detector covers what it asks.";
  if (it.state === "calibrating")
    return "Calibrating: queries are read, and no alarm is promised until the model has a signed calibration.";
  return "Ready: 1 is the level that alarms.";
}
