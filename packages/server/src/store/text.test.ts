import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { storableJson } from "./text.ts";

test("no text and no key of a value keeps it out of a column", () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
      const text = storableJson({ "\0": value, "\ud800": [{ "a\0": "\0" }] });
      assert.doesNotMatch(text, /\\u0000|\\ud[89a-f]/);
      assert.equal(JSON.stringify(JSON.parse(text)), text);
    }),
  );
});

test("a value that can be stored is printed as it is", () => {
  const value = { a: [1, null, { b: "c\u2028" }], __proto__: 1 };
  assert.equal(storableJson(value), JSON.stringify(value));
});
