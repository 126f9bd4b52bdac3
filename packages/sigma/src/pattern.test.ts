import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileGlob, dashes, escapeValue, fold, matchesGlob, parsePattern, type Part } from "./pattern.ts";

const many: Part = { wild: "many" };

// Sigma Rules Specification 2.1.0, Escape Character.
const escapes: readonly (readonly [written: string, parts: Part[]])[] = [
  ["a\\b", [{ text: "a\\b" }]],
  ["a\\\\b", [{ text: "a\\b" }]],
  ["a\\*b", [{ text: "a*b" }]],
  ["a\\?b", [{ text: "a?b" }]],
  ["a\\\\*", [{ text: "a\\" }, many]],
  ["a\\\\\\*", [{ text: "a\\*" }]],
  ["a\\\\\\b", [{ text: "a\\\\b" }]],
  ["a\\\\\\\\b", [{ text: "a\\\\b" }]],
  ["a\\", [{ text: "a\\" }]],
  ["*\\cmd.exe", [many, { text: "\\cmd.exe" }]],
  ["", []],
];
for (const [written, parts] of escapes) {
  test(`reads ${JSON.stringify(written)} as the specification says`, () =>
    assert.deepEqual(parsePattern(written), parts));
}

const matches = (pattern: string, value: string, cased = false): boolean =>
  matchesGlob(compileGlob(parsePattern(pattern), cased), cased ? value : fold(value));

test("a question mark is exactly one character, also one of two UTF-16 units", () => {
  assert.ok(matches("a?c", "abc"));
  assert.ok(matches("a?c", "a😀c"));
  assert.ok(matches("*?c", "x😀c"));
  assert.ok(!matches("a?c", "ac"));
  assert.ok(!matches("a?c", "abbc"));
});

test("case does not count, in any script", () => {
  assert.ok(matches("STRASSE*", "strasse 1"));
  assert.ok(matches("*ΟΔΟΣ*", "ο οδοσx"));
  assert.ok(matches("*İX*", "aixb"));
  assert.ok(!matches("a*", "Abc", true));
});

test("an escaped value matches itself and nothing that a wildcard would add", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "\\", "*", "?", "b") }),
      fc.string({ unit: fc.constantFrom("a", "\\", "*") }),
      (value, other) => {
        assert.ok(matches(escapeValue(value), value, true));
        assert.equal(matches(escapeValue(value), other, true), value === other);
      },
    ),
  );
});

test("folding a text is folding its characters", () => {
  const text = fc.string({ unit: "grapheme" });
  fc.assert(fc.property(text, text, (a, b) => assert.equal(fold(a + b), fold(a) + fold(b))));
  fc.assert(fc.property(text, (a) => assert.equal(fold(fold(a)), fold(a))));
});

test("matches as the slow and obvious matcher does", () => {
  const pattern = fc.array(
    fc.constantFrom<Part>({ text: "a" }, { text: "b" }, { text: "ab" }, many, { wild: "one" }, { wild: "dash" }),
    { maxLength: 7 },
  );
  const value = fc.string({ unit: fc.constantFrom("a", "b", "-", "/", "c"), maxLength: 9 });
  fc.assert(
    fc.property(pattern, value, (parts, it) => {
      assert.equal(matchesGlob(compileGlob(parts, true), it), matchesSlowly(parts, it));
    }),
    { numRuns: 5000 },
  );
});

function matchesSlowly([first, ...rest]: readonly Part[], value: string): boolean {
  if (!first) return value === "";
  if ("text" in first) return value.startsWith(first.text) && matchesSlowly(rest, value.slice(first.text.length));
  if (first.wild === "many") return [...value, ""].some((_, at) => matchesSlowly(rest, value.slice(at)));
  return (
    value !== "" && (first.wild === "one" || dashes.includes(value.charAt(0))) && matchesSlowly(rest, value.slice(1))
  );
}

test("a pattern of many stars costs no more than its length times the value's", () => {
  // Backtracking over forty stars would outlive us; one pass answers.
  assert.ok(!matches(`${"*a".repeat(40)}*b`, "a".repeat(20_000)));
  assert.ok(!matches(`${"*?a".repeat(40)}*b`, "a".repeat(20_000)));
});
