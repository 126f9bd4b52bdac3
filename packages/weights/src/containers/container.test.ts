import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { digestTensors, modelDigest } from "../digest.ts";
import { findModels, readModelFile, recognise } from "../recognise.ts";
import { concat } from "../testing/bytes.ts";
import { writeOnnx } from "../testing/onnx.ts";
import { writeTorchZip } from "../testing/pickle.ts";
import { writeSafetensors } from "../testing/safetensors.ts";
import { writeTar } from "../testing/tar.ts";
import { aModel, seededBytes, sha256, strictReader, tensor } from "../testing/tensors.ts";
import { writeZip } from "../testing/zip.ts";

const plain = writeSafetensors(aModel());
const root = modelDigest(aModel().map((it) => ({ sha256: sha256(it.data) })));

/** What is found in a file: the way to it, and whether it is the model; and what could not be looked into. */
async function look(bytes: Uint8Array): Promise<{ found: [string, boolean][]; problems: string[] }> {
  const found: [string, boolean][] = [];
  const problems: string[] = [];
  const onProblem = (path: string, why: string): void => void problems.push(`${path}: ${why}`);
  for await (const { path, reader, context } of findModels(strictReader(bytes), { onProblem })) {
    const digests = await digestTensors(reader, await readModelFile(reader, context), context);
    found.push([path, modelDigest(digests) === root]);
  }
  return { found, problems };
}

const gz = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes));

test("finds a model in a zip, stored or deflated, whatever it is called", async () => {
  const zip = writeZip([
    { name: "readme.txt", data: Buffer.from("hello".repeat(100)) },
    { name: "photos/a.jpg", data: plain },
    { name: "b", data: plain, deflated: true },
    { name: "checkpoint.pt", data: writeTorchZip(aModel()) },
  ]);
  assert.deepEqual((await look(zip)).found, [
    ["photos/a.jpg", true],
    ["b", true],
    ["checkpoint.pt", true],
  ]);
});

test("finds a model in a tar and in compressed streams", async () => {
  const tar = writeTar([{ name: "a/b", data: plain }]);
  assert.deepEqual((await look(tar)).found, [["a/b", true]]);
  assert.deepEqual((await look(gz(tar))).found, [["a/b", true]]);
  assert.deepEqual((await look(gz(plain))).found, [["", true]]);
  assert.deepEqual((await look(new Uint8Array(deflateSync(plain)))).found, [["", true]]);
  assert.deepEqual((await look(new Uint8Array(zstdCompressSync(plain)))).found, [["", true]]);
});

test("finds a model behind a program, as llamafile puts it", async () => {
  const ape = concat("MZqFpD", seededBytes(5000, "code"));
  assert.deepEqual((await look(writeZip([{ name: "m.gguf", data: plain }], { prefix: ape }))).found, [
    ["m.gguf", true],
  ]);
  assert.equal(await recognise(strictReader(ape)), undefined);
});

test("goes four containers deep, and says where it stops", async () => {
  let bytes: Uint8Array = plain;
  for (let i = 0; i < 4; i++) bytes = writeZip([{ name: "x", data: bytes }]);
  assert.deepEqual((await look(bytes)).found, [["x!/x!/x!/x", true]]);
  const { found, problems } = await look(writeTar([{ name: "y", data: bytes }]));
  assert.deepEqual(found, []);
  assert.match(problems[0] ?? "", /more than 4 containers deep/);
});

test("an image of compressed layers with a zip of a checkpoint is within reach", async () => {
  const layer = gz(writeTar([{ name: "models.zip", data: writeZip([{ name: "m", data: plain }]) }]));
  const { found } = await look(writeTar([{ name: "blobs/sha256/ab", data: layer }]));
  assert.deepEqual(found, [["blobs/sha256/ab!/models.zip!/m", true]]);
});

test("reaches external data in the same folder of the archive", async () => {
  const { model, data } = writeOnnx(aModel(), { external: "w.bin" });
  const members = [
    { name: "a/model.onnx", data: model },
    { name: "a/w.bin", data },
    { name: "w.bin", data: new Uint8Array(data.length) },
  ];
  assert.deepEqual((await look(writeZip(members))).found, [["a/model.onnx", true]]);
  assert.deepEqual((await look(writeTar(members))).found, [["a/model.onnx", true]]);
});

test("says what it could not open", async () => {
  const marked = (data: Uint8Array): Uint8Array => {
    const zip = Buffer.from(writeZip([{ name: "a", data }]));
    const central = zip.indexOf(Buffer.from("PK\x01\x02", "latin1"));
    zip[central + 8] = (zip[central + 8] ?? 0) | 1;
    return zip;
  };
  assert.match((await look(marked(seededBytes(500, "noise")))).problems[0] ?? "", /"a" is encrypted, or says so/);
  assert.deepEqual((await look(marked(plain))).found, [["a", true]]);
  const rar = concat("Rar!\x1a\x07\x01\0", new Uint8Array(64));
  assert.match((await look(rar)).problems[0] ?? "", /rar: not opened/);
  const cut = writeZip([{ name: "a", data: plain }]).subarray(0, 1000);
  assert.match((await look(cut)).problems[0] ?? "", /the zip is cut/);
});

test("a broken stream is a problem, not a crash", async () => {
  const broken = gz(writeSafetensors([...aModel(), tensor("large", [256, 256])]));
  broken.fill(0xff, broken.length / 2, broken.length / 2 + 50);
  assert.match((await look(broken)).problems[0] ?? "", /gzip stream is broken/);
});

test("a bomb is a problem, after the first 64 MiB", async () => {
  const header = plain.subarray(0, 600);
  const bomb = gz(concat(header, new Uint8Array(80 * 1024 * 1024)));
  assert.match((await look(bomb)).problems[0] ?? "", /more than 200 times its size/);
});

test("a compressed text is passed over", async () => {
  const text = Buffer.from("NAME\n  ls - list directory contents\n".repeat(200));
  assert.equal(await recognise(strictReader(gz(text))), undefined);
});

test("a long stream is read back and forth", async () => {
  const model = [tensor("a", [1024, 8000]), tensor("b", [1024, 9000]), tensor("c", [1024, 4000])]; // 86 MB: more than is kept
  const bytes = gz(writeSafetensors(model));
  for await (const { reader } of findModels(strictReader(bytes))) {
    const file = await readModelFile(reader);
    const backwards = { ...file, tensors: file.tensors.toReversed() };
    const digests = await digestTensors(reader, backwards);
    const again = await digestTensors(reader, file);
    assert.deepEqual(
      digests.map((it) => it.sha256),
      model.toReversed().map((it) => sha256(it.data)),
    );
    assert.equal(again.length, 3);
  }
});
