import { readFileSync, writeFileSync } from "node:fs";
import { realisedRate } from "../../packages/extraction/src/index.ts";
import type { EncoderResult } from "./encoder.ts";
import type { LedgerResult } from "./ledger.ts";
import type { Detectors, Measured } from "./run.ts";
import type { AttackResult } from "./tally.ts";

const percent = (it: number, digits = 0) => `${(100 * it).toFixed(digits)} %`;

/** One cell: share detected @ median queries (fidelity of the thief's clone by then). */
function cell(it: AttackResult | undefined): string {
  if (!it) return "";
  const when = it.medianQueries === null ? "" : `@${it.medianQueries}`;
  const fidelity = it.cloneFidelityAtDetection === null ? "" : ` (${it.cloneFidelityAtDetection.toFixed(2)})`;
  return `${percent(it.detected)}${when}${fidelity}`;
}

/** Everything measured, as Markdown tables. */
export function table(measured: Measured): string {
  const { splits, horizon, principals, queriesPerSecond, bytesPerPrincipal, made, prompts, linked, ledger, encoder } =
    measured;
  const rank = Math.ceil((1 - measured.alpha) * (principals + 1) - 1e-9);
  const worst = rank <= principals ? realisedRate(principals, rank) : 1;
  return [
    `${splits} resplits of the benign principals, ${horizon} queries each, promised ${percent(measured.alpha)} on average over calibrations: one calibration of ${principals} principals may really have up to ${percent(worst, 1)} (95 %). ${queriesPerSecond} scored queries a second of CPU time at 64 dimensions; ${bytesPerPrincipal} bytes a principal. A cell is the share detected @ the median number of queries (fidelity of the thief's clone by then; if undetected, at the end).`,
    "",
    "### Recorded streams (looked at while the detectors were made)",
    "",
    ...detectorTable(measured.detectors),
    "",
    "The combined meter on streams made from the attacks:",
    "",
    ...madeTable(measured.detectors),
    "",
    ...Object.entries(made).flatMap(([shape, detectors]) => victimTables(shape, detectors)),
    ...(prompts ? promptTable(prompts, "Prompt streams, each signal alone at a promised 1 %") : []),
    ...(encoder ? encoderTable(encoder) : []),
    ...(linked ? linkTable(linked) : []),
    ...(ledger ? ledgerTable(ledger) : []),
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

function victimTables(shape: string, detectors: Detectors): string[] {
  return [
    `### A made victim with ${shape} (first run when all was done)`,
    "",
    ...detectorTable(detectors),
    "",
    ...madeTable(detectors),
    "",
  ];
}

function ledgerTable(ledger: readonly LedgerResult[]): string[] {
  return [
    "### Output layer",
    "",
    "| log-probabilities shown | alarm | answers until then | directions shown, of the layer's width |",
    "| --- | --- | --- | --- |",
    ...ledger.map((it) => {
      const until = it.answers === undefined ? `none in ${it.of}` : String(it.answers);
      return `| ${it.name} | ${it.alarm ?? "silent"} | ${until} | ${it.rank} of ${it.hidden} |`;
    }),
    "",
  ];
}

function encoderTable({ name, dimensions, promptsPerSecond, hashedPerSecond, signals }: EncoderResult): string[] {
  return [
    ...promptTable(signals, "The same streams by an encoder's vectors, where a signal looks at vectors"),
    `The encoder: ${name}, ${dimensions} dimensions, up to 256 tokens. ${promptsPerSecond} vectors a second of CPU time; ${hashedPerSecond} hashed ones.`,
    "",
  ];
}

function promptTable(prompts: NonNullable<Measured["prompts"]>, title: string): string[] {
  const kinds = Object.keys(Object.values(prompts)[0]?.attacks ?? {});
  return [
    `### ${title}`,
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

function linkTable(linked: NonNullable<Measured["linked"]>): string[] {
  const p = (it: number) => (it < 1e-9 ? "< 1e-9" : it.toPrecision(2));
  return [
    "### Linked accounts",
    "",
    "| one thief's accounts | found | honest accounts joined | groups tested | thief's group | honest groups named | most by | partition p | turns p |",
    `| --- |${" --- |".repeat(8)}`,
    ...linked.map(({ name, found, honestJoined, honest, retest: it }) => {
      const verdict = it?.thiefFound ? "named" : "not named";
      const test = it
        ? `${it.groups} | ${verdict} | ${it.honestFound} | ${it.by} | ${p(it.partition)} | ${p(it.turns)}`
        : "see above | | | | |";
      return `| ${name} | ${percent(found)} | ${honestJoined.toFixed(1)} of ${honest} | ${test} |`;
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
