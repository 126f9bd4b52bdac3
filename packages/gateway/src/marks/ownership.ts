import { directionTail, overlapPower, overlapTail } from "@outweigh/extraction";
import { bestTwo, rowDigest, type LabelMarks } from "./label-marks.ts";
import { lengthOf, type VectorMarks } from "./vector-marks.ts";

/** One query: what the protected model says to it by itself, and what the suspect answered. */
export interface LabelAnswer {
  /** Who asked it, where that is known; else it is looked at for everybody. */
  readonly principal?: string | undefined;
  readonly input: readonly number[];
  /** The protected model's own probabilities, before any mark. */
  readonly probabilities: readonly number[];
  /** The suspect's label, as a place among them. */
  readonly label: number;
  /** Where the query stands in the owner's file, from 1. */
  readonly line?: number | undefined;
}

/** One text, and the suspect's embedding of it. */
export interface VectorAnswer {
  readonly principal?: string | undefined;
  readonly text: string | readonly number[];
  readonly vector: readonly number[];
  readonly line?: number | undefined;
}

/** What is looked for: the marks of which principals, and how strong those were. */
export interface Looking {
  readonly model: string;
  readonly principals: readonly { readonly name: string; readonly share: number; readonly pull: number }[];
}

/** What the marks of one principal say of the suspect. */
export interface Carried {
  readonly principal: string;
  readonly kind: "labels" | "vectors";
  /** Queries or texts that were compared, and how many of them the key marks. */
  readonly compared: number;
  readonly marked: number;
  /** Lines of the owner's file that the key marks, as far as they are known; at most a thousand. */
  readonly lines: readonly number[];
  /** Labels: marked answers that the suspect gives, and answers of that kind where nothing is marked. */
  readonly agreeing?: number;
  readonly elsewhere?: number;
  /** Vectors: the cosine between the secret direction and the way in which texts with secret words differ. */
  readonly cosine?: number;
  /** The chance of this, or more, for a model that never saw these answers. */
  readonly pValue: number;
  /** The same, for as many principals as were looked for. */
  readonly corrected: number;
  /** The chance that a clone is told which took over half of the marks. */
  readonly power: number;
}

export interface Ownership {
  /** `undetermined`: nothing was found, and a clone might not have been. */
  readonly verdict: "marked" | "not-marked" | "undetermined";
  readonly alpha: number;
  /** Tests that were made, by which each p-value is corrected. */
  readonly tests: number;
  readonly found: readonly Carried[];
  /** All, the least likely by chance first. */
  readonly all: readonly Carried[];
}

/** The rate of false claims, over all principals together, that is promised. An accusation, so one in a thousand. */
export const claimAlpha = 0.001;
/** Share of the marks that a clone is supposed to take over, where power is told: clones that are trained for long take nearly all. */
export const supposedMemory = 0.5;
/** Marked lines that are told of one principal. */
const maxLines = 1000;
/** Below this power nothing found is nothing told. */
const enoughPower = 0.95;

/**
 * Whether a suspect answers as marks would have taught it. The null: the key is random, and a model that was not taught by a principal's
 * answers cannot know it. So the p-values are exact, whatever the suspect is, and corrected by Bonferroni over all that were looked for.
 *
 * Blind spots: it must be asked what the principal asked; a clone that averages answers of several accounts, or drops what its other data
 * contradict, may carry no mark.
 */
export function ownership(
  { labels, vectors }: { readonly labels: LabelMarks; readonly vectors: VectorMarks },
  answers: { readonly labels: readonly LabelAnswer[]; readonly vectors: readonly VectorAnswer[] },
  { model, principals }: Looking,
): Ownership {
  const byLabel = principals.flatMap((it) => {
    const own = distinct(answers.labels.filter((one) => one.principal === undefined || one.principal === it.name));
    const counted =
      it.share > 0 ? countLabels(own, (row) => labels.isMarked(it.name, model, row, it.share)) : undefined;
    return counted && counted.marked > 0 ? [{ principal: it.name, ...counted }] : [];
  });
  const byVector = principals.flatMap((it) => {
    const own = answers.vectors.filter((one) => one.principal === undefined || one.principal === it.name);
    const leaning = it.pull > 0 ? lean(own, it, { vectors, model }) : undefined;
    return leaning ? [leaning] : [];
  });
  const tests = byLabel.length + byVector.length;
  const all = [
    ...byLabel.map((it) => labelsCarried(it, tests)),
    ...byVector.map((it) => vectorsCarried(it, tests)),
  ].sort((a, b) => a.pValue - b.pValue);
  const found = all.filter((it) => it.corrected <= claimAlpha);
  const isSure = all.length > 0 && all.every((it) => it.power >= enoughPower);
  const verdict = found.length > 0 ? "marked" : isSure ? "not-marked" : "undetermined";
  return { verdict, alpha: claimAlpha, tests, found, all };
}

/** Each query once: the key decided once, so a second answer to it tells nothing more. */
function distinct(answers: readonly LabelAnswer[]): LabelAnswer[] {
  const seen = new Map<string, LabelAnswer>();
  for (const it of answers) {
    const name = rowDigest(it.input).toString("base64");
    if (!seen.has(name)) seen.set(name, it);
  }
  return [...seen.values()];
}

interface Counted {
  readonly queries: number;
  readonly marked: number;
  readonly taken: number;
  readonly elsewhere: number;
  readonly lines: readonly number[];
}

function countLabels(answers: readonly LabelAnswer[], isMarked: (row: readonly number[]) => boolean): Counted {
  let [queries, marked, taken, elsewhere] = [0, 0, 0, 0];
  const lines: number[] = [];
  for (const { input, probabilities, label, line } of answers) {
    const pair = bestTwo(probabilities);
    if (!pair) continue;
    queries++;
    const agrees = label === pair[1] ? 1 : 0;
    if (isMarked(input)) {
      marked++;
      taken += agrees;
      if (line !== undefined && lines.length < maxLines) lines.push(line);
    } else elsewhere += agrees;
  }
  return { queries, marked, taken, elsewhere, lines };
}

function labelsCarried(it: Counted & { readonly principal: string }, tests: number): Carried {
  const { principal, queries, marked, taken, elsewhere, lines } = it;
  const pValue = overlapTail(taken, { queries, marked, agreeing: taken + elsewhere });
  return {
    principal,
    kind: "labels",
    compared: queries,
    marked,
    lines,
    agreeing: taken,
    elsewhere,
    pValue,
    corrected: Math.min(1, pValue * tests),
    power: overlapPower({ queries, marked, elsewhere }, supposedMemory, claimAlpha / tests),
  };
}

interface Leaning {
  readonly principal: string;
  readonly compared: number;
  readonly marked: number;
  readonly lines: readonly number[];
  readonly dimensions: number;
  readonly cosine: number;
  /** The cosine that a clone would show which took over half of the pull, were nothing of it here. */
  readonly expected: number;
}

/** How texts that pull differ from those that do not, and whether that is the secret way. */
function lean(
  answers: readonly VectorAnswer[],
  { name, pull }: Looking["principals"][number],
  { vectors, model }: { readonly vectors: VectorMarks; readonly model: string },
): Leaning | undefined {
  const dimensions = answers[0]?.vector.length ?? 0;
  const fitting = answers.filter((it) => it.vector.length === dimensions && lengthOf(it.vector) > 0);
  if (dimensions < 2) return undefined;
  const weights = fitting.map((it) => vectors.weight(name, model, it.text));
  const mean = weights.reduce((a, b) => a + b, 0) / weights.length;
  const spread = weights.reduce((a, it) => a + (it - mean) * it, 0);
  // Texts that all pull alike have nothing to be compared with.
  if (spread <= 1e-12) return undefined;
  const difference = new Float64Array(dimensions);
  fitting.forEach(({ vector }, i) => {
    const by = ((weights[i] ?? 0) - mean) / lengthOf(vector);
    for (let d = 0; d < dimensions; d++) difference[d] = (difference[d] ?? 0) + by * (vector[d] ?? 0);
  });
  const length = lengthOf(difference);
  if (length === 0) return undefined;
  const direction = vectors.direction(name, model, dimensions);
  const along = difference.reduce((sum, it, d) => sum + it * (direction[d] ?? 0), 0);
  const across = Math.sqrt(Math.max(0, length ** 2 - along ** 2));
  const wanted = supposedMemory * pull * spread;
  return {
    principal: name,
    compared: fitting.length,
    marked: weights.filter((it) => it > 0).length,
    lines: fitting
      .flatMap(({ line }, i) => ((weights[i] ?? 0) > 0 && line !== undefined ? [line] : []))
      .slice(0, maxLines),
    dimensions,
    cosine: Math.max(-1, Math.min(1, along / length)),
    expected: wanted / Math.hypot(wanted, across),
  };
}

function vectorsCarried(it: Leaning, tests: number): Carried {
  const { principal, compared, marked, lines, dimensions, cosine, expected } = it;
  const pValue = directionTail(cosine, dimensions);
  const level = claimAlpha / tests;
  // What would be told, and how likely chance takes away what the expected cosine has beyond that.
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (directionTail(middle, dimensions) > level) low = middle;
    else high = middle;
  }
  return {
    principal,
    kind: "vectors",
    compared,
    marked,
    lines,
    cosine,
    pValue,
    corrected: Math.min(1, pValue * tests),
    power: directionTail(Math.max(-1, Math.min(1, high - expected)), dimensions),
  };
}
