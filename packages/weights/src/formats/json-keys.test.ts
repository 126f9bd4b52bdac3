import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JsonKeys } from "./json-keys.ts";

function keysOf(text: string, pieceBytes: number): string[] {
  const keys = new JsonKeys();
  const bytes = Buffer.from(text);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) found.push(...keys.add(bytes.subarray(at, at + pieceBytes)));
  return found;
}

test("finds the outermost keys alone, however the text is cut into pieces", () => {
  const text = JSON.stringify({ a: { b: [1, { c: 'x:"}' }] }, "d e": "f\\", g: [] });
  for (const pieceBytes of [1, 2, 3, 7, 1000]) assert.deepEqual(keysOf(text, pieceBytes), ["a", "d e", "g"]);
});

test("ends with the object, and at once where there is none", () => {
  for (const [text, expected] of [
    ['{"a":1}"b":2', ["a"]],
    ['["a", {"b": 1}]', []],
    ["a: 1", []],
  ] as const) {
    assert.deepEqual(keysOf(text, 1), expected);
  }
});

test("agrees with JSON.parse on plain keys", () => {
  const plain = fc.dictionary(fc.stringMatching(/^[a-z]{1,20}$/), fc.jsonValue());
  fc.assert(
    fc.property(plain, fc.integer({ min: 1, max: 40 }), (object, pieceBytes) => {
      assert.deepEqual(keysOf(JSON.stringify(object), pieceBytes), Object.keys(object));
    }),
  );
});
