import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { digestFile, digestTensors, modelDigest, totalBytes } from "./digest.ts";
import { readModelFile } from "./recognise.ts";
import { writeSafetensors } from "./testing/safetensors.ts";
import { aModel, seededBytes, sha256, strictReader, tensor } from "./testing/tensors.ts";
import type { ModelFile, Tensor } from "./tensor.ts";

const anEmptyFile: ModelFile = { format: "test", tensors: [], metadata: {}, findings: [] };

function fileOf(...tensors: Partial<Tensor>[]): ModelFile {
  const defaults = { name: "t", dtype: "u8", shape: [4], offset: 0, bytes: 4 };
  return { ...anEmptyFile, tensors: tensors.map((it) => ({ ...defaults, ...it })) };
}

test("the digest of a set does not depend on order or repetition", () => {
  const [a, b, c] = ["a", "b", "c"].map((it) => ({ sha256: sha256(Buffer.from(it)) }));
  assert.ok(a && b && c);
  assert.equal(modelDigest([a, b, c]), modelDigest([c, a, b, a]));
  assert.notEqual(modelDigest([a, b]), modelDigest([a, b, c]));
});

test("the digest of a set is SHA-256 over the sorted digests, as written down", () => {
  const sums = ["a", "b"].map((it) => createHash("sha256").update(it).digest());
  const expected = createHash("sha256")
    .update(Buffer.concat(sums.sort(Buffer.compare)))
    .digest("hex");
  assert.equal(modelDigest([{ sha256: sha256(Buffer.from("b")) }, { sha256: sha256(Buffer.from("a")) }]), expected);
});

test("one tensor without a digest leaves the set without one, and so does no tensor at all", () => {
  assert.equal(modelDigest([{ sha256: "aa".repeat(32) }, {}]), undefined);
  assert.equal(modelDigest([]), undefined);
});

test("tensors longer than a piece are digested whole, and progress adds up", async () => {
  const data = seededBytes(2 * 1024 * 1024 + 13, "long");
  const file = fileOf({ name: "a", shape: [data.length], bytes: data.length });
  const seen: number[] = [];
  const [digest] = await digestTensors(strictReader(data), file, { onProgress: (done) => seen.push(done) });
  assert.equal(digest?.sha256, sha256(data));
  assert.deepEqual(seen, [1024 * 1024, 2 * 1024 * 1024, data.length]);
  assert.equal(seen.at(-1), totalBytes(file));
});

test("bytes under two names are read once", async () => {
  const reader = strictReader(seededBytes(64, "x"));
  let reads = 0;
  const counting = { size: reader.size, read: (at: number, length: number) => (reads++, reader.read(at, length)) };
  const file = fileOf({ name: "a", shape: [64], bytes: 64 }, { name: "b", shape: [64], bytes: 64 });
  const [a, b] = await digestTensors(counting, file);
  assert.equal(a?.sha256, b?.sha256);
  assert.equal(reads, 1);
});

test("tells constants from weights", async () => {
  const ones = Buffer.from(new Float32Array(4096).fill(1).buffer);
  const almost = Uint8Array.from(ones);
  almost[8191] = 7;
  const bytes = writeSafetensors([
    { ...tensor("ones", [4096]), data: ones },
    { ...tensor("almost", [4096]), data: almost },
    tensor("weights", [4096]),
  ]);
  const reader = strictReader(bytes);
  const digests = await digestTensors(reader, await readModelFile(reader));
  assert.deepEqual(
    digests.map((it) => it.constant),
    [true, false, false],
  );
});

test("a file that shrinks while it is read gives no digest instead of a wrong one", async () => {
  const data = seededBytes(100, "x");
  const shrinking = { size: 100, read: (at: number, length: number) => data.subarray(at, Math.min(at + length, 50)) };
  const [digest] = await digestTensors(shrinking, fileOf({ shape: [100], bytes: 100 }));
  assert.equal(digest?.sha256, undefined);
  assert.match(digest?.why ?? "", /100 bytes were promised/);
});

test("tensors that overlap many times over are left out, and said to be", async () => {
  const data = seededBytes(1024 * 1024, "x");
  const tensors = Array.from({ length: 40 }, (_, i) => ({
    name: String(i),
    shape: [data.length - i],
    offset: i,
    bytes: data.length - i,
  }));
  const digests = await digestTensors(strictReader(data), fileOf(...tensors));
  assert.ok(digests.filter((it) => it.sha256).length <= 8);
  assert.match(digests.at(-1)?.why ?? "", /many times over/);
});

test("digests a whole file", async () => {
  const data = seededBytes(5 * 1024 * 1024, "f");
  assert.equal(await digestFile(strictReader(data)), sha256(data));
  assert.equal(await digestFile(strictReader(new Uint8Array(0))), sha256(new Uint8Array(0)));
});

test("any permutation of axes is undone", async () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(shapes, fc.infiniteStream(fc.nat()), async (stored, picks) => {
      const axes = permutation(stored.length, picks);
      const strides = stored.map((_, axis) => stored.slice(axis + 1).reduce((product, it) => product * it, 1));
      const shape = axes.map((axis) => stored[axis] ?? 1);
      const view = axes.map((axis) => strides[axis] ?? 1);
      const count = shape.reduce((product, it) => product * it, 1);
      const data = seededBytes(count * 2, "p");
      const file = fileOf({ dtype: "f16", shape, bytes: count * 2, strides: view });
      const [digest] = await digestTensors(strictReader(data), file);
      assert.equal(digest?.sha256, sha256(inOrder(data, shape, view)));
    }),
  );
});

/** The same by the definition: element by element, indices in C order. */
function inOrder(data: Uint8Array, shape: readonly number[], strides: readonly number[]): Uint8Array {
  const out: number[] = [];
  const walk = (axis: number, from: number): void => {
    if (axis === shape.length) out.push(data[from * 2] ?? 0, data[from * 2 + 1] ?? 0);
    else for (let i = 0; i < (shape[axis] ?? 0); i++) walk(axis + 1, from + i * (strides[axis] ?? 0));
  };
  walk(0, 0);
  return Uint8Array.from(out);
}

function permutation(length: number, picks: Iterable<number>): number[] {
  const left = Array.from({ length }, (_, i) => i);
  const out: number[] = [];
  for (const pick of picks) {
    if (left.length === 0) break;
    out.push(...left.splice(pick % left.length, 1));
  }
  return out;
}

test("a transposed matrix larger than a block is put in order", async () => {
  const [rows, columns] = [3000, 6001]; // 36 MB: two blocks
  const stored = seededBytes(rows * columns * 2, "big");
  const file = fileOf({ dtype: "f16", shape: [columns, rows], bytes: stored.length, strides: [1, columns] });
  const [digest] = await digestTensors(strictReader(stored), file);
  const expected = new Uint16Array(rows * columns);
  const words = new Uint16Array(stored.buffer, stored.byteOffset, rows * columns);
  for (let c = 0; c < columns; c++) for (let r = 0; r < rows; r++) expected[c * rows + r] = words[r * columns + c] ?? 0;
  assert.equal(digest?.sha256, sha256(new Uint8Array(expected.buffer)));
});

test("reshaping and renaming keep a tensor's digest", async () => {
  const [a] = aModel();
  assert.ok(a);
  const bytes = writeSafetensors([a, { ...a, name: "flat", shape: [16 * 12] }]);
  const reader = strictReader(bytes);
  const [one, other] = await digestTensors(reader, await readModelFile(reader));
  assert.equal(one?.sha256, other?.sha256);
});
