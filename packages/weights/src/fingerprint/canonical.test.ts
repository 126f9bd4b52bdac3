import assert from "node:assert/strict";
import { test } from "node:test";
import { matricesOf, offsetAlong, shapeClass } from "./canonical.ts";

function matrices(shape: readonly number[], name = "w", strides?: readonly number[]) {
  return matricesOf({ name, dtype: "f32", shape, offset: 0, bytes: 0, ...(strides && { strides }) }, 1);
}

test("out x in, in x out, HWIO and OIHW have one form", () => {
  assert.deepEqual(matrices([512, 128]).map(shapeClass), ["512x128x1"]);
  assert.deepEqual(matrices([128, 512]).map(shapeClass), ["512x128x1"]);
  assert.deepEqual(matrices([64, 32, 3, 3]).map(shapeClass), ["64x32x9"]);
  assert.deepEqual(matrices([3, 3, 32, 64]).map(shapeClass), ["64x32x9"]);
  assert.deepEqual(matrices([1, 512, 1, 128]).map(shapeClass), ["512x128x1"]);
});

test("the longest axis is rows, whichever way it is stored", () => {
  const [stored] = matrices([128, 512]);
  assert.deepEqual(stored?.rows, { length: 512, stride: 1 });
  assert.deepEqual(stored?.cols, { length: 128, stride: 512 });
  const [view] = matrices([128, 512], "w", [1, 128]);
  assert.deepEqual(view?.rows, { length: 512, stride: 128 });
});

test("interleaved heads are taken in their original order", () => {
  const tensor = {
    name: "blk.0.attn_q.weight",
    dtype: "f32",
    shape: [24, 10],
    offset: 0,
    bytes: 960,
    interleavedHeads: 4,
  };
  const [matrix] = matricesOf(tensor, 1);
  assert.ok(matrix);
  const stored = Array.from({ length: 12 }, (_, row) => offsetAlong(matrix.rows, row) / 10);
  assert.deepEqual(stored, [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]);
});

test("vectors, scalars and narrow matrices are none", () => {
  for (const shape of [[], [128], [1, 128, 1], [1000, 7]]) assert.deepEqual(matrices(shape), []);
  assert.deepEqual(matricesOf({ name: "w", dtype: "f32", shape: [64, 63], offset: 0, bytes: 0 }, 4096), []);
});

test("fused queries, keys and values are cut, also where they share heads", () => {
  assert.deepEqual(matrices([384, 128], "h.0.attn.c_attn.weight").map(shapeClass), Array(3).fill("128x128x1"));
  const grouped = matrices([192, 128], "blk.0.attn_qkv.weight");
  assert.deepEqual(grouped.map(shapeClass), ["128x128x1", "128x32x1", "128x32x1"]);
  assert.deepEqual(
    grouped.map((it) => it.start),
    [0, 128 * 128, 160 * 128],
  );
  // As GPT-2 stores it: in x out.
  assert.deepEqual(
    matrices([128, 384], "h.0.attn.c_attn.weight").map((it) => it.start),
    [0, 128, 256],
  );
});

test("gate and up are cut, stacks of experts are taken apart", () => {
  assert.deepEqual(matrices([768, 128], "mlp.gate_up_proj.weight").map(shapeClass), Array(2).fill("384x128x1"));
  const experts = matrices([8, 256, 128], "blk.0.ffn_gate_exps.weight");
  assert.equal(experts.length, 8);
  assert.equal(experts[3]?.start, 3 * 256 * 128);
  assert.equal(experts[3]?.part, 3);
  assert.equal(matrices([64, 128, 5], "conv1d.weight").length, 1);
});
