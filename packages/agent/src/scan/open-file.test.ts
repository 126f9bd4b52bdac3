import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { closeSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { digestFile, digestTensors, type ModelFile, type Reader, type Tensor } from "@outweigh/weights";
import { aFolder, lay } from "../testing/a-disk.ts";
import { fileReader, HeldFolder, Opener, Recycler } from "./open-file.ts";

/** Bytes that repeat nowhere near: a sheared piece is another piece. */
function noise(length: number): Buffer {
  const out = Buffer.alloc(length);
  for (let i = 0; i < length; i += 4) out.writeUInt32LE(Math.imul(i + 1, 0x9e3779b1) >>> 0, i);
  return out;
}

function readerOf(path: string, recycler?: Recycler): { reader: Reader; close(): void } {
  const file = new Opener().open({ path });
  assert.ok(file);
  return { reader: fileReader(file, () => undefined, recycler), close: () => closeSync(file.fd) };
}

test("links are not opened, and what is no file is none", (t) => {
  const root = aFolder(t);
  symlinkSync(lay(root, "a", "x"), join(root, "link"));
  assert.throws(() => new Opener().open({ path: join(root, "link") }), { code: "ELOOP" });
  assert.equal(new Opener().open({ path: root }), undefined);
});

test("a link above a file or folder is not followed either", (t) => {
  const root = aFolder(t);
  lay(root, "real/folder/a", "x");
  symlinkSync("real", join(root, "link"));
  assert.throws(() => new Opener().open({ path: join(root, "link/folder/a") }), { code: "REPLACED" });
  assert.throws(() => new HeldFolder({ path: join(root, "link/folder") }), { code: "REPLACED" });
  assert.throws(() => new HeldFolder({ path: join(root, "link") }), { code: "ENOTDIR" });
});

const holds = { skip: process.platform === "linux" ? false : "only Linux opens what lies in an open folder" };

test("a folder that is swapped for a link while it is held still gives its own files", holds, (t) => {
  const root = aFolder(t);
  lay(root, "folder/own", "x");
  lay(root, "elsewhere/secret", "y");
  const held = new HeldFolder({ path: join(root, "folder") });
  t.after(() => held.close());
  renameSync(join(root, "folder"), join(root, "moved"));
  symlinkSync(join(root, "elsewhere"), join(root, "folder"));
  assert.deepEqual(readdirSync(held.self), ["own"]);
  assert.throws(() => new Opener().openIn(held.child({ name: "secret" })), { code: "ENOENT" });
  const own = new Opener().openIn(held.child({ name: "own" }));
  assert.ok(own);
  closeSync(own.fd);
});

test("any reads give the file's bytes, whatever was read ahead", (t) => {
  const bytes = noise(400_000);
  const { reader, close } = readerOf(lay(aFolder(t), "a", bytes));
  const at = fc.integer({ min: 0, max: bytes.length + 10 });
  const length = fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 300_000 }));
  const next = fc.record({ skip: fc.integer({ min: 0, max: 3000 }), length });
  fc.assert(
    fc.property(at, fc.array(next, { maxLength: 20 }), (start, reads) => {
      let from = start;
      for (const it of reads) {
        assert.ok(bytes.subarray(from, from + it.length).equals(reader.read(from, it.length) as Uint8Array));
        from += it.length + it.skip;
      }
    }),
  );
  close();
});

test("small reads that follow each other reach the disk once", (t) => {
  const file = new Opener().open({ path: lay(aFolder(t), "a", noise(100_000)) });
  assert.ok(file);
  let reads = 0;
  const reader = fileReader(file, () => void reads++);
  for (let at = 0; at < 90_000; at += 1000) reader.read(at, 30);
  assert.ok(reads <= 3, `${reads} reads`);
  closeSync(file.fd);
});

test("hashing with recycled buffers gives what it gives without: whole files, tensors in order, strided ones", async (t) => {
  const bytes = noise(24 * 1024 * 1024);
  const path = lay(aFolder(t), "a", bytes);
  const recycler = new Recycler();
  recycler.isOn = true;
  const recycled = readerOf(path, recycler);
  const plain = readerOf(path);
  assert.equal(await digestFile(recycled.reader), createHash("sha256").update(bytes).digest("hex"));

  const tensor = (name: string, over: Partial<Tensor>): Tensor => ({
    name,
    dtype: "f32",
    shape: [1024, 2048],
    offset: 0,
    bytes: 8 * 1024 * 1024,
    ...over,
  });
  const tensors = [
    tensor("a", {}),
    tensor("b", { offset: 8 * 1024 * 1024, shape: [4 * 1024 * 1024], bytes: 16 * 1024 * 1024 }),
    tensor("transposed", { strides: [1, 1024] }),
    tensor("reversed bytes", { byteOrder: "big", offset: 4 }),
  ];
  const file: ModelFile = { format: "test", tensors, metadata: {}, findings: [] };
  const [one, other] = [await digestTensors(recycled.reader, file), await digestTensors(plain.reader, file)];
  assert.deepEqual(one, other);
  assert.equal(new Set(one.map((it) => it.sha256)).size, tensors.length);
  recycled.close();
  plain.close();
});

test("a file that is cut while it is read gives fewer bytes", (t) => {
  const path = lay(aFolder(t), "a", noise(10_000));
  const { reader, close } = readerOf(path);
  writeFileSync(path, "short");
  assert.equal((reader.read(0, 10_000) as Uint8Array).length, 5);
  close();
});
