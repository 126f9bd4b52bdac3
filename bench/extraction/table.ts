import { readFileSync, writeFileSync } from "node:fs";
import type { Measured } from "./run.ts";
import type { AttackResult } from "./tally.ts";

const percent = (it: number, digits = 0) => `${(100 * it).toFixed(digits)} %`;

/** One cell: share detected @ median queries (fidelity of the thief's clone by then). */
function cell(it: AttackResult | undefined): string {
  if (!it) return "";
  const when = it.medianQueries === null ? "" : `@${it.medianQueries}`;
  return `${percent(it.detected)}${when} (${it.cloneFidelityAtDetection.toFixed(2)})`;
}

/** Everything measured, as Markdown tables. */
export function table({
  detectors,
  prompts,
  splits,
  horizon,
  alpha,
  queriesPerSecond,
  bytesPerPrincipal,
}: Measured): string {
  const names = (detectors["combined"]?.attacks ?? []).map((it) => it.name);
  const plain = names.filter((it) => !it.includes(" "));
  const lines = [
    `${splits} resplits of the benign principals, ${horizon} queries each, promised ${percent(alpha)}. ${queriesPerSecond} scored queries a second of CPU time at 64 dimensions; ${bytesPerPrincipal} bytes a principal. A cell is the share detected @ the median number of queries (fidelity of the thief's clone by then; if undetected, at the end).`,
    "",
    `| detector | false alarms [95 %], worst split | ${plain.join(" | ")} |`,
    `| --- | --- |${" --- |".repeat(plain.length)}`,
    ...Object.entries(detectors).map(([name, it]) => {
      const rate = percent(it.falseAlarms / it.benignPrincipals, 2);
      const interval = it.interval.map((v) => (100 * v).toFixed(1)).join("–");
      const cells = plain.map((attack) => cell(it.attacks.find((a) => a.name === attack)));
      return `| ${name} | ${rate} [${interval}], ${percent(it.worstSplit, 1)} | ${cells.join(" | ")} |`;
    }),
    "",
    "The combined meter on streams made from the attacks:",
    "",
    "| stream | detected |",
    "| --- | --- |",
    ...(detectors["combined"]?.attacks ?? [])
      .filter((it) => it.name.includes(" "))
      .map((it) => `| ${it.name} | ${cell(it)} |`),
    "",
  ];
  if (!prompts) return lines.join("\n");
  const kinds = Object.keys(Object.values(prompts)[0]?.attacks ?? {});
  lines.push(
    "Prompt streams, each signal alone at a promised 1 %:",
    "",
    `| signal | false alarms [95 %] | ${kinds.join(" | ")} |`,
    `| --- | --- |${" --- |".repeat(kinds.length)}`,
    ...Object.entries(prompts).map(([name, it]) => {
      const interval = it.interval.map((v) => (100 * v).toFixed(1)).join("–");
      const cells = kinds.map((kind) => percent(it.attacks[kind] ?? 0));
      return `| ${name} | ${percent(it.falseAlarms / it.benignPrincipals, 2)} [${interval}] | ${cells.join(" | ")} |`;
    }),
    "",
  );
  return lines.join("\n");
}

const [begin, end] = ["<!-- measured: begin -->", "<!-- measured: end -->"];

/** Replaces what stands between the markers of a page. */
export function writeInto(file: string, text: string): void {
  const page = readFileSync(file, "utf8");
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no markers ${begin} and ${end}`);
  writeFileSync(file, `${page.slice(0, from + begin.length)}\n\n${text}\n${page.slice(to)}`);
}
