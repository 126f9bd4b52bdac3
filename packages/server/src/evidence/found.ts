// What a crash left stored and not on record: put on record at the next start, and named as what it is, late.
import { documentDigest, lateField, type Document } from "@outweigh/evidence";
import { incident as incidentSchema, alert as alertSchema } from "@outweigh/schema";
import { alertsOf } from "../store/alerts.ts";
import { entriesAbout, lastKind } from "../store/evidence.ts";
import { lastIncidents } from "../store/incidents.ts";
import type { Db } from "../store/state/state.ts";
import { self, type Decision } from "./log.ts";
import { packable } from "./judge.ts";
import { nameOf, namesIn, readRecords, recordedFields } from "./records.ts";

/** The kind of the entry that a server makes when it stops. */
export const stopped = "server-stopped";

/** Incidents that changed so long before the last change of all, in ms, may have been waiting to be put on record. */
const beforeMs = 20_000;

/**
 * The decisions that put on record what differs from it among the incidents that changed last. None after a server that stopped by
 * itself: it left nothing, and what differs was written by somebody else.
 */
export async function foundAtStart(db: Db, saltKey: Uint8Array): Promise<Decision[]> {
  if ((await lastKind(db)) === stopped) return [];
  const decisions: Decision[] = [];
  for (const it of await lastIncidents(db, beforeMs)) {
    const alerts = await alertsOf(db, it.id);
    const { all } = readRecords(await entriesAbout(db, [it.id, ...it.alerts]));
    const now = [
      packable("incident", it.id, incidentSchema.parse(it), saltKey),
      ...alerts.map((of) => packable("alert", of.id, alertSchema.parse(of), saltKey)),
    ];
    const isOnRecord = (of: Document) => all.has(documentDigest(of));
    const found = new Map(
      now.flatMap(({ document, plain }) =>
        isOnRecord(document) || isOnRecord(plain()) ? [] : [[nameOf(document), documentDigest(document)] as const],
      ),
    );
    if (found.size === 0) continue;
    for (const fields of recordedFields(found)) {
      const text = "found at the start as it is now: its last changes were not on record when the server was killed";
      decisions.push({
        kind: "incident-found",
        by: self,
        subject: it.id,
        text,
        fields: { ...fields, [lateField]: namesIn(fields) },
      });
    }
  }
  return decisions;
}
