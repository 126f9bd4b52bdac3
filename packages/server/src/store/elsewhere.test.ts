// Engines that somebody else runs: what they need of their operators, what they are spared, and who is refused.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import pg from "pg";
import { aClickHouse, noClickHouse, type AClickHouse, type Handed } from "../testing/a-clickhouse.ts";
import { aPostgres, as, systemPostgres, type APostgres } from "../testing/a-postgres.ts";
import { accessLine, aFolder, aServer, eventually, signIn } from "../testing/a-server.ts";
import { connectEngine } from "./engine/elsewhere.ts";
import { prepareEvents } from "./event-tables.ts";
import { openState } from "./state/state.ts";

const folder = aFolder("elsewhere");
const bin = await systemPostgres(folder.path);
const skip = bin === undefined ? "there is no PostgreSQL on this machine but npm's" : (noClickHouse ?? false);
let postgres: APostgres;
let clickhouse: AClickHouse;

before(async () => {
  if (skip !== false) return;
  [postgres, clickhouse] = await Promise.all([
    aPostgres(join(folder.path, "postgres")),
    aClickHouse(join(folder.path, "clickhouse")),
  ]);
});
after(async () => {
  if (skip === false) await Promise.all([postgres.stop(), clickhouse.stop()]);
  folder.remove();
});

let count = 0;
/** A database and a role that may do in it what `may` grants. */
async function aDatabase(may: "create" | "connect" = "create") {
  const name = `db_${count++}`;
  const account = { user: name, password: "pg-secret", database: name };
  await postgres.run(`create role ${name} login password 'pg-secret'`, `create database ${name}`);
  await postgres.run(`grant connect, ${may} on database ${name} to ${name}`);
  const inside = new URL(as(postgres.url, { database: name }));
  const run = async (statement: string) => {
    const client = new pg.Client({ connectionString: String(inside) });
    await client.connect();
    return client.query(statement).finally(() => client.end());
  };
  return { url: as(postgres.url, account), name, run };
}

const envOf = (url: string, { url: clickhouseUrl }: Pick<Handed, "url">) => ({
  DATABASE_URL: url,
  CLICKHOUSE_URL: clickhouseUrl,
});

const configuration = {
  models: [{ name: "acme-13b", class: "private" as const, places: ["hf:acme/acme-13b"], bytes: 1_000_000 }],
  sources: [{ name: "registry", kind: "http-access" as const }],
};

/** Starts a server in a folder of its own, and ends it with the test. */
async function running(t: TestContext, env: Record<string, string>) {
  const own = aFolder("server");
  t.after(() => own.remove());
  const server = await aServer(join(own.path, "data"), configuration, { env });
  t.after(() => server.close());
  return { server, data: join(own.path, "data") };
}

test(
  "CLICKHOUSE_URL and DATABASE_URL replace both engines, and of two servers on them the second is refused",
  { skip },
  async (t) => {
    const [database, events] = [await aDatabase(), await clickhouse.hand()];
    const env = envOf(database.url, events);
    const { server, data } = await running(t, env);
    assert.deepEqual(server.engines, { events: "CLICKHOUSE_URL", state: "DATABASE_URL" });
    assert.equal(existsSync(join(data, "events")) || existsSync(join(data, "state")), false);
    const headers = { authorization: `Bearer ${server.token("registry")}` };
    await fetch(`${server.url}/api/ingest/registry`, { method: "POST", headers, body: accessLine("a.safetensors") });
    const visitor = await signIn(server.openUrl);
    const total = async () => (await visitor.get("/api/events?filter=principal:old-ci")).body.total;
    assert.equal(await eventually(total, (it) => it === 1), 1);

    await assert.rejects(running(t, env), {
      code: "DATA_IN_USE",
      message: /another Outweigh server works on this database/,
    });
    const other = await aDatabase();
    await assert.rejects(running(t, envOf(other.url, events)), {
      code: "DATA_IN_USE",
      message: new RegExp(
        `the database ${events.database} holds the events of another installation, outweigh/[0-9a-f]+`,
      ),
    });
    assert.equal(await total(), 1, "the first one works on");
  },
);

test("other tables in the same databases are neither used nor touched, whatever their names", { skip }, async (t) => {
  const [database, events] = [await aDatabase(), await clickhouse.hand()];
  for (const it of ["incident", "session", "log", "kysely_migration", "kysely_migration_lock"]) {
    await database.run(`create table ${it} (name text); insert into ${it} values ('theirs')`);
  }
  await clickhouse.run(`create table ${events.database}.orders (n UInt8) engine = MergeTree order by n`);
  const { server } = await running(t, envOf(database.url, events));
  assert.equal((await (await signIn(server.openUrl)).get("/api/incidents")).body.total, 0);
  for (const it of ["incident", "session", "log", "kysely_migration"]) {
    assert.deepEqual((await database.run(`select * from public.${it}`)).rows, [{ name: "theirs" }], it);
  }
});

test("a database with tables of our names that are not ours is refused, by name", { skip }, async (t) => {
  const [database, events] = [await aDatabase(), await clickhouse.hand()];
  await clickhouse.run(`create table ${events.database}.event (n UInt8) engine = MergeTree order by n`);
  const starting = running(t, envOf(database.url, events));
  await assert.rejects(starting, { code: "DATA_IN_USE", message: /has a table event that Outweigh did not make/ });
  const second = await aDatabase();
  await second.run(
    `create schema outweigh; create table outweigh.theirs (n int); grant all on schema outweigh to ${second.name}`,
  );
  await assert.rejects(openState("", second.url), {
    code: "DATA_IN_USE",
    message: /holds tables that Outweigh did not make/,
  });
});

test("a role that may make no schema is told what its owner has to run; then it may", { skip }, async () => {
  const database = await aDatabase("connect");
  const advice = await openState("", database.url).then(
    () => "",
    (error: unknown) => (error instanceof Error ? error.message : ""),
  );
  assert.match(advice, /may not make tables in db_\d+: let its owner run: create schema/);
  await database.run(advice.slice(advice.indexOf("create schema")));
  await (await openState("", database.url)).close();
});

test(
  "an account without the right to make databases is refused where there is none, with the right that it needs",
  { skip },
  async (t) => {
    const events = await clickhouse.hand();
    await clickhouse.run(`drop database ${events.database}`);
    const engine = await connectEngine({ url: events.url });
    t.after(() => engine.close());
    await assert.rejects(prepareEvents(engine, "a"), {
      code: "EVENTS_UNAVAILABLE",
      message: /cannot be prepared: .*CREATE DATABASE/,
    });
    await clickhouse.run(`create database ${events.database}`);
    await prepareEvents(engine, "a");
  },
);

test("of installations that claim one event database, however often and at once, one gets it", { skip }, async (t) => {
  const events = await clickhouse.hand();
  const engine = await connectEngine({ url: events.url });
  t.after(() => engine.close());
  const ids = ["a", "b", "c", "d", "e"];
  const first = await Promise.allSettled(ids.map((it) => prepareEvents(engine, it)));
  const winners = ids.filter((_, i) => first[i]?.status === "fulfilled");
  assert.equal(winners.length, 1, first.map((it) => (it.status === "rejected" ? String(it.reason) : "won")).join("\n"));
  const again = await Promise.allSettled(ids.map((it) => prepareEvents(engine, it)));
  assert.deepEqual(
    ids.filter((_, i) => again[i]?.status === "fulfilled"),
    winners,
  );
});

test(
  "who loses the database to another server stops using it, and goes on when it is free again",
  { skip },
  async (t) => {
    const database = await aDatabase();
    const first = await openState("", database.url);
    t.after(() => first.close());
    const ask = () => first.db.selectFrom("source").select("name").execute();
    await ask();
    // As a broken line or an operator does it. The lock goes with its session, and another server may be quicker.
    const end = "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid = 79117";
    let second: Awaited<ReturnType<typeof openState>> | undefined;
    for (let tries = 0; !second && tries < 500; tries++) {
      await postgres.run(end);
      second = await openState("", database.url).catch(() => undefined);
    }
    assert.ok(second, "the second server was never quicker");
    const problem = () => Promise.resolve(first.problem ?? "");
    const notOurs = /another Outweigh server works on this database/;
    assert.match(await eventually(problem, (it) => notOurs.test(it)), notOurs);
    await assert.rejects(ask(), { code: "STATE_UNAVAILABLE", message: notOurs });
    await second.close();
    const isBack = () =>
      ask().then(
        () => true,
        () => false,
      );
    assert.equal(await eventually(isBack, (it) => it), true);
  },
);

const secret = "s3cr3t-p4ss";

for (const [what, over] of [
  ["a port where nobody is", { DATABASE_URL: `postgres://me:${secret}@127.0.0.1:1/db` }],
  ["a host that is none", { DATABASE_URL: `postgres://me:${secret}@no-such-host.invalid/db` }],
  ["no address at all", { DATABASE_URL: `postgres://me:${secret}@[::1/db` }],
  [
    "a certificate that is not there",
    { DATABASE_URL: `postgres://me:${secret}@127.0.0.1:1/db?sslmode=verify-full&sslrootcert=/none` },
  ],
  ["an event engine where nobody is", { CLICKHOUSE_URL: `http://me:${secret}@127.0.0.1:1/db` }],
  ["an event engine without a scheme", { CLICKHOUSE_URL: `me:${secret}@127.0.0.1:8123` }],
  ["an event engine at no address", { CLICKHOUSE_URL: `http://me:${secret}@[::1` }],
  ["an event engine by another protocol", { CLICKHOUSE_URL: `tcp://me:${secret}@127.0.0.1:9000` }],
  ["an event engine with a path of two", { CLICKHOUSE_URL: `http://me:${secret}@127.0.0.1:1/a/b` }],
] as const) {
  test(`${what} is said with its reason, and no password stands in the error or the log`, { skip }, async (t) => {
    const own = aFolder("bad");
    t.after(() => own.remove());
    const env = { DATABASE_URL: (await aDatabase()).url, ...over };
    const error = await aServer(own.path, {}, { env }).then(
      () => assert.fail("it started"),
      (it: unknown) => it,
    );
    assert.ok(error instanceof Error && "code" in error);
    assert.ok(["STATE_UNAVAILABLE", "EVENTS_UNAVAILABLE"].includes(String(error.code)), String(error));
    const log = () => readFileSync(join(own.path, "server.log"), "utf8");
    await eventually(
      () => Promise.resolve(log()),
      (it) => it.includes("the start failed"),
    );
    assert.doesNotMatch(`${error.message} ${error.stack} ${JSON.stringify(error)} ${log()}`, /s3cr3t|pg-secret/);
    assert.equal(existsSync(join(own.path, "server.json")), false, "the folder is free again");
  });
}

test("a wrong password is refused by either, and not repeated", { skip }, async () => {
  const database = await aDatabase();
  const wrong = as(database.url, { password: secret });
  await assert.rejects(openState("", wrong), {
    code: "STATE_UNAVAILABLE",
    message: /^(?!.*s3cr3t).*password authentication failed/,
  });
  const events = as((await clickhouse.hand()).url, { password: secret });
  await assert.rejects(connectEngine({ url: events }), {
    code: "EVENTS_UNAVAILABLE",
    message: /^(?!.*s3cr3t).*Authentication failed/,
  });
});

test("a ClickHouse that is too old is refused with its version", async (t) => {
  const old = createServer((_, answer) => answer.end('{"version":"21.8.1.1"}\n')).listen(0, "127.0.0.1");
  t.after(() => old.close());
  await new Promise((done) => old.once("listening", done));
  const { port } = old.address() as AddressInfo;
  await assert.rejects(connectEngine({ url: `http://127.0.0.1:${port}` }), {
    code: "EVENTS_UNAVAILABLE",
    message: /ClickHouse "21\.8\.1\.1": 23\.8 or newer is needed/,
  });
});
