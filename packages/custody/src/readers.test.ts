import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readersOf } from "./readers.ts";

test("a star is any run of characters, everything else is itself", () => {
  const isReader = readersOf(["deploy", "ci-*", "arn:*:role/serve", "a*b*a", "x.*"]);
  for (const it of ["deploy", "ci-", "ci-7", "arn:aws:iam::1:role/serve", "aba", "abba", "aabxa", "x.", "x.y"]) {
    assert.ok(isReader(it), it);
  }
  for (const it of ["Deploy", "deploy ", "my-ci-7", "arn:role/serve2", "ab", "aa", "xy", "", "*"]) {
    assert.ok(!isReader(it), it);
  }
});

test("a lone star is everybody; no pattern is nobody", () => {
  assert.ok(readersOf(["*"])(""));
  assert.ok(readersOf(["**"])("x"));
  assert.ok(!readersOf([])(""));
});

test("patterns match as the regular expression that says the same", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "*", "."), maxLength: 8 });
  fc.assert(
    fc.property(text, text, (pattern, name) => {
      const same = new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", "[^]*")}$`);
      assert.equal(readersOf([pattern])(name), pattern.includes("*") ? same.test(name) : pattern === name);
    }),
  );
});

test("a pattern made to be slow is not", () => {
  // A backtracking matcher would take longer than the universe is old.
  assert.ok(!readersOf([`${"*a".repeat(255)}*b`])("a".repeat(4096)));
});
