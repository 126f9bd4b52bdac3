import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseMatrices, inNameOrder } from "./choose.ts";

const tensor = (name: string, ...shape: number[]) => ({ name, dtype: "f32", shape, offset: 0, bytes: 0 });

test("numbers in names count as numbers", () => {
  const names = ["layer.10.up", "layer.9.up", "layer.9.down", "layer.09.down", "head"];
  const sorted = inNameOrder(names.map((it) => tensor(it, 1))).map((it) => it.name);
  assert.deepEqual(sorted, ["head", "layer.09.down", "layer.9.down", "layer.9.up", "layer.10.up"]);
});

test("a small model is taken whole, in the order of its names", () => {
  const tensors = [tensor("b.10", 128, 64), tensor("b.9", 64, 128), tensor("norm", 128), tensor("embed", 1000, 64)];
  const chosen = chooseMatrices(tensors, 4096, 128);
  assert.deepEqual(
    chosen.map(({ matrix, order, of, whole, tokens }) => [matrix.tensor.name, order, of, whole, tokens]),
    [
      ["b.9", 0, 2, true, false],
      ["b.10", 1, 2, true, false],
      ["embed", 0, 1, true, true],
    ],
  );
});

test("of a large model embedding and head are taken, and each class by its share, evenly spaced", () => {
  const layers = Array.from({ length: 80 }, (_, i) => [
    tensor(`model.layers.${i}.q`, 8192, 8192),
    tensor(`model.layers.${i}.k`, 1024, 8192),
    tensor(`model.layers.${i}.up`, 28672, 8192),
    tensor(`model.layers.${i}.down`, 8192, 28672),
  ]).flat();
  const chosen = chooseMatrices([...layers, tensor("embed", 128256, 8192), tensor("lm_head", 128256, 8192)], 4096, 128);
  assert.equal(chosen.length, 128);
  const counts = Map.groupBy(chosen, (it) => it.shapeClass);
  assert.equal(counts.get("128256x8192x1")?.length, 2);
  assert.ok((counts.get("8192x8192x1")?.length ?? 0) >= 31);
  assert.ok((counts.get("28672x8192x1")?.length ?? 0) >= 62);
  const layersMet = new Set(chosen.map((it) => it.matrix.tensor.name.match(/\d+/)?.[0]));
  assert.ok(layersMet.size > 50, `${layersMet.size} layers`);
});

test("renaming does not change what is chosen as long as the order of names stays", () => {
  const tensors = Array.from({ length: 300 }, (_, i) => tensor(`model.layers.${i}.up`, 256, 128));
  const renamed = tensors.map((it, i) => ({ ...it, name: `blk.${i}.ffn_up` }));
  const orders = (list: typeof tensors): number[] => chooseMatrices(list, 4096, 128).map((it) => it.order);
  assert.deepEqual(orders(tensors.toReversed()), orders(renamed));
});
