import assert from "node:assert/strict";
import { test } from "node:test";
import { readModelFile } from "../recognise.ts";
import { concat, u32, u64 } from "../testing/bytes.ts";
import { writeHdf5 } from "../testing/hdf5.ts";
import { writeNpy } from "../testing/numpy.ts";
import { writeGraph } from "../testing/tensorflow.ts";
import { aModel, seededBytes, strictReader } from "../testing/tensors.ts";
import { writeTflite } from "../testing/tflite.ts";
import { writeZip } from "../testing/zip.ts";
import type { ModelFile } from "../tensor.ts";

const tensors = aModel();
const npz = (deflated: boolean): Uint8Array =>
  writeZip(tensors.map((it) => ({ name: `${it.name}.npy`, data: writeNpy(it), deflated })));
const keras = writeZip([
  { name: "config.json", data: Buffer.from("{}") },
  { name: "model.weights.h5", data: writeHdf5(tensors) },
]);

function readCut(whole: Uint8Array, share: number): Promise<ModelFile> {
  return readModelFile(strictReader(whole.subarray(0, Math.floor(share * whole.length))));
}

for (const [name, whole] of Object.entries({
  npz: npz(false),
  "compressed npz": npz(true),
  hdf5: writeHdf5(tensors),
  keras,
  tflite: writeTflite(tensors),
  "frozen graph": writeGraph(tensors),
})) {
  for (const share of [0.6, 0.9]) {
    test(`a ${name} of which ${100 * share} % are left is an incomplete copy`, async () => {
      const { tensors: left, missingBytes } = await readCut(whole, share);
      assert.ok(left.length > 0);
      assert.ok((missingBytes ?? 0) > 0);
    });
  }
  test(`a whole ${name} lacks nothing`, async () => {
    const { tensors: all, missingBytes } = await readCut(whole, 1);
    assert.equal(all.length, tensors.length);
    assert.equal(missingBytes, undefined);
  });
}

test("formats known as a whole say what is missing where their first bytes tell a length", async () => {
  const body = seededBytes(2000, "body");
  const tree = "Tree=0\nnum_leaves=3\n\n\n";
  const text = `tree\nversion=v4\ntree_sizes=${tree.length} ${tree.length}\n\n${tree}${tree}end of trees\n`;
  const whole: Record<string, [Uint8Array, number]> = {
    catboost: [concat("CBM1", u32(2000), body), 1500],
    executorch: [concat(u32(32), "ET12", "eh00", u32(32), u64(1000), u64(1000), u64(1040), body), 1500],
    lightgbm: [Buffer.from(text), text.length - tree.length - 15],
    xgboost: [Buffer.from('{"learner":{"a":[1,2,3]}}\n'), 20],
  };
  for (const [format, [bytes, cutAt]] of Object.entries(whole)) {
    const read = await readModelFile(strictReader(bytes));
    assert.equal(read.format, format);
    assert.equal(read.missingBytes, undefined, format);
    assert.ok(((await readModelFile(strictReader(bytes.subarray(0, cutAt)))).missingBytes ?? 0) > 0, format);
  }
});
