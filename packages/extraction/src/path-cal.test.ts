import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { uniform } from "./hash.ts";
import { alarmLevel, levelAtTimes, alarmRank, certifiable, foundAmong, pathPValue, sharesOf } from "./path-cal.ts";

test("needs 99 principals for 1 %, 999 for 0.1 %", () => {
  assert.equal(alarmRank(98, { num: 1, den: 100 }), undefined);
  assert.equal(alarmRank(99, { num: 1, den: 100 }), 99);
  assert.equal(alarmRank(998, { num: 1, den: 1000 }), undefined);
  assert.equal(alarmRank(999, { num: 1, den: 1000 }), 999);
  assert.deepEqual(certifiable(42), { num: 1, den: 43 });
});

test("the rank is exact at the ranks where floating point is off by one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 400 }), (principals, percent) => {
      const rate = { num: percent, den: 1000 };
      const rank = alarmRank(principals, rate);
      // The smallest whole k with k >= (1 - alpha)(M + 1), compared in whole numbers.
      const enough = (k: number) => k * rate.den >= (rate.den - rate.num) * (principals + 1);
      if (rank === undefined) assert.ok(!enough(principals));
      else assert.ok(enough(rank) && !enough(rank - 1));
    }),
  );
});

test("a new principal passes the level no more often than promised", () => {
  // 4,000 calibrations of 99 principals with heavy-tailed peaks; the share of new ones above must be near 1 %.
  let above = 0;
  const draws = 4000;
  for (let round = 0; round < draws; round++) {
    const peaks = Array.from({ length: 99 }, (_, i) => 1 / uniform(round, i, 0));
    const level = alarmLevel(peaks, { num: 1, den: 100 });
    if (1 / uniform(round, 99, 0) > (level?.level ?? 0)) above++;
  }
  assert.ok(above <= 62, `${above} of ${draws}; 40 expected, 62 is 3.5 standard deviations above`);
  assert.ok(above >= 20, `${above} of ${draws}: the level is far too high`);
});

test("refuses what is no rate and what is no number", () => {
  for (const alpha of [
    { num: 0, den: 1 },
    { num: 1, den: 1 },
    { num: 0.5, den: 2 },
  ]) {
    assert.throws(() => alarmLevel([1], alpha), { name: "ExtractionError", code: "BAD_ALPHA" });
  }
  assert.throws(() => alarmLevel([Number.NaN], { num: 1, den: 2 }), { code: "BAD_CALIBRATION" });
});

test("ranks a path among benign ones, itself counted", () => {
  assert.equal(pathPValue(5, [1, 2, 3, 5]), 2 / 5);
  assert.equal(pathPValue(9, [1, 2, 3, 5]), 1 / 5);
});

test("deals the budget out in whole ranks that never sum to more", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 1, max: 9 }), (principals, num) => {
      const alpha = { num, den: 100 };
      const { strangeness, progress, lines } = sharesOf(principals, alpha);
      const ranks = [strangeness, progress, lines].map((it) => it?.num ?? 0);
      const sum = ranks.reduce((a, b) => a + b, 0);
      assert.equal(sum, Math.floor((num * (principals + 1)) / 100));
      assert.ok(progress === undefined || strangeness !== undefined, "strangeness comes first");
    }),
  );
  assert.deepEqual(sharesOf(799, { num: 1, den: 100 }), {
    strangeness: { num: 4, den: 800 },
    progress: { num: 3, den: 800 },
    lines: { num: 1, den: 800 },
  });
});

test("of those named among many candidates, few are false, however many are tested", () => {
  // 300 rounds of 12 candidates, 3 of them guilty: the share of the honest among the named stays near 5 %.
  const alpha = { num: 1, den: 20 };
  let share = 0;
  let guilty = 0;
  for (let round = 0; round < 300; round++) {
    const benign = Array.from({ length: 399 }, (_, i) => uniform(round, i, 0));
    const candidates = Array.from({ length: 12 }, (_, i) => (i < 3 ? 2 : uniform(round, i, 1)));
    const named = foundAmong(candidates, benign, alpha);
    share += named.filter((it) => it >= 3).length / Math.max(named.length, 1) / 300;
    guilty += named.filter((it) => it < 3).length;
  }
  assert.equal(guilty, 900);
  assert.ok(share <= 0.06, `${share}; at most 0.0375 are promised, 0.06 is above by three standard deviations`);
});

test("with too few benign peaks for so many candidates nobody is named alone", () => {
  const benign = Array.from({ length: 99 }, (_, i) => i);
  assert.deepEqual(foundAmong([1000, 1, 2], benign, { num: 1, den: 100 }), []);
  assert.deepEqual(foundAmong([1000], benign, { num: 1, den: 100 }), [0]);
  assert.deepEqual(foundAmong([], benign, { num: 1, den: 100 }), []);
});

test("a level at twice the rate is a level of the same peaks: lower, with twice as many of them above, and none where that is no rate", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(100_000), { minLength: 99, maxLength: 300 }),
      fc.integer({ min: 1, max: 20 }),
      (peaks, num) => {
        const usual = alarmLevel(peaks, { num, den: 100 });
        assert.ok(usual);
        const stricter = levelAtTimes(usual, peaks, 2);
        assert.deepEqual(stricter, alarmLevel(peaks, { num: 2 * num, den: 100 }));
        const above = (level: number) => peaks.filter((it) => it > level).length;
        // At most the promised share of the benign principals and the new one, as for every level.
        assert.ok(stricter && stricter.level < usual.level);
        assert.ok(above(stricter.level) <= (2 * num * (peaks.length + 1)) / 100);
        assert.ok(above(stricter.level) >= above(usual.level));
      },
    ),
  );
  assert.equal(levelAtTimes({ level: 1, alpha: { num: 1, den: 2 }, principals: 3 }, [1, 2, 3], 2), undefined);
});
