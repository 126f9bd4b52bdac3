import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { directionTail, overlapPower, overlapTail } from "./marks.ts";

const choose = (n: number, k: number): number => {
  let out = 1;
  for (let i = 0; i < k; i++) out = (out * (n - i)) / (i + 1);
  return k < 0 || k > n ? 0 : out;
};

test("the chance of an overlap is that of counting all ways to draw the marked queries", () => {
  fc.assert(
    fc.property(fc.nat(14), fc.nat(14), fc.nat(14), fc.nat(15), (queries, m, a, taken) => {
      const [marked, agreeing] = [Math.min(m, queries), Math.min(a, queries)];
      let ways = 0;
      for (let i = taken; i <= marked; i++) ways += choose(agreeing, i) * choose(queries - agreeing, marked - i);
      const exact = taken <= 0 ? 1 : ways / choose(queries, marked);
      const told = overlapTail(taken, { queries, marked, agreeing });
      assert.ok(Math.abs(told - Math.min(1, exact)) < 1e-9, `${told} against ${exact}`);
    }),
  );
});

test("a tail that is far out keeps its size", () => {
  // 13 of 13 marked among 3,000 queries, and no other agrees: 1 over 3,000 choose 13.
  const told = overlapTail(13, { queries: 3000, marked: 13, agreeing: 13 });
  assert.ok(Math.abs(Math.log10(told) - -Math.log10(choose(3000, 13))) < 1e-6);
  assert.ok(directionTail(0.9, 384) > 0 && directionTail(0.9, 384) < 1e-130);
});

test("no overlap is ever told that the level does not allow, whatever the model: summed over all draws of the key", () => {
  const alpha = 0.01;
  for (const [queries, marked, agreeing] of [
    [400, 2, 60],
    [400, 8, 4],
    [1000, 5, 300],
    [50, 25, 25],
  ] as const) {
    let claimed = 0;
    for (let taken = 0; taken <= Math.min(marked, agreeing); taken++) {
      if (overlapTail(taken, { queries, marked, agreeing }) > alpha) continue;
      claimed += (choose(agreeing, taken) * choose(queries - agreeing, marked - taken)) / choose(queries, marked);
    }
    assert.ok(claimed <= alpha, `${claimed} of ${queries}, ${marked}, ${agreeing}`);
  }
});

test("power rises with the marks that were taken over, and is nothing where nothing is marked", () => {
  const some = { queries: 2000, marked: 10, elsewhere: 40 };
  assert.equal(overlapPower({ ...some, marked: 0 }, 0.5, 0.001), 0);
  assert.ok(overlapPower(some, 0.2, 0.001) < overlapPower(some, 0.5, 0.001));
  assert.ok(overlapPower({ ...some, marked: 20 }, 0.5, 0.001) > 0.99);
  // Where every query is marked, nothing is left to compare with.
  assert.equal(overlapPower({ queries: 10, marked: 10, elsewhere: 0 }, 0.9, 0.001), 0);
});

test("a direction's tail is that of the circle and of the sphere", () => {
  assert.ok(Math.abs(directionTail(0, 77) - 0.5) < 1e-12);
  // On the circle the share of angles; on the sphere in three dimensions every coordinate is uniform.
  assert.ok(Math.abs(directionTail(0.5, 2) - 1 / 3) < 1e-9);
  assert.ok(Math.abs(directionTail(0.8, 3) - 0.1) < 1e-9);
});
