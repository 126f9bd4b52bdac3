import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { base64Offsets, utf8 } from "./encoding.ts";
import { matches, selectionText, aRule } from "./testing/build.ts";

const cases: readonly (readonly [claim: string, selection: unknown, value: unknown, matched: boolean])[] = [
  ["no modifier compares the whole value", { a: "abc" }, "xabcx", false],
  ["no modifier ignores case", { a: "aBc" }, "AbC", true],
  ["wildcards work without a modifier", { a: "a*c?" }, "abbcd", true],
  ["a number equals its text", { a: 5 }, "5", true],
  ["a text equals its number", { a: "5" }, 5, true],
  ["a truth value equals its word", { a: true }, "TRUE", true],
  ["contains finds anywhere", { "a|contains": "b" }, "abc", true],
  ["contains takes numbers", { "a|contains": 45 }, "x4567", true],
  ["startswith looks at the start", { "a|startswith": "b" }, "abc", false],
  ["endswith looks at the end", { "a|endswith": "\\cmd.exe" }, "C:\\Windows\\CMD.exe", true],
  ["contains keeps wildcards inside", { "a|contains": "a*d" }, "xabcdx", true],
  ["a list means one of them", { "a|contains": ["x", "b"] }, "abc", true],
  ["all means every one of them", { "a|contains|all": ["a", "x"] }, "abc", false],
  ["all means every one of them, in any order", { "a|contains|all": ["c", "a"] }, "abc", true],
  ["cased minds case", { "a|cased": "ABC" }, "abc", false],
  ["cased minds case with contains, too", { "a|contains|cased": "B" }, "aBc", true],
  ["cased may stand first", { "a|cased|contains": "b" }, "aBc", false],
  ["neq is the opposite", { "a|neq": "abc" }, "abd", true],
  ["neq with a list is none of them", { "a|neq": ["abc", "abd"] }, "abd", false],
  ["neq is true of an absent field", { "b|neq": "x" }, "abc", true],
  ["neq of a part", { "a|contains|neq": "b" }, "abc", false],
  ["windash takes any dash", { "a|contains|windash": " -encode " }, "certutil /encode x", true],
  ["windash takes a horizontal bar", { "a|windash|contains": " /f" }, "x \u2015f", true],
  ["windash leaves a dash inside a word", { "a|contains|windash": "-param-name" }, "/param/name", false],
  ["windash varies each dash by itself", { "a|contains|windash": "-a /b" }, "/a \u2013b", true],
  ["re minds case", { "a|re": "-D" }, "curl -d", false],
  ["re|i does not", { "a|re|i": "-D" }, "curl -d", true],
  ["re is found anywhere", { "a|re": "b.d" }, "abcde", true],
  ["re reads its own backslashes", { "a|re": "^a\\*\\\\$" }, "a*\\", true],
  ["re|startswith ties it to the start", { "a|re|startswith": "b|c" }, "abc", false],
  ["base64 encodes the whole value", { "a|base64|contains": "foobar" }, "x Zm9vYmFy y", true],
  ["base64 of a wide text", { "a|wide|base64|contains": "ping" }, "-enc cABpAG4AZwA=", true],
  ["utf16be is the other way round", { "a|utf16be|base64": "ping" }, "AHAAaQBuAGc=", true],
  ["utf16 has a byte order mark", { "a|utf16|base64": "ping" }, "//5wAGkAbgBnAA==", true],
  ["wide without base64 are bytes", { "a|wide|contains": "ab" }, "xa\0b\0x", true],
  ["windash before base64 writes the dashes out", { "a|windash|base64": "-x" }, "L3g=", true],
  ["lt compares numbers", { "a|lt": 5 }, 4, true],
  ["lt compares numbers written as texts", { "a|lt": 5 }, "4.5", true],
  ["lt is not true of what is no number", { "a|lt": 5 }, "", false],
  ["lte takes the bound", { "a|lte": 5 }, 5, true],
  ["gt does not", { "a|gt": 5 }, 5, false],
  ["gte takes floats", { "a|gte": 4.5 }, 4.5, true],
  ["hour looks into a date", { "a|hour": 3 }, "2026-03-02T03:15:00Z", true],
  ["hour can be compared", { "a|hour|gte": 22 }, "2026-03-02T23:15:00Z", true],
  ["compared hours may be written the other way", { "a|gte|hour": 22 }, "2026-03-02T21:15:00Z", false],
  ["cidr looks for an address", { "a|cidr": ["10.0.0.0/8", "2001:db8::/32"] }, "2001:db8::1", true],
  ["exists asks for the name", { "a|exists": true }, "", true],
  ["exists false asks for its absence", { "b|exists": false }, "x", true],
  ["an array matches by any member", { a: "y" }, ["x", "y"], true],
  ["an array may fulfil all with different members", { "a|contains|all": ["x", "y"] }, ["1x", "2y"], true],
  ["a nested array matches, too", { a: "y" }, ["x", [["y"]]], true],
  ["neq of an array is true only if no member is equal", { "a|neq": "y" }, ["x", "y"], false],
  ["an empty text matches an empty text", { a: "" }, "", true],
  ["an empty text does not match null", { a: "" }, null, false],
  ["null matches null", { a: null }, null, true],
  ["null matches an absent field", { b: null }, "x", true],
  ["null does not match an empty text", { a: null }, "", false],
  ["null matches a list of nothing", { a: null }, [null], true],
  ["a star does not match null", { a: "*" }, null, false],
  ["a star matches an empty text", { a: "*" }, "", true],
  ["a percent sign is plain without expand", { a: "%x%" }, "%x%", true],
];
for (const [claim, selection, value, matched] of cases) {
  test(claim, () => assert.equal(matches(selection, { a: value }), matched));
}

test("fieldref compares two fields", () => {
  assert.ok(matches({ "a|fieldref": "b" }, { a: "X", b: "x" }));
  assert.ok(!matches({ "a|fieldref|cased": "b" }, { a: "X", b: "x" }));
  assert.ok(matches({ "a|fieldref|startswith": "b" }, { a: "root-key", b: "root" }));
  assert.ok(matches({ "a|fieldref|neq": "b" }, { a: "x", b: "y" }));
  assert.ok(!matches({ "a|fieldref": "b" }, { c: "x" }), "two absent fields are not equal");
});

test("expand puts configured values in the place of a name", () => {
  const placeholders = { buckets: ["models", "weights-*"], none: [] };
  const found = (selection: unknown, a: string): boolean => matches(selection, { a }, { placeholders });
  assert.ok(found({ "a|expand": "%buckets%" }, "models"));
  assert.ok(found({ "a|expand": "%buckets%" }, "weights-eu"), "values may hold wildcards");
  assert.ok(found({ "a|contains|expand": "s3://%buckets%/ft" }, "x s3://models/ft/1"));
  assert.ok(found({ "a|expand|contains": "s3://%buckets%/ft" }, "x s3://models/ft/1"));
  assert.ok(found({ "a|expand": "\\%buckets%/%buckets%" }, "%buckets%/models"));
  assert.ok(found({ "a|re|expand": "^%buckets%$" }, "weights-us"));
  assert.ok(matches({ "a|expand|cidr": "%nets%" }, { a: "10.1.1.1" }, { placeholders: { nets: ["10.0.0.0/8"] } }));
});

const refused: readonly (readonly [claim: string, selection: unknown, code: string])[] = [
  ["an unknown modifier", { "a|fuzzy": "x" }, "UNKNOWN_MODIFIER"],
  ["a modifier that only objects have", { "a|constructor": "x" }, "UNKNOWN_MODIFIER"],
  ["all with one value", { "a|contains|all": "x" }, "BAD_MODIFIER"],
  ["all with a list of one", { "a|contains|all": ["x"] }, "BAD_MODIFIER"],
  ["re after another modifier", { "a|contains|re": "x" }, "BAD_MODIFIER"],
  ["i without re", { "a|i": "x" }, "BAD_MODIFIER"],
  ["base64 after re", { "a|re|base64": "x" }, "BAD_MODIFIER"],
  ["base64 of a wildcard", { "a|base64": "x*" }, "BAD_VALUE"],
  ["base64offset of one byte, which would match anything", { "a|base64offset|contains": "x" }, "BAD_VALUE"],
  ["two encodings to UTF-16", { "a|wide|utf16": "x" }, "BAD_MODIFIER"],
  ["lt of a text", { "a|lt": "x" }, "BAD_VALUE"],
  ["lt and gt at once", { "a|lt|gt": 1 }, "BAD_MODIFIER"],
  ["lt of a part", { "a|contains|lt": 1 }, "BAD_MODIFIER"],
  ["exists of a text", { "a|exists": "yes" }, "BAD_VALUE"],
  ["cidr of a name", { "a|cidr": "example.org" }, "BAD_VALUE"],
  ["cidr of a part", { "a|contains|cidr": "10.0.0.0/8" }, "BAD_MODIFIER"],
  ["fieldref with a wildcard", { "a|fieldref": "b*" }, "BAD_VALUE"],
  ["null in a list", { a: ["", null] }, "BAD_VALUE"],
  ["null with a modifier", { "a|contains": null }, "BAD_MODIFIER"],
  ["an empty list", { a: [] }, "BAD_VALUE"],
  ["a map as value", { a: { b: 1 } }, "BAD_VALUE"],
  ["a list in a list", { a: [["x"]] }, "BAD_VALUE"],
  ["look-around", { "a|re": "(?!x)y" }, "UNSUPPORTED_REGEX"],
  ["an unfilled placeholder", { "a|expand": "%nobody_set_it%" }, "PLACEHOLDER_UNFILLED"],
  ["exists of keywords", { "|exists": true }, "BAD_MODIFIER"],
];
for (const [claim, selection, code] of refused) {
  test(`refuses ${claim}`, () => assert.throws(() => aRule(selectionText(selection)), { name: "SigmaError", code }));
}

test("base64offset is found wherever the value stands in what was encoded", () => {
  const bytes = fc.string({ unit: "binary", maxLength: 8 });
  fc.assert(
    fc.property(bytes, fc.string({ minLength: 2, maxLength: 12 }), bytes, (before, value, after) => {
      const whole = Buffer.from(utf8(before + value + after), "latin1").toString("base64");
      const text = JSON.stringify(value).slice(1, -1) === value && !/[\\*?]/.test(value) ? value : "plain";
      const found = base64Offsets(utf8(value)).some((it) => whole.includes(it));
      assert.ok(found, `${whole} holds none of ${base64Offsets(utf8(value)).join()}`);
      const encoded = Buffer.from(utf8(before + text + after), "latin1").toString("base64");
      assert.ok(matches({ "a|base64offset|contains": text }, { a: encoded }));
    }),
  );
});

test("a filled placeholder that leaves nothing to match is refused, an empty exception is not", () => {
  const placeholders = { none: [] };
  const wanted = selectionText({ "a|expand": "%none%" });
  assert.throws(() => aRule(wanted, { placeholders }), { code: "PLACEHOLDER_UNFILLED" });
  assert.ok(!matches({ "b|expand|neq": "%none%", a: "y" }, { a: "x" }, { placeholders }));
  assert.ok(matches({ "b|expand|neq": "%none%", a: "x" }, { a: "x" }, { placeholders }));
});
