import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { coarsen, row } from "./probabilities.ts";

test("top-k leaves the largest, rounded, in their places, and zero elsewhere; of equals, the first", () => {
  assert.deepEqual(row([0.114, 0.5, 0.266, 0.12], { dial: "top-k", decimals: 2, top: 2 }), [0, 0.5, 0.27, 0]);
  assert.deepEqual(row([0.25, 0.25, 0.25, 0.25], { dial: "top-k", decimals: 2, top: 1 }), [0.25, 0, 0, 0]);
  assert.deepEqual(coarsen({ cat: 0.7, dog: 0.2, owl: 0.06, bat: 0.04 }, { dial: "top-k", decimals: 1 }), {
    cat: 0.7,
    dog: 0.2,
    owl: 0.1,
    bat: 0,
  });
});

test("each step of the dial leaves no more numbers than the one before, and the label where it was", () => {
  const values = fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 20 }), (it, top) => {
      const of = (dial: "rounded" | "top-k" | "label-only") => row(it, { dial, decimals: 4, top });
      const left = (numbers: readonly number[]) => numbers.filter((one) => one !== 0).length;
      assert.ok(left(of("label-only")) <= left(of("top-k")) && left(of("top-k")) <= left(of("rounded")));
      const label = of("label-only").indexOf(1);
      assert.ok((of("top-k")[label] ?? 0) > 0);
    }),
  );
});
