// Stores one batch: events first, because storing them again changes nothing; then all the rest in one transaction.
import { documentDigest, documentOf, type JsonObject } from "@outweigh/evidence";
import { severityId, type Alert, type Gap, type Incident } from "@outweigh/schema";
import { self, type Decision, type EvidenceLog } from "../evidence/log.ts";
import { linkAlerts, storeAlerts } from "../store/alerts.ts";
import { storePositions, storeSources } from "../store/checkpoints.ts";
import { storeScan } from "../store/copies.ts";
import type { EventEngine } from "../store/engine/engine.ts";
import { insertEvents } from "../store/events.ts";
import { storeGaps } from "../store/gaps.ts";
import { storeIncidents, type StoredIncident } from "../store/incidents.ts";
import type { Db } from "../store/state/state.ts";
import { storableJson } from "../store/text.ts";
import { Turns } from "../turns.ts";
import type { Memory } from "./memory.ts";
import type { Tally } from "./tally.ts";

export interface CommitContext {
  readonly db: Db;
  readonly engine: EventEngine;
  readonly evidence: EvidenceLog;
  readonly memory: Memory;
  /** Gaps that are new or ended. */
  readonly gaps: readonly Gap[];
  /** More that goes into the evidence: sources that were added, a silence. */
  readonly decisions: readonly Decision[];
  readonly now: number;
}

export interface Committed {
  readonly incidents: readonly StoredIncident[];
}

/** Stores a batch. All of it, or nothing but events that will be stored again under the same ids. */
export async function commit(tally: Tally, context: CommitContext): Promise<Committed> {
  const { db, engine, evidence, memory, now } = context;
  await insertEvents(engine, tally.events, now);
  const { incidents, remembered } = await db.transaction().execute(async (tx) => {
    const freshAlerts = await storeAlerts(tx, [...tally.alerts.values()]);
    const incidents = await storeIncidents(tx, [...tally.incidents.values()], now);
    for (const it of tally.incidents.values()) await linkAlerts(tx, it.id, it.alerts);
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
    for (const it of incidents) decisions.push(...became(it, tally.incidents.get(it.id), evidence.saltKey));
    // Last, because whoever appends waits for the one before.
    await evidence.append(tx, decisions, now);
    return { incidents, remembered };
  });
  remembered();
  return { incidents };
}

/** Alerts below this are signals for correlation: they reach the evidence through the incident they join. */
const recordedFrom = severityId("medium");

/** An alert on record, with the events of this batch that prove it. */
function raised(alert: Alert, tally: Tally, saltKey: Uint8Array): Decision {
  const events = alert.events.flatMap((it) => tally.event(it) ?? []);
  const documents = [
    documentOf("alert", alert.id, asJson(alert), saltKey),
    ...events.map((it) => documentOf("event", it.id, asJson(it), saltKey)),
  ];
  return {
    kind: "alert-raised",
    by: self,
    subject: alert.id,
    text: alert.summary,
    fields: { rule: alert.rule, severity: alert.severity, records: documents.map(documentDigest) },
  };
}

function became(it: StoredIncident, incident: Incident | undefined, saltKey: Uint8Array): Decision[] {
  if (!incident || it.change === "same") return [];
  const said = {
    opened: `opened: ${incident.title}`,
    worse: `became ${incident.severity}: ${incident.title}`,
    reopened: `opened again, because it goes on: ${incident.title}`,
  };
  const record = documentDigest(documentOf("incident", incident.id, asJson(incident), saltKey));
  return [
    {
      kind: `incident-${it.change}`,
      by: self,
      subject: incident.id,
      text: said[it.change],
      fields: { severity: incident.severity, reason: incident.reason, alerts: incident.alerts, records: [record] },
    },
  ];
}

/** A noun as it comes back from the database: what is put on record must be what is packed later. */
export function asJson(noun: object): JsonObject {
  return JSON.parse(storableJson(noun));
}
