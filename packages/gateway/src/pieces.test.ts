import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Pieces } from "./pieces.ts";

test("however a body is cut, it is whole again", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 8 }),
    fc.integer({ min: 1000, max: 1100 }).map((it) => new Uint8Array(it).fill(it)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (all) => {
      const pieces = new Pieces();
      for (const it of all) pieces.add(Buffer.from(it));
      assert.deepEqual(pieces.whole(), Buffer.concat(all));
      pieces.clear();
      assert.equal(pieces.whole().length, 0);
    }),
  );
});

test("a body that comes byte by byte is held by few buffers", () => {
  const pieces = new Pieces();
  for (let i = 0; i < 1_000_000; i++) pieces.add(Buffer.from("a"));
  assert.ok(pieces.count < 3000, String(pieces.count));
  assert.equal(pieces.whole().length, 1_000_000);
});
