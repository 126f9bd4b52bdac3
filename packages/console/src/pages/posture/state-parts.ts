import type { ControlRow } from "@outweigh/schema";

/** A stretch of time in one state, as fractions of the whole from 0 to 1. */
interface StatePart {
  readonly left: number;
  readonly width: number;
  readonly state: ControlRow["state"];
}

const dayMs = 86_400_000;

/** The states of the last `days` before `now`, oldest first. Before the first look there is nothing. */
export function stateParts(history: ControlRow["history"], now: number, days: number): StatePart[] {
  const from = now - days * dayMs;
  const place = (at: number) => Math.min(1, Math.max(0, (at - from) / (days * dayMs)));
  return history
    .map(({ at, state }, i) => ({ left: place(at), end: place(history[i - 1]?.at ?? now), state }))
    .filter((it) => it.end > it.left)
    .map(({ left, end, state }) => ({ left, width: end - left, state }))
    .reverse();
}
