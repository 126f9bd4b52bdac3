// ClickHouse servers that are not ours to start, for tests of `CLICKHOUSE_URL`: the embedded engine's library, run by the test itself,
// with an operator's account, and accounts that the operator made. One, or several that are a cluster: each listens for the others.
import { spawn, type ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { configXml, huntLimits, usersXml } from "../store/engine/settings.ts";
import { ended, isRunning } from "../store/process.ts";
import { aPort } from "./a-port.ts";
import { as } from "./a-postgres.ts";

/** What the operator hands out. */
export interface Handed {
  readonly database: string;
  /** Of an account that may write and read this database, and not make others. */
  readonly url: string;
  /** Of one that may only read it, under limits. */
  readonly hunterUrl: string;
}

export interface AClickHouse {
  /** Signs in as its operator. */
  readonly url: string;
  /** Runs statements as the operator. */
  run(...statements: string[]): Promise<void>;
  /** Makes an empty database with its accounts. */
  hand(): Promise<Handed>;
  stop(): Promise<void>;
}

/** Why there is none here; undefined where there is. */
export const noClickHouse =
  process.platform === "linux" && process.arch === "x64" ? undefined : "the event engine comes for Linux x64";

/** Accounts of one that we start: it reads them from a file at its start, and takes no more. */
const maxHanded = 40;

/** Opens the listeners, then waits: the engine lives as long as its first query. */
const keepAlive =
  "SYSTEM START LISTEN HTTP; SELECT sleepEachRow(3) FROM numbers(1000000) FORMAT Null " +
  "SETTINGS max_block_size = 1, final = 0, function_sleep_max_microseconds_per_block = 0";
/** How long a server may take to answer, in ms, on a machine that has other work. */
const startMs = 240_000;
/** As the servers of a test call themselves together. */
export const clusterName = "shards";

/** Where one server listens: for us, and for the other servers of its cluster. */
interface Ports {
  readonly http: number;
  readonly tcp: number;
}

/** What one server is started with. */
interface Settled {
  readonly folder: string;
  readonly ports: Ports;
  readonly password: string;
  /** Of its cluster: all of them, and what they know each other by. Empty where it is alone. */
  readonly shards: readonly Ports[];
}

/** Writes what a server reads at its start. */
function settle({ folder, ports, password, shards }: Settled): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const users = usersXml({ app: randomBytes(12).toString("hex"), hunter: randomBytes(12).toString("hex") });
  const names = Array.from({ length: maxHanded }, (_, i) => nameOf(i));
  const more = [
    account("operator", password, "default", ["ALL ON *.* WITH GRANT OPTION"]),
    ...names.flatMap((it) => both(it, password)),
  ];
  writeFileSync(join(folder, "users.xml"), clustered(users, shards).replace("<users>", `<users>${more.join("")}`));
  const all = shards.map(
    ({ tcp }) =>
      `<shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host><port>${tcp}</port></replica></shard>`,
  );
  const cluster =
    shards.length === 0
      ? ""
      : `<tcp_port>${ports.tcp}</tcp_port><remote_servers><${clusterName}><secret>${password}</secret>${all.join("")}</${clusterName}></remote_servers>`;
  writeFileSync(join(folder, "config.xml"), configXml(folder).replace("</clickhouse>", `${cluster}</clickhouse>`));
}

/** The engine as a library may end when another server hangs up on it, which it does less often with plain sockets. */
function clustered(users: string, shards: readonly Ports[]): string {
  if (shards.length === 0) return users;
  const plain = "<async_socket_for_remote>0</async_socket_for_remote><use_hedged_requests>0</use_hedged_requests>";
  // One statement more to begin with: see `usersXml`.
  const quota = users.replace("<queries>2</queries>", "<queries>3</queries>");
  return quota.replace("<default><max", `<default>${plain}<max`).replace("<hunt>", `<hunt>${plain}`);
}

/** Starts a server whose folder is settled. Resolves when it answers. */
async function startOne({ folder, ports, shards }: Settled): Promise<ChildProcess> {
  const library = createRequire(import.meta.url).resolve("@chdb/lib-linux-x64-gnu/libchdb.so");
  const launcher = fileURLToPath(new URL("../store/engine/launcher.ts", import.meta.url));
  const args = [
    `--config-file=${folder}/config.xml`,
    `--path=${folder}/db`,
    `--http_port=${ports.http}`,
    "--listen_host=127.0.0.1",
    `--query=${shards.length === 0 ? "" : "SYSTEM START LISTEN TCP; "}${keepAlive}`,
  ];
  const command = [launcher, library, String(process.pid), ...args];
  const child = spawn(process.execPath, command, { stdio: "ignore", cwd: folder });
  // Tests that forget to stop it end all the same, and it with them.
  child.unref();
  const isUp = () =>
    fetch(`http://127.0.0.1:${ports.http}/ping`).then(
      (it) => it.ok,
      () => false,
    );
  for (const until = Date.now() + startMs; !(await isUp());) {
    if (!isRunning(child)) throw new Error(`it ended with ${child.exitCode}`);
    if (Date.now() > until) throw new Error(`it does not answer at ${ports.http}`);
    await new Promise((done) => setTimeout(done, 20));
  }
  return child;
}

/** A server that runs until it is stopped. */
class Service {
  readonly #settled: Settled;
  #child: ChildProcess | undefined;
  #starting: Promise<void> = Promise.resolve();

  constructor(settled: Settled) {
    this.#settled = settled;
  }

  start(): Promise<void> {
    this.#starting = this.#run();
    return this.#starting;
  }

  async stop(): Promise<void> {
    await this.#starting.catch(() => undefined);
    const child = this.#child;
    this.#child = undefined;
    if (child) await end(child);
  }

  async #run(): Promise<void> {
    // A lock that a killed one left behind.
    await rm(join(this.#settled.folder, "db", "status"), { force: true });
    const child = await startOne(this.#settled);
    this.#child = child;
    child.once("exit", () => {
      if (this.#child === child) this.start().catch(() => undefined);
    });
  }
}

async function end(child: ChildProcess): Promise<void> {
  child.ref();
  child.kill("SIGKILL");
  await ended(child);
}

/** Several servers with a part of the events each. */
export interface ACluster extends AClickHouse {
  /** Ends the server of a shard as an accident would. */
  kill(shard: number): Promise<void>;
  /** Starts it again, where it was. */
  restart(shard: number): Promise<void>;
}

/** A cluster of so many shards, with one server each, started again like any service if it ends by itself. What is handed out names all of them. */
export async function aCluster(folder: string, count = 3): Promise<ACluster> {
  const password = randomBytes(12).toString("hex");
  const shards: Ports[] = [];
  for (let i = 0; i < count; i++) shards.push({ http: await aPort(), tcp: await aPort() });
  const all = shards.map((ports, i) => ({ folder: join(folder, `shard-${i}`), ports, password, shards }));
  for (const it of all) settle(it);
  const services = all.map((it) => new Service(it));
  await Promise.all(services.map((it) => it.start()));
  const urls = shards.map(({ http }) => `http://operator:${password}@127.0.0.1:${http}`);
  const run: AClickHouse["run"] = async (...statements) => {
    for (const it of urls) await runAt(it)(...statements);
  };
  let handed = 0;
  return {
    url: urls.join(","),
    run,
    hand: async () => {
      const user = nameOf(handed++);
      await run(`create database ${user}`);
      const each = urls.map((it) => urlsOf(it, { user, password, database: user }));
      return {
        database: user,
        url: each.map((it) => it.url).join(","),
        hunterUrl: each.map((it) => it.hunterUrl).join(","),
      };
    },
    kill: async (shard) => services[shard]?.stop(),
    restart: async (shard) => services[shard]?.start(),
    stop: async () => {
      await Promise.all(services.map((it) => it.stop()));
    },
  };
}

export async function aClickHouse(folder: string): Promise<AClickHouse> {
  const password = randomBytes(12).toString("hex");
  const port = await aPort();
  const settled: Settled = { folder, ports: { http: port, tcp: 0 }, password, shards: [] };
  settle(settled);
  const child = await startOne(settled);
  const url = `http://operator:${password}@127.0.0.1:${port}`;
  const run = runAt(url);
  let handed = 0;
  return {
    url,
    run,
    hand: async () => {
      const user = nameOf(handed++);
      await run(`create database ${user}`);
      return urlsOf(url, { user, password, database: user });
    },
    stop: () => end(child),
  };
}

/** One that somebody else runs, where accounts are made by statements, and taken away at the end. */
export function clickhouseAt(url: string): AClickHouse {
  const run = runAt(url);
  const made: string[] = [];
  return {
    url,
    run,
    hand: async () => {
      const name = nameOf(made.length);
      const password = randomBytes(12).toString("hex");
      made.push(name);
      await run(
        `create database ${name}`,
        `create user ${name} identified by '${password}'`,
        `grant select, insert, create table, alter on ${name}.* to ${name}`,
        `grant select on system.processes, kill query on *.* to ${name}`,
        `create user ${name}_hunter identified by '${password}' settings readonly = 2, max_execution_time = ${huntLimits.maxExecutionTime} const`,
        `grant select on ${name}.* to ${name}_hunter`,
      );
      return urlsOf(url, { user: name, password, database: name });
    },
    stop: async () => {
      for (const it of made) await run(`drop database ${it}`, `drop user if exists ${it}, ${it}_hunter`);
    },
  };
}

function nameOf(n: number): string {
  return `outweigh_test_${process.pid}_${n}`;
}

function urlsOf(url: string, given: { user: string; password: string; database: string }): Handed {
  const { user, database } = given;
  return { database, url: as(url, given), hunterUrl: as(url, { ...given, user: `${user}_hunter` }) };
}

function runAt(url: string): AClickHouse["run"] {
  const { origin, username, password } = new URL(url);
  const authorization = `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}`;
  return async (...statements) => {
    for (const body of statements) {
      const answer = await fetch(origin, { method: "POST", body, headers: { authorization } });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${body}: ${text}`);
    }
  };
}

function both(name: string, password: string): string[] {
  const own = [
    `SELECT, INSERT, CREATE TABLE, ALTER ON ${name}.*`,
    "TABLE ENGINE ON MergeTree, TABLE ENGINE ON ReplacingMergeTree, TABLE ENGINE ON Distributed",
  ];
  const all = ["SELECT ON system.processes", "KILL QUERY ON *.*"];
  return [
    account(name, password, "default", [...own, ...all]),
    account(`${name}_hunter`, password, "hunt", [`SELECT ON ${name}.*`]),
  ];
}

function account(name: string, password: string, profile: string, grants: readonly string[]): string {
  const digest = createHash("sha256").update(password).digest("hex");
  return (
    `<${name}><password_sha256_hex>${digest}</password_sha256_hex><networks><ip>127.0.0.1</ip></networks>` +
    `<profile>${profile}</profile><quota>default</quota>` +
    `<grants>${grants.map((it) => `<query>GRANT ${it}</query>`).join("")}</grants></${name}>`
  );
}
