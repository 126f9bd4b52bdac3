// Which engines a run of the tests is on. `OUTWEIGH_TEST_ENGINES=external` gives every server, database and event engine of a test
// one of its own in a PostgreSQL and a ClickHouse that are not ours; with `cluster`, the events are in three ClickHouse servers with a
// part of them each. The same suites, not a line of them different.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connectEngine } from "../store/engine/elsewhere.ts";
import { startEngine, type EventEngine } from "../store/engine/engine.ts";
import { aClickHouse, aCluster, clickhouseAt, clusterName, noClickHouse } from "./a-clickhouse.ts";
import { aPostgres, as, postgresAt, systemPostgres } from "./a-postgres.ts";

const variable = "OUTWEIGH_TEST_ENGINES";

/** What a server of a test is started with. */
export interface Named {
  readonly DATABASE_URL: string;
  readonly CLICKHOUSE_URL: string;
  readonly CLICKHOUSE_HUNTER_URL?: string;
  readonly CLICKHOUSE_CLUSTER?: string;
}

type Engines = "external" | "cluster";

export function isExternal(): boolean {
  return process.env[variable] === "external" || isClustered();
}

function isClustered(): boolean {
  return process.env[variable] === "cluster";
}

/**
 * Puts the rest of this process on external engines, for the suites that the default run takes twice. False, with a test that says
 * why it was skipped, where they run on them anyway or this machine has none.
 */
export async function chooseExternal(engines: Engines = "external"): Promise<boolean> {
  const links = mkdtempSync(join(tmpdir(), "outweigh-links-"));
  const bin = await systemPostgres(links);
  rmSync(links, { recursive: true });
  const why = isExternal()
    ? `${variable} is set: the suite itself runs on them`
    : bin === undefined
      ? "there is no PostgreSQL on this machine but npm's"
      : noClickHouse;
  if (why === undefined) process.env[variable] = engines;
  else test(`on ${engines} engines`, { skip: why }, () => undefined);
  return why === undefined;
}

interface Servers {
  /** Makes databases and accounts of their own, as the operators of both servers would for us. */
  named(): Promise<Named>;
  stop(): Promise<void>;
}

let servers: Promise<Servers> | undefined;
/** Data folder → its databases: a server that is started again finds what it left. */
const given = new Map<string, Promise<Named>>();

/** What a server with this data folder is to be told of its engines. Nothing: it starts its own. */
export async function enginesOf(dataDir: string): Promise<Named | Record<string, never>> {
  if (!isExternal()) return {};
  const known = given.get(dataDir) ?? begin().then((it) => it.named());
  given.set(dataDir, known);
  return known;
}

/** The address of an empty database of its own; undefined where a test starts its own PostgreSQL. */
export async function aDatabaseUrl(): Promise<string | undefined> {
  return isExternal() ? (await (await begin()).named()).DATABASE_URL : undefined;
}

/** An event engine of its own: started in a folder, or a database of the external one. */
export async function anEngine(folder: string): Promise<EventEngine> {
  if (!isExternal()) return startEngine(folder, () => undefined);
  const named = await (await begin()).named();
  return connectEngine({
    url: named.CLICKHOUSE_URL,
    hunterUrl: named.CLICKHOUSE_HUNTER_URL,
    cluster: named.CLICKHOUSE_CLUSTER,
  });
}

function begin(): Promise<Servers> {
  servers ??= startServers();
  return servers;
}

// Not a hook of the tests': those of this process that still use them must have ended.
process.once("beforeExit", () => void servers?.then((it) => it.stop()));

/** Those that this run was given by `OUTWEIGH_TEST_DATABASE_URL` and `OUTWEIGH_TEST_CLICKHOUSE_URL`, as operators; else some of its own. */
async function startServers(): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-engines-"));
  const { OUTWEIGH_TEST_DATABASE_URL: databaseUrl, OUTWEIGH_TEST_CLICKHOUSE_URL: clickhouseUrl } = process.env;
  const [postgres, clickhouse] = await Promise.all([
    databaseUrl === undefined ? aPostgres(join(folder, "postgres")) : postgresAt(databaseUrl),
    isClustered()
      ? aCluster(join(folder, "cluster"))
      : clickhouseUrl === undefined
        ? aClickHouse(join(folder, "clickhouse"))
        : clickhouseAt(clickhouseUrl),
  ]);
  const made: string[] = [];
  return {
    named: async () => {
      const { database, url, hunterUrl } = await clickhouse.hand();
      const account = { user: database, password: randomBytes(12).toString("hex"), database };
      await postgres.run(...inPostgres(account));
      made.push(database);
      return {
        DATABASE_URL: as(postgres.url, account),
        CLICKHOUSE_URL: url,
        // Every other one hunts with the account that it writes with.
        ...(made.length % 2 === 0 && { CLICKHOUSE_HUNTER_URL: hunterUrl }),
        ...(isClustered() && { CLICKHOUSE_CLUSTER: clusterName }),
      };
    },
    stop: async () => {
      for (const it of made) await postgres.run(`drop database ${it} with (force)`, `drop role ${it}`);
      await Promise.all([clickhouse.stop(), postgres.stop()]);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface Account {
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A role that owns nothing and may make a schema, in a database of somebody else's. */
function inPostgres({ user, password, database }: Account): string[] {
  return [
    `create role ${user} login password '${password}'`,
    `create database ${database}`,
    `grant connect, create on database ${database} to ${user}`,
  ];
}
