// What somebody outside is told: of incidents and of silent sources, never a secret, a prompt or a file's content.
import type { IncidentRow } from "@outweigh/schema";
import { plainLine } from "./outside.ts";

/** One message, in each form that a connection may want. */
export interface Message {
  /** One line. */
  readonly subject: string;
  /** Plain text of several lines. */
  readonly text: string;
  /** What a program reads. */
  readonly json: object;
}

/** Names of one kind that a message lists. */
const maxNames = 10;

/** What of an incident goes out: the same in every form. */
export function incidentFacts(incident: IncidentRow, publicUrl: string | undefined) {
  const { id, number, title, reason, severity, status, principals, models, firstAt, lastAt, doubt } = incident;
  const link = linkTo(`/incidents/${encodeURIComponent(id)}`, publicUrl);
  return {
    id,
    number: `INC-${number}`,
    title,
    reason,
    severity,
    status,
    principals,
    models,
    firstAt: new Date(firstAt).toISOString(),
    lastAt: new Date(lastAt).toISOString(),
    ...(doubt !== undefined && { doubt }),
    ...(link !== undefined && { link }),
  };
}
export type IncidentFacts = ReturnType<typeof incidentFacts>;

/** A page of the console, where browsers outside reach it; undefined where nobody said how. */
export function linkTo(path: string, publicUrl: string | undefined): string | undefined {
  return publicUrl === undefined ? undefined : new URL(path, publicUrl).href;
}

/** One incident, told to a person. */
export function incidentMessage(facts: IncidentFacts): Message {
  return { subject: lineOf(facts), text: textOf(facts), json: facts };
}

/** "[high, in doubt] INC-7: …", cut. */
export function lineOf(facts: Pick<IncidentFacts, "severity" | "number" | "title" | "doubt">): string {
  const { severity, number, title, doubt } = facts;
  return plainLine(`[${severity}${doubt === undefined ? "" : ", in doubt"}] ${number}: ${title}`);
}

export function textOf(facts: IncidentFacts): string {
  const { reason, models, principals, firstAt, lastAt, link, doubt } = facts;
  return [
    lineOf(facts),
    plainLine(reason),
    ...(doubt === undefined ? [] : [doubt]),
    `Models: ${namesText(models)}`,
    `Principals: ${namesText(principals)}`,
    `From ${firstAt} to ${lastAt}`,
    ...(link === undefined ? [] : [link]),
  ].join("\n");
}

export function namesText(names: readonly string[]): string {
  if (names.length === 0) return "none known";
  const shown = names.slice(0, maxNames).map(plainLine).join(", ");
  return names.length > maxNames ? `${shown} and ${names.length - maxNames} more` : shown;
}
