import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Counts } from "./counts.ts";

/** The same with a `Map`, as it is simplest. */
function keptOf(map: ReadonlyMap<number, number>, most: number): [number, number][] {
  return [...map].sort((a, b) => b[1] - a[1]).slice(0, most);
}

test("counts and forgets as a sorted map does, ties in the order of arrival", () => {
  const key = fc.oneof(fc.nat(40), fc.integer({ min: 0, max: 0xffffffff }));
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.tuple(key, fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 70_000 }))) },
    { weight: 1, arbitrary: fc.nat(30) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const counts = new Counts();
      let map = new Map<number, number>();
      for (const it of steps) {
        if (typeof it === "number") {
          counts.keepMost(it);
          map = new Map(keptOf(map, it));
        } else {
          counts.add(...it);
          map.set(it[0], (map.get(it[0]) ?? 0) + it[1]);
        }
        assert.equal(counts.size, map.size);
      }
      assert.deepEqual([...counts], [...map]);
      for (const [it, n] of map) assert.equal(counts.of(it), n);
      assert.equal(counts.of(0xfffffffe), map.get(0xfffffffe) ?? 0);
      counts.clear();
      assert.deepEqual([counts.size, counts.of(7)], [0, 0]);
    }),
  );
});
