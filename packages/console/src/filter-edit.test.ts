import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseFilter } from "@outweigh/schema";
import { completions, problemOf, withValue } from "./filter-edit.ts";

const fields = [
  { name: "status", about: "where it stands", values: ["open", "closed", "on-hold"] },
  { name: "severity", about: "how bad", values: ["low", "high"] },
  { name: "source", about: "who sends", values: ["hf audit"] },
];

test("adds a value to what is there", () => {
  assert.equal(withValue("status:open", "model", "acme-13b"), "status:open model:acme-13b");
});

test("several values of one field stand together", () => {
  assert.equal(withValue("model:a status:open", "model", "b"), "model:a,b status:open");
});

test("a value that is asked for is no longer excluded, and the other way round", () => {
  assert.equal(withValue("-model:a,b", "model", "a"), "-model:b model:a");
  assert.equal(withValue("model:a", "model", "a", true), "-model:a");
});

test("leaves comparisons alone", () => {
  assert.equal(withValue("severity:>=high", "severity", "low", true), "severity:>=high -severity:low");
});

test("adding twice is adding once, and what is added can be read, whatever the value", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 40 }), fc.boolean(), (value, excluded) => {
      const once = withValue("status:open", "principal", value, excluded);
      assert.equal(withValue(once, "principal", value, excluded), once);
      const term = parseFilter(once).find((it) => it.field === "principal");
      assert.deepEqual(term?.values, [value]);
    }),
  );
});

test("says what cannot be read", () => {
  assert.equal(problemOf("status:open"), undefined);
  assert.equal(problemOf('model:"a')?.at, 0);
});

test("completes the name of a field, then its values", () => {
  assert.deepEqual(
    completions("s", 1, fields).map((it) => it.label),
    ["status:", "severity:", "source:"],
  );
  const [first] = completions("model:a status:o", 16, fields);
  assert.deepEqual([first?.text, first?.caret], ["model:a status:open", 19]);
});

test("completes behind a minus, a comparison and a comma, and quotes what must be", () => {
  assert.equal(completions("-st", 3, fields)[0]?.text, "-status:");
  assert.equal(completions("severity:>=h", 12, fields)[0]?.text, "severity:>=high");
  assert.equal(completions("status:open,c", 13, fields)[0]?.text, "status:open,closed");
  assert.equal(completions("source:h", 8, fields)[0]?.text, 'source:"hf audit"');
});

test("offers nothing inside quotes", () => assert.deepEqual(completions('"s', 2, fields), []));
