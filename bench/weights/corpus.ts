// A corpus of our own: trained models, what thieves and owners do to them, and strangers of the same architecture.
import {
  compareModels,
  fingerprint,
  openKey,
  type Comparison,
  type Fingerprint,
  type Relation,
} from "../../packages/weights/src/index.ts";
import { ancestry, classifierCases, copies, strangers, type Case } from "./cases.ts";
import { languageSeeds, language } from "./models.ts";
import { nullPairs, nullRearranged, type Nulls } from "./nulls.ts";
import { tensorStrip } from "../../packages/cli/src/text/tensor-strip.ts";
import { note, power, printTable, say } from "./table.ts";

/** Columns of the picture of each matrix. */
const stripWidth = 16;

interface Outcome {
  readonly what: string;
  readonly right: readonly Relation[];
  readonly found: Comparison;
  readonly correct: boolean;
}

/** Trains on the first run (about ten minutes of one core); later runs take the cache in the folder for temporary files. */
export async function benchCorpus({ json }: { readonly json: boolean }) {
  note("training, or reading what an earlier run trained …");
  for (const seed of languageSeeds) await language(seed);
  const groups = {
    "copies and descendants of one model": await copies(),
    "ancestry: what is no theft, and what is": await ancestry(),
    "a classifier": await classifierCases(),
    strangers: await strangers(),
  };
  const results: Record<string, ReturnType<typeof summary>[]> = {};
  let wrong = 0;
  const all: Outcome[] = [];
  for (const [title, cases] of Object.entries(groups)) {
    const outcomes: Outcome[] = [];
    for (const it of cases) outcomes.push(await decide(it));
    all.push(...outcomes);
    wrong += outcomes.filter((it) => !it.correct).length;
    results[title] = outcomes.map(summary);
    if (!json) print(title, outcomes);
  }
  const sentences = sentencesOf(all);
  const nulls = await nullPairs();
  const rearranged = await nullRearranged();
  if (!json) {
    sayNulls(nulls);
    say(
      `rearrangements looked for in ${rearranged.pairs} pairs of strangers: ${rearranged.found} found, smallest p ${power(rearranged.smallestP)}`,
    );
    say(`${wrong} wrong verdicts`);
  }
  return { cases: results, wrong, sentences, nulls, rearranged };
}

async function decide({ what, right, a, b, base, others, how }: Case): Promise<Outcome> {
  const parents: Fingerprint[] = [];
  for (const it of others ?? []) parents.push(await fingerprint(it, { key: openKey }));
  const found = await compareModels(a, b, { ...(base && { bases: [base] }), others: parents });
  const told = how === undefined || how.test(found.how.join("; "));
  return { what, right, found, correct: told && right.includes(found.relation) };
}

function summary({ what, right, found, correct }: Outcome) {
  const { relation, pValue, tensorsSignificant, tensorsCompared, rho, sharedExact, how, why } = found;
  return { what, right, relation, correct, pValue, tensorsSignificant, tensorsCompared, rho, sharedExact, how, why };
}

/** Which verdicts the corpus reached, and by which sentence: numbers and quoted words left out. */
function sentencesOf(outcomes: readonly Outcome[]): { relation: Relation; why: string; cases: number }[] {
  const kinds = Map.groupBy(outcomes, ({ found: { relation, why } }) =>
    JSON.stringify([relation, why.replaceAll(/"[^"]*"/g, '"…"').replaceAll(/\d[\d.e+-]*/g, "#")]),
  );
  return [...kinds].map(([key, own]) => {
    const [relation, why]: [Relation, string] = JSON.parse(key);
    return { relation, why, cases: own.length };
  });
}

function print(title: string, outcomes: readonly Outcome[]): void {
  say(`${title}\n`);
  printTable([
    ["", "", "verdict", "p ≤", "alike", "each", "rho", "how"],
    ...outcomes.map(({ what, found, correct }) => [
      correct ? "✓" : "✗",
      what,
      found.relation,
      power(found.pValue),
      `${found.tensorsSignificant}/${found.tensorsCompared}`,
      tensorStrip(found.perTensor, stripWidth),
      found.rho?.toFixed(3) ?? "",
      [...found.how, ...slopesOf(found)].join("; "),
    ]),
  ]);
  say("");
}

/** How much of what was added is in the suspect: middle of the matrices, and their middle half over it. */
function slopesOf({ perTensor }: Comparison): string[] {
  const slopes = perTensor.flatMap((it) => it.slope ?? []).sort((x, y) => x - y);
  const at = (share: number): number => slopes[Math.round(share * (slopes.length - 1))] ?? 0;
  return slopes.length > 0
    ? [`slope ${at(0.5).toFixed(2)}, spread ${((at(0.75) - at(0.25)) / at(0.5)).toFixed(2)}`]
    : [];
}

function sayNulls(it: Nulls): void {
  say(
    `independent classifiers: ${it.models} models, ${it.pairs} pairs, ${it.links} false links, ${it.undetermined} undetermined`,
  );
  say(`matched tests: ${it.tests}, z deviation ${it.zSd.toFixed(2)}, largest |z| ${it.zMax.toFixed(2)}`);
  say(`p-values below .01: ${it.belowOnePercent} of ${it.pairs}; smallest ${power(it.smallestP)}`);
}
