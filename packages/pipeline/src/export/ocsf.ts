import { ocsfVersion, restsOn, severityId, type Alert, type IncidentStatus, type Verdict } from "@outweigh/schema";
import type { Story } from "./story.ts";

/** OCSF 1.8.0 `verdict_id` and `status_id` of an Incident Finding. */
const verdictIds: Readonly<Record<Verdict, number>> = {
  "false-positive": 1,
  "true-positive": 2,
  benign: 5,
  test: 6,
  duplicate: 10,
};
const statusIds: Readonly<Record<IncidentStatus, number>> = {
  new: 1,
  "in-progress": 2,
  "on-hold": 3,
  resolved: 4,
  closed: 5,
};

const product = { name: "Outweigh", vendor_name: "Outweigh" };
const metadata = { version: ocsfVersion, product };

/**
 * An incident as OCSF 1.8.0 findings: one Incident Finding (2005), then a Detection Finding (2004) for each alert with its events as evidence.
 * Each is one JSON object, for a SIEM that reads OCSF one line at a time.
 */
export function ocsfOf(story: Story): Readonly<Record<string, unknown>>[] {
  return [incidentFinding(story), ...story.alerts.map((it) => detectionFinding(it, story))];
}

function incidentFinding({ incident, alerts, events }: Story): Readonly<Record<string, unknown>> {
  const { id, number, title, reason, severity, status, verdict, assignee, createdAt, updatedAt } = incident;
  const closed = status === "closed";
  const activityId = closed ? 3 : updatedAt > createdAt ? 2 : 1;
  return {
    ...finding(2005, activityId, updatedAt, severity),
    message: title,
    desc: reason,
    start_time: incident.firstAt,
    end_time: incident.lastAt,
    status_id: statusIds[status],
    ...(verdict !== undefined && { verdict_id: verdictIds[verdict] }),
    ...(assignee !== undefined && { assignee: { name: assignee } }),
    finding_info_list: alerts.map(infoOf),
    attacks: attacksOf(alerts.flatMap((it) => it.techniques)),
    metadata: { ...metadata, uid: id, correlation_uid: `INC-${number}` },
    unmapped: {
      act: incident.act,
      method: incident.method,
      models: incident.models,
      principals: incident.principals,
      grades: gradesOf(alerts, events),
    },
  };
}

function detectionFinding(alert: Alert, { events }: Story): Readonly<Record<string, unknown>> {
  const own = new Set(alert.events);
  return {
    ...finding(2004, 1, alert.lastAt, alert.severity),
    message: alert.summary,
    is_alert: true,
    status_id: 1,
    count: alert.count,
    start_time: alert.firstAt,
    end_time: alert.lastAt,
    finding_info: infoOf(alert),
    evidences: events.filter((it) => own.has(it.id)).map((it) => ({ uid: it.id, data: it })),
    metadata: { ...metadata, uid: alert.id },
    unmapped: { grades: gradesOf([alert], events) },
  };
}

/** On how many events of each grade these alerts rest: what was checked when they came in. OCSF has no attribute for it. */
function gradesOf(alerts: readonly Alert[], events: Story["events"]) {
  const listed = new Set(alerts.flatMap((it) => it.events));
  return restsOn(events.filter((it) => listed.has(it.id)));
}

function finding(classUid: number, activityId: number, time: number, severity: Alert["severity"]) {
  return {
    class_uid: classUid,
    category_uid: 2,
    activity_id: activityId,
    type_uid: classUid * 100 + activityId,
    severity_id: severityId(severity),
    time,
  };
}

function infoOf({ id, title, summary, rule, firstAt, lastAt, techniques }: Alert) {
  return {
    uid: id,
    title,
    desc: summary,
    first_seen_time: firstAt,
    last_seen_time: lastAt,
    analytic: { name: rule, type_id: 1, uid: rule },
    attacks: attacksOf(techniques),
  };
}

function attacksOf(techniques: readonly string[]) {
  return [...new Set(techniques)].map((uid) => ({ technique: { uid } }));
}
