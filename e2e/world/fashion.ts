// Benign users and calibration for the victim's stories, from the recorded traces.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  calibrate,
  learnSpace,
  peakOf,
  setExam,
  setLevels,
  type Calibration,
  type Query,
} from "../../packages/extraction/src/index.ts";
import type { GroupLevels } from "../../packages/gateway/src/index.ts";
import { readTraces, type Traces } from "../../bench/extraction/traces.ts";
import { dice } from "./dice.ts";
import { classes, side, tracesFolder } from "./victim.ts";

/** Queries of a principal within which the promise holds. */
export const horizon = 160;
const alpha = { num: 1, den: 100 };
/** Benign principals that teach what is usual, and those whose paths set the levels. */
const referencePrincipals = 60;
const pathPrincipals = 400;

/** The raw images that came with the traces, in 0…1, and the victim's label for each. */
export function rawImages(): { readonly images: Float32Array[]; readonly labels: number[] } {
  const bytes = readFileSync(join(tracesFolder, "inputs.u8"));
  const labels = [...readFileSync(join(tracesFolder, "inputs_label.u8"))];
  const size = side * side;
  const images = labels.map((_, i) => Float32Array.from(bytes.subarray(i * size, (i + 1) * size), (it) => it / 255));
  return { images, labels };
}

/**
 * A simulated user by the traces' own recipe: a few classes, a camera with gain, offset and noise. There are 2,000 raw images where the
 * recipe drew from 30,000, so each is drawn once: near repeats would be a habit that no recorded user has.
 */
export function benignUser(
  seed: number,
  images: readonly Float32Array[],
  labels: readonly number[],
): () => Float32Array {
  const random = dice(1000 + seed);
  const normal = () => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  const count = [1, 2, 3, 5, 10][[0.15, 0.35, 0.6, 0.8, 1].findIndex((it) => random() < it)] ?? 3;
  const own = shuffled(
    Array.from({ length: classes }, (_, i) => i),
    random,
  ).slice(0, count);
  const weights = own.map(() => -Math.log(random() + 1e-12));
  const [gain, offset, noise] = [1 + 0.12 * normal(), 0.03 * normal(), Math.abs(0.02 * normal())];
  const pools = own.map((it) =>
    shuffled(
      images.filter((_, i) => labels[i] === it),
      random,
    ),
  );
  return () => {
    let rest = random() * weights.reduce((sum, it) => sum + it, 0);
    const which = Math.max(
      0,
      weights.findIndex((it) => (rest -= it) < 0),
    );
    const image = pools[which]?.pop() ?? pools.find((it) => it.length > 0)?.pop() ?? new Float32Array(side * side);
    return image.map((it) => Math.min(1, Math.max(0, it * gain + (it > 0 ? offset : 0) + noise * normal())));
  };
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((it) => [random(), it] as const)
    .sort(([a], [b]) => a - b)
    .map(([, it]) => it);
}

/** As the gateway's detectors see a query: the image averaged over blocks of four, and the answer. */
function queryOf(traces: Traces, row: number): Query {
  return {
    features: Float32Array.from(traces.row("thumb", row)),
    stratum: traces.row("label", row)[0] ?? 0,
    probabilities: traces.row("prob", row),
  };
}

/** Images of another world: what a recorded thief asked, as coarse as it was recorded. */
export function foreignImages(attack: string, most: number): Float32Array[] {
  const traces = readTraces(tracesFolder);
  const thief = traces?.principals.find((it) => it.attack === attack);
  if (!traces || !thief) throw new Error(`the traces have no ${attack}`);
  return Array.from({ length: Math.min(most, thief.n) }, (_, t) => {
    const small = traces.row("thumb", thief.row + t);
    return Float32Array.from({ length: side * side }, (_, i) => {
      const [y, x] = [Math.floor(i / side) >> 2, (i % side) >> 2];
      return (small[y * 7 + x] ?? 0) / 255;
    });
  });
}

/** A calibration from recorded benign principals, none of whom takes part in a story; with levels for groups. */
export function calibrateFashion(groupSizes: readonly number[]): {
  readonly single: Calibration;
  readonly groups: readonly GroupLevels[];
} {
  const traces = readTraces(tracesFolder);
  if (!traces) throw new Error("the recorded traces are not here");
  const benign = traces.principals.filter((it) => it.kind === "benign");
  const streams = benign.map(({ row }) => Array.from({ length: horizon }, (_, t) => queryOf(traces, row + t)));
  const reference = streams.slice(0, referencePrincipals);
  const paths = streams.slice(referencePrincipals, referencePrincipals + pathPrincipals);
  const exam = examOf(traces);
  const options = { strata: classes, alpha, horizon, seed: 1, exam };
  const single = calibrate({ reference, paths }, options);
  const groups = groupSizes.map((members): GroupLevels => {
    const peaks = Array.from({ length: 200 }, (_, g) => peakOf(single.judge, merged(paths, members, g)));
    return { members, levels: setLevels(single.judge, peaks, alpha).levels };
  });
  return { single, groups };
}

/** What a benign group of so many members asks, in turns. */
function merged(paths: readonly (readonly Query[])[], members: number, seed: number): Query[] {
  const random = dice(seed + 7);
  const chosen = Array.from({ length: members }, () => paths[Math.floor(random() * paths.length)] ?? []);
  return Array.from({ length: horizon }, (_, t) => chosen[t % members]?.[Math.floor(t / members)]).filter(
    (it) => it !== undefined,
  );
}

/** The owner's own inputs: some reserved, nobody was served them; the rest for the ceiling. */
function examOf(traces: Traces) {
  const reference = traces.principals.find((it) => it.kind === "reference");
  if (!reference) throw new Error("the traces have no reference");
  const owned = Array.from({ length: reference.n }, (_, t) => {
    const { features, stratum, probabilities } = queryOf(traces, reference.row + t);
    return { input: features, label: stratum, ...(probabilities && { probabilities }) };
  });
  const [reserved, own] = [owned.slice(0, 1500), owned.slice(1500)];
  return setExam(learnSpace(own.map((it) => it.input)), classes, reserved, own);
}
