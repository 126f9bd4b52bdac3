import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { digestTensors } from "../digest.ts";
import { couldBeModel, findModels, readModelFile } from "../recognise.ts";
import { concat } from "../testing/bytes.ts";
import { rejectsWith } from "../testing/errors.ts";
import { answersOrRefuses, damaged } from "../testing/properties.ts";
import { writeTar } from "../testing/tar.ts";
import { strictReader } from "../testing/tensors.ts";
import { pytorchTar } from "./pytorch-tar.ts";

const fixture: { file: string; digests: Record<string, string> } = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures", "pytorch-tar.json"), "utf8"),
);
const bytes = new Uint8Array(Buffer.from(fixture.file, "base64"));

test("finds what torch.load finds in a checkpoint of 2017: views, transposed, of a part of a storage", async () => {
  assert.ok(couldBeModel(bytes.subarray(0, 4096), bytes.length));
  const reader = strictReader(bytes);
  const file = await readModelFile(reader);
  assert.equal(file.format, "pytorch-tar");
  const digests = await digestTensors(reader, file);
  assert.deepEqual(Object.fromEntries(digests.map((it) => [it.name, it.sha256])), fixture.digests);
  assert.deepEqual(file.findings, []);
});

test("a tar with other members stays a tar", async () => {
  const other = writeTar([
    { name: "pickle", data: concat("x".repeat(600)) },
    { name: "tensors", data: concat("y") },
  ]);
  for await (const found of findModels(strictReader(other))) assert.fail(found.recognised.format);
  await rejectsWith("MISSING_FILE", pytorchTar.read(strictReader(other), {}));
});

test("damage is an answer or a coded error", async () => {
  await fc.assert(fc.asyncProperty(damaged(bytes), answersOrRefuses), { numRuns: 300 });
});
