import type { BacktestedRule, BacktestExample, BacktestReport } from "@outweigh/schema";
import type { Terminal } from "../terminal.ts";
import { countText, plural, timeText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

/** Days that are listed for one rule: a month and a bit. `--json` has all. */
const maxDays = 40;
/** Widest bar of a day, in columns. */
const barWidth = 40;

/** For people: the rules in the order given, each with its days and examples; then what was looked at. */
export function printBacktest(report: BacktestReport, terminal: Terminal): void {
  for (const { rule, reason } of report.refused) terminal.print(visible(`not used: ${rule}: ${reason}`));
  for (const it of report.warnings) terminal.print(visible(it));
  for (const it of report.rules) printRule(it, terminal);
  const { events, blind, first, last, cut } = report;
  const span = first !== undefined && last !== undefined ? `, ${timeText(first)} to ${timeText(last)}` : "";
  terminal.print(`${plural(events, "event")}${span}`);
  if (events === 0) terminal.print("There was nothing to try the rules on: choose another time, or logs with --over");
  if (blind > 0)
    terminal.print(
      `${plural(blind, "event")} without the source's own record: rules on its field names cannot match these`,
    );
  if (cut !== undefined) terminal.print(visible(`Not all was tried: ${cut}`));
}

function printRule(it: BacktestedRule, terminal: Terminal): void {
  const least = it.more === true ? "at least " : "";
  const hidden = it.hidden > 0 ? `; ${countText(it.hidden)} hidden by the exception` : "";
  terminal.print(
    `${terminal.glyph(it.level)} ${terminal.bold(visible(it.title))}: ${plural(it.hits, "hit")} by ${least}${plural(it.principals, "principal")}${hidden}`,
  );
  const most = Math.max(1, ...it.days.map((day) => day.hits));
  for (const { day, hits } of it.days.slice(-maxDays))
    terminal.print(`   ${day}  ${countText(hits).padStart(8)}  ${"▪".repeat(Math.ceil((barWidth * hits) / most))}`);
  if (it.days.length > maxDays) terminal.print(`   ${plural(it.days.length - maxDays, "earlier day")}: --json has all`);
  for (const { principal, hits } of it.most.slice(0, 5))
    terminal.print(visible(`   ${plural(hits, "hit")} by ${principal}`));
  for (const example of it.examples.slice(0, 3)) printExample("first", example, terminal);
  for (const example of it.hiddenExamples.slice(0, 3)) printExample("hidden", example, terminal);
  terminal.print();
}

function printExample(what: string, it: BacktestExample, terminal: Terminal): void {
  const times = it.count > 1 ? `, ${countText(it.count)} events` : "";
  const where = it.artifact === undefined ? "" : ` ${it.artifact}`;
  terminal.print(visible(`   ${what}: ${timeText(it.at)} ${it.principal}${where}${times}`));
  for (const { selection, field, modifiers, value } of it.because) {
    const name = [field === "" ? "(any value)" : field, ...modifiers].join("|");
    terminal.print(visible(`      ${selection === undefined ? "" : `${selection}: `}${name} = ${value.slice(0, 120)}`));
  }
}
