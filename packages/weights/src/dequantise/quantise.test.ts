import assert from "node:assert/strict";
import { test } from "node:test";
import { dequantise } from "./decoder.ts";
import { Random } from "../testing/random-model.ts";
import { encode, type Encoded } from "../testing/quantise.ts";

const random = new Random(1);
const values = Float32Array.from({ length: 4096 }, () => 0.02 * random.normal());

// Correlations that quantisers with a search reach on normal weights, less a little for rounding without one.
const expected: readonly (readonly [Encoded, number])[] = [
  ["f32", 1],
  ["f16", 0.999999],
  ["bf16", 0.99999],
  ["i8", 0.9998],
  ["q8_0", 0.9999],
  ["q6_k", 0.9995],
  ["q5_k", 0.998],
  ["q4_k", 0.994],
  ["q4_0", 0.993],
];

for (const [dtype, least] of expected) {
  test(`${dtype} keeps what it should of normal weights`, () => {
    const back = dequantise(dtype, encode(values, dtype));
    let [own, other, cross] = [0, 0, 0];
    for (const [i, it] of values.entries()) {
      own += it * it;
      other += (back[i] ?? 0) ** 2;
      cross += it * (back[i] ?? 0);
    }
    const rho = cross / Math.sqrt(own * other);
    assert.ok(rho >= least, `${dtype}: ${rho}`);
  });
}
