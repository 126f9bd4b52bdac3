import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { betaCdf, betaQuantile, clopperPearson, lnGamma, realisedRate, wilson } from "./statistics.ts";

const near = (a: number, b: number, tolerance = 1e-4) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b}`);

test("agrees with published values", () => {
  near(lnGamma(0.5), Math.log(Math.PI) / 2, 1e-10);
  near(lnGamma(11), Math.log(3_628_800), 1e-9);
  // Clopper and Pearson 1934, as in every table: 0 of 280, 2 of 300, 6 of 6.
  near(clopperPearson(0, 280)[1], 0.0131, 1e-4);
  near(clopperPearson(2, 300)[0], 0.0008, 1e-4);
  near(clopperPearson(2, 300)[1], 0.0239, 1e-4);
  near(clopperPearson(6, 6)[0], 0.5407, 1e-4);
  near(wilson(50, 100)[0], 0.4038, 1e-3);
});

test("the distribution function and the quantile are inverse", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.001, max: 0.999, noNaN: true }),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 300 }),
      (p, a, b) => near(betaCdf(betaQuantile(p, a, b), a, b), p, 1e-6),
    ),
  );
});

test("one calibration set may really have more than the promised rate, and we know how much", () => {
  near(realisedRate(99, 99), 0.0298, 1e-3);
  near(realisedRate(999, 990), 0.0157, 1e-3);
});
