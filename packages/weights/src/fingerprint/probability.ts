// Probabilities as natural logarithms: a copy's are far below the smallest double.

/**
 * ln P(Z >= z) of a standard normal Z.
 * Series for small z, Laplace's continued fraction beyond. Relative error of the probability below 1e-7.
 */
export function lnNormalTail(z: number): number {
  if (Number.isNaN(z)) return 0;
  if (z < 2.5) return Math.log(Math.max(0.5 - centralArea(z), Number.MIN_VALUE));
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / (z + fraction);
  return -0.5 * z * z - 0.5 * Math.log(2 * Math.PI) - Math.log(z + fraction);
}

/** P(0 <= Z <= z), negative for negative z. Source: Marsaglia 2004, Evaluating the normal distribution. */
function centralArea(z: number): number {
  if (z < -8) return -0.5;
  let sum = z;
  let term = z;
  for (let k = 3; Math.abs(term) > 1e-17; k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return (sum * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI);
}

/** The probability with this logarithm; never 0, which no test can give: below 1e-300 it stays there. */
export function probabilityOf(ln: number): number {
  return Math.exp(Math.max(Math.min(ln, 0), Math.log(1e-300)));
}

/** ln n! for a whole n >= 0. */
export function lnFactorial(n: number): number {
  let sum = 0;
  for (let k = 2; k <= n; k++) sum += Math.log(k);
  return sum;
}

/**
 * ln of a p-value for all hypotheses at once, from dependent p-values given as logarithms: e times their geometric mean.
 * @returns 0 (p = 1) for none. Source: Vovk and Wang 2020, Combining p-values via averaging, precise for the geometric mean.
 */
export function lnGeometricMerge(lnP: readonly number[]): number {
  if (lnP.length === 0) return 0;
  return Math.min(0, 1 + lnP.reduce((sum, it) => sum + it, 0) / lnP.length);
}

/**
 * ln of a p-value for "fewer than k of `count` hypotheses are false", from dependent p-values: (count / k) times the k-th smallest.
 * @param lnP The smallest of them at least, in any order. @returns 0 if fewer than k are given. Source: Rüger 1978.
 */
export function lnOrderMerge(lnP: readonly number[], k: number, count: number): number {
  const kth = lnP.toSorted((a, b) => a - b)[k - 1];
  return kth === undefined ? 0 : Math.min(0, kth + Math.log(count / k));
}
