// Engines that somebody else runs, and engines that die: the same server on top.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { aClickHouse } from "../testing/a-clickhouse.ts";
import { accessLine, aFolder, aServer, eventually, signIn } from "../testing/a-server.ts";
import { startPostgres } from "./state/postgres.ts";

const configuration = {
  models: [{ name: "acme-13b", class: "private" as const, places: ["hf:acme/acme-13b"], bytes: 1_000_000 }],
  sources: [{ name: "registry", kind: "http-access" as const }],
};
const linuxOnly =
  process.platform === "linux" && process.arch === "x64" ? false : "the embedded engine comes for Linux x64";

test("CLICKHOUSE_URL and DATABASE_URL replace both engines", { skip: linuxOnly }, async (t) => {
  const folder = aFolder("elsewhere");
  const clickhouse = await aClickHouse(join(folder.path, "clickhouse"));
  const postgres = await startPostgres(join(folder.path, "postgres"));
  const closing: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const close of closing) await close();
    clickhouse.stop();
    await postgres.close();
    folder.remove();
  });
  for (const hunter of [undefined, clickhouse.hunterUrl]) {
    const data = join(folder.path, hunter === undefined ? "one" : "two");
    const env = { CLICKHOUSE_URL: clickhouse.url, CLICKHOUSE_HUNTER_URL: hunter, DATABASE_URL: postgres.url };
    const server = await aServer(data, configuration, { env });
    closing.push(() => server.close());
    assert.deepEqual(server.engines, { events: "CLICKHOUSE_URL", state: "DATABASE_URL" });
    assert.equal(existsSync(join(data, "events")) || existsSync(join(data, "state")), false);
    const headers = { authorization: `Bearer ${server.token("registry")}` };
    const user = hunter === undefined ? "first" : "second";
    await fetch(`${server.url}/api/ingest/registry`, {
      method: "POST",
      headers,
      body: accessLine("a.safetensors", { user }),
    });
    const visitor = await signIn(server.openUrl);
    const total = async () => (await visitor.get(`/api/events?filter=principal:${user}`)).body.total;
    assert.equal(
      await eventually(total, (it) => it === 1),
      1,
      readFileSync(join(data, "server.log"), "utf8").slice(-2000),
    );
    if (hunter === undefined) {
      const second = aServer(join(folder.path, "three"), configuration, { env });
      await assert.rejects(second, { code: "DATA_IN_USE", message: /another Outweigh server works on this database/ });
    }
    await server.close();
  }
});

test("a database that is not there is said, with its reason", { skip: linuxOnly }, async (t) => {
  const folder = aFolder("nowhere");
  t.after(() => folder.remove());
  const starting = aServer(folder.path, {}, { env: { DATABASE_URL: "postgres://a:b@127.0.0.1:1/c" } });
  await assert.rejects(starting, { code: "STATE_UNAVAILABLE", message: /ECONNREFUSED/ });
  assert.equal(existsSync(join(folder.path, "server.json")), false, "the folder is free again");
});

test(
  "either engine may die at any time: it comes back, and nothing is lost or counted twice",
  { skip: linuxOnly },
  async (t) => {
    const folder = aFolder("dying");
    const data = join(folder.path, "data");
    const server = await aServer(data, configuration);
    t.after(async () => {
      await server.close();
      folder.remove();
    });
    const visitor = await signIn(server.openUrl);
    const headers = { authorization: `Bearer ${server.token("registry")}` };
    let sent = 0;
    for (let round = 0; round < 6; round++) {
      const lines = Array.from({ length: 50 }, () => accessLine(`n${sent++}.safetensors`)).join("\n");
      const answer = await fetch(`${server.url}/api/ingest/registry`, { method: "POST", headers, body: lines });
      assert.equal(answer.status, 200, "what is sent is taken, whatever the engines do");
      const pid = await eventually(
        () => Promise.resolve(round % 2 === 0 ? postmaster(data) : engineOf(data)),
        (it) => it > 0,
      );
      kill(pid);
    }
    const source = async () => (await visitor.get("/api/sources?filter=name:registry")).body?.items?.[0];
    assert.equal((await eventually(source, (it) => it?.events === sent))?.events, sent);
    const total = async () => (await visitor.get("/api/events?filter=source:registry")).body.total;
    assert.equal(await eventually(total, (it) => it === sent), sent);
    assert.equal((await visitor.get("/api/models/acme-13b")).body.coalition.bytes, sent * 100);
    const { chain } = (await visitor.get("/api/evidence")).body;
    assert.equal(chain.ok, true, chain.problem);
  },
);

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It was just ending from the blow before.
  }
}

/** Its process, or NaN while there is none. */
function postmaster(data: string): number {
  const lock = join(data, "state", "db", "postmaster.pid");
  return existsSync(lock) ? Number(readFileSync(lock, "utf8").split("\n")[0]) : Number.NaN;
}

function engineOf(data: string): number {
  const folder = join(data, "events");
  const found = readdirSync("/proc").find((it) => {
    try {
      return /^\d+$/.test(it) && readlinkSync(`/proc/${it}/cwd`) === folder;
    } catch {
      return false;
    }
  });
  return Number(found);
}
