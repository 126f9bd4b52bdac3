import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Bucket } from "./gcra.ts";
import { logprobBits, predictionBits, vectorBits } from "./information.ts";
import { Account } from "./meters.ts";

test("over any schedule no more passes than the burst and what refilled since", () => {
  const steps = fc.array(
    fc.record({ after: fc.integer({ min: 0, max: 5000 }), units: fc.integer({ min: 1, max: 5 }) }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(steps, (schedule) => {
      const bucket = new Bucket(10, 10_000);
      const begin = 1_000_000;
      let now = begin;
      let passed = 0;
      for (const { after, units } of schedule) {
        now += after;
        if (bucket.waitMs(units, now) !== 0) continue;
        bucket.take(units, now);
        passed += units;
        assert.ok(passed <= 10 + (now - begin) / 1000 + 1e-6);
      }
    }),
  );
});

test("says how long to wait, and after that wait it passes", () => {
  const bucket = new Bucket(2, 1000);
  bucket.take(2, 0);
  assert.equal(bucket.waitMs(1, 0), 500);
  assert.equal(bucket.waitMs(1, 500), 0);
  assert.equal(bucket.waitMs(3, 500), undefined);
});

test("what was reserved and not used is given back", () => {
  const account = new Account({ outputTokensPerMinute: 100 });
  const cost = { inputTokens: 0, outputTokens: 100, informationBits: 0 };
  account.begin(cost, 0);
  assert.equal(account.shortage({ ...cost, outputTokens: 50 }, 0)?.resource, "output tokens");
  account.end(cost, { ...cost, outputTokens: 10 }, 0);
  assert.equal(account.shortage({ ...cost, outputTokens: 50 }, 0), undefined);
});

test("requests at once are counted until they end", () => {
  const account = new Account({ concurrent: 1 });
  const none = { inputTokens: 0, outputTokens: 0, informationBits: 0 };
  account.begin(none, 0);
  assert.equal(account.shortage(none, 0)?.resource, "requests at once");
  account.end(none, none, 0);
  assert.equal(account.shortage(none, 0), undefined);
});

test("each step of the dial gives away less than the one before", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 2000 }), fc.integer({ min: 1, max: 6 }), (classes, decimals) => {
      const full = predictionBits("full", classes);
      const rounded = predictionBits("rounded", classes, decimals);
      const top = predictionBits("top-k", classes, decimals);
      const label = predictionBits("label-only", classes);
      assert.ok(label <= top + 1e-6 && top <= rounded + 1e-6 && rounded <= full + 1e-6);
    }),
  );
});

test("the bounds are those of the formulas", () => {
  assert.equal(predictionBits("label-only", 8), 3);
  assert.equal(predictionBits("full", 10), 216);
  // C(10 + 2, 2) = 66 ways to deal ten parts to three classes.
  assert.ok(Math.abs(predictionBits("rounded", 3, 1) - Math.log2(66)) < 1e-3);
  assert.equal(logprobBits(5, 10, false), 1200);
  assert.equal(logprobBits(0, 1, true), 24);
  assert.equal(vectorBits(2), 48);
});
