import assert from "node:assert/strict";
import { test } from "node:test";
import { compareFingerprints } from "../compare.ts";
import { inMemory, randomWeights, type Weights } from "../testing/random-model.ts";
import type { Tensor } from "../tensor.ts";
import { fingerprint, openKey, type ModelPart } from "./fingerprint.ts";

const weights = randomWeights(
  1,
  Array.from({ length: 4 }, () => [256, 128]),
); // out x in

const [out, inputs, group] = [256, 128, 64] as const;

interface Packed {
  readonly tensors: readonly { name: string; dtype: string; shape: readonly number[]; bytes: Uint8Array }[];
}

/** Levels 0 to 15 of each weight, with a scale and a zero for each group of a row. */
function levelsOf({ values }: Weights): Uint8Array {
  const levels = new Uint8Array(values.length);
  for (let at = 0; at < values.length; at += group) {
    const part = values.subarray(at, at + group);
    const [least, most] = [Math.min(...part), Math.max(...part)];
    for (const [k, it] of part.entries()) levels[at + k] = Math.round(((it - least) / (most - least)) * 15);
  }
  return levels;
}

/** 32-bit words of eight nibbles: `nibble(word, k)` says which level stands where. */
function words(count: number, nibble: (word: number, k: number) => number): Uint8Array {
  const packed = new Uint32Array(count);
  for (let word = 0; word < count; word++) {
    for (let k = 0; k < 8; k++) packed[word] = ((packed[word] ?? 0) | (nibble(word, k) << (4 * k))) >>> 0;
  }
  return new Uint8Array(packed.buffer);
}

const halves = (...shape: number[]): Uint8Array => new Uint8Array(2 * shape.reduce((product, it) => product * it, 1));

function gptq(it: Weights): Packed {
  const levels = levelsOf(it);
  const at = (row: number, col: number): number => levels[col * inputs + row] ?? 0; // in x out
  const bytes = words((inputs / 8) * out, (word, k) => at(Math.floor(word / out) * 8 + k, word % out));
  const groups = inputs / group;
  return {
    tensors: [
      { name: `${it.name}.qweight`, dtype: "i32", shape: [inputs / 8, out], bytes },
      { name: `${it.name}.qzeros`, dtype: "i32", shape: [groups, out / 8], bytes: halves(groups, out / 4) },
      { name: `${it.name}.scales`, dtype: "f16", shape: [groups, out], bytes: halves(groups, out) },
    ],
  };
}

function awq(it: Weights): Packed {
  const levels = levelsOf(it);
  const order = [0, 2, 4, 6, 1, 3, 5, 7];
  const bytes = words(inputs * (out / 8), (word, k) => {
    const [row, first] = [Math.floor(word / (out / 8)), (word % (out / 8)) * 8];
    return levels[(first + (order[k] ?? 0)) * inputs + row] ?? 0;
  });
  const groups = inputs / group;
  return {
    tensors: [
      { name: `${it.name}.qweight`, dtype: "i32", shape: [inputs, out / 8], bytes },
      { name: `${it.name}.qzeros`, dtype: "i32", shape: [groups, out / 8], bytes: halves(groups, out / 4) },
      { name: `${it.name}.scales`, dtype: "f16", shape: [groups, out], bytes: halves(groups, out) },
    ],
  };
}

function mlx(it: Weights): Packed {
  const levels = levelsOf(it);
  const stem = it.name.replace(/\.weight$/, "");
  const bytes = words((out * inputs) / 8, (word, k) => levels[word * 8 + k] ?? 0);
  const groups = inputs / group;
  return {
    tensors: [
      { name: `${stem}.weight`, dtype: "u32", shape: [out, inputs / 8], bytes },
      { name: `${stem}.scales`, dtype: "f16", shape: [out, groups], bytes: halves(out, groups) },
      { name: `${stem}.biases`, dtype: "f16", shape: [out, groups], bytes: halves(out, groups) },
    ],
  };
}

function fileOf(packed: readonly Packed[]): ModelPart[] {
  let offset = 0;
  const all = packed.flatMap((it) => it.tensors);
  const tensors: Tensor[] = all.map(({ bytes, ...it }) => {
    const tensor = { ...it, offset, bytes: bytes.length };
    offset += bytes.length;
    return tensor;
  });
  const bytes = Buffer.concat(all.map((it) => it.bytes));
  const file = { format: "memory", tensors, metadata: {}, findings: [] };
  return [{ file, reader: { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) } }];
}

for (const [name, pack] of Object.entries({ gptq, awq, mlx })) {
  test(`${name}: a copy whose weights are packed in words is recognised`, async () => {
    const original = await fingerprint(inMemory(weights), { key: openKey });
    const packed = await fingerprint(fileOf(weights.map(pack)), { key: openKey });
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
    const other = await fingerprint(fileOf(strangers.map(pack)), { key: openKey });
    assert.equal(compareFingerprints(original, other).relation, "unrelated");
  });
}

test("words without companions stay what they are", async () => {
  const [first] = gptq(weights[0] as Weights).tensors;
  assert.ok(first);
  const made = await fingerprint(fileOf([{ tensors: [{ ...first, shape: [out, inputs / 8] }] }]), {
    key: openKey,
    minElements: 64,
  });
  assert.deepEqual(
    made.tensors.map((it) => [it.dtype, it.shapeClass]),
    [["i32", "256x16x1"]],
  );
});
