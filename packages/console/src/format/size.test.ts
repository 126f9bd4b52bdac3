import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { count, held, heldShort, plural, share, size } from "./size.ts";

test("writes bytes in decimal units with at most three digits", () => {
  assert.deepEqual(
    [0, 812, 1000, 1200, 26_100_000_000, 123_456_789, 999_999, 999_950_000].map((it) => size(it)),
    ["0 B", "812 B", "1 kB", "1.2 kB", "26.1 GB", "123 MB", "1 MB", "1 GB"],
  );
});

test("no size shows a thousand of any unit but the largest", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (bytes) => {
      assert.doesNotMatch(size(bytes), /^1000/);
    }),
  );
});

test("says 100 % of all of it alone, and 0 % of nothing alone", () => {
  assert.deepEqual(
    [0, 0.0004, 0.03, 0.5, 0.9951, 0.99999, 1].map((it) => share(it)),
    ["0 %", "< 1 %", "3 %", "50 %", "> 99 %", "> 99 %", "100 %"],
  );
});

test("measures what is held against the model, and marks an upper bound", () => {
  assert.equal(held({ bytes: 26.1e9, fraction: 1, bound: "exact" }, "acme-13b"), "26.1 GB, all of acme-13b");
  assert.equal(held({ bytes: 4e8, fraction: 0.03, bound: "<=" }, "e"), "≤ 400 MB, 3 % of e");
  assert.equal(held({ bytes: 9, bound: "<=" }, "x"), "≤ 9 B of x, whose size is not known");
  assert.equal(heldShort({ bytes: 26.1e9, fraction: 1, bound: "<=" }), "≤ 26.1 GB · 100 %");
});

test("groups counts below a million and shortens above", () => {
  assert.deepEqual(
    [0, 999, 12_345, 999_999, 1_200_000, 999_960_000].map((it) => count(it)),
    ["0", "999", "12,345", "999,999", "1.2 M", "1 G"],
  );
});

test("one alert, several alerts", () => {
  assert.deepEqual([plural(1, "alert"), plural(2, "copy", "copies")], ["1 alert", "2 copies"]);
});
