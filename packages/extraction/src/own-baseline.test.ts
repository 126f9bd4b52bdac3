import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { uniform } from "./hash.ts";
import { OwnBaseline } from "./own-baseline.ts";

test("a principal that stays itself passes 1/alpha within n queries with probability at most alpha n", () => {
  // alpha n = 300 / 30,000: 1 % of 1,000 principals.
  let passed = 0;
  for (let who = 0; who < 1000; who++) {
    const own = new OwnBaseline(who);
    const highest = Math.max(...Array.from({ length: 300 }, (_, t) => own.step(uniform(who, t, 1))));
    if (highest > Math.log(30_000)) passed++;
  }
  assert.ok(passed <= 22, `${passed} of 1,000; 10 are promised, 22 is 3.8 standard deviations above`);
});

test("a takeover by stranger or by milder scores is noticed within tens of queries", () => {
  for (const shift of [1, -1]) {
    for (let who = 0; who < 20; who++) {
      const own = new OwnBaseline(who);
      for (let t = 0; t < 250; t++) own.step(uniform(who, t, 1));
      const after = Array.from({ length: 90 }, (_, t) => own.step(uniform(who, 250 + t, 1) + shift));
      assert.ok(
        after.some((it) => it > Math.log(30_000)),
        `principal ${who}, shift ${shift}`,
      );
    }
  }
});

test("a restored baseline goes on as the first does", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 65_535 }), { maxLength: 600 }), fc.nat(600), (scores, cut) => {
      const whole = new OwnBaseline(7);
      const first = new OwnBaseline(7);
      const expected = scores.map((it) => whole.step(it)).slice(cut);
      for (const it of scores.slice(0, cut)) first.step(it);
      const second = new OwnBaseline(7);
      second.restore(JSON.parse(JSON.stringify(first.snapshot())));
      assert.deepEqual(
        scores.slice(cut).map((it) => second.step(it)),
        expected,
      );
    }),
    { numRuns: 40 },
  );
});
