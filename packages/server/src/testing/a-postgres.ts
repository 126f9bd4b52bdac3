// A PostgreSQL that is not ours to start, for tests of `DATABASE_URL`: the system's own, run by the test on a port of loopback.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { ended, isRunning, spawnGuarded } from "../store/process.ts";
import { aPort } from "./a-port.ts";
import { accountFor, installations } from "../store/state/installation.ts";

export interface APostgres {
  /** Signs in as its superuser. */
  readonly url: string;
  /** Runs statements as the superuser. */
  run(...statements: string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Its settings beside the usual ones: what is lost when the machine dies is not tested here. */
const settings = { fsync: "off", max_connections: "200", shared_buffers: "32MB", unix_socket_directories: "" };

/** The folder with its programs; undefined where the system has none. */
export async function systemPostgres(links: string): Promise<string | undefined> {
  return (await installations(links)).find((it) => it.from !== "embedded")?.bin;
}

export async function aPostgres(folder: string, over: Readonly<Record<string, string>> = {}): Promise<APostgres> {
  mkdirSync(folder, { recursive: true });
  const bin = await systemPostgres(join(folder, "links"));
  if (bin === undefined) throw new Error("there is no PostgreSQL on this machine but npm's: install postgresql");
  const password = randomBytes(12).toString("hex");
  const secret = join(folder, "superuser");
  const data = join(folder, "data");
  writeFileSync(secret, password, { mode: 0o600 });
  mkdirSync(data, { mode: 0o700 });
  // As root it runs as somebody else, who has to pass the test's folder.
  if (process.getuid?.() === 0) for (const it of [dirname(folder), folder]) chmodSync(it, 0o711);
  const account = await accountFor([folder, bin]);
  const files = [secret, data, ...Object.values(over).filter((it) => it.startsWith(folder))];
  if (account) for (const it of files) chownSync(it, account.uid, account.gid);
  const identity = account && { uid: account.uid, gid: account.gid };
  const initdb = [
    "-D",
    data,
    "-U",
    "operator",
    `--pwfile=${secret}`,
    "-A",
    "scram-sha-256",
    "--no-sync",
    "-E",
    "UTF8",
    "--locale=C",
  ];
  await promisify(execFile)(join(bin, "initdb"), initdb, { cwd: folder, ...identity });
  const port = await aPort();
  const options = Object.entries({ ...settings, ...over, listen_addresses: "127.0.0.1", port: String(port) });
  const child = spawnGuarded({
    command: [join(bin, "postgres"), "-D", data, ...options.flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    signal: "INT",
    output: openSync(join(folder, "log"), "a"),
    ...identity,
  });
  // Tests that forget to stop it end all the same, and it with them.
  child.unref();
  const it = postgresAt(`postgres://operator:${password}@127.0.0.1:${port}/postgres`);
  const isUp = () =>
    it.run("select 1").then(
      () => true,
      () => false,
    );
  while (!(await isUp())) {
    if (!isRunning(child)) throw new Error(`PostgreSQL ended with ${child.exitCode}`);
    await new Promise((done) => setTimeout(done, 25));
  }
  return {
    ...it,
    stop: async () => {
      child.ref();
      child.stdin?.end();
      await ended(child);
    },
  };
}

/** One that somebody else runs. */
export function postgresAt(url: string): APostgres {
  const run = async (...statements: string[]) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      for (const it of statements) await client.query(it);
    } finally {
      await client.end();
    }
  };
  return { url, run, stop: () => Promise.resolve() };
}

/** The same server, another account or database. */
export function as(url: string, over: { user?: string; password?: string; database?: string }): string {
  const other = new URL(url);
  if (over.user !== undefined) other.username = over.user;
  if (over.password !== undefined) other.password = over.password;
  if (over.database !== undefined) other.pathname = `/${over.database}`;
  return String(other);
}
