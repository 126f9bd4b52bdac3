// Which dimension of one model's residual stream is which of another's, told by what tokens look like in them.
import type { Matrix } from "../../fingerprint/canonical.ts";
import type { Reader } from "../../tensor.ts";
import { centred, cosineOf, mutualNearest } from "./nearest.ts";
import { readRows, type Rows } from "./rows.ts";

/** Tokens that are compared; half of them find the dimensions, the other half check. */
const tokens = 256;

/** Median cosine of the check from which on two embeddings are one: copies have .7 to 1, independent ones .1. */
const minCheck = 0.3;

/** Least share of the dimensions that must find a partner. */
const minPaired = 0.25;

/** A matrix and where its bytes are. */
export interface Located {
  readonly matrix: Matrix;
  readonly reader: Reader;
}

/** Dimension `ours[k]` of one model is `theirs[k]` of the other, times `sign[k]`. Those that agree best come first. */
export interface Alignment {
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  readonly sign: readonly number[];
  /** Median cosine over tokens that were not used to find it. */
  readonly check: number;
}

/**
 * Aligns the dimensions of two embeddings over the same tokens.
 *
 * Each dimension is a vector over 128 tokens, centred; dimensions that are each other's nearest by |cosine| are paired; 128 other tokens check.
 * @returns undefined if the check fails, or a matrix can't be read. Source: Zhu et al., ICML 2025.
 * Blind spot: vocabularies in another order, retrained embeddings.
 */
export async function alignDimensions(a: Located, b: Located): Promise<Alignment | undefined> {
  const rows = spread(Math.min(a.matrix.rows.length, b.matrix.rows.length), tokens);
  const half = rows.length >> 1;
  const [found, check] = [rows.filter((_, i) => i % 2 === 0).slice(0, half), rows.filter((_, i) => i % 2 === 1)];
  const [one, other] = [await dimensionsOf(a, found), await dimensionsOf(b, found)];
  const [oneCheck, otherCheck] = [await dimensionsOf(a, check), await dimensionsOf(b, check)];
  if (!one || !other || !oneCheck || !otherCheck || one.count !== other.count) return undefined;

  const { partner, sign } = mutualNearest(one, other);
  const pairs = Array.from(partner, (theirs, ours) => {
    const sided = sign[ours] ?? 1;
    return { ours, theirs, sign: sided, cosine: theirs < 0 ? 0 : sided * cosineOf(oneCheck, ours, otherCheck, theirs) };
  }).filter((it) => it.theirs >= 0);
  const cosines = pairs.map((it) => it.cosine).sort((x, y) => x - y);
  const median = cosines[cosines.length >> 1] ?? 0;
  if (pairs.length < minPaired * one.count || median < minCheck) return undefined;
  pairs.sort((x, y) => y.cosine - x.cosine);
  return {
    ours: pairs.map((it) => it.ours),
    theirs: pairs.map((it) => it.theirs),
    sign: pairs.map((it) => it.sign),
    check: median,
  };
}

async function dimensionsOf({ matrix, reader }: Located, tokenRows: readonly number[]): Promise<Rows | undefined> {
  const rows = await readRows(reader, matrix, { along: "cols", entries: tokenRows });
  return rows && centred(rows);
}

/** `count` numbers below `length`, evenly spaced; all of them if there are no more. */
export function spread(length: number, count: number): number[] {
  if (length <= count) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * length) / count));
}
