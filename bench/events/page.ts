// What one run prints, and what stands between the markers of docs/events.md.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Rate } from "./clock.ts";
import type { Measured } from "./run.ts";

const page = join(import.meta.dirname, "..", "..", "docs", "events.md");
const [begin, end] = ["<!-- measured: begin -->", "<!-- measured: end -->"];

/** Replaces what stands between the markers. @throws {Error} if there are none. */
export function writePage(text: string): void {
  const old = readFileSync(page, "utf8");
  const [from, to] = [old.indexOf(begin), old.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/events.md has no markers ${begin} and ${end}`);
  writeFileSync(page, `${old.slice(0, from + begin.length)}\n\n${text}\n\n${old.slice(to)}`);
}

export function pageOf(it: Measured): string {
  return [
    `Node ${it.node}, one thread, on ${it.cores} shared cores (${it.processor}). Each cell: events a second of processor time · by the wall clock.`,
    `Rules: ${it.corpus}.`,
    ...regressionText(it),
    "",
    ...table(
      ["parsing alone", "MB", "cut into records", "`JSON.parse` of the same bytes"],
      it.parsing.map((row) => [row.kind, String(row.megabytes), rate(row.cut), rate(row.floor)]),
    ),
    ...table(
      ["record to events, parsing included", "different records", "events"],
      it.mapping.map((row) => [row.kind, whole(row.records), rate(row.mapped)]),
    ),
    ...table(
      ["rules alone", "events", "one by one", "ratio", "fit the logsource", "tried", "matches per 1,000", "ready in"],
      it.rules.map((row) => [
        whole(row.rules),
        rate(row.indexed),
        rate(row.plain),
        times(row.indexed, row.plain),
        row.fitting.toFixed(1),
        row.tried.toFixed(2),
        row.matchesPerThousand.toFixed(1),
        `${whole(row.readyMs)} ms`,
      ]),
    ),
    ...table(
      ["ledger alone", "entries", "booked"],
      it.ledger.map((row) => [row.what, whole(row.entries), rate(row.booked)]),
    ),
    ...table(
      ["whole line, bytes to incidents", "rules", "events", "of `JSON.parse` alone", "alerts"],
      it.line.map((row) => [
        row.kind,
        whole(row.rules),
        rate(row.events),
        `${(100 * row.ofFloor).toFixed(0)} %`,
        whole(row.alerts),
      ]),
    ),
    ...table(
      ["one more principal that …", "principals", "heap bytes", "snapshot bytes"],
      it.memory.map((row) => [
        row.what,
        whole(row.principals),
        whole(row.heapBytesPerPrincipal),
        whole(row.snapshotBytesPerPrincipal),
      ]),
    ),
    ...peerTable(it),
  ]
    .join("\n")
    .trimEnd();
}

function regressionText({ regression }: Measured): string[] {
  if (!regression) return [];
  const { rules, events, fire, silent } = regression;
  const others = silent.length === 0 ? "" : ` Silent: ${silent.join("; ")}.`;
  return [
    `Regression data of the checkout: ${whole(fire)} of ${whole(rules)} rules match their own ${whole(events)} recorded events.${others}`,
  ];
}

function peerTable({ peer }: Measured): string[] {
  if (!peer) return ["No other engine was measured in this run: `--peer` names a checkout of go-sigma-rule-engine."];
  return table(
    ["beside go-sigma-rule-engine (Go)", "ours", "theirs", "ratio", "rules it can run", "matches: ours, theirs"],
    peer.map((row) => [
      `${whole(row.rules)} rules`,
      rate(row.own),
      rate(row.peer),
      times(row.own, row.peer),
      `${whole(row.loaded)} of ${whole(row.of)}`,
      `${whole(row.ownMatches)}, ${whole(row.peerMatches)}`,
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map((it) => line(it)), ""];
}

const whole = (it: number): string => it.toLocaleString("en");
const rate = ({ perCoreSecond, perSecond }: Rate): string => `${whole(perCoreSecond)} · ${whole(perSecond)}`;
const times = (a: Rate, b: Rate): string => `${(a.perCoreSecond / b.perCoreSecond).toFixed(1)} ×`;
