import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inMemory, Random, randomWeights } from "../testing/random-model.ts";
import type { Reader } from "../tensor.ts";
import { fingerprint, openKey, type ModelPart } from "./fingerprint.ts";

const shapes = [[512, 128], [128, 128], [384, 128], [128, 384], [128]];
const model = (): ModelPart[] => inMemory(randomWeights(1, shapes));

test("a model has one record for each matrix, and its vectors", async () => {
  const made = await fingerprint(model(), { key: openKey });
  assert.deepEqual(
    made.tensors.map((it) => [it.name, it.shapeClass, it.tiles.length, it.unusable]),
    [
      ["layers.0.weight", "512x128x1", 4, undefined],
      ["layers.1.weight", "128x128x1", 2, undefined],
      ["layers.2.weight", "384x128x1", 4, undefined],
      ["layers.3.weight", "384x128x1", 4, undefined],
    ],
  );
  assert.equal(made.vectors.length, 1);
});

test("the same model and key give the same fingerprint, another key samples other places", async () => {
  const [one, again, other] = await Promise.all(
    [openKey, openKey, new TextEncoder().encode("secret")].map((key) => fingerprint(model(), { key })),
  );
  assert.deepEqual(one, again);
  assert.notEqual(one?.keyId, other?.keyId);
  assert.notDeepEqual(one?.tensors[0]?.tiles, other?.tensors[0]?.tiles);
});

test("what can't be compared says why", async () => {
  const [part] = inMemory([
    ...randomWeights(1, [[128, 128]]),
    {
      name: "waves",
      shape: [128, 128],
      values: Float32Array.from({ length: 16384 }, (_, i) => Math.cos((i >> 7) * (i & 127) * 0.003)),
    },
    { name: "zeros", shape: [128, 128], values: new Float32Array(16384) },
  ]);
  assert.ok(part);
  const unknown = { name: "blocks", dtype: "f6_e2m3", shape: [256, 256], offset: 0, bytes: 192 * 256 };
  const gone = { name: "gone", dtype: "f32", shape: [128, 130], offset: 0, bytes: 1, file: "other.bin" };
  const cut = { name: "cut", dtype: "f32", shape: [128, 200], offset: 1e6, bytes: 128 * 200 * 4 };
  const tensors = [...part.file.tensors, unknown, gone, cut];
  const made = await fingerprint([{ ...part, file: { ...part.file, tensors } }], { key: openKey });
  const why = new Map(made.tensors.map((it) => [it.name, it.unusable ?? ""]));
  assert.equal(why.get("layers.0.weight"), "");
  assert.match(why.get("waves") ?? "", /^too smooth/);
  assert.equal(why.get("zeros"), "constant where it was sampled");
  assert.equal(why.get("blocks"), "cannot dequantise f6_e2m3");
  assert.equal(why.get("gone"), '"other.bin" is missing');
  assert.match(why.get("cut") ?? "", /beyond the end/);
});

test("a matrix of 8192 x 28672 costs 64 short reads a tile", async () => {
  const sizes: number[] = [];
  const bytes = 8192 * 28672 * 2;
  const reader: Reader = {
    size: bytes,
    read: (at, length) => {
      sizes.push(length);
      const random = new Random(at); // halves from 1 to 2, of either sign
      return Uint8Array.from({ length }, (_, i) => (i & 1 ? 0x3c | (random.word() & 0x83) : random.word() & 255));
    },
  };
  const tensors = [{ name: "down", dtype: "f16", shape: [8192, 28672], offset: 0, bytes }];
  const file = { format: "memory", tensors, metadata: {}, findings: [] };
  const made = await fingerprint([{ file, reader }], { key: openKey, tiles: 1 });
  const [record] = made.tensors;
  assert.ok(record && record.unusable === undefined);
  assert.equal(sizes.length, 64 * (record.tiles.length + record.extraTiles.length));
  assert.ok(sizes.every((it) => it === 128));
  assert.equal(made.bytesRead, sizes.length * 128);
});

test("an option out of range is refused", async () => {
  await assert.rejects(fingerprint(model(), { key: openKey, tiles: 0 }), RangeError);
  await assert.rejects(fingerprint(model(), { key: openKey, tiles: 1000 }), RangeError);
});

test("an error of the reader is not mistaken for a finding", async () => {
  const [part] = model();
  assert.ok(part);
  const reader = { size: part.reader.size, read: () => Promise.reject(new Error("disk on fire")) };
  await assert.rejects(fingerprint([{ ...part, reader }], { key: openKey }), /disk on fire/);
});

const hostile = fc.record({
  name: fc.string(),
  dtype: fc.constantFrom(
    "f32",
    "f16",
    "bf16",
    "i8",
    "f4",
    "q4_0",
    "q4_k",
    "q8_0",
    "iq1_s",
    "f8_e4m3",
    "c64",
    "nonsense",
  ),
  shape: fc.array(fc.oneof(fc.nat(300), fc.constantFrom(1, 64, 256, 2 ** 31, 2 ** 52)), { maxLength: 5 }),
  offset: fc.oneof(fc.nat(100_000), fc.constantFrom(-1, 2 ** 52)),
  bytes: fc.nat(200_000),
  strides: fc.option(fc.array(fc.integer({ min: -300, max: 300 }), { maxLength: 5 }), { nil: undefined }),
  byteOrder: fc.constantFrom("big" as const, undefined),
});

test("whatever a header claims, there is a record or a reason, and never an error", async () => {
  const bytes = Uint8Array.from({ length: 65_536 }, (_, i) => (i * 2654435761) >>> 13);
  const reader = { size: bytes.length, read: (at: number, length: number) => bytes.subarray(at, at + length) };
  await fc.assert(
    fc.asyncProperty(fc.array(hostile, { maxLength: 6 }), async (claims) => {
      const tensors = claims.map(({ strides, byteOrder, ...rest }) => ({
        ...rest,
        ...(strides && { strides }),
        ...(byteOrder && { byteOrder }),
      }));
      const file = { format: "memory", tensors, metadata: {}, findings: [] };
      const made = await fingerprint([{ file, reader }], { key: openKey, minElements: 64 });
      for (const it of made.tensors) assert.ok(it.unusable !== undefined || it.tiles.length > 0);
    }),
    { numRuns: 300 },
  );
});
