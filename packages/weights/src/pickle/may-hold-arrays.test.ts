import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readModelFile } from "../recognise.ts";
import { concat } from "../testing/bytes.ts";
import { writePickle } from "../testing/pickle.ts";
import { aModel, strictReader } from "../testing/tensors.ts";
import { mayHoldArrays } from "./may-hold-arrays.ts";

test("says yes of a pickle with arrays, also where the name lies across two reads", async () => {
  assert.equal(await mayHoldArrays(strictReader(writePickle(aModel()))), true);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: -12, max: 12 }), async (shift) => {
      const filler = new Uint8Array(256 * 1024 + shift);
      assert.equal(await mayHoldArrays(strictReader(concat(filler, "numpy", filler))), true);
    }),
  );
});

test("says yes where a name may be spelled with escapes", async () => {
  const spelled = Buffer.from("cS'\\x6eumpy'\n", "latin1");
  assert.equal(await mayHoldArrays(strictReader(spelled)), true);
});

test("says no of a table of strings, which has no tensor", async () => {
  const table = Buffer.from("\x80\x04\x95\x0f\0\0\0\0\0\0\0}\x94\x8c\x01a\x94\x8c\x01b\x94s.", "latin1");
  assert.equal(await mayHoldArrays(strictReader(table)), false);
  assert.deepEqual((await readModelFile(strictReader(table))).tensors, []);
});
