import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { eventData, ItemCutter, ItemTooLong, withData } from "./stream-items.ts";

/** The text in pieces, cut at the numbers given. */
function inPieces(text: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [...new Set(cuts.map((it) => it % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => text.subarray(from, at[i] ?? text.length));
}

const soup = fc
  .string({ unit: fc.constantFrom("a", "\n", "\r", "data: x", ":"), maxLength: 40 })
  .map((it) => Buffer.from(it));

for (const kind of ["sse", "ndjson"] as const) {
  test(`${kind}: items and rest put together are the stream, wherever it was cut, and the cuts do not matter`, () => {
    fc.assert(
      fc.property(soup, fc.array(fc.nat(200), { maxLength: 10 }), (text, cuts) => {
        const cutter = new ItemCutter(kind);
        const items = inPieces(text, cuts).flatMap((it) => cutter.push(it));
        assert.deepEqual(Buffer.concat([...items, cutter.rest()]), text);
        const whole = new ItemCutter(kind);
        const atOnce = whole.push(text);
        // A CR at the end of a piece waits for its LF, so a later piece may end the item: never another item.
        assert.deepEqual(items.map(String), atOnce.map(String));
      }),
      { numRuns: 2000 },
    );
  });
}

test("an event's data is what the standard says, and can be exchanged", () => {
  const item = Buffer.from('event: delta\nid: 7\ndata: {"a":\ndata: 1}\n\n');
  assert.equal(eventData(item)?.toString(), '{"a":\n1}');
  assert.equal(withData(item, '{"a":2}').toString(), 'event: delta\nid: 7\ndata: {"a":2}\n\n');
  assert.equal(eventData(Buffer.from(": comment\n\n")), undefined);
  assert.equal(eventData(Buffer.from("data:x\r\n\r\n"))?.toString(), "x");
});

test("an item without an end is not held for ever", () => {
  const cutter = new ItemCutter("ndjson");
  assert.throws(() => {
    for (let i = 0; i < 100; i++) cutter.push(Buffer.alloc(64 * 1024, 0x61));
  }, ItemTooLong);
});
