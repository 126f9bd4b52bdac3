import assert from "node:assert/strict";
import { test } from "node:test";
import { watchedKind } from "@outweigh/schema";
import fc from "fast-check";
import {
  maxWatched,
  spanOf,
  subjectKey,
  watchOf,
  watchStep,
  type Subject,
  type WatchList,
  type WatchStep,
} from "./watch-list.ts";

const none: WatchList = new Map();
const run = (...steps: readonly WatchStep[]): WatchList => steps.reduce(watchStep, none);
const model = (name: string): Subject => ({ kind: "model", name });
const confirmed = (incident: string, from: number, until: number, ...subjects: readonly Subject[]): WatchStep => ({
  kind: "confirmed",
  subjects,
  theft: { incident, from, until },
});
const [a, b, c] = [model("a"), { kind: "host", name: "a" } as const, { kind: "place", name: "a" } as const];

test("what took part in a confirmed theft is watched until its time is over: a host is not the model of its name", () => {
  const list = run(confirmed("i1", 10, 100, a, b));
  assert.deepEqual(
    [watchOf(list, a), watchOf(list, b)],
    [
      { from: 10, until: 100 },
      { from: 10, until: 100 },
    ],
  );
  assert.equal(watchOf(list, c), undefined);
  assert.equal(watchStep(list, { kind: "passed", now: 99 }), list);
  assert.equal(watchStep(list, { kind: "passed", now: 100 }).size, 0);
});

test("a model stolen twice is watched for as long as the later theft says", () => {
  const list = run(confirmed("i1", 10, 100, a), confirmed("i2", 50, 140, a));
  assert.deepEqual(watchOf(list, a), { from: 10, until: 140 });
  assert.deepEqual(watchOf(watchStep(list, { kind: "passed", now: 120 }), a), { from: 50, until: 140 });
  assert.deepEqual(watchOf(watchStep(list, { kind: "withdrawn", incident: "i2" }), a), { from: 10, until: 100 });
});

test("a person ends the watch of one; a verdict that is taken back ends it for all of them", () => {
  const list = run(confirmed("i1", 10, 100, a, b));
  assert.deepEqual([...watchStep(list, { kind: "ended", subject: a }).keys()], [subjectKey(b)]);
  assert.equal(watchStep(list, { kind: "withdrawn", incident: "i1" }).size, 0);
  assert.equal(watchStep(list, { kind: "withdrawn", incident: "i9" }), list);
});

test("confirmed again, its time starts anew; a time that ends before it begins watches nothing", () => {
  const again = run(confirmed("i1", 10, 100, a), confirmed("i1", 60, 150, a));
  assert.deepEqual(watchOf(again, a), { from: 60, until: 150 });
  assert.equal(run(confirmed("i1", 10, 10, a)).size, 0);
});

test("of more hosts than are watched, those of the latest thefts stay; models are never left out", () => {
  const many = (kind: Subject["kind"], by: string) =>
    Array.from({ length: maxWatched }, (_, i): Subject => ({ kind, name: `${by}-${i}` }));
  const list = run(
    confirmed("i1", 10, 100, ...many("host", "old"), ...many("model", "old")),
    confirmed("i2", 20, 110, { kind: "host", name: "new" }, model("new")),
  );
  const of = (kind: Subject["kind"]) => [...list.values()].filter((it) => it.kind === kind);
  assert.equal(of("host").length, maxWatched);
  assert.deepEqual(watchOf(list, { kind: "host", name: "new" }), { from: 20, until: 110 });
  assert.equal(of("model").length, maxWatched + 1);
});

const aSubject = fc.record({ kind: fc.constantFrom(...watchedKind.options), name: fc.constantFrom("a", "b") });
const aStep = fc.oneof(
  fc
    .record({ i: fc.nat(3), from: fc.nat(50), ms: fc.nat(50), subjects: fc.array(aSubject, { maxLength: 4 }) })
    .map(({ i, from, ms, subjects }) => confirmed(`i${i}`, from, from + ms, ...subjects)),
  fc.nat(3).map((i): WatchStep => ({ kind: "withdrawn", incident: `i${i}` })),
  aSubject.map((subject): WatchStep => ({ kind: "ended", subject })),
  fc.nat(100).map((now): WatchStep => ({ kind: "passed", now })),
);

test("whatever happens: nothing without a theft, nothing after its time, and each step done twice is done once", () => {
  fc.assert(
    fc.property(fc.array(aStep, { maxLength: 30 }), fc.nat(100), (steps, now) => {
      const list = run(...steps);
      for (const [key, it] of list) {
        assert.equal(key, subjectKey(it));
        assert.ok(it.thefts.length > 0);
        assert.equal(new Set(it.thefts.map((one) => one.incident)).size, it.thefts.length);
      }
      const [last] = steps.slice(-1);
      if (last) assert.deepEqual([...watchStep(list, last)], [...list]);
      const later = watchStep(list, { kind: "passed", now });
      for (const it of later.values()) assert.ok(spanOf(it).until > now);
    }),
  );
});
