import assert from "node:assert/strict";
import { test } from "node:test";
import { structuralKey } from "./structure.ts";

const tensor = (dtype: string, ...shape: number[]) => ({ dtype, shape });

test("conversion and quantisation keep the key", () => {
  const key = structuralKey([tensor("f32", 64, 32), tensor("f32", 64), tensor("f32", 8, 64)]);
  assert.equal(structuralKey([tensor("q8_0", 8, 64), tensor("f16", 32, 64)]), key);
  assert.equal(structuralKey([tensor("bf16", 64, 1, 32), tensor("i8", 64, 8), tensor("f32", 3)]), key);
});

test("another shape, another count and an index table give another key", () => {
  const key = structuralKey([tensor("f32", 64, 32)]);
  assert.notEqual(structuralKey([tensor("f32", 64, 33)]), key);
  assert.notEqual(structuralKey([tensor("f32", 64, 32), tensor("f32", 64, 32)]), key);
  assert.notEqual(structuralKey([tensor("i64", 64, 32)]), key);
});

test("vectors count where there is nothing else, and no tensors give no key", () => {
  assert.notEqual(structuralKey([tensor("f32", 7)]), structuralKey([tensor("f32", 8)]));
  assert.equal(structuralKey([]), undefined);
});
