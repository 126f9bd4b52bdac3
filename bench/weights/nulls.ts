// Where nothing may be found: strangers by the thousand.
import {
  compareFingerprints,
  comparePermuted,
  fingerprint,
  openKey,
  type Fingerprint,
} from "../../packages/weights/src/index.ts";
import type { Weights } from "../../packages/weights/src/testing/random-model.ts";
import { partsOf, safetensorsOf } from "./files.ts";
import { classifier, language, languageSeeds } from "./models.ts";

const classifierCount = 150;

export interface Rearranged {
  readonly pairs: number;
  readonly found: number;
  readonly smallestP: number;
}

/** Strangers among language models and among classifiers: no rearrangement may be found. */
export async function nullRearranged(): Promise<Rearranged> {
  let [pairs, found, smallestP] = [0, 0, 1];
  const meet = async (a: readonly Weights[], b: readonly Weights[]): Promise<void> => {
    const result = await comparePermuted(await partsOf(safetensorsOf(a)), await partsOf(safetensorsOf(b)));
    pairs++;
    if (result.outcome === "derived" || result.outcome === "suspicious") found++;
    smallestP = Math.min(smallestP, result.pValue);
  };
  for (const a of languageSeeds)
    for (const b of languageSeeds.filter((it) => it > a)) await meet(await language(a), await language(b));
  for (let seed = 2; seed <= 60; seed++) await meet(await classifier(1), await classifier(seed));
  return { pairs, found, smallestP };
}

export interface Nulls {
  readonly models: number;
  readonly pairs: number;
  readonly links: number;
  readonly undetermined: number;
  readonly tests: number;
  readonly zSd: number;
  readonly zMax: number;
  readonly smallestP: number;
  readonly belowOnePercent: number;
}

/** Every pair of independently trained classifiers of one architecture on one task, and every pair of language models. */
export async function nullPairs(): Promise<Nulls> {
  const prints: Fingerprint[] = [];
  for (let seed = 1; seed <= classifierCount; seed++) {
    const parts = await partsOf(safetensorsOf(await classifier(seed)));
    prints.push(await fingerprint(parts, { key: openKey }));
  }
  let [pairs, links, undetermined, tests, squares, zMax, smallestP, below] = [0, 0, 0, 0, 0, 0, 1, 0];
  for (const [i, a] of prints.entries()) {
    for (const b of prints.slice(i + 1)) {
      const { relation, pValue, perTensor } = compareFingerprints(a, b);
      pairs++;
      if (relation === "derived" || relation === "identical" || relation === "same-tensors") links++;
      if (relation === "undetermined") undetermined++;
      if (pValue < 0.01) below++;
      smallestP = Math.min(smallestP, pValue);
      for (const { z } of perTensor) {
        tests++;
        squares += z * z;
        zMax = Math.max(zMax, Math.abs(z));
      }
    }
  }
  return {
    models: prints.length,
    pairs,
    links,
    undetermined,
    tests,
    zSd: Math.sqrt(squares / tests),
    zMax,
    smallestP,
    belowOnePercent: below,
  };
}
