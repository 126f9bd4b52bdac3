import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonical, EvidenceError } from "./index.ts";

test("members are sorted by the UTF-16 units of their names, at every depth", () => {
  // U+1F600 is written with the surrogates D83D DE00, so it stands before U+FB33.
  const value = { "\ufb33": 1, "\u{1f600}": 2, b: { d: 1, c: 2 }, a: [3, { z: 1, y: 2 }], "": 0, "10": 1, "9": 2 };
  assert.equal(
    canonical(value),
    '{"":0,"10":1,"9":2,"a":[3,{"y":2,"z":1}],"b":{"c":2,"d":1},"\u{1f600}":2,"\ufb33":1}',
  );
});

test("numbers are written as ECMAScript writes them", () => {
  const rows: readonly (readonly [number, string])[] = [
    [0, "0"],
    [-0, "0"],
    [1, "1"],
    [-1.5, "-1.5"],
    [100, "100"],
    [1e21, "1e+21"],
    [123456789012345680000, "123456789012345680000"],
    [0.000001, "0.000001"],
    [1e-7, "1e-7"],
    [5e-324, "5e-324"],
    [1.7976931348623157e308, "1.7976931348623157e+308"],
    [9007199254740991, "9007199254740991"],
    [0.1 + 0.2, "0.30000000000000004"],
  ];
  assert.deepEqual(
    rows.map(([number]) => canonical(number)),
    rows.map(([, text]) => text),
  );
});

test("only what must be escaped is escaped, in lower case", () => {
  assert.equal(
    canonical('\b\t\n\f\r"\\/\u0000\u001f\u007f\u2028€'),
    '"\\b\\t\\n\\f\\r\\"\\\\/\\u0000\\u001f\u007f\u2028€"',
  );
});

test("members that are undefined are absent", () => {
  assert.equal(canonical({ a: undefined, b: null }), '{"b":null}');
});

test("refuses what has no canonical text", () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const halves = ["\ud800", { "\udc00": 1 }];
  for (const value of [
    Number.NaN,
    Infinity,
    undefined,
    [undefined],
    1n,
    () => 1,
    new Map(),
    new Date(0),
    cyclic,
    ...halves,
  ]) {
    assert.throws(
      () => canonical(value),
      (error) => error instanceof EvidenceError && error.code === "BAD_VALUE",
    );
  }
});

test("the text reads back as the value, and only equal values share one", () => {
  const json = fc.jsonValue({ maxDepth: 5 });
  fc.assert(
    fc.property(json, json, (a, b) => {
      assert.equal(canonical(JSON.parse(canonical(a))), canonical(a));
      assert.deepEqual(JSON.parse(canonical(a)), JSON.parse(JSON.stringify(a)));
      assert.equal(canonical(a) === canonical(b), JSON.stringify(sorted(a)) === JSON.stringify(sorted(b)));
    }),
  );
});

/** Members put in order another way: as pairs. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return ["list", value.map(sorted)];
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? 0 : value;
  const pairs = Object.entries(value).map(([name, it]) => [name, sorted(it)] as const);
  return ["object", pairs.sort(([a], [b]) => (a < b ? -1 : 1))];
}
