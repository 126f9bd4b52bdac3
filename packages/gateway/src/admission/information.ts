import type { AnswerDial } from "@outweigh/schema";
import { usualTop } from "../json/probabilities.ts";

/** Bits of a float32 that are not fixed by the rest: its mantissa. */
const floatBits = 24;

/**
 * Upper bound of what one answer of a classifier tells of the model, in bits.
 *
 * @param classes K; with an unknown K nothing can be bounded, and 1,000 are assumed.
 * @param decimals To which probabilities are rounded, for the dial's middle steps.
 * @param top How many of the largest are left, for top-k.
 * Label: log2 K. Rounded to d decimals: log2 C(10^d + K - 1, K - 1), the number of ways to deal 10^d parts to K classes, and
 * never more than the full 24 (K - 1). The largest k, rounded: which ones, log2 C(K, k), and k numbers of 10^d + 1 values. A
 * ceiling, not the quality of a clone: progress measures that.
 */
export function predictionBits(dial: AnswerDial, classes = 1000, decimals = 2, top = usualTop): number {
  const label = Math.log2(classes);
  if (dial === "label-only") return label;
  const full = floatBits * (classes - 1);
  if (dial === "full") return full;
  const rounded = Math.min(full, logChoose(10 ** decimals + classes - 1, classes - 1));
  if (dial === "rounded") return rounded;
  const left = Math.min(top, classes);
  return Math.max(label, Math.min(rounded, logChoose(classes, left) + left * Math.log2(10 ** decimals + 1)));
}

/** Upper bound for log-probabilities: `shown` of them for each of `tokens`; one more for a token that was forced. */
export function logprobBits(shown: number, tokens: number, forced: boolean): number {
  return floatBits * (shown + (forced ? 1 : 0)) * tokens;
}

/** Upper bound for vectors of `dimensions`. */
export function vectorBits(dimensions: number): number {
  return floatBits * dimensions;
}

/** log2 of n choose k, by Stirling's series for ln Γ: exact to 1e-6 from n = 10. */
function logChoose(n: number, k: number): number {
  return (lnFactorial(n) - lnFactorial(k) - lnFactorial(n - k)) / Math.LN2;
}

function lnFactorial(n: number): number {
  if (n < 10) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  return n * Math.log(n) - n + Math.log(2 * Math.PI * n) / 2 + 1 / (12 * n) - 1 / (360 * n ** 3);
}
