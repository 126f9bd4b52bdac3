// The event engine's tables, and whose they are.
import type { ClickHouseClient } from "@clickhouse/client";
import { ServerError } from "../error.ts";
import type { EventEngine } from "./engine/engine.ts";
import { reasonOf } from "./reason.ts";

// Ids make events count once: the same (time, id) is one row for every query that reads with FINAL.
// On a cluster each server has a table for its part, and one named as everywhere that stands for all parts. The same id always goes to the
// same part, as long as there are as many.
const migrations: readonly ((engine: Part) => readonly string[])[] = [
  (engine) => [
    `create table if not exists ${partIn(engine)} (
    id String,
    time Int64 comment 'when it happened, ms since 1970',
    received Int64 comment 'when it was stored, ms since 1970',
    source LowCardinality(String),
    class_uid UInt32,
    activity_id UInt32,
    status_id UInt8,
    principal String,
    credential String,
    model LowCardinality(String),
    place String,
    part String,
    artifact String,
    operation LowCardinality(String),
    bytes UInt64,
    address String,
    agent String,
    external UInt8,
    doc String codec(ZSTD(1)),
    at DateTime64(3, 'UTC') alias fromUnixTimestamp64Milli(time, 'UTC'),
    index by_received received type minmax granularity 1,
    index by_id id type bloom_filter(0.01) granularity 1,
    index by_principal principal type bloom_filter(0.01) granularity 1,
    index by_model model type set(100) granularity 1,
    index by_address address type bloom_filter(0.01) granularity 1
  )
  engine = ReplacingMergeTree
  order by (time, id)
  settings fsync_after_insert = 1, fsync_part_directory = 1`,
    ...allParts(engine),
  ],
  (engine) => [
    `create table if not exists ${tableIn(engine, "cited")} (id String)
  engine = ReplacingMergeTree order by id`,
  ],
  // What was stored before records were graded has none.
  (engine) =>
    [partIn(engine), ...(engine.cluster ? [tableIn(engine, "event")] : [])].map(
      (it) => `alter table ${it} add column if not exists grade LowCardinality(String) after external`,
    ),
];

function allParts(engine: Part): string[] {
  if (!engine.cluster) return [];
  const names = [engine.cluster.name, engine.database, "event_part"].map(literal).join(", ");
  return [
    `create table if not exists ${tableIn(engine, "event")} as ${partIn(engine)} engine = Distributed(${names}, sipHash64(id))`,
  ];
}

/** The table with the events that lie on the server that is asked: all of them, unless there is a cluster. */
export function partIn(engine: Pick<EventEngine, "database" | "cluster">): string {
  return tableIn(engine, engine.cluster ? "event_part" : "event");
}

/** Each server that holds events: what is said of tables is said to each. */
export function partsOf(engine: EventEngine): readonly ClickHouseClient[] {
  return engine.cluster?.parts ?? [engine.app];
}

type Table = "event" | "event_part" | "cited" | "installation" | "migration";

/** One of our tables, as it stands in statements. */
export function tableIn({ database }: Pick<EventEngine, "database">, name: Table): string {
  return `${quoted(database)}.${name}`;
}

function quoted(name: string): string {
  return `\`${name.replace(/[\\`]/g, "\\$&")}\``;
}

/** What the first statements make, by name: somebody else's table of that name must not be taken for ours. */
const ours = ["event", "event_part", "installation"];

/**
 * Makes the database and brings its tables up to date. May run again at any time.
 *
 * `installation` names whose events these are: of two servers that are given one database, the second is refused, however often and
 * in whatever order they start. Not given for the embedded engine, whose folder belongs to one server already.
 *
 * @throws {ServerError} DATA_IN_USE when the database is another installation's or holds tables that are not ours, EVENTS_UNAVAILABLE
 * when the account lacks a right that it needs.
 */
export async function prepareEvents(engine: EventEngine, installation?: string): Promise<void> {
  try {
    for (const app of partsOf(engine)) await preparePart({ ...shapeOf(engine), app }, installation);
    if (engine.cluster) await checkCluster(engine);
  } catch (cause) {
    if (cause instanceof ServerError) throw cause;
    throw new ServerError("EVENTS_UNAVAILABLE", `the event tables cannot be prepared: ${reasonOf(cause)}`, { cause });
  }
}

/** One server's tables. */
interface Part extends Pick<EventEngine, "database" | "cluster" | "app"> {}

function shapeOf({ database, cluster }: EventEngine): Pick<EventEngine, "database" | "cluster"> {
  return { database, ...(cluster && { cluster }) };
}

async function preparePart(part: Part, installation: string | undefined): Promise<void> {
  await makeDatabase(part);
  await checkTables(part);
  if (installation !== undefined) await claim(part, installation);
  await migrate(part);
}

/** Every server can ask every other, and all of them are ours. */
async function checkCluster(engine: EventEngine): Promise<void> {
  const { cluster, database } = engine;
  for (const app of cluster?.parts ?? []) {
    const asked = app.query({ query: `select count() from ${tableIn(engine, "event")}`, format: "JSONEachRow" });
    await asked
      .then((it) => it.text())
      .catch((cause: unknown) => {
        const message = `a server of the cluster ${cluster?.name} cannot read ${database} on all others: ${reasonOf(cause)}; name one of each shard in CLICKHOUSE_URL`;
        throw new ServerError("EVENTS_UNAVAILABLE", message, { cause });
      });
  }
}

/** An account without the right to make databases is given one that is there already. */
async function makeDatabase(engine: Part): Promise<void> {
  const there = await rows(engine, "select name from system.databases where name = {name:String}");
  if (there.length === 0)
    await engine.app.command({ query: `create database if not exists ${quoted(engine.database)}` });
}

async function checkTables(engine: Part): Promise<void> {
  const tables = (await rows(engine, "select name from system.tables where database = {name:String}")).map(
    (it) => it.name,
  );
  const foreign = tables.includes("migration") ? [] : tables.filter((it) => ours.includes(it));
  if (foreign.length === 0) return checkLayout(engine, tables);
  const message = `the database ${engine.database} has a table ${foreign[0]} that Outweigh did not make: name another database in CLICKHOUSE_URL`;
  throw new ServerError("DATA_IN_USE", message);
}

/** Events of one server are not those of a cluster, nor the other way round: taken for them, some would never be seen again. */
function checkLayout({ cluster, database }: Part, tables: readonly string[]): void {
  const [wasOne, wasMany] = [tables.includes("event"), tables.includes("event_part")];
  if (cluster && wasOne && !wasMany)
    throw new ServerError(
      "DATA_IN_USE",
      `the database ${database} holds events of one server: back up, and restore into an empty cluster`,
    );
  if (!cluster && wasMany)
    throw new ServerError(
      "DATA_IN_USE",
      `the database ${database} holds one part of a cluster's events: name all its servers in CLICKHOUSE_URL, and it in CLICKHOUSE_CLUSTER`,
    );
}

/** Whoever makes the table is the owner: of several that try at once, the engine lets one make it, with that one's name in its comment. */
async function claim(engine: Part, id: string): Promise<void> {
  const table = tableIn(engine, "installation");
  await engine.app.command({
    query: `create table if not exists ${table} (since Int64) engine = MergeTree order by since comment ${literal(id)}`,
  });
  const made = "select comment as owner from system.tables where database = {name:String} and name = 'installation'";
  const owner = (await rows(engine, `select owner as name from (${made})`))[0]?.name;
  if (owner === id) return;
  const message =
    `the database ${engine.database} holds the events of another installation, ${owner}: name another database in CLICKHOUSE_URL, ` +
    `or, if that one is gone for good, run: drop table ${table}`;
  throw new ServerError("DATA_IN_USE", message);
}

/** Makes a database that another name was given the installation's: after a restore, it is the one that the backup was made of. */
export async function handOver(engine: EventEngine, installation: string): Promise<void> {
  const table = tableIn(engine, "installation");
  for (const app of partsOf(engine)) {
    const tables = await rows(
      { ...shapeOf(engine), app },
      "select name from system.tables where database = {name:String}",
    );
    if (!tables.some((it) => it.name === "installation")) continue;
    await app.command({ query: `alter table ${table} modify comment ${literal(installation)}` });
  }
}

function literal(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

async function migrate(engine: Part): Promise<void> {
  const { app, database } = engine;
  const table = tableIn(engine, "migration");
  await app.command({
    query: `create table if not exists ${table} (version UInt32) engine = MergeTree order by version`,
  });
  const answer = await app.query({
    query: `select max(version) as version from ${table}`,
    format: "JSONEachRow",
    clickhouse_settings: { final: 0 },
  });
  const [row] = await answer.json<{ version: number }>();
  const done = Number(row?.version ?? 0);
  if (done > migrations.length) {
    throw new ServerError(
      "EVENTS_UNAVAILABLE",
      `the tables in ${database} were made by a newer Outweigh: start that one`,
    );
  }
  for (const [i, statement] of migrations.entries()) {
    if (i < done) continue;
    for (const query of statement(engine)) await app.command({ query });
    await app.insert({ table, values: [{ version: i + 1 }], format: "JSONEachRow" });
  }
}

async function rows({ app, database }: Part, query: string): Promise<{ readonly name: string }[]> {
  const answer = await app.query({
    query,
    query_params: { name: database },
    format: "JSONEachRow",
    clickhouse_settings: { final: 0 },
  });
  return answer.json<{ name: string }>();
}
