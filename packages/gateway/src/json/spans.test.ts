import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JsonError, membersOf, skipSpace, skipValue, valueAt } from "./spans.ts";

const spaced = (value: unknown, indent: number) => Buffer.from(JSON.stringify(value, undefined, indent) ?? "null");

test("finds every member of an object, under the name that a parser gives it", () => {
  const objects = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue(), { maxKeys: 20 });
  fc.assert(
    fc.property(objects, fc.integer({ min: 0, max: 3 }), (value, indent) => {
      const text = spaced(value, indent);
      const parsed: Record<string, unknown> = JSON.parse(text.toString());
      const found = membersOf(text);
      assert.deepEqual([...found.keys()].sort(), Object.keys(parsed).sort());
      for (const [name, span] of found) assert.deepEqual(valueAt(text, span), parsed[name]);
    }),
  );
});

test("a name that was read before is not taken for another one", () => {
  // "ab" and "bC" lead to one place among those that are remembered.
  const name = fc.string({ unit: fc.constantFrom("a", "b", "C"), maxLength: 3 });
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 8 }), (names) => {
      const text = Buffer.from(JSON.stringify(Object.fromEntries(names.map((it) => [it, names.length > 4]))));
      assert.deepEqual(
        [...membersOf(text)].map(([it, span]) => [it, valueAt(text, span)]),
        names.map((it) => [it, names.length > 4]),
      );
    }),
  );
});

test("skips exactly one value", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 2 }), (value, indent) => {
      const text = Buffer.concat([spaced(value, indent), Buffer.from(" ,x")]);
      assert.equal(skipValue(text, 0), text.length - 3);
    }),
  );
});

test("any bytes give members or a coded error, and never more than a parser would accept as one object's end", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((it) => Buffer.from(it)),
    fc
      .string({ unit: fc.constantFrom(...'{}[]",:\\ a1'.split("")), maxLength: 60 })
      .map((it) => Buffer.from(`{${it}}`)),
  );
  fc.assert(
    fc.property(bytes, (text) => {
      try {
        membersOf(text);
      } catch (error) {
        assert.ok(error instanceof JsonError);
      }
    }),
    { numRuns: 2000 },
  );
});

test("what a parser accepts as an object without repeated names is accepted here", () => {
  const soup = fc.string({ unit: fc.constantFrom(...'{}[]",:\\ a1'.split("")), maxLength: 12 });
  fc.assert(
    fc.property(soup, (inner) => {
      const text = Buffer.from(`{"k":${inner}}`);
      let parsed: Record<string, unknown>;
      try {
        parsed = JSON.parse(text.toString());
      } catch {
        return;
      }
      if (Object.keys(parsed).length > 1) return;
      assert.deepEqual([...membersOf(text).keys()], Object.keys(parsed));
    }),
    { numRuns: 3000 },
  );
});

test("an escaped name is the name it stands for, and a name that stands twice is refused", () => {
  assert.deepEqual([...membersOf(Buffer.from('{"log\\u0070robs":true}')).keys()], ["logprobs"]);
  assert.throws(() => membersOf(Buffer.from('{"model":"a","mod\\u0065l":"b"}')), JsonError);
});

test("a string that ends in backslashes is closed where a parser closes it, also beyond the walked part", () => {
  for (const length of [0, 46, 47, 48, 49, 50, 300]) {
    for (const tail of ["", "\\\\", '\\"', '\\\\\\"', "\\\\\\\\"]) {
      const text = Buffer.from(`{"a":"${"x".repeat(length)}${tail}","b":1}`);
      assert.deepEqual([...membersOf(text).keys()], ["a", "b"], `${length} ${tail}`);
    }
  }
});

test("refuses what nests too deep, and brackets that close another kind", () => {
  assert.throws(() => membersOf(Buffer.from(`{"a":${"[".repeat(200)}${"]".repeat(200)}}`)), /nested/);
  assert.throws(() => membersOf(Buffer.from('{"a":[}]}')), /another kind/);
  assert.equal(skipSpace(Buffer.from(" \t\r\nx"), 0), 4);
});
