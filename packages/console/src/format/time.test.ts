import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ago, agoInWords, clock, date, span, stamp } from "./time.ts";

const at = Date.UTC(2026, 10, 25, 9, 12, 4);

test("writes a length of time in its two largest units", () => {
  const min = 60_000;
  assert.deepEqual(
    [0, 48_000, 11 * min, 60 * min, 192 * min, 24 * 60 * min, 51 * 60 * min, 40 * 24 * 60 * min].map((it) => span(it)),
    ["0 s", "48 s", "11 min", "1 h", "3 h 12 min", "1 d", "2 d 3 h", "40 d"],
  );
});

test("no length of time shows 60 minutes or 24 hours", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 11 }), (ms) => {
      assert.doesNotMatch(span(ms), /\b(?:60 s|60 min|24 h)\b/);
    }),
  );
});

test("says how long ago in one unit, and when a clock runs ahead", () => {
  const now = at + 38 * 60_000;
  assert.equal(ago(at, now), "38 min");
  assert.equal(ago(now - 4000, now), "now");
  assert.equal(ago(now + 30_000, now), "now");
  assert.equal(ago(now + 5 * 60_000, now), "in 5 min");
  assert.equal(ago(now - 47 * 3_600_000, now), "1 d");
  assert.deepEqual(
    [at, now - 4000, now + 5 * 60_000].map((it) => agoInWords(it, now)),
    ["38 min ago", "now", "in 5 min"],
  );
});

test("writes absolute times with their zone", () => {
  assert.equal(clock(at, "utc"), "09:12:04");
  assert.equal(date(at, "utc"), "2026-11-25");
  assert.equal(stamp(at, "utc"), "2026-11-25 09:12:04 UTC");
  assert.match(stamp(at, "local"), /^2026-11-2[456] \d\d:\d\d:04 UTC([+−]\d+(:\d\d)?)?$/);
});
