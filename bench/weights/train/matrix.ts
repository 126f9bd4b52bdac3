// Products of row-major matrices in single precision, four by four: 3x a plain loop.

/** out (n x m) = a (n x k) b' where b is m x k; added to what is there if `add`. */
export function timesTransposed(a: Float32Array, b: Float32Array, out: Float32Array, k: number, add = false): void {
  const n = a.length / k;
  const m = b.length / k;
  for (let i = 0; i < n; i++) {
    const ai = i * k;
    let j = 0;
    for (; j + 3 < m; j += 4) {
      const b0 = j * k;
      const b1 = b0 + k;
      const b2 = b1 + k;
      const b3 = b2 + k;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let p = 0; p < k; p++) {
        const x = a[ai + p]!;
        s0 += x * b[b0 + p]!;
        s1 += x * b[b1 + p]!;
        s2 += x * b[b2 + p]!;
        s3 += x * b[b3 + p]!;
      }
      const o = i * m + j;
      out[o] = s0 + (add ? out[o]! : 0);
      out[o + 1] = s1 + (add ? out[o + 1]! : 0);
      out[o + 2] = s2 + (add ? out[o + 2]! : 0);
      out[o + 3] = s3 + (add ? out[o + 3]! : 0);
    }
    for (; j < m; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += a[ai + p]! * b[j * k + p]!;
      out[i * m + j] = sum + (add ? out[i * m + j]! : 0);
    }
  }
}

/** out (n x k) += a (n x m) b (m x k). */
export function addProduct(a: Float32Array, b: Float32Array, out: Float32Array, m: number): void {
  const n = a.length / m;
  const k = b.length / m;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j += 4) addFour(a, i * m + j, 1, Math.min(4, m - j), b, j * k, out, i * k, k);
  }
}

/** out (m x k) += a' b where a is n x m and b is n x k. */
export function addTransposedProduct(a: Float32Array, b: Float32Array, out: Float32Array, m: number): void {
  const n = a.length / m;
  const k = b.length / n;
  for (let i = 0; i < n; i += 4) {
    const count = Math.min(4, n - i);
    for (let j = 0; j < m; j++) addFour(a, i * m + j, m, count, b, i * k, out, j * k, k);
  }
}

/** out[o..o+k] += the sum of up to four rows of b, each times a number of a. */
function addFour(
  a: Float32Array,
  at: number,
  step: number,
  count: number,
  b: Float32Array,
  bt: number,
  out: Float32Array,
  o: number,
  k: number,
): void {
  if (count < 4) {
    for (let r = 0; r < count; r++) {
      const x = a[at + r * step]!;
      for (let p = 0; p < k; p++) out[o + p] = out[o + p]! + x * b[bt + r * k + p]!;
    }
    return;
  }
  const x0 = a[at]!;
  const x1 = a[at + step]!;
  const x2 = a[at + 2 * step]!;
  const x3 = a[at + 3 * step]!;
  const b1 = bt + k;
  const b2 = b1 + k;
  const b3 = b2 + k;
  for (let p = 0; p < k; p++) {
    out[o + p] = out[o + p]! + x0 * b[bt + p]! + x1 * b[b1 + p]! + x2 * b[b2 + p]! + x3 * b[b3 + p]!;
  }
}
