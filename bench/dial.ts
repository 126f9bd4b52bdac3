// `npm run bench -- dial [--traces DIR] [--write] [--json]`: how good a thief's copy gets at each position of the gateway's answer dial, and
// what an honest client loses there. A real victim, the gateway's own coarsening, thieves who train on what comes out.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AnswerDial } from "@outweigh/schema";
import { foreignImages, rawImages } from "../e2e/world/fashion.ts";
import { augment, Copy, copycat, fidelity, labelOf, type Ask, type Stolen } from "../e2e/world/thief.ts";
import { loadVictim, noVictim } from "../e2e/world/victim.ts";
import { row } from "../packages/gateway/src/json/probabilities.ts";

/** Positions, each with what a client gets there. */
const positions: readonly { readonly dial: AnswerDial; readonly gets: string }[] = [
  { dial: "full", gets: "every probability" },
  { dial: "rounded", gets: "every probability, to one decimal" },
  { dial: "top-k", gets: "the three largest, to one decimal" },
  { dial: "label-only", gets: "the label" },
];
const decimals = 1;

/** What leaves the gateway at a position, by its own code. */
function given(answer: readonly number[], dial: AnswerDial): readonly number[] {
  return dial === "full" ? answer : row(answer, { dial, decimals });
}

const counts = [50, 100, 200, 400, 800] as const;
/** Copies are trained from so many beginnings, and the mean is told. */
const seeds = [3, 5, 7] as const;
/** Images that thieves draw from, and images on which copies are judged: nobody asked those. */
const drawn = 1_000;
const judgedFrom = 1_200;

interface Row {
  readonly thief: string;
  readonly dial: AnswerDial;
  /** Mean agreement with the victim by number of queries, 0…1. */
  readonly fidelity: readonly number[];
}

interface Loss {
  readonly dial: AnswerDial;
  /** Share of honest queries that get another label. */
  readonly otherLabel: number;
  /** Mean distance of the probabilities from the victim's, total variation, 0…1. */
  readonly distance: number;
}

const page = join(import.meta.dirname, "..", "docs", "gateway.md");
const [begin, end] = ["<!-- dial: begin -->", "<!-- dial: end -->"];

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  if (noVictim !== false) {
    process.stderr.write(`${noVictim}: nothing is measured\n`);
    process.exitCode = 3;
    return;
  }
  const victim = loadVictim();
  const { images } = rawImages();
  const judged = images.slice(judgedFrom);
  const truth = judged.map((it) => labelOf(victim.classify(it)));
  const most = counts.at(-1) ?? 0;

  const rows: Row[] = [];
  for (const { dial } of positions) {
    const ask: Ask = (image) => Promise.resolve(given([...victim.classify(image)], dial));
    for (const [thief, steal] of thieves(images, most)) {
      process.stderr.write(`${thief}, ${dial}\n`);
      const copies = seeds.map(async (seed) => {
        const stolen = await steal(ask, seed);
        return counts.map((count) => judge(stolen.slice(0, count), seed, judged, truth));
      });
      const all = await Promise.all(copies);
      rows.push({ thief, dial, fidelity: counts.map((_, i) => mean(all.map((it) => it[i] ?? 0))) });
    }
  }
  const losses = positions.map(({ dial }) =>
    loss(
      dial,
      judged.map((it) => [...victim.classify(it)]),
    ),
  );
  const text = tableOf(rows, losses);
  process.stdout.write(json ? `${JSON.stringify({ counts, rows, losses })}\n` : text);
  if (args.includes("--write")) write(text);
}

type Steal = (ask: Ask, seed: number) => Promise<Stolen[]>;

function thieves(images: readonly Float32Array[], most: number): [string, Steal][] {
  return [
    ["images like the users' own", (ask) => copycat(ask, images.slice(0, drawn), most)],
    ["images of another world", (ask) => copycat(ask, foreignImages("copycat-mnist", most), most)],
    ["100 seeds and Jacobian augmentation", (ask, seed) => augment(ask, images.slice(0, 100), most, seed)],
  ];
}

function judge(
  stolen: readonly Stolen[],
  seed: number,
  judged: readonly Float32Array[],
  truth: readonly number[],
): number {
  const copy = new Copy(seed);
  copy.train(stolen, 30);
  return fidelity(copy, judged, truth);
}

function loss(dial: AnswerDial, answers: readonly number[][]): Loss {
  let other = 0;
  let distance = 0;
  for (const answer of answers) {
    const coarse = given(answer, dial);
    if (labelOf(coarse) !== labelOf(answer)) other++;
    distance += answer.reduce((sum, it, i) => sum + Math.abs(it - (coarse[i] ?? 0)), 0) / 2;
  }
  return { dial, otherLabel: other / answers.length, distance: distance / answers.length };
}

const mean = (values: readonly number[]) => values.reduce((sum, it) => sum + it, 0) / values.length;
const percent = (it: number) => `${(100 * it).toFixed(1)} %`;

function tableOf(rows: readonly Row[], losses: readonly Loss[]): string {
  const gets = (dial: AnswerDial) => positions.find((it) => it.dial === dial)?.gets ?? "";
  const lines = [
    `| thief | the dial at | ${counts.map((it) => `${it} queries`).join(" | ")} |`,
    `| --- | --- | ${counts.map(() => "--:").join(" | ")} |`,
    ...rows.map((it) => `| ${it.thief} | ${it.dial}: ${gets(it.dial)} | ${it.fidelity.map(percent).join(" | ")} |`),
    "",
    "| the dial at | honest queries with another label | distance of the probabilities (total variation) |",
    "| --- | --: | --: |",
    ...losses.map((it) => `| ${it.dial} | ${percent(it.otherLabel)} | ${it.distance.toFixed(3)} |`),
  ];
  return `${lines.join("\n")}\n`;
}

/** Puts the tables between their marks in the page. */
function write(text: string): void {
  const old = existsSync(page) ? readFileSync(page, "utf8") : "";
  const [from, to] = [old.indexOf(begin), old.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} has no ${begin} … ${end}`);
  writeFileSync(page, `${old.slice(0, from + begin.length)}\n\n${text}\n${old.slice(to)}`);
}
