// Trains the corpus, or takes it from the cache of an earlier run: seeds are fixed, so both are the same.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Weights } from "../../packages/weights/src/testing/random-model.ts";
import { safetensorsOf, weightsOf } from "./files.ts";
import { Pictures, trainClassifier } from "./train/classifier.ts";
import { LanguageModel, usualSize } from "./train/language-model.ts";
import { Text } from "./train/text.ts";

/** Change it when anything in `train/` changes: it names the cache. */
const recipe = 2;

const cache = join(tmpdir(), `outweigh-bench-weights-${recipe}`);

/** Weights by name, made once. */
export async function cached(name: string, make: () => Weights[] | Promise<Weights[]>): Promise<Weights[]> {
  const path = join(cache, `${name}.safetensors`);
  if (existsSync(path)) return weightsOf(readFileSync(path));
  const made = await make();
  mkdirSync(cache, { recursive: true });
  writeFileSync(path, safetensorsOf(made));
  return made;
}

/** Steps of a whole training; everything else is measured by it. */
export const usualSteps = 60;

/** Seeds of the language models that are strangers to each other. */
export const languageSeeds = [1, 2, 3, 4, 5, 6] as const;

const base = new Text(1, usualSize.vocabulary);
const other = new Text(2, usualSize.vocabulary);
const third = new Text(3, usualSize.vocabulary);

async function trained(
  name: string,
  model: () => LanguageModel | Promise<LanguageModel>,
  how: (it: LanguageModel) => void,
): Promise<Weights[]> {
  return cached(name, async () => {
    const made = await model();
    how(made);
    return made.weights();
  });
}

/** A model of its own: all from one seed, on the common text in an order of its own. */
export async function language(seed: number): Promise<Weights[]> {
  return trained(
    `lm-${seed}`,
    () => LanguageModel.fresh(seed),
    (it) => void it.train(base, 1000 + seed, usualSteps),
  );
}

/** What the corpus is made of, by name. */
export const variants = {
  /** The weights that model 1 began from. */
  init: async () => LanguageModel.fresh(1).weights(),
  /** The same beginning, other data. */
  "same-init": () =>
    trained(
      "lm-same-init",
      () => LanguageModel.fresh(1),
      (it) => void it.train(other, 2001, usualSteps),
    ),
  "fine-tune": () => further("fine-tune", 1, (it) => void it.train(other, 3001, 20, 1e-3)),
  "fine-tune-other-data": () => further("fine-tune-other-data", 1, (it) => void it.train(third, 3002, 20, 1e-3)),
  "fine-tune-same-data": () => further("fine-tune-same-data", 1, (it) => void it.train(other, 3003, 20, 1e-3)),
  /** A fine-tune of the fine-tune. */
  child: () =>
    trained(
      "lm-child",
      async () => LanguageModel.from(await variants["fine-tune"]()),
      (it) => void it.train(third, 3004, 8, 5e-4),
    ),
  /** A fine-tune of the fine-tune, twice as long as that one. */
  "child-long": () =>
    trained(
      "lm-child-long",
      async () => LanguageModel.from(await variants["fine-tune"]()),
      (it) => void it.train(third, 3007, 40, 1e-3),
    ),
  /** Two slow fine-tunes with the same data in another order: as alike as siblings get. */
  "sibling-1": () => further("sibling-1", 1, (it) => void it.train(other, 3008, 80, 4e-4)),
  "sibling-2": () => further("sibling-2", 1, (it) => void it.train(other, 3009, 80, 4e-4)),
  continued: () => further("continued", 1, (it) => void it.train(base, 3005, usualSteps)),
  adapter: () => further("adapter", 1, (it) => it.trainAdapters(other, 3006, { steps: 20, rank: 8 })),
} as const;

async function further(name: string, seed: number, how: (it: LanguageModel) => void): Promise<Weights[]> {
  return trained(`lm-${name}`, async () => LanguageModel.from(await language(seed)), how);
}

const pictures = new Pictures(1);

/** A classifier of its own, on the common pictures. */
export async function classifier(seed: number): Promise<Weights[]> {
  return cached(`mlp-${seed}`, () => trainClassifier(pictures, { seed, data: 5000 + seed, steps: 60 }).weights);
}

export async function classifierTuned(seed: number): Promise<Weights[]> {
  const from = await classifier(seed);
  return cached(
    `mlp-${seed}-tuned`,
    () => trainClassifier(new Pictures(2), { seed, data: 6001, steps: 30, from }).weights,
  );
}
