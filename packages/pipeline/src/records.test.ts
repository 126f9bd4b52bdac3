import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { maxNesting } from "./json-scan.ts";
import { maxRecordBytes, RecordSplitter, type Cut } from "./records.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function cut(input: string | Uint8Array, chunk = Infinity): Cut[] {
  const all = typeof input === "string" ? bytes(input) : input;
  const splitter = new RecordSplitter();
  const cuts: Cut[] = [];
  for (let at = 0; at < all.length; at += chunk) cuts.push(...splitter.push(all.subarray(at, at + chunk)));
  return [...cuts, ...splitter.end()];
}
const records = (input: string) => cut(input).map((it) => ("record" in it ? it.record : `! ${it.rejected}`));

test("one record a line, with its offset, whatever ends the line", () => {
  assert.deepEqual(cut("a\r\nbb\n\n  \nc"), [
    { record: "a", offset: 0 },
    { record: "bb", offset: 3 },
    { record: "c", offset: 10 },
  ]);
});

test("a byte order mark is no part of the first record", () => {
  assert.deepEqual(cut('\ufeff{"a":1}\n'), [{ record: '{"a":1}', offset: 3 }]);
});

test("the elements of a document are its records, however it is printed", () => {
  const list = [{ a: "]}" }, { a: [1, { b: '\\"' }] }];
  for (const text of [
    JSON.stringify({ Records: list }),
    JSON.stringify({ Records: list }, null, 2),
    JSON.stringify({ Events: list, next: { x: "}" } }),
    JSON.stringify(list, null, 4),
    `${JSON.stringify({ Records: list })}\n${JSON.stringify({ Records: [] })}\n`,
  ]) {
    assert.deepEqual(
      records(text).map((it) => JSON.parse(it)),
      list,
      text,
    );
  }
});

test("an object printed over many lines is one record", () => {
  const text = JSON.stringify({ events: [{ a: 1 }, { b: ["x", "y"] }], c: "d" }, null, 2);
  assert.deepEqual(records(`${text}\n${text}\n`), [text, text]);
});

test("a truncated line costs itself alone", () => {
  assert.deepEqual(records('{"a":1}\n{"b":{"c":"x\n{"d":2}\n{"e":[1,\n{"f":3}\n'), [
    '{"a":1}',
    '{"b":{"c":"x',
    '{"d":2}',
    // An array may go on with an object on the next line, so this one is not told apart from it.
    '{"e":[1,\n{"f":3}',
  ]);
});

test("lines that only start like a document are lines", () => {
  const lines = ["[2026-11-23 21:12:57 +0000] [1] [INFO] Booting", "[GIN] 2026/01/20", '{"Recordings":[1]}', "{broken"];
  assert.deepEqual(records(lines.join("\n")), lines);
});

test("a line that is too long is refused with its offset, and the next one is read", () => {
  const long = "x".repeat(maxRecordBytes + 1);
  const cuts = cut(`a\n${long}\nb`, 65_536);
  assert.deepEqual(
    cuts.map((it) => ("record" in it ? it.record : it.offset)),
    ["a", 2, "b"],
  );
});

test("an element that is too long is refused, and the next one is read", () => {
  const long = JSON.stringify({ a: "x".repeat(maxRecordBytes) });
  const cuts = cut(`{"Records":[{"n":1},${long},{"n":2}]}`, 65_536);
  assert.deepEqual(
    cuts.map((it) => ("record" in it ? it.record : "refused")),
    ['{"n":1}', "refused", '{"n":2}'],
  );
});

test("nesting without end is refused, not followed", () => {
  const deep = `[${'{"a":'.repeat(maxNesting + 5)}\n`;
  assert.ok(cut(`${deep}{"b":1}\n`).some((it) => "rejected" in it && /nested/.test(it.rejected)));
});

test("cutting the stream into other chunks changes nothing", () => {
  const line = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'{}[]"\\,: \n\rab1\u00e9'.split("")) }),
    fc.jsonValue().map((it) => JSON.stringify(it)),
    fc.jsonValue().map((it) => JSON.stringify(it, null, 1)),
    fc.array(fc.dictionary(fc.string(), fc.jsonValue())).map((it) => JSON.stringify({ Records: it })),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), fc.integer({ min: 1, max: 40 }), (lines, chunk) => {
      const text = lines.join("\n");
      assert.deepEqual(cut(text, chunk), cut(text));
    }),
  );
});

test("any bytes give records whose offsets rise and lie inside", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (all, chunk) => {
      const offsets = cut(all, chunk).map((it) => it.offset);
      assert.deepEqual(
        offsets,
        [...offsets].sort((a, b) => a - b),
      );
      assert.ok(offsets.every((it) => it >= 0 && it < all.length));
    }),
  );
});

test("JSON lines come out as they went in", () => {
  fc.assert(
    fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 }), (list) => {
      const kept = list.filter((it) => !Array.isArray(it["Records"]) && !Array.isArray(it["Events"]));
      const lines = kept.map((it) => JSON.stringify(it));
      assert.deepEqual(records(lines.join("\n")), lines);
    }),
  );
});

test("reading resumes from a state at any point, without loss or repetition", () => {
  const text = bytes(`a\n${JSON.stringify({ Records: [{ n: 1 }, { n: 2 }, { n: 3 }] })}\nlast\n`);
  const whole = cut(text);
  for (let at = 0; at <= text.length; at++) {
    const first = new RecordSplitter();
    const before = first.push(text.subarray(0, at));
    const state = JSON.parse(JSON.stringify(first.state()));
    const second = new RecordSplitter(state);
    const after = [...second.push(text.subarray(state.offset)), ...second.end()];
    assert.deepEqual([...before, ...after], whole, `cut at ${at}`);
  }
});
