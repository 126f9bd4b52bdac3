import assert from "node:assert/strict";
import { test } from "node:test";
import { learnJudge } from "./calibration.ts";
import { turnsP } from "./clocks.ts";
import { calibrateGroups, partitionP, retestGroup, type TimedQuery } from "./groups.ts";
import { mix, uniform } from "./hash.ts";

const stream = (who: number, shift = 0): TimedQuery[] =>
  Array.from({ length: 20 }, (_, t) => ({
    features: [0, 1, 2].map((i) => uniform(who, t, i) + 0.1 * uniform(who, 99, i) + shift),
    stratum: 0,
    time: t + uniform(who, t, 9),
  }));
const alpha = { num: 1, den: 100 };
const judge = learnJudge(
  Array.from({ length: 40 }, (_, i) => stream(i)),
  { strata: 1, alpha, horizon: 60, seed: 1 },
);
const groups = (n: number) =>
  Array.from({ length: n }, (_, g) => Array.from({ length: 4 }, (_, m) => stream(1000 + 4 * g + m)));

test("a link becomes evidence only when the group asks what benign groups do not", () => {
  const calibration = calibrateGroups(judge, groups(120), alpha);
  const honest = Array.from({ length: 4 }, (_, m) => stream(5000 + m));
  assert.deepEqual(retestGroup(calibration, honest), { state: "link-only" });
  const found = retestGroup(
    calibration,
    Array.from({ length: 4 }, (_, m) => stream(6000 + m, 0.8)),
  );
  assert.equal(found.state, "evidence");
});

test("with too few benign groups a re-test says that it cannot tell", () => {
  const calibration = calibrateGroups(judge, groups(50), alpha);
  assert.deepEqual(retestGroup(calibration, [stream(1, 5)]), { state: "calibrating" });
});

test("a pool dealt out overlaps less than chance; honest draws from one pool do not", () => {
  const dealt = Array.from({ length: 10 }, (_, m) => new Set(Array.from({ length: 40 }, (_, i) => m * 40 + i)));
  assert.ok(partitionP(dealt, 400) < 1e-9);
  const small = Array.from({ length: 200 }, (_, g) =>
    partitionP(
      Array.from({ length: 5 }, (_, m) => new Set(Array.from({ length: 40 }, (_, i) => mix(mix(g * 5 + m) ^ i) % 400))),
      400,
    ),
  );
  assert.ok(small.filter((it) => it < 0.05).length <= 20, "5 % of 200 are 10; 20 is 3.2 standard deviations above");
  assert.equal(partitionP([new Set([1]), new Set([2])], 1), 1, "a pool that cannot hold them says nothing");
});

test("taking turns is told from acting alone", () => {
  assert.ok(turnsP(Array.from({ length: 100 }, (_, t) => t % 5)) < 1e-5);
  const alone = Array.from({ length: 300 }, (_, g) =>
    turnsP(Array.from({ length: 100 }, (_, t) => Math.floor(uniform(g, t, 0) * 5))),
  );
  assert.ok(alone.filter((it) => it < 0.05).length <= 27, "5 % of 300 are 15; 27 is 3.2 standard deviations above");
  assert.equal(turnsP([1, 2, 1]), 1);
});
