import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rangeOf } from "./range.ts";

test("a range is what was asked for, cut to what was sent", () => {
  assert.deepEqual(rangeOf("bytes=100-199", 100), { start: 100, end: 200 });
  assert.deepEqual(rangeOf("bytes=100-199", 40), { start: 100, end: 140 });
  assert.deepEqual(rangeOf("bytes=100-", 50), { start: 100, end: 150 });
  assert.deepEqual(rangeOf("bytes 100-199/1000", 100), { start: 100, end: 200 });
});

test("a range from the end needs the size", () => {
  assert.equal(rangeOf("bytes=-50", 50), undefined);
  assert.deepEqual(rangeOf("bytes=-50", 50, 1000), { start: 950, end: 1000 });
});

test("several ranges, other units and nonsense tell nothing", () => {
  for (const text of ["bytes=0-1,5-6", "rows=1-2", "bytes=9-3", "bytes=-", "", "bytes=1e3-2e3"]) {
    assert.equal(rangeOf(text, 10), undefined, text);
  }
});

test("no range ends before it starts, whatever the header", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
      ),
      fc.nat(),
      (text, sent) => {
        const range = rangeOf(text, sent);
        assert.ok(
          range === undefined || (range.start >= 0 && range.end >= range.start && range.end - range.start <= sent),
        );
      },
    ),
  );
});
