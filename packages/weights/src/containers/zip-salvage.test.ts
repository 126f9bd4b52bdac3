import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rejectsWith } from "../testing/errors.ts";
import { strictReader } from "../testing/tensors.ts";
import { writeZip } from "../testing/zip.ts";
import { readZipMembers } from "./zip-salvage.ts";

const text = (value: string): Uint8Array => Buffer.from(value.repeat(40));
const members = ["a", "b", "c"].map((name) => ({ name, data: text(name) }));
const zip = writeZip(members);

test("lists what the directory lists as long as there is one", async () => {
  const found = await readZipMembers(strictReader(zip));
  assert.equal(found.cut, false);
  assert.deepEqual(
    found.members.map((it) => it.name),
    ["a", "b", "c"],
  );
});

test("lists the members that are left of a cut zip, the last one as far as it goes", async () => {
  const found = await readZipMembers(strictReader(zip.subarray(0, 31 + 40 + 31 + 17)));
  assert.equal(found.cut, true);
  assert.deepEqual(
    found.members.map((it) => [it.name, it.storedBytes, it.bytes]),
    [
      ["a", 40, 40],
      ["b", 17, 40],
    ],
  );
});

test("finds a cut zip behind a program", async () => {
  const whole = writeZip(members, { prefix: Buffer.from("MZqFpD='\n".padEnd(5000)) });
  const { members: left } = await readZipMembers(strictReader(whole.subarray(0, 5120)));
  assert.deepEqual(
    left.map((it) => it.name),
    ["a", "b"],
  );
});

test("refuses a zip of which no member is left", async () => {
  await rejectsWith("TRUNCATED", readZipMembers(strictReader(zip.subarray(0, 20))));
});

test("any cut of a zip gives members in order that lie in the file, or a coded error", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 31, max: zip.length }), async (length) => {
      const found = await readZipMembers(strictReader(zip.subarray(0, length)));
      assert.deepEqual(
        found.members.map((it) => it.name),
        ["a", "b", "c"].slice(0, found.members.length),
      );
      for (const it of found.members) assert.ok(it.headerAt + 30 + 1 + it.storedBytes <= length);
    }),
  );
});
