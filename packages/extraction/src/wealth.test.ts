import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { uniform } from "./hash.ts";
import { conformalP, cusum, logBet, logMean, shiryaevRoberts, stepRateWealth } from "./wealth.ts";

test("the bet is fair: its mean over a uniform p is at most 1", () => {
  const steps = 200_000;
  let sum = 0;
  for (let i = 0; i < steps; i++) sum += Math.exp(logBet((i + 0.5) / steps, 1e9));
  assert.ok(sum / steps <= 1 && sum / steps > 0.85, `mean ${sum / steps}`);
});

test("the bet grows as p falls, without a break where the series takes over", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-9, max: 1, noNaN: true }),
      fc.double({ min: 1e-9, max: 1, noNaN: true }),
      (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        assert.ok(logBet(low, 1e9) >= logBet(high, 1e9) - 1e-9);
      },
    ),
  );
  assert.ok(Math.abs(logBet(1, 1000) - Math.log(0.5)) < 1e-5);
});

test("p-values of exchangeable scores are uniform, ties or not", () => {
  const scores = Float64Array.from({ length: 199 }, (_, i) => Math.floor(uniform(1, i, 0) * 20)).sort();
  const bins = Array.from({ length: 10 }, () => 0);
  const draws = 20_000;
  for (let i = 0; i < draws; i++) {
    // The new score is one of the 200 that are exchangeable; take its place away from the calibration.
    const pick = Math.floor(uniform(2, i, 0) * 199);
    const rest = Float64Array.from([...scores.slice(0, pick), ...scores.slice(pick + 1)]);
    const p = conformalP(scores[pick] ?? 0, rest, uniform(3, i, 1));
    const bin = Math.min(9, Math.floor(p * 10));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  for (const it of bins) assert.ok(Math.abs(it - draws / 10) < 5 * Math.sqrt(draws / 10), bins.join(" "));
});

test("CUSUM starts over once evidence is lost; Shiryaev–Roberts adds up", () => {
  assert.equal(cusum(-3, 1), 1);
  assert.equal(cusum(2, -1), 1);
  const one = shiryaevRoberts(-Infinity, Math.log(2));
  assert.ok(Math.abs(Math.exp(one) - 2) < 1e-12);
  assert.ok(Math.abs(Math.exp(shiryaevRoberts(one, Math.log(3))) - 9) < 1e-9);
});

test("a gambler against an honest coin seldom gets rich", () => {
  let rich = 0;
  for (let path = 0; path < 2000; path++) {
    let wealth: number[] = [0, 0, 0, 0];
    for (let t = 0; t < 200; t++) {
      wealth = stepRateWealth(wealth, uniform(path, t, 7) < 0.05, 0.05);
      if (logMean(wealth) > Math.log(100)) {
        rich++;
        break;
      }
    }
  }
  assert.ok(rich <= 36, `${rich} of 2000 passed 100; Ville allows 20 on average, 36 is 3.5 standard deviations above`);
});
