// Causal attention of several heads, forward and back. Tokens attend to themselves and those before.

interface Layout {
  readonly width: number;
  readonly heads: number;
  /** Tokens of one sequence. */
  readonly length: number;
}

export interface Attended {
  readonly out: Float32Array;
  readonly inputs: readonly [q: Float32Array, k: Float32Array, v: Float32Array];
  /** How much each token looks at each, by sequence and head. */
  readonly shares: Float32Array;
  readonly layout: Layout;
}

export function attend(q: Float32Array, k: Float32Array, v: Float32Array, layout: Layout): Attended {
  const { width, heads, length } = layout;
  const depth = width / heads;
  const sequences = q.length / width / length;
  const out = new Float32Array(q.length);
  const shares = new Float32Array(sequences * heads * length * length);
  forEachRow(layout, sequences, (row, query, keys) => {
    let total = 0;
    for (let s = 0; s <= keys.last; s++) {
      const share = Math.exp(dot(q, query, k, keys.at(s), depth) / Math.sqrt(depth));
      shares[row + s] = share;
      total += share;
    }
    for (let s = 0; s <= keys.last; s++) {
      const share = shares[row + s]! / total;
      shares[row + s] = share;
      for (let c = 0; c < depth; c++) out[query + c] = out[query + c]! + share * v[keys.at(s) + c]!;
    }
  });
  return { out, inputs: [q, k, v], shares, layout };
}

export function attendBack(
  { inputs: [q, k, v], shares, layout }: Attended,
  gradient: Float32Array,
): { q: Float32Array; k: Float32Array; v: Float32Array } {
  const { width, heads, length } = layout;
  const depth = width / heads;
  const back = { q: new Float32Array(q.length), k: new Float32Array(k.length), v: new Float32Array(v.length) };
  forEachRow(layout, q.length / width / length, (row, query, keys) => {
    let mean = 0;
    const slopes = new Float32Array(keys.last + 1);
    for (let s = 0; s <= keys.last; s++) {
      const share = shares[row + s]!;
      slopes[s] = dot(gradient, query, v, keys.at(s), depth);
      mean += share * slopes[s]!;
      for (let c = 0; c < depth; c++) back.v[keys.at(s) + c] = back.v[keys.at(s) + c]! + share * gradient[query + c]!;
    }
    for (let s = 0; s <= keys.last; s++) {
      const slope = (shares[row + s]! * (slopes[s]! - mean)) / Math.sqrt(depth);
      for (let c = 0; c < depth; c++) {
        back.q[query + c] = back.q[query + c]! + slope * k[keys.at(s) + c]!;
        back.k[keys.at(s) + c] = back.k[keys.at(s) + c]! + slope * q[query + c]!;
      }
    }
  });
  return back;
}

interface Keys {
  /** The last token that may be looked at. */
  readonly last: number;
  /** Where a token's part for this head begins. */
  at(token: number): number;
}

function forEachRow(
  { width, heads, length }: Layout,
  sequences: number,
  visit: (row: number, query: number, keys: Keys) => void,
): void {
  const depth = width / heads;
  for (let b = 0; b < sequences; b++) {
    for (let head = 0; head < heads; head++) {
      const at = (token: number): number => (b * length + token) * width + head * depth;
      for (let t = 0; t < length; t++) visit(((b * heads + head) * length + t) * length, at(t), { last: t, at });
    }
  }
}

function dot(a: Float32Array, at: number, b: Float32Array, bt: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[at + i]! * b[bt + i]!;
  return sum;
}
