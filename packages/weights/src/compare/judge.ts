import { lnGeometricMerge, lnOrderMerge, probabilityOf } from "../fingerprint/probability.ts";
import type { Fingerprint } from "../fingerprint/record.ts";
import type { BeyondBases } from "./base.ts";
import { gainsRearranged } from "./gains.ts";
import { hintsOf, wasTrained } from "./hints.ts";
import type { Matching, Pair } from "./match.ts";
import { medianRho, minShare, minTensors, readMatches, type Comparison, type Relation } from "./verdict.ts";

/** A comparison before it is judged. */
interface Trial {
  readonly a: Fingerprint;
  readonly b: Fingerprint;
  readonly matching: Matching;
  readonly significant: readonly Pair[];
  readonly beyond: BeyondBases | undefined;
  readonly librarySize: number;
}

/** The part of a comparison that is a judgement. */
type Judgement = Pick<Comparison, "relation" | "pValue" | "how" | "why">;

/** Chance that two different files have one SHA-256. */
const lnCollision = -256 * Math.LN2;

/**
 * How far the slopes of the matrices may lie apart, middle half over median, when the suspect holds what `a` added as a whole. Bench/weights:
 * children, merges and quantised copies .04 at most; models trained on one base with the same data .40 at least, for each layer learns at its own pace.
 */
const maxSlopeSpread = 0.2;

/** Above this slope nearly all of what was added is there. */
const wholeSlope = 0.9;

/** All that likeness without a base can say. */
const kinship = "one comes from the other, or both from a third that was not named as a base";

/** Identity, then bases, then the tests alone. */
export function judge(trial: Trial): Judgement {
  return judgeExact(trial) ?? (trial.beyond ? judgeBeyond(trial, trial.beyond) : judgeMatches(trial));
}

function judgeExact({ a: { exact: ours, formats }, b, librarySize }: Trial): Judgement | undefined {
  const theirs = b.exact;
  if (!ours || !theirs) return undefined;
  const same = { pValue: probabilityOf(lnCollision + Math.log(librarySize)), how: [] };
  const files = ours.files.length > 0 && equal(ours.files, theirs.files);
  if (files) return { relation: "identical", ...same, why: "the files are the same, byte for byte" };
  const named = ours.named !== undefined && ours.named === theirs.named && equal(formats, b.formats);
  if (named) return { relation: "identical", ...same, why: "every tensor has the same name and the same bytes" };
  const tensors = ours.tensors.length > 0 && equal(ours.tensors, theirs.tensors);
  if (!tensors && (ours.model === undefined || ours.model !== theirs.model)) return undefined;
  const count = `${ours.tensors.length} tensors`;
  return {
    relation: "same-tensors",
    ...same,
    why: `the same ${count}, byte for byte, under other names or in another container`,
  };
}

function judgeMatches(trial: Trial): Judgement {
  const { matching, significant } = trial;
  const { pairs, expected } = matching;
  const reading = readMatches(significant, pairs.length, expected);
  const lnP = lnModelP(trial);
  const pValue = probabilityOf(lnP);
  const how = reading === "none" || reading === "too few" ? [] : hintsOf(significant);
  const counted = `${significant.length} of ${pairs.length} comparable matrices`;
  const likeness = `${counted} are alike beyond chance (median correlation ${rhoText(significant)}, chance ${pText(lnP)})`;
  const say = (relation: Relation, why: string): Judgement => ({ relation, pValue, how, why });
  switch (reading) {
    case "too few":
      return say("undetermined", fewReason(trial));
    case "none":
      return rearranged(trial)
        ? say(
            "undetermined",
            "same structure and the same gains in another order: compare the files, it may be a permuted copy",
          )
        : say(
            "unrelated",
            `${counted} are alike beyond chance; of a copy or a descendant at least ${minTensors} and ${100 * minShare} % would be`,
          );
    case "weak":
      return say("undetermined", `${likeness}, no more than models share that began from one seed or ran far apart`);
    case "part":
      return {
        ...say("derived", `${likeness}, and they are neighbours: it reuses a part`),
        how: ["part of it reused", ...how],
      };
    case "derived":
      return say("derived", `${likeness}: ${kinship}`);
    case "reencoded":
      return say("derived", `${likeness}: ${wasTrained(significant) ? kinship : "the same weights, stored otherwise"}`);
  }
}

/** What is left once bases are taken away decides; the raw likeness only tells of shared ancestry. */
function judgeBeyond(trial: Trial, { remainders, unexplained, ours }: BeyondBases): Judgement {
  const { matching, librarySize } = trial;
  const told = [...remainders.values()].flatMap((it) => (it.told ? [it] : []));
  const kept = unexplained.length + ours.length;
  const lnP = lnMerged(
    [...told.map((it) => it.lnP), ...unexplained.map((it) => it.lnP)],
    told.length + matching.tried,
    librarySize,
  );
  const shared = `${remainders.size} matrices come from a base that both have`;
  const ancestry = { pValue: probabilityOf(lnP), how: ["shared ancestry"] };
  const comparable = told.length + unexplained.length;

  if (kept >= minTensors && kept >= minShare * comparable) {
    const why = `beyond the base, ${kept} of ${comparable} matrices are alike beyond chance (${pText(lnP)})`;
    const { middle, spread } = quartiles(told.map((it) => it.slope));
    const percent = `${Math.round(100 * middle)} %`;
    if (unexplained.length >= minTensors || spread <= maxSlopeSpread) {
      const part =
        middle < wholeSlope && unexplained.length < minTensors ? [`merged: about ${percent} of what was added`] : [];
      const how = ["holds what was added to a shared base", ...part, ...hintsOf(trial.significant)];
      return { relation: "derived", ...ancestry, how, why: `${why}, by as much in all of them` };
    }
    const reason = `${why}, but by unequal shares around ${percent}: training on the same data does that, copying does not`;
    return { relation: "undetermined", ...ancestry, why: reason };
  }
  if (told.length < minTensors) {
    return {
      relation: "undetermined",
      ...ancestry,
      why: `${shared}, and what was added is too little to be told from rounding`,
    };
  }
  return {
    relation: "undetermined",
    ...ancestry,
    why: `${shared}; beyond it, ${kept} of ${comparable} are alike: shared ancestry alone`,
  };
}

/**
 * ln of the model's p-value: pairs in order merged by their geometric mean, or the third smallest of all that were tried, whichever is
 * less, counted twice for the choice.
 */
function lnModelP({ matching, librarySize }: Trial): number {
  const inOrder = lnGeometricMerge(matching.inOrder);
  const best = lnOrderMerge(
    matching.pairs.map((it) => it.lnP),
    minTensors,
    matching.tried,
  );
  return Math.min(0, Math.min(inOrder, best) + Math.LN2 + Math.log(librarySize));
}

function lnMerged(lnP: readonly number[], tried: number, librarySize: number): number {
  const lesser = Math.min(lnGeometricMerge(lnP), lnOrderMerge(lnP, minTensors, Math.max(tried, lnP.length)));
  return Math.min(0, lesser + Math.LN2 + Math.log(librarySize));
}

function fewReason({ a, b, matching }: Trial): string {
  const count = matching.pairs.length;
  const unusable = [...a.tensors, ...b.tensors].flatMap((it) => it.unusable ?? []);
  const [first] = unusable;
  const found = `only ${count} matrices of the same shape can be compared, ${minTensors} are needed`;
  if (first === undefined) return `${found}: another architecture, or a copy whose shapes were changed`;
  return `${found}; ${unusable.length} could not be used (${first})`;
}

function rearranged({ a, b }: Trial): boolean {
  return a.structure !== undefined && a.structure === b.structure && gainsRearranged(a, b);
}

function rhoText(pairs: readonly Pair[]): string {
  return (medianRho(pairs) ?? 0).toFixed(3);
}

function pText(lnP: number): string {
  return `at most ${probabilityOf(lnP).toExponential(0)}`;
}

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((it, i) => it === b[i]);
}

/** The median, and the range of the middle half over it; the range is infinite for none. */
function quartiles(values: readonly number[]): { middle: number; spread: number } {
  const sorted = values.toSorted((x, y) => x - y);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const middle = at(0.5);
  return { middle, spread: middle > 0 ? (at(0.75) - at(0.25)) / middle : Infinity };
}
