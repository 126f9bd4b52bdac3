import assert from "node:assert/strict";
import { test } from "node:test";
import { DriftWatch } from "./drift.ts";
import { uniform } from "./hash.ts";

const alpha = { num: 1, den: 20 };
const known = (world: number, n = 100) => Array.from({ length: n }, (_, i) => uniform(world, i, 1));
const peak = (world: number, principal: number, lift = 0) => lift + uniform(world, principal, 2);

test("warns soon when principals are stranger than the calibration's", () => {
  const watch = new DriftWatch([known(1), known(2)], alpha, 7);
  for (let i = 0; i < 30; i++) watch.take(i, [peak(1, i, 0.4), peak(2, i)]);
  assert.ok(watch.drifted);
});

test("warns falsely no more often than promised, over as many rounds as there are", () => {
  let warned = 0;
  for (let world = 0; world < 300; world++) {
    const watch = new DriftWatch([known(10 + world)], alpha, world);
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 60; i++) watch.take(i, [peak(10 + world, 1000 * round + i)]);
    }
    if (watch.drifted) warned++;
  }
  // 5 % are promised; above 26 of 300 would be a chance below 1 in 200.
  assert.ok(warned <= 26, `${warned} of 300`);
});

test("milder principals are no drift, and one that comes again and again counts once", () => {
  const milder = new DriftWatch([known(1)], alpha, 7);
  for (let i = 0; i < 200; i++) milder.take(i, [peak(1, i, -0.5)]);
  assert.ok(!milder.drifted);
  const alone = new DriftWatch([known(1)], alpha, 7);
  for (let i = 0; i < 500; i++) alone.take(5, [2]);
  assert.deepEqual([alone.drifted, alone.principals], [false, 1]);
});
