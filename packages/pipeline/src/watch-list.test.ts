import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { watchOf, watchStep, type WatchList, type WatchStep } from "./watch-list.ts";

const none: WatchList = new Map();
const theft = (incident: string, from: number, until: number) => ({ incident, from, until });
const run = (...steps: readonly WatchStep[]): WatchList => steps.reduce(watchStep, none);
const confirmed = (incident: string, from: number, until: number, ...models: readonly string[]): WatchStep => ({
  kind: "confirmed",
  models,
  theft: theft(incident, from, until),
});

test("a confirmed theft has its models watched until its time is over", () => {
  const list = run(confirmed("i1", 10, 100, "a", "b"));
  assert.deepEqual(watchOf(list, "a"), { from: 10, until: 100 });
  assert.equal(watchOf(list, "c"), undefined);
  assert.equal(watchStep(list, { kind: "passed", now: 99 }), list);
  assert.equal(watchStep(list, { kind: "passed", now: 100 }).size, 0);
});

test("a model stolen twice is watched for as long as the later theft says", () => {
  const list = run(confirmed("i1", 10, 100, "a"), confirmed("i2", 50, 140, "a"));
  assert.deepEqual(watchOf(list, "a"), { from: 10, until: 140 });
  assert.deepEqual(watchOf(watchStep(list, { kind: "passed", now: 120 }), "a"), { from: 50, until: 140 });
  assert.deepEqual(watchOf(watchStep(list, { kind: "withdrawn", incident: "i2" }), "a"), { from: 10, until: 100 });
});

test("a person ends the watch of one model; a verdict that is taken back ends it for all of them", () => {
  const list = run(confirmed("i1", 10, 100, "a", "b"));
  assert.deepEqual([...watchStep(list, { kind: "ended", model: "a" }).keys()], ["b"]);
  assert.equal(watchStep(list, { kind: "withdrawn", incident: "i1" }).size, 0);
  assert.equal(watchStep(list, { kind: "withdrawn", incident: "i9" }), list);
});

test("confirmed again, its time starts anew; a time that ends before it begins watches nothing", () => {
  assert.deepEqual(watchOf(run(confirmed("i1", 10, 100, "a"), confirmed("i1", 60, 150, "a")), "a"), {
    from: 60,
    until: 150,
  });
  assert.equal(run(confirmed("i1", 10, 10, "a")).size, 0);
});

const aStep = fc.oneof(
  fc
    .record({ i: fc.nat(3), from: fc.nat(50), ms: fc.nat(50), models: fc.subarray(["a", "b", "c"]) })
    .map(({ i, from, ms, models }) => confirmed(`i${i}`, from, from + ms, ...models)),
  fc.nat(3).map((i): WatchStep => ({ kind: "withdrawn", incident: `i${i}` })),
  fc.constantFrom("a", "b", "c").map((model): WatchStep => ({ kind: "ended", model })),
  fc.nat(100).map((now): WatchStep => ({ kind: "passed", now })),
);

test("whatever happens: no model without a theft, none after its time, and each step done twice is done once", () => {
  fc.assert(
    fc.property(fc.array(aStep, { maxLength: 30 }), fc.nat(100), (steps, now) => {
      const list = run(...steps);
      for (const [model, thefts] of list) {
        assert.ok(thefts.length > 0);
        assert.equal(new Set(thefts.map((it) => it.incident)).size, thefts.length);
        assert.ok(watchOf(list, model));
      }
      const [last] = steps.slice(-1);
      if (last) assert.deepEqual([...watchStep(list, last)], [...list]);
      const later = watchStep(list, { kind: "passed", now });
      for (const model of later.keys()) assert.ok((watchOf(later, model)?.until ?? 0) > now);
    }),
  );
});
