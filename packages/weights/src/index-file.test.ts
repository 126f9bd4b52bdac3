import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WeightsError } from "./error.ts";
import { fingerprint, openKey } from "./fingerprint/fingerprint.ts";
import type { Fingerprint } from "./fingerprint/record.ts";
import { buildIndex, FingerprintIndex } from "./index-file.ts";
import { changed, inMemory, Random, randomWeights, turned, type Weights } from "./testing/random-model.ts";

const shapes = [
  [640, 128],
  [128, 128],
  [128, 128],
  [256, 128],
  [256, 128],
  [128, 256],
];
const library = await Promise.all(
  Array.from({ length: 30 }, async (_, i) => ({
    id: `model-${i}`,
    fingerprint: await print(randomWeights(i, shapes)),
  })),
);
const bytes = buildIndex(library);
const index = new FingerprintIndex(bytes);

async function print(weights: readonly Weights[], key = openKey): Promise<Fingerprint> {
  return fingerprint(inMemory(weights), { key, tiles: 1 });
}

async function found(weights: readonly Weights[]): Promise<string | undefined> {
  return index.search(await print(weights))[0]?.id;
}

test("a model is found again, also disturbed, negated and transposed", async () => {
  const random = new Random(999);
  const seven = randomWeights(7, shapes);
  assert.equal(await found(seven), "model-7");
  assert.equal(await found(changed(seven, (it) => it + 0.02 * random.normal())), "model-7");
  assert.equal(await found(changed(seven, (it, tensor) => (tensor % 2 ? -it : it))), "model-7");
  assert.equal(await found(seven.map(turned)), "model-7");
});

test("a copy whose layers moved, and one with more tokens, is found", async () => {
  const [embed, ...rest] = randomWeights(9, shapes);
  assert.ok(embed);
  const moved = [embed, rest[1], rest[0], rest[3], rest[4], rest[2]].map((it, i) => ({
    ...(it as Weights),
    name: `t${i}`,
  }));
  assert.equal(await found(moved), "model-9");
  const grown = Float32Array.from({ length: 704 * 128 }, (_, i) => embed.values[i] ?? 0);
  assert.equal(await found([{ ...embed, shape: [704, 128], values: grown }]), "model-9");
});

test("a stranger's best score is far below a copy's", async () => {
  const copy = index.search(await print(randomWeights(3, shapes)))[0]?.score ?? 0;
  const stranger = index.search(await print(randomWeights(1000, shapes)))[0]?.score ?? 0;
  assert.ok(stranger < copy / 10, `${stranger} and ${copy}`);
});

test("another shape, another key and an empty index have no candidates", async () => {
  assert.deepEqual(index.search(await print(randomWeights(1, [[100, 100]]))), []);
  assert.deepEqual(index.search(await print(randomWeights(1, shapes), new TextEncoder().encode("secret"))), []);
  assert.deepEqual(new FingerprintIndex(buildIndex([])).search(await print(randomWeights(1, shapes))), []);
});

test("an index is read where it lies, aligned or not", async () => {
  const moved = new Uint8Array(bytes.length + 1);
  moved.set(bytes, 1);
  const query = await print(randomWeights(5, shapes));
  const found = index.search(query);
  assert.deepEqual(new FingerprintIndex(moved.subarray(1)).search(query), found);
  assert.deepEqual(
    new FingerprintIndex(Buffer.from(moved.buffer, 1)).search(query),
    found,
    "a Buffer, whose slice is no copy",
  );
});

test("mixed keys and endless names are refused", async () => {
  const other = { id: "other", fingerprint: await print(randomWeights(1, shapes), new Uint8Array(1)) };
  assert.throws(() => buildIndex([...library, other]), RangeError);
  assert.throws(() => buildIndex([{ id: "x".repeat(2000), fingerprint: other.fingerprint }]), RangeError);
});

const codes = ["MALFORMED", "UNSUPPORTED", "TRUNCATED", "TOO_LARGE", "TOO_MANY"];

test("any flipped byte gives an index that can be searched, or an error with a code", async () => {
  const query = await print(randomWeights(5, shapes));
  const small = buildIndex(library.slice(0, 3));
  fc.assert(
    fc.property(fc.nat(small.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const hostile = small.slice();
      hostile[at] = (hostile[at] ?? 0) ^ flip;
      try {
        new FingerprintIndex(hostile).search(query);
      } catch (error) {
        assert.ok(error instanceof WeightsError && codes.includes(error.code), String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test("any bytes are refused with a code", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (raw) => {
      assert.throws(
        () => new FingerprintIndex(raw),
        (error) => error instanceof WeightsError && codes.includes(error.code),
      );
    }),
  );
});
