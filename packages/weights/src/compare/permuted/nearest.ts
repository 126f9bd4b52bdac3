import type { Rows } from "./rows.ts";

/** Which vector of another set each vector goes with, -1 where none does; and whether with its negative. */
export interface Pairing {
  readonly partner: Int32Array;
  readonly sign: Int8Array;
}

/**
 * Pairs vectors of `a` and `b` that are each other's nearest by the size of their cosine: at most one partner each.
 * Costs a.count * b.count * width multiplications.
 */
export function mutualNearest(a: Rows, b: Rows): Pairing {
  const [left, right] = [unit(a), unit(b)];
  const partner = new Int32Array(a.count).fill(-1);
  const signed = new Float32Array(a.count);
  const backCosine = new Float32Array(b.count);
  const back = new Int32Array(b.count).fill(-1);
  for (let i = 0; i < a.count; i++) {
    let best = 0;
    for (let j = 0; j < b.count; j++) {
      const cosine = dot(left.values, i * a.width, right.values, j * a.width, a.width);
      const size = Math.abs(cosine);
      if (size > best) {
        best = size;
        partner[i] = j;
        signed[i] = cosine;
      }
      if (size > (backCosine[j] ?? 0)) {
        backCosine[j] = size;
        back[j] = i;
      }
    }
  }
  const mutual = partner.map((j, i) => (j >= 0 && back[j] === i ? j : -1));
  return { partner: mutual, sign: Int8Array.from(signed, (it) => (it < 0 ? -1 : 1)) };
}

/** How many vectors two pairings give the same partner. */
export function agreement(one: Pairing, other: Pairing): number {
  return one.partner.reduce((sum, j, i) => sum + Number(j >= 0 && j === other.partner[i]), 0);
}

/** How many vectors have a partner. */
export function paired({ partner }: Pairing): number {
  return partner.reduce((sum, j) => sum + Number(j >= 0), 0);
}

/** Each entry's mean taken away and its deviation made 1, over all vectors: what they have in common tells none of them apart. */
export function standardised({ count, width, values }: Rows): Rows {
  const out = new Float32Array(values.length);
  for (let k = 0; k < width; k++) {
    let sum = 0;
    let square = 0;
    for (let i = 0; i < count; i++) {
      const value = values[i * width + k] ?? 0;
      sum += value;
      square += value * value;
    }
    const mean = sum / count;
    const variance = square / count - mean * mean;
    const scale = variance > 0 ? 1 / Math.sqrt(variance) : 0;
    for (let i = 0; i < count; i++) out[i * width + k] = ((values[i * width + k] ?? 0) - mean) * scale;
  }
  return { count, width, values: out };
}

/** Each vector less its own mean. */
export function centred({ count, width, values }: Rows): Rows {
  const out = values.slice();
  for (let i = 0; i < count; i++) {
    const row = out.subarray(i * width, (i + 1) * width);
    const mean = row.reduce((sum, it) => sum + it, 0) / width;
    for (let k = 0; k < width; k++) row[k] = (row[k] ?? 0) - mean;
  }
  return { count, width, values: out };
}

/** Cosine of vector i of `a` and vector j of `b`. */
export function cosineOf(a: Rows, i: number, b: Rows, j: number): number {
  const one = a.values.subarray(i * a.width, (i + 1) * a.width);
  const other = b.values.subarray(j * b.width, (j + 1) * b.width);
  const sizes = Math.sqrt(dot(one, 0, one, 0, a.width) * dot(other, 0, other, 0, b.width));
  return sizes > 0 ? dot(one, 0, other, 0, a.width) / sizes : 0;
}

function unit({ count, width, values }: Rows): Rows {
  const out = values.slice();
  for (let i = 0; i < count; i++) {
    const size = Math.sqrt(dot(values, i * width, values, i * width, width));
    for (let k = i * width; k < (i + 1) * width; k++) out[k] = size > 0 ? (values[k] ?? 0) / size : 0;
  }
  return { count, width, values: out };
}

function dot(a: Float32Array, at: number, b: Float32Array, bt: number, width: number): number {
  let s0 = 0;
  let s1 = 0;
  let k = 0;
  for (; k + 1 < width; k += 2) {
    s0 += (a[at + k] ?? 0) * (b[bt + k] ?? 0);
    s1 += (a[at + k + 1] ?? 0) * (b[bt + k + 1] ?? 0);
  }
  return k < width ? s0 + s1 + (a[at + k] ?? 0) * (b[bt + k] ?? 0) : s0 + s1;
}
