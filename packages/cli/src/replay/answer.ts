import type { Alert, Incident, Rests } from "@outweigh/schema";
import { sourceOf, type Line } from "@outweigh/pipeline";
import { doubtOf, severityId } from "@outweigh/schema";
import type { Digests } from "./digests.ts";
import type { ReplayedFile } from "./tally.ts";

/** Everything one replay came to. */
export interface Replayed {
  readonly files: readonly ReplayedFile[];
  /** Files that could not be read beside those that they overlap in time. */
  readonly late: number;
  readonly alerts: ReadonlyMap<string, Alert>;
  /** On how many events of each grade each alert rests; one is not in it where that was not known any more. */
  readonly alertRests: ReadonlyMap<string, Rests>;
  readonly incidents: ReadonlyMap<string, Incident>;
  readonly line: Line;
  /** Of all events, how many of each grade. */
  readonly rests: Rests;
  readonly digests: Digests;
  /** How many models the register declares. */
  readonly registered: number;
}

/** The worst first, then the oldest. */
export function bySeverity<It extends Pick<Alert, "severity" | "firstAt">>(list: Iterable<It>): It[] {
  return [...list].sort((a, b) => severityId(b.severity) - severityId(a.severity) || a.firstAt - b.firstAt);
}

/** What `outweigh replay --json` prints: a public contract. Times are ISO 8601 in UTC, sizes bytes. */
export function answerOf(replayed: Replayed): object {
  const { files, late, alerts, incidents, line, rests, digests } = replayed;
  return {
    sources: files.map(({ first, last, rejected, ...it }) => ({
      ...it,
      rejectsNotListed: rejected - it.rejects.length,
      ...(first !== undefined && { first: iso(first) }),
      ...(last !== undefined && { last: iso(last) }),
      cannotSee: it.kind === "unknown" ? ["Anything: no source recognises this file"] : sourceOf(it.kind).cannotSee,
    })),
    events: files.reduce((sum, it) => sum + it.events, 0),
    alerts: bySeverity(alerts.values()).map((it) => ({ ...withIsoTimes(it), ...inDoubt([it.id], replayed) })),
    incidents: bySeverity(incidents.values()).map((it) => ({ ...withIsoTimes(it), ...inDoubt(it.alerts, replayed) })),
    custody: line.holdings(),
    coalition: line.coalition(),
    gaps: line
      .gaps()
      .map(({ from, to, ...it }) => ({ ...it, from: iso(from), ...(to !== undefined && { to: iso(to) }) })),
    rulesRefused: line.refused(),
    filesReadLate: late,
    grades: rests,
    digests: {
      signed: digests.signed,
      accounts: digests.accounts,
      vouched: digests.vouched.size,
      problems: digests.problems,
    },
  };
}

/** What must be said beside what rests on these alerts. */
export function inDoubt(
  ids: readonly string[],
  { alertRests }: Pick<Replayed, "alertRests">,
): { readonly doubt?: string } {
  const doubt = doubtOf(ids.map((it) => alertRests.get(it)));
  return doubt === undefined ? {} : { doubt };
}

function withIsoTimes<It extends { readonly firstAt: number; readonly lastAt: number }>(it: It): object {
  return { ...it, firstAt: iso(it.firstAt), lastAt: iso(it.lastAt) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
