// What many events have in common, in whichever event engine.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { maxBars } from "@outweigh/schema";
import fc from "fast-check";
import { anEvent } from "../testing/an-event.ts";
import { aFolder } from "../testing/a-server.ts";
import { anEngine } from "../testing/engines.ts";
import type { EventEngine } from "./engine/engine.ts";
import { prepareEvents } from "./event-tables.ts";
import { eventCondition, insertEvents } from "./events.ts";
import { barOf, exactly, summarise, summariseBeside } from "./summary.ts";

const folder = aFolder("summary");
let engine: EventEngine;

before(async () => {
  engine = await anEngine(folder.path);
  await prepareEvents(engine);
});
after(async () => {
  await engine.close();
  folder.remove();
});

const now = 1_800_000_000_000;

test("events are counted over time and by a field, each once", async () => {
  const at = (minutes: number) => now - 3_600_000 + minutes * 60_000;
  const all = [
    anEvent("s1", { source: "s", principal: "ana", bytes: 10, time: at(0) }),
    anEvent("s2", { source: "s", principal: "ana", bytes: 5, time: at(1) }),
    anEvent("s3", { source: "s", principal: "ben", time: at(59) }),
  ];
  await insertEvents(engine, all, 1);
  await insertEvents(engine, all, 2);
  const told = await summarise(engine, { of: eventCondition("source:s", now), by: "principal" });
  assert.deepEqual(
    { ...told, bars: told.bars.map(({ events }) => events) },
    {
      events: 3,
      firstAt: at(0),
      lastAt: at(59),
      barMs: 30_000,
      bars: [1, 1, 1],
      by: "principal",
      values: [
        { value: "ana", events: 2, bytes: 15, firstAt: at(0), lastAt: at(1) },
        { value: "ben", events: 1, bytes: 0, firstAt: at(59), lastAt: at(59) },
      ],
      different: 2,
    },
  );
});

test("no event is told as none, and a field that the source does not fill as empty", async () => {
  const none = await summarise(engine, { of: eventCondition("source:nobody", now), by: "principal" });
  assert.deepEqual([none.events, none.bars, none.values, none.firstAt], [0, [], [], undefined]);
  await insertEvents(engine, [anEvent("e1", { source: "empty" })], 1);
  const { values } = await summarise(engine, { of: eventCondition("source:empty", now), by: "model" });
  assert.deepEqual(
    values.map(({ value, events }) => [value, events]),
    [["", 1]],
  );
});

test("an entity's events are its own: a star in its name is no wildcard", async () => {
  const named = (id: string, principal: string) => anEvent(id, { source: "star", principal });
  await insertEvents(engine, [named("x1", "eve*"), named("x2", "eve-of-finance")], 1);
  const { values } = await summarise(engine, { of: exactly("principal", "eve*"), by: "source" });
  assert.deepEqual(
    values.map(({ value, events }) => [value, events]),
    [["star", 1]],
  );
});

test("bars always cover what there is, and are never more than can be drawn", () => {
  const times = fc.integer({ min: 0, max: 4_102_444_800_000_000 });
  fc.assert(
    fc.property(times, times, (a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const ms = barOf(from, to);
      const bars = Math.floor(to / ms) - Math.floor(from / ms) + 1;
      assert.ok(bars >= 1 && bars <= maxBars, `${bars} bars of ${ms} ms`);
    }),
  );
});

test("what stands beside an entity is counted field by field, with no more values than are shown", async () => {
  const all = Array.from({ length: 60 }, (_, i) =>
    anEvent(`b${i}`, {
      source: "beside",
      principal: "fay",
      model: i % 3 === 0 ? "m1" : "m2",
      place: `p${i % 30}`,
      time: now + i,
    }),
  );
  await insertEvents(engine, all, 1);
  const of = exactly("principal", "fay");
  const { summary, beside } = await summariseBeside(engine, { of, by: "source", beside: ["model", "place", "agent"] });
  assert.deepEqual([summary.events, summary.bars.length > 0, summary.values.length], [60, true, 1]);
  assert.equal(
    summary.bars.reduce((sum, it) => sum + it.events, 0),
    60,
  );
  const [model, place, agent] = beside;
  assert.deepEqual(
    model?.values.map((it) => [it.value, it.events]),
    [
      ["m2", 40],
      ["m1", 20],
    ],
  );
  assert.deepEqual([place?.values.length, place?.different], [20, 30]);
  assert.deepEqual([agent?.values.length, agent?.values[0]?.value], [1, ""]);
  const none = await summariseBeside(engine, {
    of: exactly("principal", "nobody at all"),
    by: "source",
    beside: ["model"],
  });
  assert.deepEqual([none.summary.events, none.beside], [0, [{ by: "model", values: [], different: 0 }]]);
});
