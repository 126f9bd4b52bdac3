// Stores one batch: events first, because storing them again changes nothing; then all the rest in one transaction.
import { restsOn, severityId, type Alert, type Gap } from "@outweigh/schema";
import { self, type Decision, type EvidenceLog } from "../evidence/log.ts";
import { recordedFields, recordOf } from "../evidence/records.ts";
import { linkAlerts, storeAlerts } from "../store/alerts.ts";
import { storePositions, storeSources } from "../store/checkpoints.ts";
import { storeScan } from "../store/copies.ts";
import type { EventEngine } from "../store/engine/engine.ts";
import { insertEvents } from "../store/events.ts";
import { storeGaps } from "../store/gaps.ts";
import { storeIncidents, type StoredIncident } from "../store/incidents.ts";
import type { Db, Tx } from "../store/state/state.ts";
import { Turns } from "../turns.ts";
import { gradesOfAlerts } from "./alert-grades.ts";
import type { Growth } from "./growth.ts";
import type { Memory } from "./memory.ts";
import type { Tally } from "./tally.ts";

interface CommitContext {
  readonly db: Db;
  readonly engine: EventEngine;
  readonly evidence: EvidenceLog;
  readonly memory: Memory;
  readonly growth: Growth;
  /** Puts all changes on record that wait. */
  readonly recordAll: boolean;
  /** Gaps that are new or ended. */
  readonly gaps: readonly Gap[];
  /** More that goes into the evidence: sources that were added, a silence. */
  readonly decisions: readonly Decision[];
  /** What a person's decision stores beside what the line makes of it: after the incidents. */
  readonly also: ((tx: Tx) => Promise<void>) | undefined;
  readonly now: number;
}

interface Committed {
  readonly incidents: readonly StoredIncident[];
}

/** Stores a batch. All of it, or nothing but events that will be stored again under the same ids. */
export async function commit(tally: Tally, context: CommitContext): Promise<Committed> {
  const { db, engine, evidence, memory, growth, now } = context;
  await insertEvents(engine, tally.events, now);
  const rests = await gradesOfAlerts(tally, db, engine);
  const { incidents, remembered, recorded } = await db.transaction().execute(async (tx) => {
    const freshAlerts = await storeAlerts(tx, [...tally.alerts.values()], rests);
    const incidents = await storeIncidents(tx, [...tally.incidents.values()], now);
    for (const it of tally.incidents.values()) await linkAlerts(tx, it.id, it.alerts);
    await context.also?.(tx);
    for (const it of tally.scans) await storeScan(tx, it, now);
    await storeGaps(tx, context.gaps);
    await storePositions(tx, tally.positions);
    await storeSources(tx, tally.sources);
    const remembered = await memory.store(tx, tally.taken, now);
    const decisions = [...context.decisions];
    const turns = new Turns();
    for (const it of freshAlerts) {
      if (severityId(it.severity) < recordedFrom) continue;
      decisions.push(raised(it, tally, evidence.saltKey));
      await turns.give();
    }
    const grown = growth.plan(tally, incidents, now, context.recordAll);
    decisions.push(...grown.decisions);
    // Last, because whoever appends waits for the one before.
    await evidence.append(tx, decisions, now);
    return { incidents, remembered, recorded: grown.committed };
  });
  remembered();
  recorded();
  return { incidents };
}

/** Alerts below this are signals for correlation: they reach the evidence through the incident they join. */
const recordedFrom = severityId("medium");

/** An alert on record, with the events of this batch that prove it. */
function raised(alert: Alert, tally: Tally, saltKey: Uint8Array): Decision {
  const recorded = new Map([recordOf("alert", alert.id, alert, saltKey)]);
  const events = alert.events.flatMap((id) => tally.event(id) ?? []);
  for (const event of events) recorded.set(...recordOf("event", event.id, event, saltKey));
  return {
    kind: "alert-raised",
    by: self,
    subject: alert.id,
    text: alert.summary,
    fields: {
      rule: alert.rule,
      severity: alert.severity,
      grades: { ...restsOn(events) },
      ...recordedFields(recorded)[0],
    },
  };
}
