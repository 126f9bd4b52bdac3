import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { digestTensors } from "../digest.ts";
import { readModelFile, recognise } from "../recognise.ts";
import { rejectsWith } from "../testing/errors.ts";
import { answersOrRefuses, damaged } from "../testing/properties.ts";
import { withHeader, writeSafetensors } from "../testing/safetensors.ts";
import { aModel, sha256, strictReader } from "../testing/tensors.ts";

const read = (bytes: Uint8Array) => readModelFile(strictReader(bytes));
const entry = (dtype: string, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets });
const written = (header: unknown, dataBytes: number) => withHeader(JSON.stringify(header), new Uint8Array(dataBytes));

test("lists names, types, shapes and places, and digests the bytes that were written", async () => {
  const model = aModel();
  const bytes = writeSafetensors(model, { format: "pt" });
  const file = await read(bytes);
  assert.equal(file.format, "safetensors");
  assert.deepEqual({ ...file.metadata }, { format: "pt" });
  assert.deepEqual(
    file.tensors.map(({ name, dtype, shape, bytes }) => ({ name, dtype, shape, bytes })),
    model.map(({ name, dtype, shape, data }) => ({ name, dtype, shape, bytes: data.length })),
  );
  const digests = await digestTensors(strictReader(bytes), file);
  assert.deepEqual(
    digests.map((it) => it.sha256),
    model.map((it) => sha256(it.data)),
  );
});

test("reads scalars, empty tensors and a file without any", async () => {
  const file = await read(written({ s: entry("F32", [], [0, 4]), e: entry("I64", [0, 5], [4, 4]) }, 4));
  assert.deepEqual(
    file.tensors.map((it) => it.bytes),
    [4, 0],
  );
  assert.deepEqual((await read(written({}, 0))).tensors, []);
});

test("refuses a shape that does not fill its bytes", async () => {
  await rejectsWith("MALFORMED", read(written({ a: entry("F32", [3], [0, 8]) }, 8)));
});

test("refuses offsets that run backwards", async () => {
  await rejectsWith("OUT_OF_FILE", read(written({ a: entry("U8", [4], [8, 4]) }, 8)));
});

test("refuses a dimension product beyond 2^53", async () => {
  await rejectsWith("TOO_LARGE", read(written({ a: entry("U8", [2 ** 30, 2 ** 30], [0, 8]) }, 8)));
});

test("refuses two tensors of one name, which JSON.parse would hide", async () => {
  const one = '"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}';
  await rejectsWith("DUPLICATE", read(withHeader(`{${one},${one}}`, new Uint8Array(1))));
});

test("takes a name that JavaScript treats specially for a name", async () => {
  const file = await read(
    withHeader('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', new Uint8Array(1)),
  );
  assert.equal(file.tensors[0]?.name, "__proto__");
});

test("says what a truncated copy lacks instead of refusing it", async () => {
  const whole = writeSafetensors(aModel());
  const file = await read(whole.subarray(0, whole.length - 100));
  assert.equal(file.missingBytes, 100);
  assert.equal(file.tensors.length, aModel().length);
});

test("a copy cut off within its header is recognised, and refused as truncated", async () => {
  const part = strictReader(writeSafetensors(aModel()).subarray(0, 200));
  assert.equal((await recognise(part))?.format, "safetensors");
  await rejectsWith("TRUNCATED", readModelFile(part));
});

test("finds bytes that belong to no tensor and tensors that overlap", async () => {
  const gap = await read(written({ a: entry("U8", [2], [2, 4]) }, 4));
  assert.match(gap.findings[0]?.what ?? "", /2 bytes belong to no tensor/);
  const overlap = await read(written({ a: entry("U8", [4], [0, 4]), b: entry("U8", [4], [2, 6]) }, 6));
  assert.match(overlap.findings[0]?.what ?? "", /"b" overlaps/);
  const tail = await read(written({ a: entry("U8", [4], [0, 4]) }, 9));
  assert.match(tail.findings[0]?.what ?? "", /5 bytes follow/);
});

test("reads a sealed file and says that its tensors are encrypted", async () => {
  const file = await read(writeSafetensors(aModel(), { __encryption__: "{}" }));
  assert.match(file.findings[0]?.what ?? "", /encrypted/);
});

test("is recognised without its name, and JSON or a lying length is not", async () => {
  assert.equal((await recognise(strictReader(writeSafetensors(aModel()))))?.format, "safetensors");
  assert.equal(await recognise(strictReader(Buffer.from('{"a": 1, "b": [1, 2, 3]}'))), undefined);
  const lying = Buffer.from(writeSafetensors(aModel()));
  lying.writeBigUInt64LE(1n << 40n);
  assert.equal(await recognise(strictReader(lying)), undefined);
});

test("any damaged file is read or refused, within its bytes", async () => {
  await fc.assert(fc.asyncProperty(damaged(writeSafetensors(aModel(), { a: "b" })), answersOrRefuses));
});
