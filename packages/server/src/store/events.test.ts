// Events in whichever event engine: what is written comes back, and is found.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { printFilter } from "@outweigh/schema";
import { anEvent } from "../testing/an-event.ts";
import { aFolder, eventually } from "../testing/a-server.ts";
import { anEngine } from "../testing/engines.ts";
import type { EventEngine } from "./engine/engine.ts";
import { prepareEvents, tableIn } from "./event-tables.ts";
import { eventCondition, eventsById, findEvents, hunt, insertEvents } from "./events.ts";

const folder = aFolder("events");
let engine: EventEngine;

before(async () => {
  engine = await anEngine(folder.path);
  await prepareEvents(engine);
});
after(async () => {
  await engine.close();
  folder.remove();
});

const find = (filter: string, limit = 100) => findEvents(engine, { filter, limit, now: 10_000 });

test("the same event stored again counts once, for everybody", async () => {
  await insertEvents(engine, [anEvent("twice"), anEvent("once", { time: 2_000 })], 1);
  await insertEvents(engine, [anEvent("twice")], 2);
  const { items, total } = await find("source:registry");
  assert.deepEqual([items.map((it) => it.id), total], [["once", "twice"], 2]);
  assert.deepEqual(
    (await eventsById(engine, ["twice", "once"], { from: 0, to: 5_000 })).map((it) => it.id),
    ["twice", "once"],
  );
});

test("an event comes back as it was, whatever stands in it", async () => {
  const hostile = anEvent("hostile", {
    source: "hostile",
    principal: "a\u0000b'\"\\\n\u202e{p0:String}",
    artifact: "s3://bucket/\ud800/key",
    time: 4_102_444_800_000_000,
    bytes: Number.MAX_SAFE_INTEGER,
    unmapped: { __proto__x: "1", deep: [[[["\ud800"]]]] },
  });
  await insertEvents(engine, [hostile], 1);
  const { items } = await find("source:hostile");
  assert.deepEqual(items, [hostile]);
  const named = { field: "principal", op: "=" as const, values: [hostile.principal], excluded: false };
  assert.equal((await find(printFilter([named]))).total, 1);
});

test("filters find what they say", async () => {
  await insertEvents(
    engine,
    [
      anEvent("f1", { source: "f", principal: "role/serve", bytes: 5, model: "m1", status_id: 1 }),
      anEvent("f2", {
        source: "f",
        principal: "role/other",
        bytes: 5_000,
        src_external: true,
        status_id: 2,
        time: 9_000,
      }),
    ],
    1,
  );
  const ids = async (filter: string) => (await find(`source:f ${filter}`)).items.map((it) => it.id).toSorted();
  assert.deepEqual(await ids("principal:role/serve"), ["f1"]);
  assert.deepEqual(await ids("principal:role/*"), ["f1", "f2"]);
  assert.deepEqual(await ids("-model:m1"), ["f2"]);
  assert.deepEqual(await ids("bytes:>=1kb"), ["f2"]);
  assert.deepEqual(await ids("external:true"), ["f2"]);
  assert.deepEqual(await ids("time:>1970-01-01T00:00:05Z"), ["f2"]);
  assert.deepEqual(await ids("ROLE/OTHER"), ["f2"], "a bare word, in any case, anywhere");
  assert.deepEqual(eventCondition("", 0), { sql: "1", params: {} });
});

test("a query that nobody waits for is stopped in the engine, not only here", async () => {
  const sleeping = (name: string) =>
    `select sum(sleepEachRow(0.2)), '${name}' from numbers(40) settings max_block_size = 1`;
  const running = async (name: string) => {
    const answer = await engine.app.query({ query: "select query from system.processes", format: "JSONEachRow" });
    return (await answer.text()).includes(`'${name}' from numbers`);
  };
  // One that began before it and takes as long shows that it did not just end: where this machine leaves both to their end, once more.
  let isShown = false;
  for (let n = 0; !isShown && n < 20; n++) {
    const [stay, stop] = [new AbortController(), new AbortController()];
    const waited = hunt(engine, sleeping(`waited-for-${n}`), {}, { signal: stay.signal }).catch(() => undefined);
    if (!(await eventually(() => running(`waited-for-${n}`), Boolean, 5_000))) continue;
    const left = hunt(engine, sleeping(`left-${n}`), {}, { signal: stop.signal }).then(
      () => "answered",
      () => "stopped",
    );
    const began = await eventually(() => running(`left-${n}`), Boolean, 5_000);
    stop.abort();
    const end = await left;
    const goesOn = await eventually(
      () => running(`left-${n}`),
      (it) => !it,
    );
    assert.equal(goesOn, false);
    isShown = began && end === "stopped" && (await running(`waited-for-${n}`));
    stay.abort();
    await waited;
  }
  assert.ok(isShown);
});

test("tables of before events were graded go on, and what they hold is found to have no grade", async () => {
  await insertEvents(engine, [anEvent("older", { source: "older" })], 1);
  const settings = { mutations_sync: "2" as const };
  for (const query of [
    `alter table ${tableIn(engine, "event")} drop column grade`,
    `alter table ${tableIn(engine, "migration")} delete where version >= 3`,
  ])
    await engine.app.command({ query, clickhouse_settings: settings });
  await prepareEvents(engine);
  await insertEvents(engine, [anEvent("newer", { source: "older", grade: "signed" })], 2);
  const ids = async (filter: string) => (await find(`source:older ${filter}`)).items.map((it) => it.id);
  assert.deepEqual(
    [await ids("grade:none"), await ids("grade:signed"), await ids("grade:plain")],
    [["older"], ["newer"], []],
  );
});
