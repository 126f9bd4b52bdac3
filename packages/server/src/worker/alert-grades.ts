// On how many events of each grade the alerts of a batch rest: counted once, when events join them, so that lists can tell it.
import { restsOn, restsOnAll, type Alert, type Rests } from "@outweigh/schema";
import { alertRests } from "../store/alerts.ts";
import type { EventEngine } from "../store/engine/engine.ts";
import { gradesById } from "../store/proof.ts";
import type { Db } from "../store/state/state.ts";
import { storable } from "../store/text.ts";
import type { Tally } from "./tally.ts";

/** Most events of earlier batches that one batch looks up: whoever floods us with alerts must not keep records waiting. */
const maxLooked = 5000;
/** Longest that is waited for them, in ms: an engine that is busy with hunts answers in a fraction of a second. */
const lookMs = 5000;
/** How long an engine that did not answer is not asked again, in ms: or one batch after the other would wait for it. */
const restMs = 60_000;
/** Until when engines are not asked, by `performance.now`. */
const resting = new WeakMap<EventEngine, number>();

type Batch = Pick<Tally, "alerts" | "event">;

interface Counted {
  readonly alert: Alert;
  /** What was counted before. */
  readonly before: Rests | undefined;
  /** Events that were not counted before. */
  readonly fresh: readonly string[];
}

/** By alert. One is left out where that could not be told: too many events to look up, or an engine that does not answer. */
export async function gradesOfAlerts(tally: Batch, db: Db, engine: EventEngine): Promise<Map<string, Rests>> {
  if (tally.alerts.size === 0) return new Map();
  const known = await alertRests(db, [...tally.alerts.keys()]);
  const all = [...tally.alerts.values()].map((alert): Counted => {
    const { rests: before, events = [] } = known.get(alert.id) ?? {};
    const counted = new Set(before && events);
    return { alert, before, fresh: alert.events.filter((it) => !counted.has(storable(it))) };
  });
  const earlier = await lookedUp(
    all.filter(({ fresh }) => fresh.some((it) => !tally.event(it))),
    tally,
    engine,
  );
  return new Map(
    all.flatMap(({ alert, before, fresh }) => {
      const isWhole = earlier !== undefined || fresh.every((it) => tally.event(it));
      if (!isWhole) return [];
      const grades = fresh.map((it) => tally.event(it) ?? earlier?.get(it));
      return [[alert.id, restsOnAll([before, restsOn(grades.filter((it) => it !== undefined))])] as const];
    }),
  );
}

/** Events of earlier batches, with their grades; those that are not kept any more are not in it. Undefined: it cannot be told. */
async function lookedUp(
  all: readonly Counted[],
  tally: Batch,
  engine: EventEngine,
): Promise<ReadonlyMap<string, { readonly grade: string }> | undefined> {
  if (all.length === 0) return new Map();
  const ids = [...new Set(all.flatMap(({ fresh }) => fresh.filter((it) => !tally.event(it))))];
  if (ids.length > maxLooked || performance.now() < (resting.get(engine) ?? 0)) return undefined;
  const alerts = all.map(({ alert }) => alert);
  return gradesById(engine, ids, alerts, AbortSignal.timeout(lookMs)).catch(() => {
    // A mark in a list is all that is lost: the alert's own page reads its events.
    resting.set(engine, performance.now() + restMs);
    return undefined;
  });
}
