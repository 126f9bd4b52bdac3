// One incident, whole: what happened in words, and all that it rests on.
import {
  doubtText,
  restsOn,
  type AlertRow,
  type IncidentDetail,
  type IncidentRow,
  type OcsfEvent,
} from "@outweigh/schema";
import { eventsWithin, isWithin, type Reach } from "../auth/rights.ts";
import { toActivity } from "../evidence/log.ts";
import { actionsOf } from "../store/actions.ts";
import { alertsOf } from "../store/alerts.ts";
import { entriesAbout } from "../store/evidence.ts";
import type { Asking } from "../store/events.ts";
import { gapsWithin } from "../store/gaps.ts";
import { shownGroupings } from "../store/groupings.ts";
import { commentsOf } from "../store/incidents.ts";
import { partIds } from "../store/parts.ts";
import { pinsOf } from "../store/pins.ts";
import { eventsOf } from "../store/proof.ts";
import { grew } from "../worker/growth.ts";
import type { Context } from "./context.ts";
import { hostOptions } from "./host-options.ts";
import { impactOf } from "./impact.ts";
import { entitiesOf, storyOf, timelineOf } from "./story.ts";

/** How long before and after an incident a gap still matters to it, in ms. */
const aroundMs = 3_600_000;

/** As far as somebody may see it. @param asking Whether it may be told without the events of a part that is away. */
export async function detailOf(
  context: Context,
  incident: IncidentRow,
  { reach, asking }: { readonly reach: Reach; readonly asking: Asking },
): Promise<IncidentDetail> {
  const { db } = context;
  const [alerts, pins] = await Promise.all([alertsOf(db, incident.id), pinsOf(db, incident.id)]);
  const span = { from: incident.firstAt - aroundMs, to: incident.lastAt + aroundMs };
  const [found, gaps, actions, comments, entries, groupings] = await Promise.all([
    eventsOf(context.engine, alerts, pins, asking),
    gapsWithin(db, span),
    actionsOf(db, incident.id),
    commentsOf(db, incident.id),
    partIds(db, incident.id).then((ids) => entriesAbout(db, ids, [grew])),
    shownGroupings(db, incident.id),
  ]);
  const events = eventsWithin(reach, found);
  const rests = restsOn(proving(alerts, found));
  const { reports, copies } = await context.scanned.latest();
  const all = context.worker.holdings();
  const holdings = all.filter((it) => incident.models.includes(it.model));
  const playbooks = [...new Set(alerts.map((it) => it.playbook))].flatMap((it) => context.playbooks.get(it) ?? []);
  return {
    incident: withBooks(context, found.length === 0 ? incident : { ...incident, doubt: doubtText(rests) }),
    story: storyOf(incident, alerts, holdings, rests),
    alerts,
    rests,
    timeline: timelineOf({ alerts, events, pins, gaps, actions }),
    entities: entitiesOf(events),
    holdings: holdings.filter((it) => incident.principals.includes(it.principal) || !it.declared),
    gaps,
    pins,
    impact: impactOf({
      incident,
      alerts,
      events,
      rests,
      // What else a principal could reach is told of models that the reader may know of.
      holdings: all.filter((it) => isWithin(reach, [it.model])),
      models: context.config.models.filter((it) => isWithin(reach, [it.name])),
      copies,
      hosts: reports.length,
      now: context.now(),
      isReader: context.register.isReader,
    }),
    playbooks,
    options: [
      ...(await context.actions.optionsFor(incident)),
      // A host belongs to no space: who decides in some alone is not offered it.
      ...(reach === undefined ? await hostOptions(context, events) : []),
    ],
    actions,
    groupings,
    comments,
    activity: entries.map(toActivity),
  };
}

/** The events that alerts list: what people pinned beside them proves nothing of theirs. */
function proving(alerts: readonly AlertRow[], events: readonly OcsfEvent[]): OcsfEvent[] {
  const listed = new Set(alerts.flatMap((it) => it.events));
  return events.filter((it) => listed.has(it.id));
}

/** With what the books say of the first model that they know, and which of its models are watched. */
export function withBooks({ worker, now }: Context, incident: IncidentRow): IncidentRow {
  const [unaccounted] = incident.models.flatMap((it) => worker.coalition(it) ?? []);
  const watched = incident.models.filter((name) => worker.watching.has({ kind: "model", name }, now()));
  return {
    ...incident,
    ...(unaccounted && unaccounted.readers > 0 && { unaccounted }),
    ...(watched.length > 0 && { watched }),
  };
}
