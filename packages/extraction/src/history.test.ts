import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mix } from "./hash.ts";
import { History } from "./history.ts";

const width = 4;
const spaceOf = (dimensions: number) => ({ dimensions, columns: [] });
const point = (n: number) => Int16Array.from({ length: width }, (_, i) => (mix(mix(n) ^ i) % 8192) - 4096);
const filled = (n: number, of = 2) => {
  const history = new History([spaceOf(width)]);
  for (let i = 0; i < n; i++) history.add(history.coarsen([point(i)]), i % of, mix(i));
  return history;
};

test("finds what a full search of everything kept finds", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 256 }), fc.integer({ min: 0, max: 1e6 }), (n, other) => {
      const history = filled(n);
      const row = history.coarsen([point(1e7 + other)]);
      const kept = Array.from({ length: n }, (_, i) => history.coarsen([point(i)])).filter((_, i) => i % 2 === 0);
      const squares = kept.map((it) => it.reduce((sum, v, i) => sum + (v - (row[i] ?? 0)) ** 2, 0));
      assert.deepEqual(history.nearest(row, 0), { squared: [Math.min(...squares)], of: kept.length });
    }),
  );
});

test("the closest query is found in whatever stratum, in the last space", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 256 }), fc.integer({ min: 0, max: 1e6 }), (n, other) => {
      const history = filled(n, 3);
      const row = history.coarsen([point(1e7 + other)]);
      const apart = (it: Int8Array) => it.reduce((sum, v, i) => sum + (v - (row[i] ?? 0)) ** 2, 0);
      const least = Math.min(...Array.from({ length: n }, (_, i) => apart(history.coarsen([point(i)]))));
      const found = history.closest(row, 1e6) ?? assert.fail();
      assert.equal(apart(found.row), least);
      const alike = Array.from({ length: n }, (_, i) => apart(history.coarsen([point(i)]))).filter((it) => it < 1e6);
      assert.equal(found.alike, alike.length);
    }),
  );
  assert.equal(new History([spaceOf(width)]).closest(new Int8Array(width), 1), undefined);
});

test("keeps the newest 256 and a sample of 192 older ones, whatever comes", () => {
  const history = filled(3000);
  const known = Array.from({ length: 3000 }, (_, i) => history.has(mix(i)));
  assert.ok(known.slice(-256).every((it) => it));
  assert.equal(known.slice(0, -256).filter((it) => it).length, 192);
  const sampled = Array.from({ length: 2744 }, (_, i) => mix(i)).sort((a, b) => a - b);
  assert.ok(
    sampled.slice(0, 192).every((it) => history.has(it)),
    "those with the smallest hashes",
  );
});

test("nothing is near in a stratum never asked", () => {
  const history = filled(10);
  assert.equal(history.nearest(history.coarsen([point(1)]), 7), undefined);
  assert.equal(new History([spaceOf(width)]).nearest(new Int8Array(width), 0), undefined);
});

test("a restored history answers as the first does, wherever it was cut", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 0, max: 300 }), (before, after) => {
      const first = filled(before);
      const second = new History([spaceOf(width)]);
      second.restore(JSON.parse(JSON.stringify(first.snapshot())));
      for (let i = before; i < before + after; i++) {
        for (const it of [first, second]) it.add(it.coarsen([point(i)]), i % 2, mix(i));
      }
      assert.deepEqual(second.snapshot(), first.snapshot());
    }),
    { numRuns: 30 },
  );
});

test("refuses a state of another size", () => {
  assert.throws(() => new History([spaceOf(width)]).restore(new History([spaceOf(width + 1)]).snapshot()), {
    code: "BAD_STATE",
  });
});
