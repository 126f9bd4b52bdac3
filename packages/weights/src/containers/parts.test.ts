import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { digestTensors, modelDigest } from "../digest.ts";
import { readModelFile } from "../recognise.ts";
import { writeSafetensors } from "../testing/safetensors.ts";
import { aModel, seededBytes, sha256, strictReader } from "../testing/tensors.ts";
import { splitFiles } from "./parts.ts";
import { bytesReader, joinedReader, rangeReader } from "./range.ts";

test("knows the pieces that common tools write", () => {
  const names = [
    ["m.bin.001", "m.bin.002", "m.bin.003"],
    ["m.part1", "m.part2"],
    ["m.part-01", "m.part-02"],
    ["xaa", "xab", "xac"],
    ["w.aa", "w.ab"],
    ["model.gguf-part-0", "model.gguf-part-1"],
  ];
  for (const parts of names) assert.deepEqual(splitFiles(parts.toReversed())[0]?.parts, parts);
});

test("takes no gap, no single piece and no numbered siblings for a split file", () => {
  assert.deepEqual(splitFiles(["m.001", "m.003"]), []);
  assert.deepEqual(splitFiles(["m.001"]), []);
  assert.deepEqual(splitFiles(["photo12.jpg", "photo13.jpg", "readme.md"]), []);
  assert.deepEqual(splitFiles(["libz.so.5", "libz.so.6"]), []);
});

test("joined pieces are read like the whole file", async () => {
  const whole = writeSafetensors(aModel());
  const reader = joinedReader([0, 300, 301, 900].map((at, i, all) => strictReader(whole.subarray(at, all[i + 1]))));
  const digests = await digestTensors(reader, await readModelFile(reader));
  assert.equal(modelDigest(digests), modelDigest(aModel().map((it) => ({ sha256: sha256(it.data) }))));
});

test("any read of a joined or a part reader is the same as of the bytes", async () => {
  const bytes = seededBytes(200, "r");
  const cuts = fc.array(fc.nat(200), { maxLength: 5 }).map((it) => [0, ...it.sort((a, b) => a - b), 200]);
  await fc.assert(
    fc.asyncProperty(cuts, fc.nat(250), fc.nat(250), async (at, from, length) => {
      const parts = at.slice(1).map((end, i) => bytesReader(bytes.subarray(at[i], end)));
      const expected = bytes.subarray(from, from + length);
      assert.deepEqual(Buffer.from(await joinedReader(parts).read(from, length)), Buffer.from(expected));
      const part = rangeReader(bytesReader(seededBytes(300, "r")), 50, 200);
      assert.deepEqual(
        Buffer.from(await part.read(from, length)),
        Buffer.from(seededBytes(300, "r").subarray(50 + from, Math.max(50 + from, Math.min(250, 50 + from + length)))),
      );
    }),
  );
});
