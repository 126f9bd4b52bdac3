import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SigmaError } from "./error.ts";
import { compileRegex, quoteRegex } from "./regex.ts";

const refusedWith = (code: string, source: string) => (): void =>
  assert.throws(() => compileRegex(source, [], ["a"]), { name: "SigmaError", code, path: "a" });

for (const source of [
  "(?=a)b",
  "(?!a)b",
  "(?<=a)b",
  "(?<!a)b",
  "(a)\\1",
  "(?P<n>a)(?P=n)",
  "a++",
  "a{2}+",
  "(?>a)",
  "(?|a|b)",
  "(?#x)a",
  "(?R)",
  "a{1001}",
  "((a{1000}){1000})",
  "(?x)a b",
  "\\Ka",
]) {
  test(`refuses ${source}: a linear-time engine can't run it`, refusedWith("UNSUPPORTED_REGEX", source));
}
for (const source of ["(", "[a", "a**", "(?P<n", "*a", "\\"])
  test(`refuses ${source}: no engine reads it`, refusedWith("BAD_REGEX", source));
test("refuses a regular expression that matches everything because it is empty", refusedWith("BAD_REGEX", ""));
test("refuses a long one", refusedWith("TOO_LONG", "a".repeat(5000)));
test("refuses one whose repeats multiply", refusedWith("UNSUPPORTED_REGEX", "(((abcdefgh){30}){30}){30}"));

test("finds anywhere, and minds case, until told otherwise", () => {
  const found = (source: string, flags: ("i" | "m" | "s")[], value: string): boolean =>
    compileRegex(source, flags, []).test(value);
  assert.ok(found("-D", [], "curl -D x"));
  assert.ok(!found("-d", [], "curl -D x"));
  assert.ok(found("-d", ["i"], "curl -D x"));
  assert.ok(!found("^b", [], "a\nb"));
  assert.ok(found("^b", ["m"], "a\nb"));
  assert.ok(!found("a.b", [], "a\nb"));
  assert.ok(found("a.b", ["s"], "a\nb"));
});

test("takes time linear in the value where backtracking takes for ever", () => {
  for (const source of ["^(a+)+$", "^(a|a)*$", "(.*a){12}b", "^(([a-z])+.)+[A-Z]([a-z])+$"]) {
    assert.ok(!compileRegex(source, [], []).test(`${"a".repeat(50_000)}!`));
  }
});

test("reads so much of a value as the size of the expression allows", () => {
  const small = compileRegex("x$", [], []);
  const large = compileRegex("(a|b)*a(a|b){200}c", [], []);
  assert.ok(small.reach > 1_000_000);
  assert.ok(large.reach < 20_000);
  assert.ok(
    !large.test(`${"ab".repeat(500_000)}a${"b".repeat(200)}c`),
    "too far in to be seen; the engine counts that",
  );
});

test("a quoted text finds itself and nothing else", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 30 }), fc.string(), (text, other) => {
      assert.equal(compileRegex(`^(?:${quoteRegex(text)})$`, [], []).test(other), text === other);
      assert.ok(compileRegex(`^(?:${quoteRegex(text)})$`, [], []).test(text));
    }),
  );
});

test("compiles or throws a SigmaError, whatever the source", () => {
  const piece = fc.constantFrom(
    "a",
    "(",
    ")",
    "[",
    "]",
    "*",
    "+",
    "?",
    "{1,",
    "}",
    "|",
    "\\",
    "d",
    "1",
    "^",
    "$",
    "(?",
    ":",
    "<",
    "=",
    ".",
    "-",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece, { maxLength: 15 }).map((it) => it.join("")),
      ),
      (source) => {
        try {
          compileRegex(source, [], []).test("aaa");
        } catch (error) {
          assert.ok(error instanceof SigmaError, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});
