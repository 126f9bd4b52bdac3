// Incidents that changed and are not on record yet as they are. What only goes on is put on record now and then, not in every batch.
import type { Alert, Incident } from "@outweigh/schema";
import { recordedFields, recordOf, type Recorded } from "../evidence/records.ts";
import { self, type Decision } from "../evidence/log.ts";
import type { StoredIncident } from "../store/incidents.ts";
import type { Tally } from "./tally.ts";

/** So long a change may wait, in ms: an incident that grows for hours must not fill the log. */
const recordEveryMs = 10_000;
/** The kind of their entries: for the evidence alone, too many for a page's activity. */
export const grew = "incident-grew";

interface Growing {
  readonly since: number;
  readonly incident: Incident;
  /** Its alerts that changed. */
  readonly alerts: ReadonlyMap<string, Alert>;
  /** Events that prove them, on record from the moment they were seen. */
  readonly events: Recorded;
}

export interface Planned {
  readonly decisions: readonly Decision[];
  /** To be called once they are committed. */
  readonly committed: () => void;
}

/** Kept in memory: what a crash leaves unrecorded, the next start puts on record as what it is, found late. */
export class Growth {
  readonly #saltKey: Uint8Array;
  #due: ReadonlyMap<string, Growing> = new Map();

  constructor(saltKey: Uint8Array) {
    this.#saltKey = saltKey;
  }

  /** Whether something waits, or has waited long enough. */
  isDue(now = Number.POSITIVE_INFINITY): boolean {
    return [...this.#due.values()].some((it) => now - it.since >= recordEveryMs);
  }

  /** Whether an incident changed and is not on record yet as it is. */
  has(incident: string): boolean {
    return this.#due.has(incident);
  }

  /** What goes on record with this batch: what is news, and what has waited long enough; with `all`, whatever waits. */
  plan(tally: Tally, stored: readonly StoredIncident[], now: number, all: boolean): Planned {
    const due = new Map(this.#due);
    const decisions: Decision[] = [];
    const news = new Map(stored.map((it) => [it.id, it.change]));
    for (const { id } of stored) {
      const incident = tally.incidents.get(id);
      if (incident) due.set(id, this.#grown(due.get(id), incident, tally, now));
    }
    for (const [id, it] of due) {
      const change = news.get(id) ?? "same";
      if (change === "same" && !all && now - it.since < recordEveryMs) continue;
      decisions.push(...this.#decisions(it, change));
      due.delete(id);
    }
    return { decisions, committed: () => void (this.#due = due) };
  }

  #grown(before: Growing | undefined, incident: Incident, tally: Tally, now: number): Growing {
    const alerts = new Map(before?.alerts);
    const events = new Map(before?.events);
    for (const id of incident.alerts) {
      const alert = tally.alerts.get(id);
      if (!alert) continue;
      alerts.set(id, alert);
      for (const it of alert.events) {
        const event = tally.event(it);
        if (event) events.set(...recordOf("event", it, event, this.#saltKey));
      }
    }
    return { since: before?.since ?? now, incident, alerts, events };
  }

  #decisions({ incident, alerts, events }: Growing, change: StoredIncident["change"]): Decision[] {
    const { id, title, severity, reason } = incident;
    const said = {
      opened: `opened: ${title}`,
      worse: `became ${severity}: ${title}`,
      reopened: `opened again, because it goes on: ${title}`,
      same: `goes on: ${title}`,
    };
    const recorded = new Map([
      recordOf("incident", id, incident, this.#saltKey),
      ...[...alerts].map(([it, alert]) => recordOf("alert", it, alert, this.#saltKey)),
      ...events,
    ]);
    const about = { severity, reason, alerts: incident.alerts.slice(0, maxListed), alertCount: incident.alerts.length };
    return recordedFields(recorded).map((fields, i) => ({
      kind: change === "same" || i > 0 ? grew : `incident-${change}`,
      by: self,
      subject: id,
      text: said[change],
      fields: i === 0 ? { ...about, ...fields } : fields,
    }));
  }
}

/** Alerts that an entry lists by id: with its records far below what an entry may hold. */
const maxListed = 1000;
