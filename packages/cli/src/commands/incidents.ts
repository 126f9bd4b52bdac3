import type { Api } from "@outweigh/client";
import {
  incidentDetail,
  incidentPage,
  isOpen,
  restsText,
  type IncidentDetail,
  type IncidentRow,
  type PlaybookText,
} from "@outweigh/schema";
import { command, configOption, type Call } from "../command.ts";
import { loadConfig } from "../config/read.ts";
import { CliError, type ExitCode } from "../error.ts";
import { incidentId } from "../incident-id.ts";
import { dataOption, known, withSession } from "../server-client.ts";
import type { Terminal } from "../terminal.ts";
import { countText, plural, timeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";
import { padEnd } from "../text/width.ts";

/** Rows that are listed unless told otherwise: a screen of them. */
const defaultLimit = 50;
/** Most rows that one call lists: what the server gives at once. */
const maxLimit = 500;
/** Last entries of an incident's timeline that are printed: all of them are in `--json`. */
const maxTimeline = 20;

const options = {
  ...configOption,
  ...dataOption,
  filter: { type: "string", value: "FILTER", about: "Which ones, as in the console (default: status:open)" },
  limit: { type: "string", value: "N", about: `At most so many, ${maxLimit} at most (default: ${defaultLimit})` },
} as const;

export const incidents = command({
  summary: "Lists incidents, or tells one whole",
  usage: "[INCIDENT]",
  positionals: [0, 1],
  options,
  about: [
    "Asks the running server. INCIDENT is its number (7 or INC-7) or its id. Open ones come first, then the worst, then the latest.",
    "Exit 1 while a listed incident is open.",
  ],
  examples: [
    { line: "outweigh incidents", about: "The open ones" },
    { line: "outweigh incidents --filter 'model:acme-13b severity:>=high' --json", about: "For a program" },
    { line: "outweigh incidents INC-7", about: "What happened, when, and what to do next" },
  ],
  run,
});

async function run({ positionals: [name], values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const limit = readLimit(values.limit);
  if (name !== undefined && (values.filter !== undefined || values.limit !== undefined))
    throw new CliError("USAGE", "one incident is told whole: leave out --filter and --limit");
  const { config } = loadConfig(values.config);
  const data = values.data ?? config.server.data;
  if (name !== undefined) {
    const detail = await withSession(data, (api) => detailOf(name, api));
    if (json) terminal.printJson(detail);
    else printDetail(detail, terminal);
    return 0;
  }
  const filter = values.filter ?? "status:open";
  const { items, total } = await withSession(data, (api) =>
    known(incidentPage, api.get("/api/incidents", { query: { filter, limit } })),
  );
  if (json) terminal.printJson({ filter, total, incidents: items });
  else printList(items, { filter, total, terminal });
  return items.some((it) => isOpen(it.status)) ? 1 : 0;
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return defaultLimit;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxLimit) return limit;
  throw new CliError("USAGE", `--limit is ${JSON.stringify(text)}, expected a whole number from 1 to ${maxLimit}`);
}

async function detailOf(name: string, api: Api): Promise<IncidentDetail> {
  const id = await incidentId(name, api);
  return known(incidentDetail, api.get("/api/incidents/{id}", { path: { id } }));
}

function printList(
  items: readonly IncidentRow[],
  { filter, total, terminal }: { readonly filter: string; readonly total: number; readonly terminal: Terminal },
): void {
  if (items.length === 0) {
    const all = filter === "status:open" ? "No open incidents: --filter '' lists the closed ones too." : "";
    terminal.print(all === "" ? `No incidents match ${visible(filter)}.` : all);
    return;
  }
  for (const it of items) {
    const who = it.assignee === undefined ? "" : ` · ${visible(it.assignee)}`;
    const head = `${terminal.glyph(it.severity)} ${padEnd(`INC-${it.number}`, 8)} ${padEnd(it.status, 11)} ${timeText(it.lastAt)}`;
    terminal.print(`${head}${who}${it.doubt === undefined ? "" : " · in doubt"}`);
    terminal.print(`   ${visible(it.title)}${it.models.length === 0 ? "" : `: ${namesOf(it.models)}`}`);
    if (it.raisedBy) terminal.print(`   made worse because watched: ${namesOf(it.raisedBy)}`);
  }
  if (total > items.length) terminal.print(`${countText(total - items.length)} more: --limit, or a closer --filter`);
}

/** The first names of a list. */
function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, 3).map(visible).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

function printDetail(detail: IncidentDetail, terminal: Terminal): void {
  const { incident: it, timeline, playbooks } = detail;
  const verdict = it.verdict === undefined ? "" : ` (${it.verdict})`;
  const doubted = it.doubt === undefined ? "" : " (in doubt)";
  terminal.print(`${terminal.glyph(it.severity)} INC-${it.number} ${visible(it.title)}${doubted}`);
  terminal.print(`${it.severity}, ${it.status}${verdict}, ${visible(it.assignee ?? "nobody's yet")}`);
  terminal.print();
  terminal.print(visible(detail.story));
  if (detail.rests) terminal.print(`Rests on events: ${restsText(detail.rests)}`);
  terminal.print(`Grouped because: ${visible(it.reason)}`);
  if (it.raisedBy) terminal.print(`Made worse because watched after a theft: ${namesOf(it.raisedBy)}`);
  if (detail.partial) terminal.print("Servers that hold some of the events are away: there may be more.");
  terminal.print();
  const left = timeline.length - maxTimeline;
  if (left > 0) terminal.print(`${plural(left, "earlier entry", "earlier entries")}: --json has all`);
  for (const one of timeline.slice(-maxTimeline)) {
    const until = one.to === undefined ? "" : ` until ${timeText(one.to)}`;
    terminal.print(`${timeText(one.at)}${until}  ${visible(one.title)}`);
  }
  printNext(playbooks, terminal);
}

function printNext(playbooks: readonly PlaybookText[], terminal: Terminal): void {
  if (playbooks.length === 0) return;
  terminal.print();
  terminal.print("Do next, each a playbook in the console:");
  for (const it of playbooks) terminal.print(`   ${visible(it.title)}`);
}
