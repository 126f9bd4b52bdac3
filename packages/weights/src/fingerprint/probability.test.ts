import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../testing/random-model.ts";
import { lnFactorial, lnGeometricMerge, lnNormalTail, lnOrderMerge, probabilityOf } from "./probability.ts";

test("the normal tail agrees with published values", () => {
  // Abramowitz and Stegun 1964, tables 26.1 and 26.2; the last two from -ln Q(x) of table 26.2.
  const table: readonly (readonly [number, number])[] = [
    [0, Math.log(0.5)],
    [1, Math.log(0.15865525393145707)],
    [1.96, Math.log(0.024997895148220435)],
    [3, Math.log(0.0013498980316300933)],
    [5, Math.log(2.8665157187919391e-7)],
    [10, -23.11805 * Math.LN10],
    [50, -544.96634 * Math.LN10],
  ];
  for (const [z, expected] of table) assert.ok(Math.abs(lnNormalTail(z) - expected) < 1e-4, `${z}: ${lnNormalTail(z)}`);
  assert.ok(Math.abs(lnNormalTail(-3) - Math.log1p(-0.0013498980316300933)) < 1e-9);
});

test("the normal tail falls everywhere, also where series and fraction meet", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -7, max: 60, noNaN: true }),
      fc.double({ min: 1e-3, max: 1, noNaN: true }),
      (z, more) => {
        assert.ok(lnNormalTail(z + more) <= lnNormalTail(z));
      },
    ),
  );
});

test("ln n! is that of small factorials, and of 64!", () => {
  assert.equal(lnFactorial(0), 0);
  assert.ok(Math.abs(lnFactorial(5) - Math.log(120)) < 1e-12);
  assert.ok(Math.abs(lnFactorial(64) - 205.168199482641) < 1e-9);
});

test("merged p-values stay p-values, whether the tests are independent or all the same", () => {
  const random = new Random(1);
  const runs = 4000;
  for (const same of [false, true]) {
    let geometric = 0;
    let third = 0;
    for (let run = 0; run < runs; run++) {
      const one = Math.log(random.uniform());
      const lnP = Array.from({ length: 20 }, () => (same ? one : Math.log(random.uniform())));
      if (lnGeometricMerge(lnP) <= Math.log(0.05)) geometric++;
      if (lnOrderMerge(lnP, 3, 20) <= Math.log(0.05)) third++;
    }
    assert.ok(geometric / runs <= 0.06, `geometric mean: ${geometric} of ${runs}`);
    assert.ok(third / runs <= 0.06, `third smallest: ${third} of ${runs}`);
  }
});

test("a probability is never 0, and never above 1", () => {
  assert.equal(probabilityOf(0.5), 1);
  assert.ok(Math.abs(probabilityOf(Math.log(0.25)) - 0.25) < 1e-12);
  assert.ok(probabilityOf(-1e6) > 0);
});

test("nothing tested is no evidence", () => {
  assert.equal(lnGeometricMerge([]), 0);
  assert.equal(lnOrderMerge([-100, -100], 3, 2), 0);
});
