// One model's numeric queries, without a gateway around them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { calibrate, type Query } from "@outweigh/extraction";
import { watchedTimes } from "./calibration-file.ts";
import { NumericWatch } from "./numeric-watch.ts";

const horizon = 40;

/** A made-up user: points around the centre, two classes by the first coordinate's sign. */
function stream(seed: number): Query[] {
  let state = seed + 1;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Array.from({ length: horizon }, () => {
    const features = Array.from({ length: 4 }, () => random() - 0.5);
    const p = 1 / (1 + Math.exp(-4 * (features[0] ?? 0)));
    return { features, stratum: p > 0.5 ? 0 : 1, probabilities: [p, 1 - p] };
  });
}

const streams = Array.from({ length: 120 }, (_, i) => stream(i));
const single = calibrate(
  { reference: streams.slice(0, 20), paths: streams.slice(20) },
  { strata: 2, alpha: { num: 1, den: 100 }, horizon, seed: 1 },
);
const strangest = Math.max(...single.peaks.map((it) => it.strangeness));
/** By its own calibration just not above the level: twice the rate is passed by it alone. */
const closest = streams[20 + single.peaks.findIndex((it) => it.strangeness === strangest)] ?? assert.fail();

function found(queries: readonly Query[], watchedUntil: number) {
  const watch = new NumericWatch({ name: "clf", failClosed: false }, { kind: "numeric", single, groups: [] }, () => {});
  watch.watchedUntil = watchedUntil;
  return queries.flatMap((query, i) => watch.step({ slot: 1, origin: 0, time: i }, query).found);
}

test("whoever is just not above a level is told while the model is watched, once, with the share that this level promises", () => {
  assert.deepEqual(found(closest, 0), []);
  const [only, ...others] = found(closest, horizon);
  assert.deepEqual([only?.finding, only?.watched, others], ["novel-queries", true, []]);
  const { alpha } = single.levels.strangeness ?? assert.fail();
  assert.equal(only?.alpha, (watchedTimes * alpha.num) / alpha.den);
  assert.ok(only && only.value > (only.level ?? Infinity) && only.value <= (single.levels.strangeness?.level ?? 0));
});

test("the stricter level ends with its time, by the queries' own", () => {
  const at = found(closest, horizon)[0]?.time ?? assert.fail();
  assert.equal(found(closest, at + 1).length, 1);
  // From there on nothing of the watch is left; what is above it already at this time is not told.
  assert.deepEqual(found(closest.slice(0, at + 1), at), []);
});

test("of a hundred benign principals two at most are above the stricter level, and whoever passes the usual one is told by that", () => {
  const told = streams.slice(20).filter((it) => found(it, horizon).length > 0);
  assert.ok(told.length >= 1 && told.length <= 2, `${told.length} of 100`);
  const far = closest.map((it) => ({ ...it, features: Array.from(it.features, (x) => x + 8) }));
  const both = found(far, horizon).filter((it) => it.finding === "novel-queries");
  assert.ok(both.some((it) => it.watched !== true && it.level === single.levels.strangeness?.level));
  assert.equal(new Set(both.map((it) => it.watched ?? false)).size, both.length, "each of them once");
});
