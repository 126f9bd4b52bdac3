import { createHash } from "node:crypto";
import {
  maxEventsPerAlert,
  worse,
  type Act,
  type Alert,
  type AlertLinks,
  type Method,
  type OcsfEvent,
  type Severity,
} from "@outweigh/schema";
import { Remembered, type RememberedState } from "../remembered.ts";

/** What a rule or detector claims about an event, before it is an alert. */
export interface Claim {
  readonly rule: string;
  readonly title: string;
  readonly summary: string;
  readonly severity: Severity;
  readonly principal?: string | undefined;
  readonly model?: string | undefined;
  readonly act?: Act | undefined;
  readonly method?: Method | undefined;
  /** Ids of the events that prove it. Never empty. */
  readonly events: readonly string[];
  /** When the first of its events happened, in ms since 1970, where known. */
  readonly since?: number | undefined;
  /** Accounts that were tested as one. */
  readonly linked?: AlertLinks | undefined;
  readonly matched: readonly { readonly field: string; readonly value: string }[];
  /** It was told before and is unchanged. */
  readonly again?: boolean | undefined;
  /** What is watched and made it one step worse, in words. */
  readonly raisedBy?: readonly string[] | undefined;
  readonly techniques: readonly string[];
  readonly playbook: string;
}

/**
 * After so long without a repeat the same claim is a new alert, in ms: longer than a weekend, so that a slow theft stays one
 * alert, and short enough that what was closed last week does not swallow today's.
 */
const quietMs = 3 * 86_400_000;

/** Most alerts that can still be updated. More at once than this are news from a flood: the oldest become final. */
const maxOpen = 20_000;

/** Most watched names that one alert says. */
const maxRaisedBy = 20;
/** Most matched fields that one alert keeps, and the longest value of one, in UTF-16 units. */
const maxMatched = 20;
const maxValue = 500;
/** Longest summary, in UTF-16 units: names in it come from records. */
const maxSummary = 1000;

/** One alert for each rule, principal and model; repeats update it. */
export class AlertBook {
  readonly #open = new Remembered<Alert>(maxOpen, quietMs);

  /** Turns a claim into an alert, new or updated, whole. */
  raise(claim: Claim, event: OcsfEvent): Alert {
    const key = JSON.stringify([claim.rule, claim.principal, claim.model]);
    const before = this.#open.recall(key, event.time);
    const alert = before ? repeated(before, claim, event) : first(claim, event);
    this.#open.keep(key, alert, alert.lastAt);
    return alert;
  }

  get dropped(): number {
    return this.#open.dropped;
  }

  snapshot(): RememberedState {
    return this.#open.snapshot();
  }

  restore(state: unknown): void {
    this.#open.restore(state);
  }
}

function first(claim: Claim, event: OcsfEvent): Alert {
  const { rule, title, summary, severity, principal, model, act, method, linked, techniques, playbook } = claim;
  const events = [...new Set(claim.events)];
  const digest = createHash("sha256")
    .update(JSON.stringify([rule, principal, model, events[0]]))
    .digest("hex");
  return {
    id: `alert-${digest.slice(0, 24)}`,
    rule,
    title,
    summary: summary.slice(0, maxSummary),
    severity,
    firstAt: Math.min(claim.since ?? event.time, event.time),
    lastAt: event.time,
    ...(principal !== undefined && { principal }),
    ...(model !== undefined && { model }),
    ...(act !== undefined && { act }),
    ...(method !== undefined && { method }),
    events: events.slice(0, maxEventsPerAlert),
    count: events.length,
    ...(linked && { linked }),
    matched: claim.matched.slice(0, maxMatched).map(shortened),
    ...(claim.raisedBy && { raisedBy: claim.raisedBy.slice(0, maxRaisedBy) }),
    techniques: [...techniques],
    playbook,
  };
}

function shortened({ field, value }: Claim["matched"][number]): { field: string; value: string } {
  return { field, value: value.slice(0, maxValue) };
}

/** An alert only gets worse: a later, smaller case does not take back what was seen. */
function repeated(before: Alert, claim: Claim, event: OcsfEvent): Alert {
  const isAgain = claim.again === true && worse(before.severity, claim.severity) === before.severity;
  // All that one scan saw has its time: it counts once.
  if (isAgain && event.time <= before.lastAt) return before;
  if (isAgain) return { ...before, lastAt: event.time, again: (before.again ?? 0) + 1 };
  const fresh = [...new Set(claim.events)].filter((it) => !before.events.includes(it));
  const worst = worse(before.severity, claim.severity);
  const weaker = claim.severity !== worst;
  return {
    ...before,
    severity: worst,
    summary: weaker ? before.summary : claim.summary.slice(0, maxSummary),
    ...(!weaker && claim.act !== undefined && { act: claim.act }),
    ...(!weaker && claim.method !== undefined && { method: claim.method }),
    ...(claim.raisedBy && { raisedBy: raisedByBoth(before, claim.raisedBy), matched: noted(before, claim) }),
    // A group that grew is told as it is now.
    ...(claim.linked && { linked: claim.linked }),
    firstAt: Math.min(before.firstAt, claim.since ?? event.time, event.time),
    lastAt: Math.max(before.lastAt, event.time),
    events: [...before.events, ...fresh].slice(0, maxEventsPerAlert),
    count: before.count + fresh.length,
  };
}

function raisedByBoth({ raisedBy = [] }: Alert, more: readonly string[]): string[] {
  return [...new Set([...raisedBy, ...more])].slice(0, maxRaisedBy);
}

/** What it matched when it was new, and that something watched raised it since. */
function noted({ matched }: Alert, claim: Claim): Alert["matched"] {
  const watched = claim.matched.filter((it) => it.field === "watched").map(shortened);
  return [...watched, ...matched.filter((it) => it.field !== "watched")].slice(0, maxMatched);
}
