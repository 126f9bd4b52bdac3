import assert from "node:assert/strict";
import { test } from "node:test";
import { comparePermuted } from "./compare-permuted.ts";
import { compareModels } from "./compare-models.ts";
import { polar } from "./compare/permuted/rotated.ts";
import { changed, inMemory, Random, randomWeights, type Weights } from "./testing/random-model.ts";

const [vocabulary, width, hidden, layers] = [512, 64, 160, 2];

function language(seed: number): Weights[] {
  const random = new Random(seed);
  const weights = (name: string, ...shape: number[]): Weights => ({
    name,
    shape,
    values: Float32Array.from({ length: shape.reduce((product, it) => product * it, 1) }, () => 0.02 * random.normal()),
  });
  return [
    weights("embed", vocabulary, width),
    ...Array.from({ length: layers }, (_, i) => [
      weights(`layers.${i}.down`, width, hidden),
      weights(`layers.${i}.gate`, hidden, width),
      weights(`layers.${i}.o`, width, width),
      weights(`layers.${i}.q`, width, width),
      weights(`layers.${i}.up`, hidden, width),
    ]).flat(),
    weights("head", vocabulary, width),
  ];
}

/** The same function: dimensions permuted and flipped, hidden units permuted and rescaled. */
function rearranged(model: readonly Weights[], seed: number): Weights[] {
  const random = new Random(seed);
  const order = random.shuffled(width);
  const sign = order.map(() => (random.uniform() < 0.5 ? -1 : 1));
  const units = Array.from({ length: layers }, () => random.shuffled(hidden));
  const scales = units.map((it) => it.map(() => 0.5 + random.uniform()));
  return model.map((it) => {
    const [rows = 0, cols = 0] = it.shape;
    const unit = units[Number(it.name.match(/\d+/)?.[0] ?? 0)] ?? [];
    const scale = scales[Number(it.name.match(/\d+/)?.[0] ?? 0)] ?? [];
    const values = it.values.map((_, at) => {
      const [r, c] = [Math.floor(at / cols), at % cols];
      const from = (row: number, col: number): number => it.values[row * cols + col] ?? 0;
      if (it.name.endsWith("down")) return ((sign[r] ?? 1) * from(order[r] ?? 0, unit[c] ?? 0)) / (scale[c] ?? 1);
      const col = (sign[c] ?? 1) * (it.name.endsWith("up") ? (scale[r] ?? 1) : 1);
      if (rows === hidden) return col * from(unit[r] ?? 0, order[c] ?? 0);
      if (it.name.endsWith("o")) return (sign[r] ?? 1) * from(order[r] ?? 0, c);
      return (sign[c] ?? 1) * from(r, order[c] ?? 0);
    });
    return { ...it, values };
  });
}

const ours = language(1);

test("a copy with dimensions, units and signs rearranged is recognised, with a p-value", async () => {
  const random = new Random(5);
  const copy = changed(rearranged(ours, 2), (it) => it + 0.005 * random.normal());
  const found = await comparePermuted(inMemory(ours), inMemory(copy), { librarySize: 10_000 });
  assert.equal(found.outcome, "derived", found.why);
  assert.ok(found.pValue < 1e-60, `p ${found.pValue}`);
  assert.ok(found.how.some((it) => it.startsWith("dimensions in another order")));
  assert.ok(found.how.some((it) => it.startsWith("signs of dimensions flipped")));
  assert.ok(found.how.includes("hidden units in another order"));
});

test("independent models are not, over 40 pairs", async () => {
  for (let seed = 10; seed < 50; seed++) {
    const found = await comparePermuted(inMemory(ours), inMemory(language(seed)));
    assert.equal(found.outcome, "none", found.why);
    assert.equal(found.pValue, 1);
  }
});

test("a model with our embedding but its own layers is not a copy", async () => {
  const [embed] = ours;
  assert.ok(embed);
  const found = await comparePermuted(inMemory(ours), inMemory([embed, ...language(60).slice(1)]));
  assert.equal(found.outcome, "none", found.why);
});

test("comparing whole models goes on to rearrangements by itself", async () => {
  const found = await compareModels(inMemory(ours), inMemory(rearranged(ours, 3)), { minElements: 1024 });
  assert.equal(found.relation, "derived", found.why);
  assert.ok(found.pValue < 1e-60);
  assert.equal(
    (await compareModels(inMemory(ours), inMemory(language(61)), { minElements: 1024 })).relation,
    "unrelated",
  );
});

/** Dimensions mixed by one random rotation. */
function rotated(model: readonly Weights[]): Weights[] {
  const random = new Random(6);
  const rotation = polar(
    Float32Array.from({ length: width * width }, () => random.normal()),
    width,
  );
  return model.map(({ name, shape, values }) => {
    const [rows = 0, cols = 0] = shape;
    if (cols !== width || name.endsWith("o")) return { name, shape, values };
    const out = new Float32Array(values.length);
    for (let r = 0; r < rows; r++) {
      for (let k = 0; k < width; k++) {
        for (let c = 0; c < width; c++)
          out[r * width + c] =
            (out[r * width + c] ?? 0) + (values[r * width + k] ?? 0) * (rotation[k * width + c] ?? 0);
      }
    }
    return { name, shape, values: out };
  });
}

test("a rotated copy is recognised, with a p-value", async () => {
  const found = await comparePermuted(inMemory(ours), inMemory(rotated(ours)), { librarySize: 10_000 });
  assert.equal(found.outcome, "derived", found.why);
  assert.ok(found.pValue < 1e-60, `p ${found.pValue}`);
  assert.match(found.how.join(), /rotation/);
});

test("a rotated copy whose units were permuted as well is suspicious, and no more", async () => {
  const found = await comparePermuted(inMemory(ours), inMemory(rotated(rearranged(ours, 4))));
  assert.equal(found.outcome, "suspicious", found.why);
  assert.equal(found.pValue, 1);
  assert.match(found.how.join(), /rotation/);
});

test("models that share no more than a beginning are not called copies by way of a rotation", async () => {
  const random = new Random(10);
  const apart = changed(ours, (it) => it + 0.1 * random.normal());
  const found = await compareModels(inMemory(ours), inMemory(apart), { minElements: 1024 });
  assert.equal(found.relation, "undetermined", found.why);
  assert.match(found.why, /no more than models share that began from one seed/);
});

test("a chain of layers whose units were rearranged is recognised, a stranger is not", async () => {
  const shapes = [
    [96, 200],
    [80, 96],
    [64, 80],
    [64, 64],
  ];
  const chain = randomWeights(7, shapes);
  const random = new Random(8);
  const orders = shapes.map(([units = 0]) => random.shuffled(units));
  const copy = chain.map((it, i) => {
    const [, cols = 0] = it.shape;
    const [own = [], before] = [orders[i], orders[i - 1]];
    const values = it.values.map(
      (_, at) => it.values[(own[Math.floor(at / cols)] ?? 0) * cols + (before?.[at % cols] ?? at % cols)] ?? 0,
    );
    return { ...it, values };
  });
  const found = await comparePermuted(inMemory(chain), inMemory(copy));
  assert.equal(found.outcome, "derived", found.why);
  assert.ok(found.pValue < 1e-60);
  assert.equal((await comparePermuted(inMemory(chain), inMemory(randomWeights(9, shapes)))).outcome, "none");
});
