import type { Fingerprint, TensorRecord } from "../fingerprint/record.ts";
import { compareRemainders, type Remainder } from "./ancestry.ts";
import { matchTensors, usable, type Matching, type Pair } from "./match.ts";
import { minRho } from "./verdict.ts";

/** What is left of a comparison once the bases that both models come from are taken away. */
export interface BeyondBases {
  /** Pairs that a base explains, each with what remains of it. */
  readonly remainders: ReadonlyMap<Pair, Remainder>;
  /** Pairs that no base explains. */
  readonly unexplained: readonly Pair[];
  /** Explained pairs whose remainders are alike all the same: they hold what `a` added. */
  readonly ours: readonly Pair[];
}

/** Least share of what `a` added that counts as being in `b`: below, rounding that all three share could make it. */
const minSlope = 0.1;

/** Pairs that are too unlikely by chance, given how many were tried, and alike enough to matter. @param lnAlpha ln of the allowed chance. */
export function significantOf({ pairs, tried }: Pick<Matching, "pairs" | "tried">, lnAlpha: number): Pair[] {
  return pairs.filter((it) => it.lnP + Math.log(tried) < lnAlpha && Math.abs(it.rho) > minRho);
}

/**
 * Takes away from each significant pair the base that explains it best: one whose matrix is significantly like both.
 * @returns undefined if no base explains any pair.
 */
export function takeBasesAway(
  significant: readonly Pair[],
  a: Fingerprint,
  bases: readonly Fingerprint[],
  lnAlpha: number,
): BeyondBases | undefined {
  const lines = bases.map((base) => {
    const found = significantOf(matchTensors(usable(a), usable(base)), lnAlpha);
    return new Map(found.map((it) => [it.a, it]));
  });
  const remainders = new Map<Pair, Remainder>();
  for (const pair of significant) {
    const origins = lines.flatMap((line) => line.get(pair.a) ?? []);
    for (const origin of origins.toSorted((x, y) => Math.abs(y.rho) - Math.abs(x.rho))) {
      const down = descent(pair.b, origin.b, lnAlpha);
      if (!down) continue;
      const turns = { turned: pair.transposed, baseTurned: origin.transposed };
      remainders.set(pair, compareRemainders(pair.a, pair.b, origin.b, turns));
      break;
    }
  }
  if (remainders.size === 0) return undefined;
  const limit = lnAlpha - Math.log(2 * remainders.size);
  return {
    remainders,
    unexplained: significant.filter((it) => !remainders.has(it)),
    ours: [...remainders].filter(([, it]) => isOurs(it, limit)).map(([pair]) => pair),
  };
}

function descent(b: TensorRecord, base: TensorRecord, lnAlpha: number): Pair | undefined {
  return significantOf(matchTensors([b], [base]), lnAlpha)[0];
}

function isOurs(it: Remainder, lnLimit: number): boolean {
  return it.told && it.lnP < lnLimit && it.rho > minRho && it.slope > minSlope;
}
