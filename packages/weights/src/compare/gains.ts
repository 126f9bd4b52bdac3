import type { Fingerprint, VectorRecord } from "../fingerprint/record.ts";

/** Share of the sorted entries that must be equal for two vectors to be rearrangements of each other. */
const minEqual = 0.95;

/** Vectors that must agree: one may be chance. */
const minVectors = 2;

/**
 * Whether two models have the same gains and biases in another order, as a copy has whose dimensions were permuted. Only a reason to look
 * closer: vectors are few and easily changed.
 */
export function gainsRearranged(a: Fingerprint, b: Fingerprint): boolean {
  const rest = b.vectors.map(sorted);
  let agreeing = 0;
  let tried = 0;
  for (const own of a.vectors.map(sorted)) {
    if (isFlat(own)) continue;
    tried++;
    const found = rest.findIndex((it) => it.length === own.length && equalShare(own, it) >= minEqual);
    if (found < 0) continue;
    rest.splice(found, 1);
    agreeing++;
  }
  return agreeing >= minVectors && agreeing * 2 >= tried;
}

function sorted({ values }: VectorRecord): Float32Array {
  return values.toSorted();
}

/** Fresh or folded norms: all gains equal, the same in every model. */
function isFlat(values: Float32Array): boolean {
  return new Set(values).size * 4 < values.length;
}

function equalShare(a: Float32Array, b: Float32Array): number {
  let equal = 0;
  for (const [i, it] of a.entries()) if (it === b[i]) equal++;
  return equal / a.length;
}
