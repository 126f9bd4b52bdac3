// The embedded event engine: a supervised child process.
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from "@clickhouse/client";
import { ServerError } from "../../error.ts";
import { ended, freePort, isRunning, spawnGuarded } from "../process.ts";
import { isListener, OwnAgent } from "./own-port.ts";
import { configXml, embeddedDatabase, usersXml } from "./settings.ts";

/** How long the engine may take until it answers, in ms. It takes 0.2 to 0.6 s; a cold disk has to read 550 MB first. */
const readyWithinMs = 60_000;
/** Somebody else may take the port between our asking for it and its being opened: then another one is tried. */
const maxAttempts = 3;
/** Waits between restarts, in ms; the last one stays. */
const backoffMs = [100, 500, 2000, 10_000];
/** A run longer than this, in ms, was a good one: the next restart is quick again. */
const goodRunMs = 60_000;

/** How often we look whether it still listens, in ms. */
const watchMs = 1000;
/** Connections of each of our clients at once. */
const maxConnections = 16;

/** Signed-in clients of the event engine. They change when it restarts: take them anew for each query. */
export interface EventEngine {
  /** The name of the database that holds our tables. */
  readonly database: string;
  /** May create, insert and read our tables. */
  readonly app: ClickHouseClient;
  /** May only read them, under limits: for queries that a person wrote. */
  readonly hunter: ClickHouseClient;
  /** Why it does not answer now; undefined while it does. */
  readonly problem: string | undefined;
  /** How often it had to be started again. */
  readonly restarts: number;
  /** Where the events lie on several servers. */
  readonly cluster?: Cluster;
  close(): Promise<void>;
}

/** Servers that hold a part of the events each, and answer for all of them. */
export interface Cluster {
  /** As the servers call it in their configuration. */
  readonly name: string;
  /** What may create, insert and read, of each. */
  readonly parts: readonly ClickHouseClient[];
  /** Whether one did not answer when we looked last. */
  isKnownAway(): boolean;
  /** Looks who answers now. True while some do and some do not. */
  isPartAway(): Promise<boolean>;
}

interface Run {
  readonly child: ChildProcess;
  readonly port: number;
  readonly app: ClickHouseClient;
  readonly hunter: ClickHouseClient;
  readonly startedAt: number;
}

/**
 * Starts the embedded engine in `folder` and keeps it running: it is started again, with new passwords on a new port,
 * whenever it ends.
 *
 * @throws {ServerError} NO_ENGINE when this platform has none or it does not come up.
 */
export async function startEngine(
  folder: string,
  onChange: (problem: string | undefined) => void,
): Promise<EventEngine> {
  const supervised = new SupervisedEngine(folder, onChange);
  await supervised.start();
  return supervised;
}

class SupervisedEngine implements EventEngine {
  readonly database = embeddedDatabase;
  restarts = 0;
  problem: string | undefined = "not started yet";
  readonly #folder: string;
  readonly #onChange: (problem: string | undefined) => void;
  readonly #closing = new AbortController();
  #run: Run | undefined;
  #supervision: Promise<void> = Promise.resolve();

  constructor(folder: string, onChange: (problem: string | undefined) => void) {
    this.#folder = folder;
    this.#onChange = onChange;
  }

  get app(): ClickHouseClient {
    return this.#current().app;
  }

  get hunter(): ClickHouseClient {
    return this.#current().hunter;
  }

  async start(): Promise<void> {
    for (let attempt = 1; !this.#run; attempt++) {
      try {
        this.#run = await launch(this.#folder, this.#closing.signal);
      } catch (error) {
        if (attempt === maxAttempts) throw error;
      }
    }
    this.#say(undefined);
    this.#supervision = this.#supervise();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#endRun();
    await this.#supervision;
  }

  #current(): Run {
    if (!this.#run) throw new ServerError("EVENTS_UNAVAILABLE", `the event engine does not answer: ${this.problem}`);
    return this.#run;
  }

  async #supervise(): Promise<void> {
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      if (this.#run) {
        const { child, port, startedAt } = this.#run;
        const watch = setInterval(() => void endUnlessListening(child, port), watchMs);
        await ended(child);
        clearInterval(watch);
        if (this.#closing.signal.aborted) return;
        this.#say(`it ended with ${child.signalCode ?? child.exitCode}`);
        if (Date.now() - startedAt > goodRunMs) failures = 0;
        await this.#endRun();
      }
      await sleep(backoffMs[Math.min(failures, backoffMs.length - 1)], undefined, {
        signal: this.#closing.signal,
      }).catch(() => undefined);
      if (this.#closing.signal.aborted) return;
      failures++;
      this.restarts++;
      try {
        this.#run = await launch(this.#folder, this.#closing.signal);
        this.#say(undefined);
      } catch (error) {
        this.#say(error instanceof Error ? error.message : String(error));
      }
    }
  }

  async #endRun(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    if (!run) return;
    end(run.child);
    await ended(run.child);
    await Promise.allSettled([run.app.close(), run.hunter.close()]);
  }

  #say(problem: string | undefined): void {
    this.problem = problem;
    this.#onChange(problem);
  }
}

/** One start of the child process, until it answers. */
async function launch(folder: string, signal: AbortSignal): Promise<Run> {
  const library = engineLibrary();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const passwords = { app: randomBytes(24).toString("base64url"), hunter: randomBytes(24).toString("base64url") };
  await writeFile(join(folder, "users.xml"), usersXml(passwords), { mode: 0o600 });
  await writeFile(join(folder, "config.xml"), configXml(folder), { mode: 0o600 });
  // A lock that a killed engine left behind. Nobody else may have this folder: the data folder is taken before.
  await rm(join(folder, "db", "status"), { force: true });
  const port = await freePort();
  const child = await spawnEngine(library, folder, port);

  const url = `http://127.0.0.1:${port}`;
  const as = (username: string, password: string) =>
    createClient({
      url,
      username,
      password,
      log: { level: ClickHouseLogLevel.OFF },
      http_agent: new OwnAgent(child.pid ?? 0, { keepAlive: true, maxSockets: maxConnections }),
    });
  const run = {
    child,
    port,
    app: as("app", passwords.app),
    hunter: as("hunter", passwords.hunter),
    startedAt: Date.now(),
  };
  while (!(await answers(run.app))) {
    const late = Date.now() - run.startedAt > readyWithinMs;
    if (isRunning(child) && !late && !signal.aborted) {
      await sleep(20);
      continue;
    }
    end(child);
    await Promise.allSettled([run.app.close(), run.hunter.close()]);
    const why = late
      ? `did not answer within ${readyWithinMs / 1000} s`
      : `ended with ${child.signalCode ?? child.exitCode}`;
    const said = await readFile(join(folder, "engine.out.log"), "utf8").catch(() => "");
    const last = said.trim().split("\n").at(-1)?.slice(0, 300) ?? "";
    throw new ServerError("NO_ENGINE", `the event engine ${why}: ${last || "it said nothing"} (logs in ${folder})`);
  }
  return run;
}

async function answers(client: ClickHouseClient): Promise<boolean> {
  const { success } = await client.ping({ select: true });
  return success;
}

/** Opens the listener, then waits: the engine lives as long as its first query. */
const keepAlive =
  "SYSTEM START LISTEN HTTP; SELECT sleepEachRow(3) FROM numbers(1000000000) FORMAT Null " +
  "SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0, max_execution_time = 0, final = 0";

async function spawnEngine(library: string, folder: string, port: number): Promise<ChildProcess> {
  const launcher = fileURLToPath(new URL("launcher.ts", import.meta.url));
  const args = [
    `--config-file=${join(folder, "config.xml")}`,
    `--path=${join(folder, "db")}`,
    `--http_port=${port}`,
    "--listen_host=127.0.0.1",
    "--logger.level=warning",
    `--query=${keepAlive}`,
  ];
  const command = [process.execPath, launcher, library, String(process.pid), ...args];
  const output = await open(join(folder, "engine.out.log"), "w", 0o600);
  try {
    if (process.platform !== "linux") return spawnGuarded({ command, signal: "KILL", output: output.fd });
    const [program = "", ...rest] = command;
    return spawn(program, rest, { stdio: ["ignore", output.fd, output.fd], detached: true, cwd: folder });
  } finally {
    await output.close();
  }
}

/** Any local user may stop its listener: then it is of no use, and starts anew. */
async function endUnlessListening(child: ChildProcess, port: number): Promise<void> {
  if (!(await isListener(child.pid ?? 0, port).catch(() => true))) end(child);
}

function end(child: ChildProcess): void {
  child.stdin?.end();
  if (process.platform === "linux") child.kill("SIGKILL");
}

/** The engine's library of this platform: an optional dependency that npm picks by system and processor. */
function engineLibrary(): string {
  const name = `@chdb/lib-${process.platform}-${process.arch}${process.platform === "linux" ? "-gnu" : ""}/libchdb.so`;
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    const message = `there is no embedded event engine for ${process.platform} on ${process.arch} (${name}): set CLICKHOUSE_URL to a ClickHouse server`;
    throw new ServerError("NO_ENGINE", message, { cause });
  }
}
