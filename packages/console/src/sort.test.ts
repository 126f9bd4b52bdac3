import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nextOrder, parseOrder, sortRows } from "./sort.ts";

test("a head is clicked through its two directions and back to the server's order", () => {
  const first = nextOrder(undefined, "severity", true);
  const second = nextOrder(parseOrder(first), "severity", true);
  assert.deepEqual(
    [first, second, nextOrder(parseOrder(second), "severity", true)],
    ["-severity", "severity", undefined],
  );
  assert.equal(nextOrder(parseOrder("model"), "severity", true), "-severity");
});

test("compares text as people do", () => {
  assert.deepEqual(
    sortRows(["key-10", "key-9", "key-118"], (it) => it, false),
    ["key-9", "key-10", "key-118"],
  );
});

test("what is not known comes last in both directions", () => {
  const rows = [{ n: undefined }, { n: 2 }, { n: 1 }];
  for (const falling of [true, false]) assert.equal(sortRows(rows, (it) => it.n, falling).at(-1)?.n, undefined);
});

test("equal rows keep the order in which the server sent them", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 })), fc.boolean(), (values, falling) => {
      const rows = values.map((value, at) => ({ value, at }));
      const sorted = sortRows(rows, (it) => it.value, falling);
      for (const [i, row] of sorted.slice(1).entries()) {
        const before = sorted[i];
        if (before?.value === row.value) assert.ok(before.at < row.at);
      }
    }),
  );
});
