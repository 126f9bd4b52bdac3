import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { plainJson } from "./plain-json.ts";

test("exported JSON means the same and does nothing to a terminal", () => {
  const text = fc.string({ unit: "binary" });
  const trick = fc.constantFrom("\u009b2J", "\u202ex", "\u2066", "\x7f", "\x1b[2J");
  fc.assert(
    fc.property(fc.oneof(text, trick), (it) => {
      const json = plainJson({ it });
      assert.doesNotMatch(json, /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
      assert.deepEqual(JSON.parse(json), { it });
    }),
  );
});
