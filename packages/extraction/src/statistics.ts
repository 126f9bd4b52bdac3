// Exact intervals for counts. Source of the incomplete beta: Lentz's continued fraction, as in DLMF 8.17.22.

/** ln Γ(x) for x > 0, to 1e-13 (Lanczos, g = 7, nine terms). */
export function lnGamma(x: number): number {
  const terms = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const z = x - 1;
  let sum = terms[0] ?? 0;
  for (let i = 1; i < terms.length; i++) sum += (terms[i] ?? 0) / (z + i);
  const t = z + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** The regularised incomplete beta function I_x(a, b): the distribution function of Beta(a, b). */
export function betaCdf(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  // The fraction converges fast on the near side of the mean only.
  return x < (a + 1) / (a + b + 2) ? (front * continued(x, a, b)) / a : 1 - (front * continued(1 - x, b, a)) / b;
}

function continued(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const guard = (it: number) => (Math.abs(it) < tiny ? tiny : it);
  let c = 1;
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 300; m++) {
    for (const step of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / guard(1 + step * d);
      c = guard(1 + step / c);
      fraction *= d * c;
    }
    if (Math.abs(d * c - 1) < 1e-14) break;
  }
  return fraction;
}

/** The value below which Beta(a, b) falls with probability `p`, by bisection to 1e-12. */
export function betaQuantile(p: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  while (high - low > 1e-12) {
    const middle = (low + high) / 2;
    if (betaCdf(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The two-sided Clopper–Pearson interval for `hits` of `n`, at level `confidence`. */
export function clopperPearson(hits: number, n: number, confidence = 0.95): readonly [low: number, high: number] {
  const tail = (1 - confidence) / 2;
  return [
    hits === 0 ? 0 : betaQuantile(tail, hits, n - hits + 1),
    hits === n ? 1 : betaQuantile(1 - tail, hits + 1, n - hits),
  ];
}

/**
 * The false-alarm rate that one calibration set may really have: with probability `confidence` it is at most this.
 * Given the set, the rate is distributed as Beta(M + 1 - k, k), k the rank of the alarm level.
 */
export function realisedRate(principals: number, rank: number, confidence = 0.95): number {
  return betaQuantile(confidence, principals + 1 - rank, rank);
}

/** The Wilson interval for `hits` of `n`; z = 1.96 for 95 %. */
export function wilson(hits: number, n: number, z = 1.96): readonly [low: number, high: number] {
  const p = hits / n;
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
