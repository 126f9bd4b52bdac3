import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { digestTensors, modelDigest } from "../digest.ts";
import { headBytes } from "../limits.ts";
import { couldBeModel, readModelFile, recognise } from "../recognise.ts";
import { writeCoreml, writeOpenvino } from "../testing/apple-intel.ts";
import { concat } from "../testing/bytes.ts";
import { rejectsWith } from "../testing/errors.ts";
import { writeHdf5 } from "../testing/hdf5.ts";
import { writeNpy } from "../testing/numpy.ts";
import { answersOrRefuses, damaged } from "../testing/properties.ts";
import { bytes, number } from "../testing/protobuf.ts";
import { writeCheckpoint, writeGraph, writeSavedModel, writeTfjs } from "../testing/tensorflow.ts";
import { aModel, seededBytes, sha256, strictReader, tensor, type TestTensor } from "../testing/tensors.ts";
import { writeTflite } from "../testing/tflite.ts";
import { writeZip } from "../testing/zip.ts";
import type { ReadContext } from "./format.ts";

interface Sample {
  readonly file: Uint8Array;
  readonly name?: string;
  readonly siblings?: Readonly<Record<string, Uint8Array>>;
}

const model = aModel();
const root = modelDigest(model.map((it) => ({ sha256: sha256(it.data) })));
const npyMembers = (deflated: boolean) => model.map((it) => ({ name: `${it.name}.npy`, data: writeNpy(it), deflated }));
const kerasMembers = (deflated: boolean) => [
  { name: "config.json", data: Buffer.from('{"class_name": "Sequential"}') },
  { name: "model.weights.h5", data: writeHdf5(model), deflated },
];
const checkpoint = writeCheckpoint(model);
const network = writeOpenvino(model);
const whole = writeTfjs(model);
const cut = writeTfjs(model, 500);

/** The same four tensors in every container. */
const samples: Readonly<Record<string, readonly Sample[]>> = {
  npz: [{ file: writeZip(npyMembers(false)) }, { file: writeZip(npyMembers(true)) }],
  tfjs: [
    { file: whole.model, siblings: whole.shards },
    { file: cut.model, siblings: cut.shards },
  ],
  "tf-graph": [{ file: writeGraph(model) }, { file: writeSavedModel(model) }],
  "tf-checkpoint": [
    { file: checkpoint.index, name: "best.index", siblings: { "best.data-00000-of-00001": checkpoint.data } },
    { file: checkpoint.index, siblings: { "variables.data-00000-of-00001": checkpoint.data } },
  ],
  tflite: [{ file: writeTflite(model) }],
  hdf5: [{ file: writeHdf5(model) }, { file: concat(new Uint8Array(512), writeHdf5(model)) }],
  keras: [{ file: writeZip(kerasMembers(false)) }, { file: writeZip(kerasMembers(true)) }],
  "coreml-weights": [{ file: writeCoreml(model) }],
  openvino: [{ file: network.xml, name: "net.xml", siblings: { "net.bin": network.bin } }],
};

function contextOf({ name, siblings = {} }: Sample): ReadContext {
  const sibling = async (wanted: string) => siblings[wanted] && strictReader(siblings[wanted]);
  return name === undefined ? { sibling } : { name, sibling };
}

for (const [format, list] of Object.entries(samples)) {
  test(`${format}: recognised by content, and the same weights as elsewhere`, async () => {
    for (const sample of list) {
      const reader = strictReader(sample.file);
      assert.equal((await recognise(reader))?.format, format);
      assert.ok(couldBeModel(sample.file.subarray(0, headBytes), sample.file.length));
      const file = await readModelFile(reader, contextOf(sample));
      assert.deepEqual(file.findings, []);
      assert.equal(modelDigest(await digestTensors(reader, file, contextOf(sample))), root);
    }
  });

  test(`${format}: any damaged file is read or refused, within its bytes`, async () => {
    for (const { file } of list) await fc.assert(fc.asyncProperty(damaged(file), answersOrRefuses), { numRuns: 60 });
  });
}

async function digestOf(file: Uint8Array): Promise<string | undefined> {
  const reader = strictReader(file);
  return (await digestTensors(reader, await readModelFile(reader)))[0]?.sha256;
}

test("npy: big-endian and Fortran order are put in order", async () => {
  const array: TestTensor = {
    name: "a",
    dtype: "f32",
    shape: [2, 3],
    data: new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer),
  };
  const swapped = Uint8Array.from(array.data, (_, i) => array.data[i - (i % 4) + 3 - (i % 4)] ?? 0);
  assert.equal(await digestOf(writeNpy({ ...array, data: swapped }, { order: ">" })), sha256(array.data));
  const columns = new Uint8Array(Float32Array.of(0, 3, 1, 4, 2, 5).buffer);
  assert.equal(await digestOf(writeNpy({ ...array, data: columns }, { fortran: true })), sha256(array.data));
});

test("npy: an array of objects is a finding, a lying shape is missing bytes", async () => {
  const array = tensor("a", [4]);
  const objects = await readModelFile(strictReader(writeNpy(array, { code: "|O" })));
  assert.match(objects.findings[0]?.what ?? "", /a pickle that numpy loads/);
  assert.equal((await readModelFile(strictReader(writeNpy({ ...array, shape: [5] })))).missingBytes, 4);
});

test("tfjs: quantised weights are listed as stored, texts end what can be placed", async () => {
  const weights = [
    { name: "q", shape: [8], dtype: "float32", quantization: { dtype: "uint8", scale: 0.1, min: -1 } },
    { name: "s", shape: [2], dtype: "string" },
    { name: "after", shape: [1], dtype: "float32" },
  ];
  const json = JSON.stringify({ modelTopology: {}, weightsManifest: [{ paths: ["a.bin"], weights }] });
  const file = await readModelFile(strictReader(Buffer.from(json)));
  assert.deepEqual(
    file.tensors.map(({ name, dtype, bytes }) => [name, dtype, bytes]),
    [["q", "u8", 8]],
  );
  assert.match(file.findings[0]?.what ?? "", /texts among the weights/);
});

test("tflite: a number of tensors that no file holds is refused at once, not counted to its end", async () => {
  const file = concat(writeTflite(model), Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const follow = (at: number): number => at + view.getUint32(at, true);
  const field = (table: number, index: number): number =>
    table + view.getUint16(table - view.getInt32(table, true) + 4 + 2 * index, true);
  const subgraph = follow(follow(field(follow(0), 2)) + 4);
  const tensors = field(subgraph, 0);
  assert.equal(view.getUint32(follow(tensors), true), model.length);
  view.setUint32(tensors, file.length - 4 - tensors, true); // a list that begins where the file ends
  await rejectsWith("TRUNCATED", readModelFile(strictReader(file)));
});

test("tfjs: a manifest between a long topology and long metadata is found, one in a text or a nested object is not", async () => {
  const { weightsManifest, ...rest } = JSON.parse(Buffer.from(whole.model).toString());
  const long = (key: string): object => ({ [key]: Array.from({ length: 20_000 }, (_, i) => ({ node: i })) });
  const kinds = async (object: object): Promise<string | undefined> =>
    (await recognise(strictReader(Buffer.from(JSON.stringify(object)))))?.format;
  assert.equal(
    await kinds({ ...rest, modelTopology: long("a"), weightsManifest, ...long("userDefinedMetadata") }),
    "tfjs",
  );
  assert.notEqual(
    await kinds({ ...rest, modelTopology: { ...long("a"), weightsManifest }, note: '"weightsManifest":' }),
    "tfjs",
  );
});

test("tfjs: refuses shards outside the folder", async () => {
  const weights = [{ name: "a", shape: [1], dtype: "float32" }];
  const json = JSON.stringify({ modelTopology: {}, weightsManifest: [{ paths: ["../../etc/passwd"], weights }] });
  await rejectsWith("BAD_PATH", readModelFile(strictReader(Buffer.from(json))));
});

test("tfjs: without one shard of a group none of its tensors has a digest", async () => {
  const { [Object.keys(cut.shards)[1] ?? ""]: _, ...rest } = cut.shards;
  const context = contextOf({ file: cut.model, siblings: rest });
  const digests = await digestTensors(
    strictReader(cut.model),
    await readModelFile(strictReader(cut.model), context),
    context,
  );
  assert.ok(digests.every((it) => it.sha256 === undefined && it.why));
});

test("tf-graph: names operators that reach for the machine", async () => {
  const reading = bytes(1, bytes(1, "r"), bytes(2, "ReadFile"));
  const file = await readModelFile(strictReader(concat(writeGraph(model), reading)));
  assert.match(file.findings[0]?.what ?? "", /ReadFile/);
});

test("tf-graph: another protobuf that begins with named things is none", async () => {
  const calculators = concat(bytes(1, bytes(1, "node"), bytes(2, "Calculator")), bytes(9, "x"), number(11, 4));
  assert.equal(await recognise(strictReader(calculators)), undefined);
});

test("tf-checkpoint: refuses an entry whose size and shape disagree", async () => {
  const [first] = model;
  assert.ok(first);
  const { index } = writeCheckpoint([{ ...first, data: first.data.subarray(4) }]);
  await rejectsWith("MALFORMED", readModelFile(strictReader(index)));
});

test("keras: a Lambda layer is code", async () => {
  const members = [
    { name: "config.json", data: Buffer.from('{"layers": [{"class_name": "Lambda"}]}') },
    { name: "model.weights.h5", data: writeHdf5(model) },
  ];
  assert.match((await readModelFile(strictReader(writeZip(members)))).findings[0]?.what ?? "", /Lambda/);
});

test("hdf5: a truncated copy says so", async () => {
  const file = writeHdf5(model);
  assert.equal(
    (await readModelFile(strictReader(file.subarray(0, file.length - 40)))).missingBytes,
    40 - ((file.length - 40) % 1),
  );
});

test("formats without a reader are recognised as whole files", async () => {
  const filler = seededBytes(2000, "x");
  const expected = {
    onnxruntime: concat("\x18\0\0\0ORTM", filler),
    executorch: concat("\0\0\0\0ET12", filler),
    tensorrt: concat("ptrt", filler),
    ggml: concat("lmgg", filler),
    lightgbm: concat("tree\nversion=v4\n", filler),
    catboost: concat("CBM1", filler),
    xgboost: concat('{"learner":{"attributes":{}}}', filler),
  };
  for (const [format, file] of Object.entries(expected)) {
    assert.deepEqual(await recognise(strictReader(file)), { format, kind: "whole" });
    assert.deepEqual((await readModelFile(strictReader(file))).tensors, []);
  }
});
