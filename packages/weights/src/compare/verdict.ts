import type { Pair } from "./match.ts";

/**
 * `identical`: the same tensors in the same kind of file. `same-tensors`: the same tensors, packed or named otherwise. `derived`: one comes from
 * the other, or both from a third that nobody named. `unrelated`: compared and found independent. `undetermined`: could not tell; `why` says why.
 */
export type Relation = "identical" | "same-tensors" | "derived" | "unrelated" | "undetermined";

/** How one matrix fared. */
export interface TensorComparison {
  /** Names in the two files. */
  readonly a: string;
  readonly b: string;
  /** Standard deviations from independence. */
  readonly z: number;
  /** Correlation of the entries. */
  readonly rho: number;
  /** Of this pair alone, before correction for how many were tried. */
  readonly pValue: number;
  readonly significant: boolean;
  readonly transposed: boolean;
  /** What the shared base leaves of it, where one was given and explains it. */
  readonly beyondBase?: "ours" | "not ours" | "too fine to tell";
  /** How much of what `a` added to that base is in `b`: 1 in a copy, 0 in a stranger, the weight in a merge. */
  readonly slope?: number;
}

/** What comparing two models came to. */
export interface Comparison {
  readonly relation: Relation;
  /**
   * Bound on the chance that models of independent origin look as alike, times the size of the library. Under a normal approximation of each
   * matrix's statistic, and never below what permutations can prove; no other independence is assumed.
   */
  readonly pValue: number;
  /** What was done to it, as far as the evidence tells; each a phrase. */
  readonly how: readonly string[];
  readonly tensorsCompared: number;
  readonly tensorsSignificant: number;
  /** Tests made, every matrix against every one of its shape and transposes too: what significance is corrected for. */
  readonly tensorsTried: number;
  /** All matrices have the same shapes. Unrelated models of one structure are worth `comparePermuted`. */
  readonly sameStructure: boolean;
  /** Tensors with the same bytes, constants left out; undefined where not all bytes were read. */
  readonly sharedExact?: number;
  /** Median correlation of the significant matrices; undefined without any. */
  readonly rho?: number;
  readonly bytesRead: number;
  /** One sentence for a person. */
  readonly why: string;
  readonly perTensor: readonly TensorComparison[];
}

/** Least correlation of a significant matrix: less may come of shared statistics of data. */
export const minRho = 0.1;

/** Fewest matrices that make a verdict, either way: one shared filter bank proves nothing. */
export const minTensors = 3;

/** Least share of the comparable matrices that a derived model has in common. */
export const minShare = 0.2;

/** Above: the same weights, stored otherwise. */
const reencoded = { share: 0.9, rho: 0.95 } as const;

/** Below this median correlation, models that merely began from the same random numbers look like descendants: measured at .17. */
export const minDescent = 0.25;

/** What the tests say on their own, before any base is considered. */
export type Reading = "too few" | "none" | "weak" | "part" | "derived" | "reencoded";

/** The rules of the verdict. @param expected Pairs that two samples of one model would share. */
export function readMatches(significant: readonly Pair[], comparable: number, expected: number): Reading {
  if (comparable < minTensors) return "too few";
  if (significant.length < minTensors) return "none";
  const share = Math.min(1, significant.length / Math.min(comparable, expected));
  const rho = medianRho(significant) ?? 0;
  if (share < minShare) return longestRun(significant) >= minTensors ? "part" : "none";
  if (rho < minDescent) return "weak";
  return share >= reencoded.share && rho >= reencoded.rho ? "reencoded" : "derived";
}

export function medianRho(pairs: readonly Pair[]): number | undefined {
  const sorted = pairs.map((it) => Math.abs(it.rho)).sort((x, y) => x - y);
  return sorted[sorted.length >> 1];
}

/** The longest run of pairs that are neighbours of their class on both sides: layers that were taken over together. */
function longestRun(pairs: readonly Pair[]): number {
  const byClass = new Map<string, Pair[]>();
  for (const pair of pairs) byClass.set(pair.a.shapeClass, [...(byClass.get(pair.a.shapeClass) ?? []), pair]);
  let longest = 0;
  for (const members of byClass.values()) {
    const sorted = members.toSorted((x, y) => x.a.order - y.a.order);
    let run = 0;
    for (const [i, { a, b }] of sorted.entries()) {
      const before = sorted[i - 1];
      const follows = before && a.order - before.a.order === b.order - before.b.order;
      run = follows ? run + 1 : 1;
      longest = Math.max(longest, run);
    }
  }
  return longest;
}
