import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { digestTensors, modelDigest } from "../digest.ts";
import { readModelFile, recognise } from "../recognise.ts";
import { concat, u32 } from "../testing/bytes.ts";
import { rejectsWith } from "../testing/errors.ts";
import { onnxOf, tensorProto, writeOnnx } from "../testing/onnx.ts";
import { answersOrRefuses, damaged } from "../testing/properties.ts";
import { bytes, number, varint } from "../testing/protobuf.ts";
import { aModel, sha256, strictReader } from "../testing/tensors.ts";

const read = (file: Uint8Array) => readModelFile(strictReader(file));
const root = modelDigest(aModel().map((it) => ({ sha256: sha256(it.data) })));

async function digestsOf(file: Uint8Array) {
  return digestTensors(strictReader(file), await read(file));
}

test("lists initializers, constants in the body of an If, and external data alike", async () => {
  assert.equal(modelDigest(await digestsOf(writeOnnx(aModel()).model)), root);
  assert.equal(modelDigest(await digestsOf(writeOnnx(aModel(), { inBody: true }).model)), root);

  const { model, data } = writeOnnx(aModel(), { external: "weights.bin" });
  const file = await read(model);
  assert.deepEqual([...new Set(file.tensors.map((it) => it.file))], ["weights.bin"]);
  const sibling = async (name: string) => (name === "weights.bin" ? strictReader(data) : undefined);
  assert.equal(modelDigest(await digestTensors(strictReader(model), file, { sibling })), root);
});

test("external data that is not there leaves tensors without a digest, and says so", async () => {
  const { model } = writeOnnx(aModel(), { external: "weights.bin" });
  const [first] = await digestTensors(strictReader(model), await read(model));
  assert.equal(first?.sha256, undefined);
  assert.match(first?.why ?? "", /"weights.bin" is missing/);
});

test("refuses external data outside the folder", async () => {
  for (const external of ["../secret", "/etc/passwd", "a/../../b", "..\\b", "c:\\b", "", "a//b", "a\u0000b"]) {
    await rejectsWith("BAD_PATH", read(writeOnnx(aModel(), { external }).model));
  }
});

test("decodes numbers that are written one by one", async () => {
  const numbers = concat(varint(1), varint(-2), varint(300));
  const tensors = [
    tensorProto({ name: "i64", dtype: "i64", shape: [3] }, [bytes(7, numbers)]),
    tensorProto({ name: "i32", dtype: "i32", shape: [3] }, [bytes(5, numbers)]),
    tensorProto({ name: "f16", dtype: "f16", shape: [2] }, [number(5, 0x3c00), number(5, 0xc000)]),
    tensorProto({ name: "f32", dtype: "f32", shape: [2] }, [bytes(4, u32(0x3f800000), u32(0x40000000))]),
  ];
  const digests = await digestsOf(onnxOf(...tensors));
  assert.deepEqual(
    digests.map((it) => it.sha256),
    [
      new Uint8Array(BigInt64Array.of(1n, -2n, 300n).buffer),
      new Uint8Array(Int32Array.of(1, -2, 300).buffer),
      new Uint8Array(Uint16Array.of(0x3c00, 0xc000).buffer),
      new Uint8Array(Float32Array.of(1, 2).buffer),
    ].map(sha256),
  );
});

test("refuses a tensor whose bytes, type and shape disagree", async () => {
  const raw = bytes(9, new Uint8Array(8));
  await rejectsWith("MALFORMED", read(onnxOf(tensorProto({ name: "a", dtype: "f32", shape: [3] }, [raw]))));
  const few = tensorProto({ name: "a", dtype: "i64", shape: [3] }, [bytes(7, varint(1))]);
  await rejectsWith("MALFORMED", read(onnxOf(few)));
  const unknown = concat(bytes(1, varint(1)), number(2, 99), bytes(8, "a"), raw);
  await rejectsWith("UNSUPPORTED", read(onnxOf(unknown)));
});

test("names operators that would load somebody's library", async () => {
  const file = await read(writeOnnx(aModel(), { domain: "acme.ops" }).model);
  assert.match(file.findings[0]?.what ?? "", /"acme.ops"/);
  assert.deepEqual((await read(writeOnnx(aModel(), { domain: "com.microsoft" }).model)).findings, []);
});

test("refuses graphs nested without end", async () => {
  let graph = bytes(1, bytes(2, "x"));
  for (let i = 0; i < 200; i++) graph = bytes(1, bytes(2, "x"), bytes(5, bytes(6, graph)));
  await rejectsWith("TOO_DEEP", read(concat(number(1, 8), bytes(7, graph))));
});

test("reads what is left of a truncated copy", async () => {
  const whole = writeOnnx(aModel()).model;
  const file = await read(whole.subarray(0, whole.length - 300));
  assert.ok((file.missingBytes ?? 0) > 0);
  assert.ok(file.tensors.length > 0 && file.tensors.length < aModel().length);
});

test("a text that begins with a colon and other protobufs are no ONNX", async () => {
  const text = Buffer.from(":orphan:\n\n==========\npip-install\n==========\n\nDescription\n***********\n".repeat(20));
  assert.equal(await recognise(strictReader(text)), undefined);
  const savedModel = concat(number(1, 1), bytes(2, bytes(1, "meta graph")));
  assert.equal((await recognise(strictReader(savedModel)))?.format, "tf-graph");
});

test("any damaged file is read or refused, within its bytes", async () => {
  await fc.assert(fc.asyncProperty(damaged(writeOnnx(aModel(), { inBody: true }).model), answersOrRefuses));
});
