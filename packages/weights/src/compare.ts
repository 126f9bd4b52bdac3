import { significantOf, takeBasesAway, type BeyondBases } from "./compare/base.ts";
import { commonProperty } from "./compare/common-property.ts";
import { judge } from "./compare/judge.ts";
import { mixtureOf } from "./compare/merge.ts";
import { matchTensors, usable, type Pair } from "./compare/match.ts";
import { medianRho, type Comparison, type TensorComparison } from "./compare/verdict.ts";
import { probabilityOf } from "./fingerprint/probability.ts";
import type { Fingerprint } from "./fingerprint/record.ts";

export interface CompareOptions {
  /** How many models `b` is compared with in this search; p-values are multiplied by it. Default 1. */
  readonly librarySize?: number;
  /** Chance of any falsely significant matrix over the whole search; default 1e-6. */
  readonly alpha?: number;
  /** Public models that `a` or `b` may come from. What both have from one of them accuses nobody. Best made with `precise`. */
  readonly bases?: readonly Fingerprint[];
  /** Models of other lineages than `a`, one for each; from 10 on, matrices that many of them have are left out. */
  readonly unrelated?: readonly Fingerprint[];
  /** Other models that `b` may be merged of, besides `a`. They only serve to say how. */
  readonly others?: readonly Fingerprint[];
}

/**
 * Says whether `b` is a copy of `a` or comes from it, from their fingerprints alone.
 *
 * Identity first, by digests where both have them; then every matrix against every one of its shape, with a bound on false findings
 * over all of them; then, given bases, the same test on what each added to a base that both come from.
 *
 * @param a The model one protects. @param b The suspect.
 * @throws {RangeError} for a library size below 1 or an alpha outside (0, 1).
 * Blind spot: permuted, rotated and width-pruned copies; clones; which of the two came first; what began from the same random numbers and
 * was trained for a short while, unless those are given as a base.
 */
export function compareFingerprints(a: Fingerprint, b: Fingerprint, options: CompareOptions = {}): Comparison {
  const { librarySize = 1, alpha = 1e-6, bases = [], unrelated = [], others = [] } = options;
  if (!(librarySize >= 1)) throw new RangeError(`librarySize is ${librarySize}`);
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`alpha is ${alpha}`);
  const bytesRead = a.bytesRead + b.bytesRead;
  if (a.keyId !== b.keyId) return otherKey(bytesRead);

  const own = usable(a);
  const common = commonProperty(own, unrelated);
  const matching = matchTensors(
    own.filter((it) => !common.has(it)),
    usable(b),
  );
  const lnAlpha = Math.log(alpha / librarySize);
  const significant = significantOf(matching, lnAlpha);
  const beyond = takeBasesAway(significant, a, bases, lnAlpha);
  const rho = medianRho(significant);
  const judged = judge({ a, b, matching, significant, beyond, librarySize });
  return {
    ...judged,
    ...(judged.relation === "derived" && { how: [...judged.how, ...mixing(a, b, others)] }),
    tensorsCompared: matching.pairs.length,
    tensorsSignificant: significant.length,
    tensorsTried: matching.tried,
    sameStructure: a.structure !== undefined && a.structure === b.structure,
    ...sharedExactly(a, b),
    ...(rho !== undefined && { rho }),
    bytesRead,
    perTensor: matching.pairs.map((pair) => describePair(pair, significant.includes(pair), beyond)),
  };
}

function otherKey(bytesRead: number): Comparison {
  const why = "the two fingerprints were made with different keys, so they sampled different places";
  const none = {
    how: [],
    tensorsCompared: 0,
    tensorsSignificant: 0,
    tensorsTried: 0,
    sameStructure: false,
    perTensor: [],
  };
  return { relation: "undetermined", pValue: 1, ...none, bytesRead, why };
}

function mixing(a: Fingerprint, b: Fingerprint, others: readonly Fingerprint[]): string[] {
  const mixture = others.length > 0 ? mixtureOf(b, [a, ...others]) : undefined;
  if (!mixture) return [];
  const weights = mixture.weights.map((it) => it.toFixed(2)).join(", ");
  return [`merged with weights ${weights}, which explain ${Math.floor(100 * mixture.explained)} %`];
}

function sharedExactly(a: Fingerprint, b: Fingerprint): { sharedExact?: number } {
  if (!a.exact || !b.exact) return {};
  const theirs = new Set(b.exact.tensors);
  return { sharedExact: a.exact.tensors.filter((it) => theirs.has(it)).length };
}

function describePair(pair: Pair, significant: boolean, beyond: BeyondBases | undefined): TensorComparison {
  const { a, b, z, rho, lnP, transposed } = pair;
  const remainder = beyond?.remainders.get(pair);
  const pValue = probabilityOf(lnP);
  const described = { a: a.name, b: b.name, z, rho, pValue, significant, transposed };
  if (!remainder) return described;
  if (!remainder.told) return { ...described, beyondBase: "too fine to tell" };
  const { slope } = remainder;
  return { ...described, beyondBase: beyond?.ours.includes(pair) ? "ours" : "not ours", slope };
}
