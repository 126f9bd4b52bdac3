// Stores one batch: events first, because storing them again changes nothing; then all the rest in one transaction.
import { documentDigest, documentOf, type JsonObject } from "@outweigh/evidence";
import type { Line } from "@outweigh/pipeline";
import { severityId, type Alert, type Gap, type Incident } from "@outweigh/schema";
import { self, type Decision, type EvidenceLog } from "../evidence/log.ts";
import { linkAlerts, storeAlerts } from "../store/alerts.ts";
import { storeLine, storePositions, storeSources } from "../store/checkpoints.ts";
import { storeScan } from "../store/copies.ts";
import type { EventEngine } from "../store/engine/engine.ts";
import { insertEvents } from "../store/events.ts";
import { storeGaps } from "../store/gaps.ts";
import { storeIncidents, type StoredIncident } from "../store/incidents.ts";
import type { Db, Tx } from "../store/state/state.ts";
import { storableJson } from "../store/text.ts";
import type { Tally } from "./tally.ts";

export interface CommitContext {
  readonly db: Db;
  readonly engine: EventEngine;
  readonly evidence: EvidenceLog;
  readonly line: Line;
  /** Gaps that are new or ended. */
  readonly gaps: readonly Gap[];
  /** More that goes into the evidence: sources that were added, a silence. */
  readonly decisions: readonly Decision[];
  readonly now: number;
}

export interface Committed {
  readonly incidents: readonly StoredIncident[];
  /** Time that storing the line's state took, in ms: what grows with what the detectors remember. */
  readonly checkpointMs: number;
}

/** Stores a batch. All of it, or nothing but events that will be stored again under the same ids. */
export async function commit(tally: Tally, context: CommitContext): Promise<Committed> {
  const { db, engine, evidence, line, now } = context;
  await insertEvents(engine, tally.events, now);
  return db.transaction().execute(async (tx) => {
    const freshAlerts = await storeAlerts(tx, [...tally.alerts.values()]);
    const incidents = await storeIncidents(tx, [...tally.incidents.values()], now);
    for (const it of tally.incidents.values()) await linkAlerts(tx, it.id, it.alerts);
    for (const it of tally.scans) await storeScan(tx, it, now);
    await storeGaps(tx, context.gaps);
    const checkpointMs = await storeCheckpoint(tx, tally, line, now);
    const decisions = [
      ...context.decisions,
      ...freshAlerts
        .filter((it) => severityId(it.severity) >= recordedFrom)
        .map((it) => raised(it, tally, evidence.saltKey)),
      ...incidents.flatMap((it) => became(it, tally.incidents.get(it.id), evidence.saltKey)),
    ];
    await evidence.append(tx, decisions, now);
    return { incidents, checkpointMs };
  });
}

/** Positions, sources and the line's snapshot are of one moment. */
async function storeCheckpoint(tx: Tx, tally: Tally, line: Line, now: number): Promise<number> {
  const began = performance.now();
  await storePositions(tx, tally.positions);
  await storeSources(tx, tally.sources);
  await storeLine(tx, storableJson(line.snapshot()), now);
  return performance.now() - began;
}

/** Alerts below this are signals for correlation: they reach the evidence through the incident they join. */
const recordedFrom = severityId("medium");

/** An alert on record, with the events of this batch that prove it. */
function raised(alert: Alert, tally: Tally, saltKey: Uint8Array): Decision {
  const proof = new Set(alert.events);
  const events = tally.events.filter((it) => proof.has(it.id));
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
