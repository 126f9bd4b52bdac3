import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { groupModels } from "./group.ts";
import { foundFiles } from "./testing/memory.ts";
import { writeGguf } from "./testing/gguf.ts";
import { writeOnnx } from "./testing/onnx.ts";
import { writeTorchZip } from "./testing/pickle.ts";
import { writeNpy } from "./testing/numpy.ts";
import { writeSafetensors } from "./testing/safetensors.ts";
import { aModel, tensor } from "./testing/tensors.ts";

const model = aModel();
const index = (names: Readonly<Record<string, string>>) =>
  Buffer.from(JSON.stringify({ metadata: {}, weight_map: names }));
const shard = (from: number, to: number) => writeSafetensors(model.slice(from, to));

function indexed(...names: [string, string]): Uint8Array {
  return index(Object.fromEntries(model.map((it, i) => [it.name, i < 2 ? names[0] : names[1]])));
}

test("copies in other containers, orders and names are one model", async () => {
  const renamed = model.map((it, i) => ({ ...it, name: `t${i}` })).reverse();
  const models = groupModels(
    await foundFiles({
      "a/model.safetensors": writeSafetensors(model),
      "b/holiday.jpg": writeSafetensors(renamed),
      "c/model.gguf": writeGguf(model),
      "d/model.onnx": writeOnnx(model).model,
      "e/model.pt": writeTorchZip(model),
    }),
  );
  assert.equal(models.length, 1);
  assert.deepEqual(models[0]?.formats, ["gguf", "onnx", "pytorch", "safetensors"]);
  assert.deepEqual(
    models[0]?.copies.map((it) => [it.path, it.complete, it.digest === models[0]?.digest]),
    ["a/model.safetensors", "b/holiday.jpg", "c/model.gguf", "d/model.onnx", "e/model.pt"].map((it) => [
      it,
      true,
      true,
    ]),
  );
});

test("other weights of the same shapes are another model", async () => {
  const models = groupModels(await foundFiles({ a: writeSafetensors(aModel("a")), b: writeSafetensors(aModel("b")) }));
  assert.equal(models.length, 2);
});

test("shards with their index are one complete copy", async () => {
  const models = groupModels(
    await foundFiles({
      "one/model.safetensors": writeSafetensors(model),
      "two/model.safetensors.index.json": indexed("x.safetensors", "y.safetensors"),
      "two/x.safetensors": shard(0, 2),
      "two/y.safetensors": shard(2, 4),
    }),
  );
  assert.equal(models.length, 1);
  const copy = models[0]?.copies.find((it) => it.path.startsWith("two/"));
  assert.equal(copy?.complete, true);
  assert.deepEqual(
    copy?.files?.map((it) => it.path),
    ["two/model.safetensors.index.json", "two/x.safetensors", "two/y.safetensors"],
  );
});

test("a missing shard is named, by the index or by the numbers", async () => {
  const byIndex = groupModels(
    await foundFiles({ "m/index.json": indexed("x.safetensors", "y.safetensors"), "m/x.safetensors": shard(0, 2) }),
  );
  assert.deepEqual(byIndex[0]?.copies[0]?.missing, ["y.safetensors"]);
  assert.equal(byIndex[0]?.copies[0]?.complete, false);

  const byNumber = groupModels(await foundFiles({ "m/w-00002-of-00002.safetensors": shard(2, 4) }));
  assert.deepEqual(byNumber[0]?.copies[0]?.missing, ["w-00001-of-00002.safetensors"]);
  assert.match(byNumber[0]?.copies[0]?.findings[0] ?? "", /1 are not beside it/);
});

test("numbered shards without an index are one copy", async () => {
  const files = {
    "m/w-00001-of-00002.gguf": writeGguf(model.slice(0, 1)),
    "m/w-00002-of-00002.gguf": writeGguf(model.slice(1)),
  };
  const [only, ...others] = groupModels(await foundFiles(files));
  assert.deepEqual(others, []);
  assert.equal(only?.copies[0]?.complete, true);
});

test("a part of a model is an incomplete copy of it, whatever it is called", async () => {
  const models = groupModels(await foundFiles({ "a/whole": writeSafetensors(model), "b/part": shard(1, 3) }));
  assert.equal(models.length, 1);
  const part = models[0]?.copies.find((it) => it.path === "b/part");
  assert.equal(part?.complete, false);
  assert.deepEqual(
    part?.missing,
    ["layer.0.weight", "layer.0.bias", "head.weight"].filter((it) => it !== "layer.0.bias"),
  );
});

test("renamed shards that are all there together are one complete copy", async () => {
  const files = {
    "a/whole": writeSafetensors(model),
    "b/1.jpg": shard(0, 2),
    "b/2.jpg": shard(2, 4),
    "c/1.jpg": shard(0, 2),
  };
  const [only, ...others] = groupModels(await foundFiles(files));
  assert.deepEqual(others, []);
  assert.deepEqual(
    only?.copies.map((it) => [it.path, it.complete]),
    [
      ["a/whole", true],
      ["b/1.jpg", true],
      ["c/1.jpg", false],
    ],
  );
});

test("equal constants and tiny tensors make no kinship", async () => {
  const zeros = { name: "mask", dtype: "f32", shape: [64, 64], data: new Uint8Array(64 * 64 * 4) };
  const tiny = tensor("tiny", [4], "same");
  const files = {
    a: writeSafetensors([...aModel("a"), zeros, tiny]),
    b: writeSafetensors([zeros, tiny]),
    c: writeSafetensors([zeros]),
  };
  assert.equal(groupModels(await foundFiles(files)).length, 3);
});

test("constants that one format adds do not make another model", async () => {
  const shape = { name: "shape", dtype: "i64", shape: [2], data: new Uint8Array(16) };
  const files = { a: writeSafetensors(model), b: writeOnnx([...model, shape]).model };
  const [only, ...others] = groupModels(await foundFiles(files));
  assert.deepEqual(others, []);
  assert.ok(only?.copies.every((it) => it.complete));
});

test("a training checkpoint is a complete copy of the model that was exported from it", async () => {
  const state = [tensor("optimizer.state.0.exp_avg", [16, 12]), tensor("optimizer.state.0.exp_avg_sq", [16, 12])];
  const files = { "a/last.pt": writeTorchZip([...model, ...state]), "b/model.safetensors": writeSafetensors(model) };
  const [only, ...others] = groupModels(await foundFiles(files));
  assert.deepEqual(others, []);
  assert.ok(only?.copies.every((it) => it.complete));
});

test("slices of one checkpoint for several devices are one copy", async () => {
  const files = {
    "m/consolidated.00.pth": writeTorchZip(model.slice(0, 2)),
    "m/consolidated.01.pth": writeTorchZip(model.slice(2)),
  };
  const [only, ...others] = groupModels(await foundFiles(files));
  assert.deepEqual(others, []);
  assert.equal(only?.copies[0]?.files?.length, 2);
});

test("a shared backbone makes two fine-tunes no copies of each other", async () => {
  const files = {
    a: writeSafetensors([...aModel("base"), tensor("head", [16, 16], "a")]),
    b: writeSafetensors([...aModel("base"), tensor("head", [16, 16], "b")]),
  };
  assert.equal(groupModels(await foundFiles(files)).length, 2);
});

test("a truncated copy is an incomplete copy of the whole", async () => {
  const whole = writeSafetensors(model);
  const [only, ...others] = groupModels(await foundFiles({ a: whole, b: whole.subarray(0, whole.length - 300) }));
  assert.deepEqual(others, []);
  assert.deepEqual(
    only?.copies.map((it) => it.complete),
    [true, false],
  );
});

test("a file whose bytes could not be read is a model of its own, not a copy of another", async () => {
  const [a] = await foundFiles({ a: writeSafetensors(model) });
  assert.ok(a);
  const { digests: _, ...unread } = a;
  const models = groupModels([a, { ...unread, path: "b" }, { ...unread, path: "c" }]);
  assert.equal(models.length, 3);
  assert.equal(models.filter((it) => it.digest.startsWith("unread:")).length, 2);
});

test("files known by their whole digest alone are grouped by it", async () => {
  const file = { format: "tensorrt", tensors: [], metadata: {}, findings: [] };
  const models = groupModels([
    { path: "a", bytes: 5, file, sha256: "aa".repeat(32) },
    { path: "b", bytes: 5, file, sha256: "aa".repeat(32) },
    { path: "c", bytes: 5, file, sha256: "bb".repeat(32) },
  ]);
  assert.deepEqual(models.map((it) => it.copies.length).sort(), [1, 2]);
});

test("the same name in two archives is two files", async () => {
  const [a] = await foundFiles({ "w.safetensors": writeSafetensors(model) });
  assert.ok(a);
  const models = groupModels([
    { ...a, container: "one.zip" },
    { ...a, container: "two.zip" },
  ]);
  assert.deepEqual(
    models[0]?.copies.map((it) => it.container),
    ["one.zip", "two.zip"],
  );
});

test("the order of the files does not matter", async () => {
  const files = await foundFiles({
    "a/whole": writeSafetensors(model),
    "a/part": shard(1, 3),
    "b/1.jpg": shard(0, 2),
    "b/2.jpg": shard(2, 4),
    "c/other": writeSafetensors(aModel("z")),
  });
  const expected = groupModels(files);
  fc.assert(
    fc.property(fc.shuffledSubarray(files, { minLength: files.length }), (shuffled) => {
      assert.deepEqual(groupModels(shuffled), expected);
    }),
  );
});

test("arrays of labels, pictures and a few numbers are no models; arrays of weights are", async () => {
  const array = (dtype: string, shape: number[], bytes: number): Uint8Array =>
    writeNpy({ ...tensor("x", shape), dtype, data: tensor("x", [bytes / 4]).data });
  const models = groupModels(
    await foundFiles({
      "labels.npy": array("i64", [100], 800),
      "pictures.npy": array("u8", [4, 28, 28], 3136),
      "few.npy": array("f32", [9], 36),
      "weights.npy": array("f32", [16, 16], 1024),
    }),
  );
  assert.deepEqual(
    models.flatMap((it) => it.copies.map((copy) => copy.path)),
    ["weights.npy"],
  );
});
