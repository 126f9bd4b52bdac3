// An incident in words: what happened, in which order, who and what was in it.
import { bytesText, percentText } from "@outweigh/pipeline";
import {
  doubtText,
  type ActionRow,
  type AlertRow,
  type Entity,
  type Gap,
  type Holding,
  type IncidentRow,
  type OcsfEvent,
  type Pin,
  type Rests,
  type TimelineEntry,
} from "@outweigh/schema";
import { fieldIn } from "../values.ts";

/** Most lines of a timeline: beyond it, events are counted and the alerts stay. */
const maxTimeline = 500;
/** Most entities, those with most events. */
const maxEntities = 100;

/** What happened, in one to three sentences with numbers, and one more where nobody who proved who they are said so. */
export function storyOf(
  incident: IncidentRow,
  alerts: readonly AlertRow[],
  holdings: readonly Holding[],
  rests: Rests,
): string {
  const said = [incident.title];
  const undeclared = holdings.filter((it) => !it.declared && incident.principals.includes(it.principal));
  if (undeclared.length > 0) said.push(heldBy(undeclared.toSorted((a, b) => b.bytes - a.bytes)));
  const others = alerts.length - 1;
  if (others > 0) said.push(`${incident.reason}`);
  const doubt = doubtText(rests);
  if (doubt !== undefined) said.push(doubt);
  return said.map((it) => `${it.replace(/[.\s]+$/, "")}.`).join(" ");
}

/** Readers that are named in one sentence; the others are counted. */
const maxNamed = 3;

function heldBy(holdings: readonly Holding[]): string {
  const named = holdings.slice(0, maxNamed).map(({ principal, model, bytes, fraction, bound }) => {
    const most = bound === "<=" ? "at most " : "";
    const share = fraction === undefined ? "" : fraction === 1 ? `, all of it` : `, ${percentText(fraction)} of it`;
    return `${principal} holds ${most}${bytesText(bytes)} of ${model}${share}`;
  });
  const left = holdings.length - named.length;
  if (left > 0) named.push(left === 1 ? "1 more reader holds less" : `${left} more readers hold less`);
  const [only] = named;
  if (named.length === 1) return `As far as logged, ${only}, which no declared copy accounts for`;
  return `As far as logged, ${named.join("; ")}: no declared copy accounts for that`;
}

interface Happened {
  readonly alerts: readonly AlertRow[];
  readonly events: readonly OcsfEvent[];
  readonly pins: readonly Pin[];
  readonly gaps: readonly Gap[];
  readonly actions: readonly ActionRow[];
}

/** Oldest first. Gaps are lines of their own: a quiet hour is not an hour in which nothing happened. */
export function timelineOf({ alerts, events, pins, gaps, actions }: Happened): TimelineEntry[] {
  const pinned = new Map(pins.map((it) => [it.event, it]));
  const tied = events.flatMap((it) => {
    const pin = pinned.get(it.id);
    return pin ? [ofPinned(it, pin)] : [];
  });
  const rest: TimelineEntry[] = [...alerts.map(ofAlert), ...tied, ...gaps.map(ofGap), ...actions.map(ofAction)];
  const room = Math.max(0, maxTimeline - rest.length);
  const others = events.filter((it) => !pinned.has(it.id));
  const shown = others.slice(0, room).map(ofEvent);
  const left = others.length - shown.length;
  const last = others.at(-1);
  if (left > 0 && last) shown.push({ at: last.time, kind: "event", title: `${left} more events` });
  return [...shown, ...rest].sort((a, b) => a.at - b.at);
}

function ofAlert(it: AlertRow): TimelineEntry {
  const to = it.lastAt > it.firstAt ? { to: it.lastAt } : {};
  return {
    at: it.firstAt,
    ...to,
    kind: "alert",
    title: it.title,
    severity: it.severity,
    ref: it.id,
    detail: it.summary,
  };
}

function ofGap({ source, from, to, reason }: Gap): TimelineEntry {
  return {
    at: from,
    ...(to !== undefined && { to }),
    kind: "gap",
    title: `${source}: what happened is not known`,
    ...(reason !== undefined && { detail: reason }),
  };
}

function ofAction({ id, at, title, state, reason }: ActionRow): TimelineEntry {
  return { at, kind: "action", title: `${title} (${state})`, ref: id, detail: reason };
}

function ofEvent(it: OcsfEvent): TimelineEntry {
  const what = it.artifact ?? it.model;
  const done = it.operation ?? `activity ${it.activity_id}`;
  const size = it.bytes === undefined ? undefined : bytesText(it.bytes);
  const failed = it.status_id === 2 ? ", refused" : "";
  return {
    at: it.time,
    kind: "event",
    title: `${it.principal}: ${done}${what === undefined ? "" : ` ${what}`}${failed}`,
    ref: it.id,
    ...(size !== undefined && { detail: size }),
  };
}

function ofPinned(it: OcsfEvent, { by, reason }: Pin): TimelineEntry {
  return { ...ofEvent(it), detail: `pinned by ${by}: ${reason}` };
}

/** Who and what the events name, with how many name it; most first. */
export function entitiesOf(events: readonly OcsfEvent[]): Entity[] {
  const counts = new Map<string, Entity>();
  const count = (kind: Entity["kind"], name: unknown) => {
    if (typeof name !== "string" || name === "") return;
    const key = JSON.stringify([kind, name]);
    const known = counts.get(key);
    counts.set(key, { kind, name, events: (known?.events ?? 0) + 1 });
  };
  for (const it of events) {
    count("principal", it.principal);
    count("model", it.model);
    count("place", it.place);
    count("address", fieldIn(it["src_endpoint"], "ip"));
    count("artifact", it.artifact);
    count("credential", it.credential);
    count("user-agent", fieldIn(it["http_request"], "user_agent"));
  }
  return [...counts.values()].sort((a, b) => b.events - a.events).slice(0, maxEntities);
}
