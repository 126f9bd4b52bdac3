import type { Fingerprint, TensorRecord } from "../fingerprint/record.ts";
import { distanceBetween } from "../fingerprint/sketch.ts";

/** Sketches closer than this are of one matrix: the distance that a correlation of .71 gives. */
const maxDistance = 64;

/** Lineages needed before rarity means anything. */
const minLineages = 10;

/**
 * The matrices of `a` that tell nothing about kinship because models unrelated to it have them too: standard filters, tables, public encoders.
 * A matrix is kept if ln(N / (1 + df)) is at least 1, df of N unrelated lineages having it; with fewer than 10 lineages all are kept.
 *
 * Source of the weight: inverse document frequency, Spärck Jones 1972.
 */
export function commonProperty(a: readonly TensorRecord[], unrelated: readonly Fingerprint[]): Set<TensorRecord> {
  const count = unrelated.length;
  if (count < minLineages) return new Set();
  return new Set(
    a.filter((record) => {
      const having = unrelated.filter((it) => it.tensors.some((other) => sameMatrix(record, other))).length;
      return Math.log(count / (1 + having)) < 1;
    }),
  );
}

function sameMatrix(a: TensorRecord, b: TensorRecord): boolean {
  const [one, other] = [a.tiles[0], b.tiles[0]];
  if (a.shapeClass !== b.shapeClass || !one || !other) return false;
  return distanceBetween(one.sketch, 0, other.sketch, 0) <= maxDistance;
}
