import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSearch, printSearch, readSearch } from "./search.ts";

test("writes a filter as people type it", () => {
  assert.equal(printSearch({ filter: "status:open model:a,b", sel: "i-1" }), "?filter=status:open+model:a,b&sel=i-1");
});

test("an empty filter is not the default filter", () => {
  assert.equal(readSearch(parseSearch("?filter=")).filter, "");
  assert.equal(readSearch(parseSearch("")).filter, undefined);
});

test("printing and reading are inverse", () => {
  const text = fc.string({ unit: "grapheme" });
  fc.assert(
    fc.property(fc.record({ filter: text, sort: text, sel: text, tab: text }, { noNullPrototype: true }), (search) => {
      assert.deepEqual(readSearch(parseSearch(printSearch(search))), search);
    }),
  );
});

test("what means nothing is left out", () => {
  assert.deepEqual(readSearch({ filter: ["a"], wide: "yes", tab: "x".repeat(9999), other: "1" }), {});
});
