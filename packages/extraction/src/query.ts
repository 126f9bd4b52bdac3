/** One answered query, as far as the detectors look at it. Nothing of it is kept but fixed-point features. */
export interface Query {
  /** What the model sees it as: its embedding, or the input itself where there is none. */
  readonly features: ArrayLike<number>;
  /** The input, reduced as the operator likes; used for distances to the principal's own queries. Absent: `features` serve. */
  readonly input?: ArrayLike<number>;
  /** Predicted class, reference cluster or template: what a benign user legitimately varies. Counted from 0. */
  readonly stratum: number;
  /** The answer's probabilities, in any order. Absent where the gateway sees labels alone: the margin signals then rest. */
  readonly probabilities?: ArrayLike<number>;
}

/** Difference of the two largest probabilities; 1 with a single one. */
export function topGap(probabilities: ArrayLike<number>): number {
  let first = 0;
  let second = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const it = probabilities[i] ?? 0;
    if (it > first) {
      second = first;
      first = it;
    } else if (it > second) second = it;
  }
  return first - second;
}
