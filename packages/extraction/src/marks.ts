// How sure one may be that a model was taught by marked answers. Both tests are exact: the only chance in them is that of the key.
import { betaCdf, lnGamma } from "./statistics.ts";

/** Queries whose marks are looked for in a model's answers. */
export interface Overlap {
  /** Queries that it was asked, each once. */
  readonly queries: number;
  /** Of these, the ones that the key marked. */
  readonly marked: number;
  /** Queries that it answered as a mark would have it, marked or not. */
  readonly agreeing: number;
}

/**
 * The chance that at least `taken` of the marked queries are among the agreeing ones, if the key drew the marked ones without regard to
 * the model: the hypergeometric upper tail, Fisher's exact test. Nothing is assumed of the model: how often it agrees where nothing was
 * marked is what is compared with.
 */
export function overlapTail(taken: number, { queries, marked, agreeing }: Overlap): number {
  const least = Math.max(0, marked + agreeing - queries);
  const most = Math.min(marked, agreeing);
  if (taken <= least) return 1;
  let tail = 0;
  for (let i = Math.max(taken, least); i <= most; i++) {
    tail += Math.exp(lnChoose(agreeing, i) + lnChoose(queries - agreeing, marked - i) - lnChoose(queries, marked));
  }
  return Math.min(1, tail);
}

/**
 * The chance that a clone which took over each mark by itself with probability `memory` is told at level `alpha`.
 *
 * @param elsewhere How many unmarked queries it answers as a mark would have it.
 */
export function overlapPower(
  { queries, marked, elsewhere }: { readonly queries: number; readonly marked: number; readonly elsewhere: number },
  memory: number,
  alpha: number,
): number {
  let power = 0;
  for (let taken = 0; taken <= marked; taken++) {
    if (overlapTail(taken, { queries, marked, agreeing: elsewhere + taken }) > alpha) continue;
    power += Math.exp(lnChoose(marked, taken) + taken * Math.log(memory) + (marked - taken) * Math.log1p(-memory));
  }
  return Math.min(1, power);
}

/**
 * The chance that a direction drawn uniformly from all of `dimensions` lies at least as near to a given one as this cosine. Source: one
 * coordinate of a point on the sphere, moved and scaled to 0…1, is Beta((n-1)/2, (n-1)/2).
 */
export function directionTail(cosine: number, dimensions: number): number {
  const half = (dimensions - 1) / 2;
  return betaCdf((1 - cosine) / 2, half, half);
}

function lnChoose(n: number, k: number): number {
  return lnGamma(n + 1) - lnGamma(k + 1) - lnGamma(n - k + 1);
}
