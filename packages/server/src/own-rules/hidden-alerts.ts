// What an exception would have hidden of the alerts that are stored.
import { ExceptionTrial, type SourceKind } from "@outweigh/pipeline";
import type { AlertRow, HiddenAlert, HiddenAlerts, OcsfEvent } from "@outweigh/schema";
import type { Register } from "@outweigh/pipeline";
import { alertsOfRules } from "../store/alerts.ts";
import type { EventEngine } from "../store/engine/engine.ts";
import { verdictsOf } from "../store/incidents.ts";
import { provingEvents } from "../store/proof.ts";
import type { Db } from "../store/state/state.ts";
import { inChunks } from "../store/page.ts";
import { Turns } from "../turns.ts";

/** How far back is looked, in ms: 30 days. */
const previewMs = 30 * 86_400_000;
/** Most alerts that are looked at. Those of confirmed thefts come first, then the latest. */
const maxAlerts = 2000;
/** Alerts whose events are fetched at once. */
const atOnce = 20;
/** Examples that are told. */
const maxExamples = 20;
/** Longest that may be looked, in ms: whoever asked is waiting. */
const maxWorkMs = 20_000;

export interface Looking {
  readonly db: Db;
  readonly engine: EventEngine;
  readonly register: Register;
  kindOf(event: OcsfEvent): SourceKind | undefined;
  readonly now: number;
}

/**
 * Tries an exception on the stored alerts of its rules: an alert is hidden when all of its events that are kept would have been.
 * Alerts of confirmed thefts are never left out of it.
 *
 * Blind spot: events beyond those that an alert lists, and alerts whose events are gone.
 *
 * @param rules What its rules are called in alerts.
 * @throws {PipelineError} BAD_RULE
 */
export async function hiddenBy(
  text: string,
  rules: readonly string[],
  { db, engine, register, kindOf, now }: Looking,
): Promise<HiddenAlerts> {
  const trial = new ExceptionTrial(text, register, kindOf);
  const from = now - previewMs;
  const { alerts, total } = await alertsOfRules(db, rules, { from, limit: maxAlerts });
  const verdicts = await verdictsOf(db, [...new Set(alerts.flatMap((it) => it.incident ?? []))]);
  const until = performance.now() + maxWorkMs;
  const turns = new Turns();
  const found: HiddenAlert[] = [];
  let unknown = 0;
  let looked = 0;
  for (const some of inChunks(alerts, atOnce)) {
    if (performance.now() > until) break;
    const events = new Map((await provingEvents(engine, some)).map((it) => [it.id, it]));
    for (const it of some) {
      await turns.give();
      looked++;
      const kept = it.events.flatMap((id) => events.get(id) ?? []);
      if (kept.length === 0) unknown++;
      const hidden = kept.filter((event) => trial.hides(event, it)).length;
      const confirmed = it.incident !== undefined && verdicts.get(it.incident) === "true-positive";
      if (hidden > 0) found.push(toHidden(it, { events: kept.length, hidden, confirmed }));
    }
  }
  return {
    from,
    to: now,
    alerts: total,
    hidden: found.filter((it) => it.hidden === it.events).length,
    partly: found.filter((it) => it.hidden < it.events).length,
    confirmed: found.filter((it) => it.confirmed).length,
    unknown,
    ...(looked < total && { cut: `${looked} of ${total} alerts were looked at` }),
    examples: found
      .toSorted((a, b) => Number(b.confirmed) - Number(a.confirmed) || b.lastAt - a.lastAt)
      .slice(0, maxExamples),
  };
}

function toHidden(
  { id, title, rule, severity, principal, model, lastAt, incident, incidentNumber }: AlertRow,
  counted: Pick<HiddenAlert, "events" | "hidden" | "confirmed">,
): HiddenAlert {
  return {
    id,
    title,
    rule,
    severity,
    lastAt,
    ...counted,
    ...(principal !== undefined && { principal }),
    ...(model !== undefined && { model }),
    ...(incident !== undefined && { incident }),
    ...(incidentNumber !== undefined && { incidentNumber }),
  };
}
