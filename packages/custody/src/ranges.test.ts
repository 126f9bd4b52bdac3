import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addRange, closeGaps, lengthOf, type Ranges } from "./ranges.ts";

const edge = fc.nat({ max: 60 });
const pieces = fc.array(fc.tuple(edge, edge), { maxLength: 40 });

function marksOf(ranges: Ranges): string {
  const marks = Array.from({ length: 61 }, () => "-");
  for (let at = 0; at < ranges.length; at += 2) marks.fill("x", ranges[at], ranges[at + 1]);
  return marks.join("");
}

test("adding ranges marks exactly their bytes and counts the new ones", () => {
  fc.assert(
    fc.property(pieces, (added) => {
      const ranges: Ranges = [];
      const marks = Array.from({ length: 61 }, () => "-");
      for (const [start, end] of added) {
        const before = marks.filter((it) => it === "x").length;
        if (end > start) marks.fill("x", start, end);
        assert.equal(addRange(ranges, start, end), marks.filter((it) => it === "x").length - before);
      }
      assert.equal(marksOf(ranges), marks.join(""));
      assert.equal(lengthOf(ranges), marks.filter((it) => it === "x").length);
      // Sorted, neither empty nor touching: each edge is beyond the one before.
      assert.deepEqual(
        [...ranges],
        [...new Set(ranges)].sort((a, b) => a - b),
      );
    }),
  );
});

test("closing gaps keeps every byte, adds what it says, and takes the smallest gaps", () => {
  fc.assert(
    fc.property(pieces, fc.integer({ min: 1, max: 10 }), (added, keep) => {
      const ranges: Ranges = [];
      for (const [start, end] of added) addRange(ranges, start, end);
      const before = [...ranges];
      const grown = closeGaps(ranges, keep);
      assert.equal(lengthOf(ranges) - lengthOf(before), grown);
      assert.equal(ranges.length / 2, Math.min(before.length / 2, keep));
      for (const [i, mark] of [...marksOf(before)].entries()) assert.ok(mark === "-" || marksOf(ranges)[i] === "x");
      const gaps = (of: Ranges) => of.slice(1, -1).flatMap((it, i) => (i % 2 === 0 ? [(of[i + 2] ?? 0) - it] : []));
      const left = gaps(ranges);
      const smallest = gaps(before)
        .sort((a, b) => a - b)
        .slice(0, gaps(before).length - left.length);
      assert.equal(
        smallest.reduce((sum, it) => sum + it, 0),
        grown,
      );
    }),
  );
});

test("sizes up to 2^53 add up", () => {
  const ranges: Ranges = [];
  assert.equal(addRange(ranges, 0, Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  assert.equal(addRange(ranges, 5, 6), 0);
});
