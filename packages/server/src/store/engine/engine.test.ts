// The event engine as a process: who may do what in it, and what survives its death.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ClickHouseClient } from "@clickhouse/client";
import { anEvent } from "../../testing/an-event.ts";
import { aFolder, eventually } from "../../testing/a-server.ts";
import { prepareEvents } from "../event-tables.ts";
import { findEvents, insertEvents } from "../events.ts";
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
  // The engine says why, or ends the connection within the answer.
  assert.match(await asked(hunter, "select number from numbers(1000000)"), /max_result_rows|limit|aborted/i);
});

test("nobody signs in without a password, over the port that we listen on", async () => {
  const port = Number(/--http_port=(\d+)/.exec(readFileSync(`/proc/${enginePid()}/cmdline`, "utf8"))?.[1]);
  const answer = async (headers: Record<string, string>) =>
    (await fetch(`http://127.0.0.1:${port}/?query=select+count()+from+outweigh.event`, { headers })).status;
  assert.notEqual(await answer({}), 200);
  assert.notEqual(await answer({ authorization: `Basic ${btoa("app:")}` }), 200);
  assert.notEqual(await answer({ authorization: `Basic ${btoa("hunter:guess")}` }), 200);
});

test("any local user may sign in to the account without a password, and can neither stop the engine's listener nor take its memory", async () => {
  const port = Number(/--http_port=(\d+)/.exec(readFileSync(`/proc/${enginePid()}/cmdline`, "utf8"))?.[1]);
  const said = async (query: string, settings = "") => {
    const answer = await fetch(`http://127.0.0.1:${port}/?query=${encodeURIComponent(query)}${settings}`, {
      method: "POST",
    });
    return (await answer.text()).replaceAll("\n", " ");
  };
  for (const it of [
    "system stop listen http",
    "system stop listen queries all",
    "system start listen tcp",
    "show databases",
  ]) {
    assert.match(await said(it), /QUOTA_EXCEEDED|QUOTA_EXPIRED|ACCESS_DENIED/, it);
  }
  assert.match(await said("select count() from numbers(10)"), /QUOTA_EX/);
  assert.match(await said("select arrayMax(range(100000000))"), /MEMORY_LIMIT|QUOTA_EX|TOO_LARGE_ARRAY/);
  assert.match(await said("select 1", "&max_memory_usage=0"), /SETTING_CONSTRAINT_VIOLATION/);
  assert.equal(engine.restarts, 0);
  assert.equal((await find("")).total >= 0, true, "and it still answers");
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
