import { digestWords, sourceOf } from "@outweigh/pipeline";
import { restsText, type Bound, type Coalition, type Holding, type Incident } from "@outweigh/schema";
import type { Terminal } from "../terminal.ts";
import { countText, plural, shareText, sizeText, timeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";
import { middle, padEnd, widthOf } from "../text/width.ts";
import { wrap } from "../text/wrap.ts";
import { bySeverity, inDoubt, type Replayed } from "./answer.ts";
import { isTampering } from "./digests.ts";
import type { ReplayedFile } from "./tally.ts";

/** How many of each a person reads. `--json` has them all. */
const maxFiles = 12;
const maxRejects = 3;
const maxHoldings = 8;
const maxIncidents = 12;
const maxAlerts = 8;
const maxProblems = 12;
const maxAccounts = 10;

/** What a replay came to, for people: what was read, what does not balance, what happened, and what these sources do not show. */
export function printReplay(replayed: Replayed, terminal: Terminal): void {
  printFiles(replayed, terminal);
  printGrades(replayed, terminal);
  if (nothingRead(replayed)) {
    terminal.print();
    terminal.print("Nothing was read: no source recognises what is given. docs/guide/README.md lists what is read.");
    return;
  }
  printBooks(replayed, terminal);
  printIncidents(replayed, terminal);
  printBlindSpots(replayed.files, terminal);
}

/** Nothing that was given is a log of a kind we know: no answer about it can be given. An empty file is none, and no fault. */
export function nothingRead({ files }: Pick<Replayed, "files">): boolean {
  return files.every((it) => it.kind === "unknown") && files.some((it) => it.rejected > 0);
}

function printFiles({ files, late }: Replayed, terminal: Terminal): void {
  const shown = files.toSorted((a, b) => Number(b.rejected > 0) - Number(a.rejected > 0)).slice(0, maxFiles);
  for (const it of shown) {
    const span =
      it.first === undefined || it.last === undefined ? "no event" : `${timeText(it.first)} to ${timeText(it.last)}`;
    const facts = [it.kind, plural(it.records, "record"), plural(it.events, "event"), span].join(" · ");
    const name = visible(it.file);
    if (widthOf(name) + 2 + facts.length <= terminal.width) terminal.print(`${name}  ${facts}`);
    else {
      terminal.print(middle(name, terminal.width));
      terminal.print(`   ${facts}`);
    }
    if (it.unordered > 0) {
      terminal.print(
        `   ${plural(it.unordered, "record")} out of order: taken as the file has them, so counts over time may be off`,
      );
    }
    for (const { offset, reason } of it.rejects.slice(0, maxRejects)) {
      terminal.print(`   rejected at byte ${offset}: ${middle(visible(reason), terminal.width - 30)}`);
    }
    if (it.rejected > maxRejects)
      terminal.print(`   and ${plural(it.rejected - maxRejects, "more reject")}; --json lists them`);
  }
  if (files.length > maxFiles) terminal.print(`and ${plural(files.length - maxFiles, "more file")}`);
  if (late > 0) terminal.print(`${plural(late, "file")} read after others of the same time: too many overlap`);
}

/** How far what was read can be believed, and what digest files say of it. */
function printGrades({ rests, digests }: Replayed, terminal: Terminal): void {
  const { signed, accounts, vouched, problems, unchecked, files } = digests;
  terminal.print(`grade of the events, by what was checked: ${restsText(rests)}`);
  if (files.size === 0) return;
  if (unchecked) terminal.print("digest files are given and not checked: --digest-keys FILE says with which keys");
  else {
    // AWS signs everybody's: whether it is the right account's, whoever reads this knows.
    const named = accounts.slice(0, maxAccounts).join(", ");
    const more = accounts.length > maxAccounts ? ` and ${accounts.length - maxAccounts} more` : "";
    const whose = accounts.length === 0 ? "" : ` of account${accounts.length > 1 ? "s" : ""} ${named}${more}`;
    const digestsText = visible(plural(signed, "signed digest") + whose);
    terminal.print(`${digestsText}, ${plural(vouched.size, "log file")} as AWS delivered them`);
  }
  for (const it of problems.slice(0, maxProblems)) {
    const mark = isTampering(it) ? "!" : "-";
    terminal.print(`   ${mark} ${visible(it.file)}: ${digestWords[it.code]}`);
  }
  if (problems.length > maxProblems)
    terminal.print(`   and ${plural(problems.length - maxProblems, "more")}; --json lists all`);
}

function printBooks({ line, registered }: Replayed, terminal: Terminal): void {
  const holdings = line.holdings();
  if (holdings.length === 0) {
    terminal.print();
    const why =
      registered === 0
        ? "No read of a registered model. Without a register nothing can be booked: npx outweigh init proposes one."
        : "No read of a registered model: nothing was read at any place that outweigh.yml declares. Where a model is served from elsewhere, add that address to its places, such as http:/weights/acme-13b/.";
    for (const text of wrap(why, terminal.width)) terminal.print(text);
    return;
  }
  const complete = holdings.filter((it) => it.complete);
  const matched = complete.filter((it) => it.declared).length;
  const not = complete.length - matched;
  terminal.print();
  terminal.print(
    `${terminal.bold("CUSTODY")}  ${plural(matched, "complete copy", "complete copies")} matched to a declared reader, ${not > 0 ? terminal.bold(`${countText(not)} NOT MATCHED`) : "none unmatched"}`,
  );
  const sorted = holdings.toSorted((a, b) => Number(a.declared) - Number(b.declared) || b.bytes - a.bytes);
  for (const it of sorted.slice(0, maxHoldings)) {
    const mark = it.declared ? " " : "!";
    const head = `   ${mark} ${padEnd(visible(it.model), 20)} ${padEnd(amount(it), 22)} ${it.declared ? "declared  " : "undeclared"}  `;
    terminal.print(head + middle(visible(it.principal), terminal.width - head.length));
  }
  if (sorted.length > maxHoldings)
    terminal.print(`     and ${plural(sorted.length - maxHoldings, "more reader")}; --json lists all`);
  for (const it of line.coalition().filter(({ readers }) => readers > 0)) {
    terminal.print(
      `     all ${plural(it.readers, "undeclared reader")} of ${visible(it.model)} together: ${amount(it)}`,
    );
  }
}

function amount({ bytes, fraction, bound }: (Holding | Coalition) & { readonly bound: Bound }): string {
  const upper = bound === "<=" ? "≤ " : "";
  return `${upper}${sizeText(bytes)}${fraction === undefined ? "" : `, ${upper}${shareText(fraction)}`}`;
}

function printIncidents(replayed: Replayed, terminal: Terminal): void {
  const { incidents } = replayed;
  terminal.print();
  if (incidents.size === 0) {
    terminal.print("No incident.");
    return;
  }
  terminal.print(terminal.bold("INCIDENTS"));
  const sorted = bySeverity(incidents.values());
  for (const it of sorted.slice(0, maxIncidents)) printIncident(it, replayed, terminal);
  if (sorted.length > maxIncidents)
    terminal.print(`   and ${plural(sorted.length - maxIncidents, "more incident")}; --json lists all`);
  for (const it of new Set(sorted.flatMap(({ alerts }) => inDoubt(alerts, replayed).doubt ?? [])))
    for (const line of wrap(`in doubt: ${it}`, terminal.width, { first: "   ", rest: "      " })) terminal.print(line);
}

function printIncident(incident: Incident, replayed: Replayed, terminal: Terminal): void {
  const { severity, title, reason, firstAt, lastAt, act, method } = incident;
  const indent = " ".repeat(21);
  wrap(visible(title), terminal.width - indent.length).forEach((line, n) => {
    const head = n === 0 ? `   ${terminal.glyph(severity)} ${padEnd(severity, 13)} ` : indent;
    terminal.print(head + terminal.bold(line));
  });
  const what = [act, method].filter((it) => it !== undefined).join(", ");
  const span = [...new Set([timeText(firstAt), timeText(lastAt)])].join(" to ");
  const doubted = inDoubt(incident.alerts, replayed).doubt === undefined ? "" : " · in doubt";
  terminal.print(`${indent}${span}${what === "" ? "" : ` · ${what}`}${doubted}`);
  for (const line of wrap(visible(reason), terminal.width, { first: indent, rest: indent })) terminal.print(line);
  const own = bySeverity(incident.alerts.flatMap((it) => replayed.alerts.get(it) ?? []));
  for (const it of own.slice(0, maxAlerts)) {
    const head = `${indent}${terminal.glyph(it.severity)} `;
    for (const line of wrap(visible(it.summary), terminal.width, { first: head, rest: `${indent}    ` }))
      terminal.print(line);
  }
  if (own.length > maxAlerts) terminal.print(`${indent}and ${plural(own.length - maxAlerts, "more alert")}`);
}

function printBlindSpots(files: readonly ReplayedFile[], terminal: Terminal): void {
  const kinds = [...new Set(files.map((it) => it.kind))];
  terminal.print();
  terminal.print(terminal.bold("NOT SEEN"));
  for (const kind of kinds) {
    if (kind === "unknown") {
      terminal.print("   files that no source recognises: nothing of them was read");
      continue;
    }
    for (const it of sourceOf(kind).cannotSee) {
      for (const line of wrap(`${kind}: ${it}`, terminal.width, { first: "   ", rest: "      " })) terminal.print(line);
    }
  }
}
