import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { learnJudge, setLevels, type Peak } from "./calibration.ts";
import { uniform } from "./hash.ts";
import { capLevels, standing } from "./life-cycle.ts";
import { Meter } from "./meter.ts";
import type { Query } from "./query.ts";
import { digestOf, freeze, signSnapshot, thaw } from "./snapshot.ts";

const alpha = { num: 1, den: 100 };
const ceilings = { strangeness: 6, learnt: 2, budget: 0.7 };
const queries = (who: number): Query[] =>
  Array.from({ length: 30 }, (_, t) => ({ features: [uniform(who, t, 0), uniform(who, t, 1)], stratum: 0 }));
const judge = learnJudge(
  Array.from({ length: 10 }, (_, i) => queries(i)),
  { strata: 1, alpha, horizon: 30, seed: 1 },
);
const peaks = (n: number, lift = 0): Peak[] =>
  Array.from({ length: n }, (_, i) => ({ strangeness: lift + 3 * uniform(i, n, 5), progress: 0, lines: 1 }));

test("a thawed calibration reads as the frozen one did, and its bytes are the same again", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const calibration = setLevels(judge, peaks(120), alpha);
  const frozen = freeze(calibration);
  const thawed = thaw(frozen, signSnapshot(frozen, privateKey), publicKey);
  assert.equal(digestOf(freeze(thawed)), digestOf(frozen));
  assert.deepEqual(
    signSnapshot(frozen, (it) => signSnapshot(it, privateKey)),
    signSnapshot(frozen, privateKey),
  );
  const [one, two] = [new Meter(calibration), new Meter(thawed)];
  for (const it of queries(50)) assert.deepEqual(two.step(it), one.step(it));
});

test("reads nothing that is not signed by the key", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const frozen = freeze(setLevels(judge, peaks(120), alpha));
  const signature = signSnapshot(frozen, privateKey);
  const changed = Uint8Array.from(frozen);
  changed[100] = (changed[100] ?? 0) ^ 1;
  for (const [bytes, by] of [
    [changed, publicKey],
    [frozen, generateKeyPairSync("ed25519").publicKey],
  ] as const) {
    assert.throws(() => thaw(bytes, signature, by), { code: "BAD_CALIBRATION" });
  }
});

test("pages nobody while it cannot keep the promise", () => {
  assert.equal(standing(setLevels(judge, peaks(98), alpha), alpha, ceilings).state, "calibrating");
  assert.equal(standing(setLevels(judge, peaks(99), alpha), alpha, ceilings).state, "ready");
  assert.equal(standing(setLevels(judge, peaks(120, 9), alpha), alpha, ceilings).state, "calibrating");
});

test("learning lowers a level, and never lifts it above the ceiling", () => {
  assert.equal(capLevels(setLevels(judge, peaks(120, 50), alpha), ceilings).levels.strangeness?.level, 6);
  const calm = setLevels(judge, peaks(120), alpha);
  assert.equal(capLevels(calm, ceilings).levels.strangeness?.level, calm.levels.strangeness?.level);
});
