// A PostgreSQL of our own: made once, started with us, ended with us.
import { execFile, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdir, open, readFile, readlink, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { ServerError } from "../../error.ts";
import { ended, freePort, isRunning, spawnGuarded } from "../process.ts";
import { accountFor, installations, type Account, type Installation } from "./installation.ts";

/** How long it may take until it answers, in ms: recovery after a crash replays its log first. */
const readyWithinMs = 120_000;
/** How long a PostgreSQL that a killed server left behind may take to end, in ms, before it is told again, harder. */
const orphanMs = 5000;
/** The role and the database, both ours. */
const name = "outweigh";
/** Longest address of a Unix socket, in bytes: what Linux and macOS both take. */
const maxSocketPath = 103;
/** Only names the socket's file: the folder is ours alone. */
const socketPort = 5432;

export interface Postgres {
  readonly url: string;
  readonly from: Installation["from"];
  readonly major: number;
  /** Resolves when it ends, wanted or not. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts PostgreSQL with its data in `folder`; the first start makes the data. It listens on a Unix socket inside its data, where
 * nobody else can wait in its place for our password; on loopback only where the path is too long for one.
 *
 * @throws {ServerError} NO_POSTGRES when there is none that fits, or it does not come up.
 */
export async function startPostgres(folder: string): Promise<Postgres> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const data = join(folder, "db");
  const installation = await choose(data, join(folder, "lib"));
  const account = await accountFor([folder, installation.bin]);
  if ((await majorOf(data)) === undefined) await initialise(folder, data, installation, account);
  await endOrphan(data);

  const password = await readFile(join(folder, "password"), "utf8");
  const log = join(folder, "postgres.log");
  let failure = "";
  // Somebody else may take the port between our asking for it and its being opened.
  for (let attempt = 0; attempt < 3; attempt++) {
    const address = await addressFor(data);
    const child = await spawnPostgres(data, log, address, installation, account);
    const urlOf = (database: string) =>
      `postgres://${name}:${password}@${address.authority}/${database}${address.query}`;
    const problem = await untilReady(child, urlOf("postgres"));
    if (problem === undefined) {
      await ensureDatabase(urlOf("postgres"));
      return {
        url: urlOf(name),
        from: installation.from,
        major: installation.major,
        ended: ended(child),
        close: () => close(child),
      };
    }
    await close(child);
    failure = problem;
  }
  throw new ServerError("NO_POSTGRES", `PostgreSQL ${failure}; see ${log}`);
}

interface Address {
  readonly settings: Readonly<Record<string, string>>;
  /** Of the URL: `127.0.0.1:5432`, or a name that `query` overrules. */
  readonly authority: string;
  readonly query: string;
}

async function addressFor(data: string): Promise<Address> {
  if (Buffer.byteLength(join(data, `.s.PGSQL.${socketPort}`)) <= maxSocketPath) {
    return {
      settings: { listen_addresses: "", unix_socket_directories: data, port: String(socketPort) },
      authority: `localhost:${socketPort}`,
      query: `?host=${encodeURIComponent(data)}`,
    };
  }
  const port = await freePort();
  return {
    settings: { listen_addresses: "127.0.0.1", unix_socket_directories: "", port: String(port) },
    authority: `127.0.0.1:${port}`,
    query: "",
  };
}

async function choose(data: string, links: string): Promise<Installation> {
  const found = await installations(links);
  const major = await majorOf(data);
  const fitting = found.find((it) => major === undefined || it.major === major);
  if (fitting) return fitting;
  const have = found.map((it) => `${it.major} in ${it.bin}`).join(", ") || "none";
  const want = major === undefined ? "PostgreSQL 14 or newer" : `PostgreSQL ${major}, which made ${data}`;
  throw new ServerError("NO_POSTGRES", `found no ${want} (found: ${have}): install it, or set DATABASE_URL`);
}

/** The version that made the data folder; undefined if there is none yet. */
async function majorOf(data: string): Promise<number | undefined> {
  const text = await readFile(join(data, "PG_VERSION"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : Number(text.trim());
}

/** Makes the data beside its place and moves it there when it is whole: a start that is killed leaves nothing half made. */
async function initialise(folder: string, data: string, { bin, env }: Installation, account: Account | undefined) {
  const making = `${data}.making`;
  const secret = join(folder, "password");
  await rm(making, { recursive: true, force: true });
  await mkdir(making, { mode: 0o700 });
  await writeFile(secret, randomBytes(24).toString("base64url"), { mode: 0o600 });
  if (account) {
    const owner = await ownerOf(account);
    await Promise.all([making, secret].map((it) => chown(it, owner.uid, owner.gid)));
  }
  const initdb = [
    join(bin, "initdb"),
    `--pgdata=${making}`,
    `--username=${name}`,
    `--pwfile=${secret}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--no-instructions",
  ];
  const [program = "", ...args] = [...(account?.prefix ?? []), ...initdb];
  const identity = account && account.prefix.length === 0 ? { uid: account.uid, gid: account.gid } : {};
  try {
    await promisify(execFile)(program, args, { env: { ...process.env, ...env }, cwd: folder, ...identity });
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
    throw new ServerError("NO_POSTGRES", `initdb failed: ${said}`, { cause });
  }
  await rename(making, data);
}

async function ownerOf({ uid, gid, prefix }: Account): Promise<{ uid: number; gid: number }> {
  const given = (option: string) => Number(prefix.find((it) => it.startsWith(option))?.slice(option.length));
  return prefix.length === 0 ? { uid, gid } : { uid: given("--reuid="), gid: given("--regid=") };
}

async function spawnPostgres(
  data: string,
  log: string,
  address: Address,
  { bin, env }: Installation,
  account: Account | undefined,
): Promise<ChildProcess> {
  const settings = {
    ...address.settings,
    max_connections: "40",
    shared_buffers: "64MB",
    // The same on every machine, and what recovery rests on: never left to a default.
    fsync: "on",
    synchronous_commit: "on",
    full_page_writes: "on",
    logging_collector: "off",
    log_min_messages: "warning",
    // A statement may hold a person's comment: keep it out of the log.
    log_min_error_statement: "panic",
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
  const output = await open(log, "a", 0o600);
  try {
    const identity = account && account.prefix.length === 0 ? { uid: account.uid, gid: account.gid } : {};
    return spawnGuarded({
      command: [...(account?.prefix ?? []), join(bin, "postgres"), "-D", data, ...options],
      signal: "INT",
      env,
      output: output.fd,
      ...identity,
    });
  } finally {
    await output.close();
  }
}

async function untilReady(child: ChildProcess, url: string): Promise<string | undefined> {
  const began = Date.now();
  while (isRunning(child)) {
    if (Date.now() - began > readyWithinMs) return `did not answer within ${readyWithinMs / 1000} s`;
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
    // A connection that breaks while we wait must not end the process.
    client.on("error", () => undefined);
    try {
      await client.connect();
      return undefined;
    } catch {
      await sleep(25);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return `ended with ${child.signalCode ?? child.exitCode}`;
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query("select 1 from pg_database where datname = $1", [name]);
    if (rowCount === 0) await client.query(`create database ${name}`);
  } finally {
    await client.end();
  }
}

async function close(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  await ended(child);
}

/**
 * A killed server's PostgreSQL may still be shutting down: waits for it, and ends it if it will not. A lock file whose
 * process is something else by now (process ids are used again) is removed: PostgreSQL itself would refuse to start.
 */
async function endOrphan(data: string): Promise<void> {
  const lock = join(data, "postmaster.pid");
  const began = Date.now();
  for (let told = 0; ;) {
    const pid = Number((await readFile(lock, "utf8").catch(() => "")).split("\n")[0]);
    if (!(pid > 0)) return;
    if (!(await isPostgresOf(pid, data))) return rm(lock, { force: true });
    if (Date.now() - began > orphanMs * (told + 1)) {
      if (told === 2) throw new ServerError("DATA_IN_USE", `PostgreSQL ${pid} runs in ${data} and does not end`);
      process.kill(pid, told === 0 ? "SIGINT" : "SIGQUIT");
      told++;
    }
    await sleep(25);
  }
}

async function isPostgresOf(pid: number, data: string): Promise<boolean> {
  if (process.platform === "linux") {
    // Its working folder is its data folder. Gone, or a stranger's whom we may not look at: not ours.
    return (await readlink(`/proc/${pid}/cwd`).catch(() => "")) === data;
  }
  const { stdout } = await promisify(execFile)("ps", ["-o", "command=", "-p", String(pid)]).catch(() => ({
    stdout: "",
  }));
  return stdout.includes(data);
}
