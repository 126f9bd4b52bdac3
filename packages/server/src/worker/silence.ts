// Sources that are quiet for longer than they said they would be, and those that speak again.
import type { SourceEntry } from "@outweigh/schema";
import { self, type Decision } from "../evidence/log.ts";
import type { Tally } from "./tally.ts";

/** Tells the line of each silence when it is noticed, and again when it ends: then the gap has its end. */
export function watchSilence(tally: Tally, sources: readonly SourceEntry[], now: number): void {
  for (const { name, silenceMs } of sources) {
    if (silenceMs === undefined) continue;
    const state = tally.source(name);
    const since = state.lastSeenAt ?? state.addedAt;
    if (state.silentFrom !== undefined && since > state.silentFrom) {
      tally.silence(name, state.silentFrom, since);
      const { silentFrom, ...rest } = tally.source(name);
      tally.set(name, rest);
      tally.decisions.push(spoke(name, silentFrom ?? since, since));
    } else if (state.silentFrom === undefined && now - since > silenceMs) {
      tally.silence(name, since, now);
      tally.set(name, { ...tally.source(name), silentFrom: since });
      tally.decisions.push(fellSilent(name, since));
    }
  }
}

function fellSilent(source: string, from: number): Decision {
  const text = `${source} is silent since ${iso(from)}: what happens is not known`;
  return { kind: "gap-began", by: self, subject: source, text };
}

function spoke(source: string, from: number, to: number): Decision {
  const text = `${source} speaks again: what happened from ${iso(from)} to ${iso(to)} is not known`;
  return { kind: "gap-ended", by: self, subject: source, text };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
