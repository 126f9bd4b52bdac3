import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { editJson, filterElements, put, type Edit } from "./edit.ts";
import { JsonError } from "./spans.ts";
import { coarsen } from "./probabilities.ts";

/** The same change by parsing and printing: the oracle. */
function byParsing(value: unknown, path: readonly string[], to: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return to;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return step === "*" ? value.map((it) => byParsing(it, rest, to)) : value;
  return Object.fromEntries(
    Object.entries(value).map(([name, it]) => [name, step === "*" || step === name ? byParsing(it, rest, to) : it]),
  );
}

const names = fc.constantFrom("a", "b", "choices", 'q"uote', "ü");
const tree = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(names, tie("value"), { maxKeys: 4 }),
  ),
})).value;

test("an edit by spans is the edit by parsing, for any value, path and spacing", () => {
  fc.assert(
    fc.property(
      tree,
      fc.array(fc.oneof(names, fc.constant("*")), { maxLength: 4 }),
      fc.integer({ min: 0, max: 2 }),
      (value, path, indent) => {
        const text = Buffer.from(JSON.stringify(value, undefined, indent));
        const edited = editJson(text, [put("7", ...path)]);
        assert.deepEqual(JSON.parse(edited.toString()), byParsing(JSON.parse(text.toString()), path, 7));
      },
    ),
    { numRuns: 1000 },
  );
});

test("several edits at once are the same as one after the other, where none lies within another", () => {
  fc.assert(
    fc.property(tree, tree, tree, (a, b, c) => {
      const text = Buffer.from(JSON.stringify({ a, b, c }));
      const both = editJson(text, [put("1", "a", "*"), put("2", "b", "*", "*")]);
      const inTurn = editJson(editJson(text, [put("1", "a", "*")]), [put("2", "b", "*", "*")]);
      assert.deepEqual(both, inTurn);
    }),
  );
});

test("what is not named stays byte for byte, numbers and spaces too", () => {
  const text = Buffer.from(
    '{ "n": 1.0e+2 , "choices":[ {"logprobs": {"content":[1]} ,"text":"a\\u00e9"} ],"big":12345678901234567890 }',
  );
  const edited = editJson(text, [put("null", "choices", "*", "logprobs")]).toString();
  assert.equal(
    edited,
    '{ "n": 1.0e+2 , "choices":[ {"logprobs": null ,"text":"a\\u00e9"} ],"big":12345678901234567890 }',
  );
});

test("the same buffer comes back when there is nothing to change", () => {
  const text = Buffer.from('{"choices":[{"logprobs":null}]}');
  assert.equal(editJson(text, [put("null", "choices", "*", "logprobs")]), text);
});

test("any bytes give an answer or a coded error", () => {
  const edits: Edit[] = [put("null", "a", "*"), filterElements(["b"], () => false)];
  const soup = fc.string({ unit: fc.constantFrom(...'{}[]",:\\ ab1'.split("")), maxLength: 40 });
  fc.assert(
    fc.property(fc.oneof(soup, fc.string({ unit: "binary" })), (text) => {
      try {
        editJson(Buffer.from(text), edits);
      } catch (error) {
        assert.ok(error instanceof JsonError);
      }
    }),
    { numRuns: 3000 },
  );
});

test("every value is edited where a name stands twice, so that no reader finds an unedited one", () => {
  const edited = editJson(Buffer.from('{"a":1,"a":2}'), [put("0", "a")]).toString();
  assert.equal(edited, '{"a":0,"a":0}');
});

test("elements are dropped with their commas", () => {
  const edit = filterElements(["c"], (it) => !it.includes("thinking"));
  const from = (text: string) => editJson(Buffer.from(text), [edit]).toString();
  assert.equal(from('{"c":[{"type":"thinking"}, {"type":"text"}]}'), '{"c":[{"type":"text"}]}');
  assert.equal(from('{"c":[{"type":"thinking"}]}'), '{"c":[]}');
});

test("label-only leaves one for the largest, whatever the shape; rounding keeps the decimals named", () => {
  const label = { dial: "label-only", decimals: 2 } as const;
  assert.deepEqual(coarsen([[0.2, 0.7, 0.1]], label), [[0, 1, 0]]);
  assert.deepEqual(coarsen([0.2, 0.8, 0.6, 0.4], label, 2), [0, 1, 1, 0]);
  assert.deepEqual(coarsen({ cat: 0.9, dog: 0.1 }, label), { cat: 1, dog: 0 });
  assert.deepEqual(coarsen([[0.123, 0.877]], { dial: "rounded", decimals: 1 }), [[0.1, 0.9]]);
  assert.equal(coarsen(["cat"], label), undefined);
  assert.equal(coarsen([[0.2, 0.8]], { dial: "full", decimals: 2 }), undefined);
});
