import { readFileSync, writeFileSync } from "node:fs";
import type { Detectors, Measured } from "./run.ts";
import type { AttackResult } from "./tally.ts";

const percent = (it: number, digits = 0) => `${(100 * it).toFixed(digits)} %`;

/** One cell: share detected @ median queries (fidelity of the thief's clone by then). */
function cell(it: AttackResult | undefined): string {
  if (!it) return "";
  const when = it.medianQueries === null ? "" : `@${it.medianQueries}`;
  return `${percent(it.detected)}${when} (${it.cloneFidelityAtDetection.toFixed(2)})`;
}

/** Everything measured, as Markdown tables. */
export function table(measured: Measured): string {
  const { splits, horizon, alpha, queriesPerSecond, bytesPerPrincipal, second, prompts, linked } = measured;
  return [
    `${splits} resplits of the benign principals, ${horizon} queries each, promised ${percent(alpha)}. ${queriesPerSecond} scored queries a second of CPU time at 64 dimensions; ${bytesPerPrincipal} bytes a principal. A cell is the share detected @ the median number of queries (fidelity of the thief's clone by then; if undetected, at the end).`,
    "",
    ...detectorTable(measured.detectors),
    "",
    "The combined meter on streams made from the attacks:",
    "",
    ...madeTable(measured.detectors),
    "",
    ...secondTables(second),
    ...(prompts ? promptTable(prompts) : []),
    ...linkTable(linked),
  ].join("\n");
}

function detectorTable(detectors: Detectors): string[] {
  const plain = (detectors["combined"]?.attacks ?? []).map((it) => it.name).filter((it) => !it.includes(" "));
  return [
    `| detector | false alarms [95 %], worst split | ${plain.join(" | ")} |`,
    `| --- | --- |${" --- |".repeat(plain.length)}`,
    ...Object.entries(detectors).map(([name, it]) => {
      const rate = percent(it.falseAlarms / it.benignPrincipals, 2);
      const interval = it.interval.map((v) => (100 * v).toFixed(1)).join("–");
      const cells = plain.map((attack) => cell(it.attacks.find((a) => a.name === attack)));
      return `| ${name} | ${rate} [${interval}], ${percent(it.worstSplit, 1)} | ${cells.join(" | ")} |`;
    }),
  ];
}

/** A row for each attack, a column for each way to send it. */
function madeTable(detectors: Detectors): string[] {
  const all = detectors["combined"]?.attacks ?? [];
  const plain = all.map((it) => it.name).filter((it) => !it.includes(" "));
  const first = plain[0] ?? "";
  const ways = all
    .map((it) => it.name)
    .filter((it) => it.startsWith(`${first} `))
    .map((it) => it.slice(first.length));
  return [
    `| attack |${ways.map((it) => `${it} |`).join("")}`,
    `| --- |${" --- |".repeat(ways.length)}`,
    ...plain.map(
      (name) => `| ${name} | ${ways.map((way) => cell(all.find((it) => it.name === name + way))).join(" | ")} |`,
    ),
  ];
}

function secondTables(second: Detectors): string[] {
  return [
    "### A second victim, in no folder",
    "",
    "Same code, same constants, another model and other people: a network over 24 columns and 7 classes, 600 honest users with few or many",
    "records, skewed columns, drift and retries, and thieves that really query it.",
    "",
    ...detectorTable(second),
    "",
    ...madeTable(second),
    "",
  ];
}

function promptTable(prompts: NonNullable<Measured["prompts"]>): string[] {
  const kinds = Object.keys(Object.values(prompts)[0]?.attacks ?? {});
  return [
    "### Prompt streams, each signal alone at a promised 1 %",
    "",
    `| signal | false alarms [95 %] | ${kinds.join(" | ")} |`,
    `| --- | --- |${" --- |".repeat(kinds.length)}`,
    ...Object.entries(prompts).map(([name, it]) => {
      const interval = it.interval.map((v) => (100 * v).toFixed(1)).join("–");
      const cells = kinds.map((kind) => percent(it.attacks[kind] ?? 0));
      return `| ${name} | ${percent(it.falseAlarms / it.benignPrincipals, 2)} [${interval}] | ${cells.join(" | ")} |`;
    }),
    "",
  ];
}

function linkTable(linked: Measured["linked"]): string[] {
  const p = (it: number | undefined) => (it === undefined ? "" : it < 1e-9 ? "< 1e-9" : it.toPrecision(2));
  return [
    "### Linked accounts",
    "",
    "| one thief's accounts | found | honest accounts joined | pooled re-test: thief's group | pooled re-test: honest groups | partition p | turns p |",
    `| --- |${" --- |".repeat(6)}`,
    ...linked.map((it) => {
      const tested = it.alarmed ? it.alarmed.join(", ") || "silent" : "not run";
      const honest = it.honestAlarmed === undefined ? "" : `${it.honestAlarmed} alarmed`;
      return `| ${it.name} | ${percent(it.found)} | ${it.honestJoined} of ${it.honest} | ${tested} | ${honest} | ${p(it.partition)} | ${p(it.turns)} |`;
    }),
    "",
  ];
}

const [begin, end] = ["<!-- measured: begin -->", "<!-- measured: end -->"];

/** Replaces what stands between the markers of a page. */
export function writeInto(file: string, text: string): void {
  const page = readFileSync(file, "utf8");
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no markers ${begin} and ${end}`);
  writeFileSync(file, `${page.slice(0, from + begin.length)}\n\n${text}\n${page.slice(to)}`);
}
