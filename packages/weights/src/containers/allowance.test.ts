import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { digestTensors, modelDigest } from "../digest.ts";
import { findModels, readModelFile, type FindOptions } from "../recognise.ts";
import { concat } from "../testing/bytes.ts";
import { writeSafetensors } from "../testing/safetensors.ts";
import { writeTar } from "../testing/tar.ts";
import { aModel, seededBytes, strictReader } from "../testing/tensors.ts";
import { writeZip } from "../testing/zip.ts";
import type { LeftOut } from "./allowance.ts";

const plain = writeSafetensors(aModel());
const text = Buffer.from("nothing to see here\n".repeat(40_000));
const gz = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes));

async function look(
  bytes: Uint8Array,
  options: FindOptions,
): Promise<{ found: string[]; leftOut: LeftOut[]; unpacked: number }> {
  const found: string[] = [];
  const leftOut: LeftOut[] = [];
  let unpacked = 0;
  const onLeftOut = (it: LeftOut): void => void leftOut.push(it);
  const onUnpacked = (count: number): void => void (unpacked += count);
  for await (const { path, reader, context } of findModels(strictReader(bytes), {
    ...options,
    onLeftOut,
    onUnpacked,
  })) {
    const digests = await digestTensors(reader, await readModelFile(reader, context), context);
    assert.notEqual(modelDigest(digests), undefined, `${path} is read whole`);
    found.push(path);
  }
  return { found, leftOut, unpacked };
}

const allowance = { unpackBytes: 10_000_000, leastMemberBytes: 0 };

test("a compressed tar is unpacked once to look into it", async () => {
  const tar = writeTar([
    { name: "readme", data: text },
    { name: "notes", data: text },
  ]);
  const { unpacked, leftOut } = await look(gz(tar), { allowance });
  assert.deepEqual(leftOut, []);
  assert.ok(unpacked <= tar.length, `${unpacked} bytes unpacked of ${tar.length}`);
});

test("beyond the allowance the rest is left out, never called empty; what was found before stays found", async () => {
  const tar = writeTar([
    { name: "first", data: plain },
    { name: "readme", data: text },
    { name: "last", data: plain },
  ]);
  const { found, leftOut } = await look(gz(tar), { allowance: { ...allowance, unpackBytes: 100_000 } });
  assert.deepEqual(found, ["first"]);
  assert.deepEqual(
    leftOut.map((it) => it.code),
    ["BUDGET"],
  );
});

test("weights that were found are read although the allowance is spent: it bounds the search", async () => {
  const zip = writeZip([{ name: "m", data: plain, deflated: true }]);
  assert.deepEqual((await look(zip, { allowance: { ...allowance, unpackBytes: 0 } })).found, ["m"]);
});

test("small members are passed over and counted", async () => {
  const small = { name: "small", data: seededBytes(100, "small") };
  const zip = writeZip([small, { ...small, name: "other" }, { name: "m", data: plain }]);
  const { found, leftOut } = await look(zip, { allowance: { ...allowance, leastMemberBytes: 101 } });
  assert.deepEqual(found, ["m"]);
  assert.deepEqual(leftOut, [{ code: "SMALL_MEMBER", path: "", members: 2 }]);
});

test("a program in a compressed member is not unpacked for what may stand at its end, and that is said", async () => {
  const program = concat("\x7fELF", new Uint8Array(5 * 1024 * 1024), writeZip([{ name: "m", data: plain }]));
  const zip = writeZip([{ name: "tool", data: program, deflated: true }]);
  const { found, leftOut, unpacked } = await look(zip, { allowance });
  assert.deepEqual([found, unpacked], [[], 0]);
  assert.deepEqual(leftOut, [{ code: "PACKED_PROGRAM", path: "tool", members: 1 }]);
  assert.deepEqual((await look(zip, {})).found, ["tool!/m"], "without an allowance it is");
});

test("a second look goes only where the first found something", async () => {
  const inner = writeZip([
    { name: "m", data: plain },
    { name: "n", data: plain },
  ]);
  const zip = writeZip([
    { name: "a.zip", data: inner },
    { name: "b", data: plain },
  ]);
  assert.deepEqual((await look(zip, { only: new Set(["a.zip!/n"]) })).found, ["a.zip!/n"]);
  assert.deepEqual((await look(writeTar([{ name: "a", data: plain }]), { only: new Set(["b"]) })).found, []);
});
