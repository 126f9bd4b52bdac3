import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { digestTensors, modelDigest } from "../digest.ts";
import { readModelFile, recognise } from "../recognise.ts";
import { concat } from "../testing/bytes.ts";
import { rejectsWith } from "../testing/errors.ts";
import { int, stateDict, writeTorchLegacy, writeTorchZip, type TorchView } from "../testing/pickle.ts";
import { answersOrRefuses, damaged } from "../testing/properties.ts";
import { aModel, seededBytes, sha256, strictReader } from "../testing/tensors.ts";
import { writeZip } from "../testing/zip.ts";

const read = (bytes: Uint8Array) => readModelFile(strictReader(bytes));
const root = modelDigest(aModel().map((it) => ({ sha256: sha256(it.data) })));

async function digestsOf(bytes: Uint8Array) {
  return digestTensors(strictReader(bytes), await read(bytes));
}

function archive(views: readonly TorchView[], storages: Readonly<Record<string, Uint8Array>>): Uint8Array {
  return writeZip([
    { name: "m/data.pkl", data: stateDict(views) },
    ...Object.entries(storages).map(([key, data]) => ({ name: `m/data/${key}`, data })),
  ]);
}

test("the zip, the legacy file and a state dict of any root hold the same weights", async () => {
  assert.equal(modelDigest(await digestsOf(writeTorchZip(aModel()))), root);
  assert.equal(modelDigest(await digestsOf(writeTorchZip(aModel(), { root: "checkpoint/best" }))), root);
  assert.equal(modelDigest(await digestsOf(writeTorchZip(aModel(), { deflated: true }))), root);
  assert.equal(modelDigest(await digestsOf(writeTorchLegacy(aModel()))), root);
});

test("names tensors as the state dict does", async () => {
  for (const file of [writeTorchZip(aModel()), writeTorchLegacy(aModel())]) {
    assert.deepEqual(
      (await read(file)).tensors.map((it) => it.name),
      aModel().map((it) => it.name),
    );
  }
});

test("a transposed view is digested in C order", async () => {
  const data = seededBytes(6 * 4, "t"); // 2 x 3, seen as 3 x 2
  const view = { name: "t", key: "0", elements: 6, shape: [3, 2], strides: [1, 3] };
  const expected = new Uint8Array(24);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 2; column++) {
      const from = (row + column * 3) * 4;
      expected.set(data.subarray(from, from + 4), (row * 2 + column) * 4);
    }
  }
  assert.equal((await digestsOf(archive([view], { 0: data })))[0]?.sha256, sha256(expected));
});

test("two views of one storage are two tensors, and an axis of length 1 may have any stride", async () => {
  const data = seededBytes(10 * 4, "s");
  const views = [
    { name: "a", key: "0", elements: 10, shape: [2, 1, 2], strides: [2, 77, 1] },
    { name: "b", key: "0", elements: 10, offset: 4, shape: [6], strides: [1] },
  ];
  const file = await read(archive(views, { 0: data }));
  assert.equal(file.tensors[0]?.strides, undefined);
  assert.deepEqual(
    (await digestsOf(archive(views, { 0: data }))).map((it) => it.sha256),
    [sha256(data.subarray(0, 16)), sha256(data.subarray(16))],
  );
});

test("refuses a view that leaves its storage", async () => {
  const view = { name: "a", key: "0", elements: 4, offset: 1, shape: [4], strides: [1] };
  await rejectsWith("OUT_OF_FILE", read(archive([view], { 0: new Uint8Array(16) })));
  const wide = { name: "a", key: "0", elements: 4, shape: [2, 2], strides: [2 ** 30, 1] };
  await rejectsWith("OUT_OF_FILE", read(archive([wide], { 0: new Uint8Array(16) })));
});

test("a storage that is not there leaves its tensor without a digest", async () => {
  const view = { name: "a", key: "7", elements: 4, shape: [4], strides: [1] };
  const [digest] = await digestsOf(archive([view], {}));
  assert.equal(digest?.sha256, undefined);
  assert.ok(digest?.why);
});

test("a broadcast view of a small storage is not hashed for hours", async () => {
  const view = { name: "a", key: "0", elements: 1, shape: [2 ** 30, 64], strides: [0, 0] };
  const [digest] = await digestsOf(archive([view], { 0: new Uint8Array(4) }));
  assert.equal(digest?.sha256, undefined);
  assert.match(digest?.why ?? "", /many times over/);
});

test("an archive with code is TorchScript, and that is a finding", async () => {
  const file = await read(writeTorchZip(aModel(), { extra: [{ name: "code/__torch__.py", data: concat("pass") }] }));
  assert.equal(file.format, "torchscript");
  assert.match(file.findings[0]?.what ?? "", /TorchScript code/);
});

test("a zip that merely holds a checkpoint is not one", async () => {
  const outer = writeZip([{ name: "a.pt", data: writeTorchZip(aModel()) }]);
  assert.deepEqual(await recognise(strictReader(outer)), { format: "zip", kind: "container" });
});

test("of a checkpoint cut short the storages that are there are read", async () => {
  const file = writeTorchZip(aModel());
  const directoryAt = Buffer.from(file).indexOf(Buffer.from("PK\x01\x02", "latin1"));
  const cut = strictReader(file.subarray(0, directoryAt - 300)); // within the last storage
  assert.equal((await recognise(cut))?.format, "pytorch");
  const model = await readModelFile(cut);
  assert.ok(model.missingBytes);
  const digests = await digestTensors(cut, model);
  assert.deepEqual(
    digests.map((it) => it.sha256),
    aModel().map((it, i) => (i < digests.length - 1 ? sha256(it.data) : undefined)),
  );
  await rejectsWith("TRUNCATED", read(file.subarray(0, 100)));
  const legacy = writeTorchLegacy(aModel());
  assert.equal((await read(legacy.subarray(0, legacy.length - 10))).missingBytes, 10);
});

test("refuses arguments that no PyTorch writes", async () => {
  const pickle = Buffer.from(stateDict([{ name: "a", key: "0", elements: 4, shape: [4], strides: [1] }]));
  const at = pickle.indexOf(Buffer.from(int(4)));
  pickle.writeInt32LE(-4, at + 1); // the storage's element count
  await rejectsWith("MALFORMED", read(writeZip([{ name: "m/data.pkl", data: pickle }])));
});

test("any damaged file is read or refused, within its bytes", async () => {
  await fc.assert(fc.asyncProperty(damaged(writeTorchZip(aModel())), answersOrRefuses));
  await fc.assert(fc.asyncProperty(damaged(writeTorchLegacy(aModel())), answersOrRefuses));
});
