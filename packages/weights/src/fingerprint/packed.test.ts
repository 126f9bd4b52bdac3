import assert from "node:assert/strict";
import { test } from "node:test";
import { compareFingerprints } from "../compare.ts";
import { awq, gptq, mlx } from "../testing/packed.ts";
import { inMemory, randomWeights } from "../testing/random-model.ts";
import type { TestTensor } from "../testing/tensors.ts";
import type { Tensor } from "../tensor.ts";
import { fingerprint, openKey, type ModelPart } from "./fingerprint.ts";

const weights = randomWeights(
  1,
  Array.from({ length: 4 }, () => [256, 128]),
); // out x in

const [out, inputs] = [256, 128] as const;

function fileOf(all: readonly TestTensor[]): ModelPart[] {
  let offset = 0;
  const tensors: Tensor[] = all.map(({ data, ...it }) => {
    const tensor = { ...it, offset, bytes: data.length };
    offset += data.length;
    return tensor;
  });
  const bytes = Buffer.concat(all.map((it) => it.data));
  const file = { format: "memory", tensors, metadata: {}, findings: [] };
  return [{ file, reader: { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) } }];
}

for (const [name, pack] of Object.entries({ gptq, awq, mlx })) {
  test(`${name}: a copy whose weights are packed in words is recognised`, async () => {
    const original = await fingerprint(inMemory(weights), { key: openKey });
    const packed = await fingerprint(fileOf(weights.flatMap(pack)), { key: openKey });
    assert.deepEqual(
      packed.tensors.map((it) => it.shapeClass),
      Array.from({ length: 4 }, () => "256x128x1"),
    );
    const found = compareFingerprints(original, packed);
    assert.equal(found.relation, "derived", found.why);
    assert.equal(found.tensorsSignificant, 4);
    assert.ok((found.rho ?? 0) > 0.95, `rho ${found.rho}`);
    const strangers = randomWeights(
      9,
      Array.from({ length: 4 }, () => [256, 128]),
    );
    const other = await fingerprint(fileOf(strangers.flatMap(pack)), { key: openKey });
    assert.equal(compareFingerprints(original, other).relation, "unrelated");
  });
}

test("words without companions stay what they are", async () => {
  const [first] = weights.flatMap(gptq);
  assert.ok(first);
  const made = await fingerprint(fileOf([{ ...first, shape: [out, inputs / 8] }]), {
    key: openKey,
    minElements: 64,
  });
  assert.deepEqual(
    made.tensors.map((it) => [it.dtype, it.shapeClass]),
    [["i32", "256x16x1"]],
  );
});
