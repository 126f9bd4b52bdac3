// The state store: PostgreSQL through Kysely, ours or somebody else's.
import { Kysely, PostgresDialect, sql, type Transaction } from "kysely";
import { Migrator } from "kysely/migration";
import pg from "pg";
import { ServerError } from "../../error.ts";
import { migrations } from "./migrations.ts";
import { startPostgres, type Postgres } from "./postgres.ts";
import type { Tables } from "./tables.ts";

/** Connections at once: a handful of people, one worker. */
const maxConnections = 12;
/** Longest statement of a request, in ms: nobody waits longer for a page. */
const statementMs = 30_000;
/** PostgreSQL's type number of `bigint`, which `pg` gives as text by default. */
const int8 = 20;
/** Two numbers of our own that name the advisory lock of the one server of a database. */
const serverLock = [79_117, 1] as const;

/** A database or an open transaction on it: what the functions of each noun take. */
export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;

export interface State {
  readonly db: Db;
  /** Which PostgreSQL it is, in words for people. */
  readonly origin: string;
  readonly problem: string | undefined;
  close(): Promise<void>;
}

/**
 * Connects to `url`, or starts our own PostgreSQL in `folder`, and brings its schema up to date. Holds the lock that only
 * one server of a database may have.
 *
 * @throws {ServerError} NO_POSTGRES, STATE_UNAVAILABLE, or DATA_IN_USE when another server works on the same database.
 */
export async function openState(folder: string, url: string | undefined): Promise<State> {
  const supervised = url === undefined ? new SupervisedPostgres(folder) : undefined;
  await supervised?.start();
  const connection = () => url ?? supervised?.url ?? "";
  const pool = openPool(connection);
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const lock = new ServerLock(connection);
  try {
    await lock.take();
    await migrate(db);
  } catch (error) {
    await lock.release();
    await db.destroy();
    await supervised?.close();
    throw error;
  }
  return {
    db,
    origin: supervised?.origin ?? "DATABASE_URL",
    get problem() {
      return supervised?.problem;
    },
    close: async () => {
      await lock.release();
      await db.destroy();
      await supervised?.close();
    },
  };
}

/** `pg` reads the address anew for each connection, because our own PostgreSQL comes back on another port. */
function openPool(connection: () => string): pg.Pool {
  class Client extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super({ ...(typeof config === "object" ? config : {}), connectionString: connection() });
    }
  }
  const pool = new pg.Pool({
    Client,
    max: maxConnections,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: statementMs,
    connectionTimeoutMillis: 10_000,
    types: { getTypeParser: (type, format) => (type === int8 ? readInt8 : pg.types.getTypeParser(type, format)) },
  });
  // An idle connection that breaks is replaced; the query that needs one says what is wrong.
  pool.on("error", () => undefined);
  return pool;
}

/** The one place where `bigint` is parsed. All we store are times in ms and counts, far below 2^53. */
function readInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new ServerError("INTERNAL", `the database holds ${text}, above 2^53`);
  return value;
}

async function migrate(db: Db): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined)
    throw new ServerError("STATE_UNAVAILABLE", "the database's schema cannot be brought up to date", { cause: error });
}

/** Whether the database answers. */
export async function isReady(db: Db): Promise<boolean> {
  try {
    await sql`select 1`.execute(db);
    return true;
  } catch {
    return false;
  }
}

/** A lock that PostgreSQL drops by itself when we are gone. */
class ServerLock {
  readonly #connection: () => string;
  #client: pg.Client | undefined;
  #released = false;

  constructor(connection: () => string) {
    this.#connection = connection;
  }

  async take(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#connection(), connectionTimeoutMillis: 10_000 });
    client.on("error", () => void this.#again(client));
    this.#client = client;
    try {
      await client.connect();
      const { rows } = await client.query("select pg_try_advisory_lock($1, $2) as taken", [...serverLock]);
      if (rows[0]?.taken === true) return;
    } catch (cause) {
      throw new ServerError("STATE_UNAVAILABLE", `cannot reach the database: ${String(cause)}`, { cause });
    }
    throw new ServerError("DATA_IN_USE", "another Outweigh server works on this database");
  }

  async release(): Promise<void> {
    this.#released = true;
    await this.#client?.end().catch(() => undefined);
  }

  /** PostgreSQL went away and with it the lock: takes it again as soon as it is back. */
  async #again(broken: pg.Client): Promise<void> {
    await broken.end().catch(() => undefined);
    while (!this.#released) {
      await new Promise((done) => setTimeout(done, 500).unref());
      if (
        await this.take().then(
          () => true,
          () => false,
        )
      )
        return;
    }
  }
}

/** Our own PostgreSQL, started again when it ends. */
class SupervisedPostgres {
  problem: string | undefined;
  readonly #folder: string;
  #running: Postgres | undefined;
  #closing = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get url(): string {
    return this.#running?.url ?? "";
  }

  get origin(): string {
    return `PostgreSQL ${this.#running?.major} (${this.#running?.from})`;
  }

  async start(): Promise<void> {
    this.#running = await startPostgres(this.#folder);
    this.problem = undefined;
    void this.#running.ended.then(() => this.#again());
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#running?.close();
  }

  async #again(): Promise<void> {
    for (let waitMs = 100; !this.#closing; waitMs = Math.min(waitMs * 4, 10_000)) {
      this.problem = "PostgreSQL ended and is started again";
      await new Promise((done) => setTimeout(done, waitMs));
      if (this.#closing) return;
      try {
        await this.start();
        return;
      } catch (error) {
        this.problem = error instanceof Error ? error.message : String(error);
      }
    }
  }
}
