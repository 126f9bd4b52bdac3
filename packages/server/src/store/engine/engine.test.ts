// The event engine as a process: who may do what in it, and what survives its death.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ClickHouseClient } from "@clickhouse/client";
import { event, printFilter, type OcsfEvent } from "@outweigh/schema";
import { aFolder, eventually } from "../../testing/a-server.ts";
import {
  eventCondition,
  eventsById,
  eventsPerSource,
  findEvents,
  hunt,
  insertEvents,
  prepareEvents,
} from "../events.ts";
import { startEngine, type EventEngine } from "./engine.ts";

const folder = aFolder("engine");
let engine: EventEngine;

before(async () => {
  engine = await startEngine(folder.path, () => undefined);
  await prepareEvents(engine);
});
after(async () => {
  await engine.close();
  folder.remove();
});

function anEvent(id: string, over: Partial<OcsfEvent> = {}): OcsfEvent {
  return event.parse({
    id,
    source: "registry",
    time: 1_000,
    class_uid: 6006,
    category_uid: 6,
    activity_id: 2,
    type_uid: 600_602,
    severity_id: 1,
    metadata: { version: "1.8.0", product: { name: "test" } },
    principal: "ana",
    ...over,
  });
}

const find = (filter: string, limit = 100) => findEvents(engine, { filter, limit, now: 10_000 });

async function asked(client: ClickHouseClient, query: string): Promise<string> {
  try {
    await (await client.query({ query, format: "JSONEachRow" })).text();
    return "allowed";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The process of the engine that works in our folder. */
function enginePid(): number {
  const found = readdirSync("/proc").find((it) => {
    if (!/^\d+$/.test(it)) return false;
    try {
      return readlinkSync(`/proc/${it}/cwd`) === folder.path;
    } catch {
      return false;
    }
  });
  return Number(found);
}

test("the same event stored again counts once, for everybody", async () => {
  await insertEvents(engine, [anEvent("twice"), anEvent("once", { time: 2_000 })], 1);
  await insertEvents(engine, [anEvent("twice")], 2);
  const { items, total } = await find("source:registry");
  assert.deepEqual([items.map((it) => it.id), total], [["once", "twice"], 2]);
  assert.deepEqual(
    (await eventsById(engine, ["twice", "once"], { from: 0, to: 5_000 })).map((it) => it.id),
    ["twice", "once"],
  );
  assert.ok(((await eventsPerSource(engine, 0)).get("registry") ?? 0) >= 2);
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

test("a hunter reads events, and does nothing else", async () => {
  const { hunter } = engine;
  assert.equal(await asked(hunter, "select count() from outweigh.event"), "allowed");
  for (const query of [
    "drop table outweigh.event",
    "insert into outweigh.event (id) values ('x')",
    "alter table outweigh.event delete where 1",
    "create table outweigh.mine (a Int) engine = Memory",
    "select * from file('/etc/passwd', 'LineAsString')",
    "select * from url('http://127.0.0.1:1/', 'LineAsString')",
    "select * from executable('id', 'TabSeparated', 'a String')",
    "select * from system.users",
    "select * from system.processes",
    "select * from outweigh.migration into outfile '/tmp/x'",
    "system shutdown",
    "system stop listen http",
    "kill query where 1",
    "grant select on *.* to hunter",
  ]) {
    assert.notEqual(await asked(hunter, query), "allowed", query);
  }
});

test("a hunter cannot lift its limits", async () => {
  const { hunter } = engine;
  for (const setting of [
    "max_memory_usage = 0",
    "max_execution_time = 0",
    "max_result_rows = 0",
    "final = 0",
    "readonly = 0",
  ]) {
    assert.notEqual(await asked(hunter, `select 1 settings ${setting}`), "allowed", setting);
  }
  assert.match(await asked(hunter, "select number from numbers(1000000)"), /max_result_rows|limit/i);
});

test("nobody signs in without a password, over the port that we listen on", async () => {
  const port = Number(/--http_port=(\d+)/.exec(readFileSync(`/proc/${enginePid()}/cmdline`, "utf8"))?.[1]);
  const answer = async (headers: Record<string, string>) =>
    (await fetch(`http://127.0.0.1:${port}/?query=select+count()+from+outweigh.event`, { headers })).status;
  assert.notEqual(await answer({}), 200);
  assert.notEqual(await answer({ authorization: `Basic ${btoa("app:")}` }), 200);
  assert.notEqual(await answer({ authorization: `Basic ${btoa("hunter:guess")}` }), 200);
});

test("a query that nobody waits for is stopped in the engine, not only here", async () => {
  const sleeping = (name: string) =>
    `select sum(sleepEachRow(0.2)), '${name}' from numbers(40) settings max_block_size = 1`;
  const running = async (name: string) => {
    const answer = await engine.app.query({ query: "select query from system.processes", format: "JSONEachRow" });
    return (await answer.text()).includes(`'${name}' from numbers`);
  };
  // One that began before it and takes as long shows that it did not just end.
  const [stay, stop] = [new AbortController(), new AbortController()];
  const waited = assert.rejects(hunt(engine, sleeping("waited-for"), {}, stay.signal));
  assert.equal(await eventually(() => running("waited-for"), Boolean), true);
  const left = assert.rejects(hunt(engine, sleeping("left"), {}, stop.signal));
  assert.equal(await eventually(() => running("left"), Boolean), true);
  stop.abort();
  await left;
  assert.equal(
    await eventually(
      () => running("left"),
      (it) => !it,
    ),
    false,
  );
  assert.equal(await running("waited-for"), true);
  stay.abort();
  await waited;
});

test("killed, it is there again by itself, with everything that was acknowledged and new passwords", async () => {
  const before = (await find("")).total;
  const client = engine.app;
  await insertEvents(engine, [anEvent("acknowledged", { source: "k" })], 1);
  process.kill(enginePid(), "SIGKILL");
  assert.ok(
    await eventually(
      () => Promise.resolve(engine.restarts),
      (it) => it > 0,
    ),
  );
  const again = await eventually(
    () => find("source:k").catch(() => undefined),
    (it) => it !== undefined,
  );
  assert.equal(again?.total, 1);
  assert.equal((await find("")).total, before + 1);
  assert.notEqual(engine.app, client);
});

const starter = `
import { startEngine } from ${JSON.stringify(fileURLToPath(new URL("engine.ts", import.meta.url)))};
await startEngine(process.argv[1], () => {});
console.log("ready");`;

test("it ends with whoever started it", { skip: process.platform === "linux" ? false : "needs /proc" }, async (t) => {
  const other = aFolder("engine");
  t.after(() => other.remove());
  const child = spawn(
    process.execPath,
    ["--no-warnings", "--input-type=module-typescript", "-e", starter, other.path],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  await new Promise((done) => child.stdout.once("data", done));
  const isThere = () =>
    Promise.resolve(
      readdirSync("/proc").some((it) => {
        try {
          return (
            /^\d+$/.test(it) && readFileSync(`/proc/${it}/cmdline`, "utf8").includes(join(other.path, "config.xml"))
          );
        } catch {
          return false;
        }
      }),
    );
  assert.equal(await isThere(), true);
  child.kill("SIGKILL");
  assert.equal(await eventually(isThere, (it) => !it), false);
});
