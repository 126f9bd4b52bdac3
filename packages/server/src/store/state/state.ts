// The state store: PostgreSQL through Kysely, ours or somebody else's.
import { Kysely, PostgresDialect, sql, type Transaction } from "kysely";
import { Migrator } from "kysely/migration";
import pg from "pg";
import { ServerError } from "../../error.ts";
import { ServerLock } from "./lock.ts";
import { migrations } from "./migrations.ts";
import { startPostgres, type Postgres } from "./postgres.ts";
import { ownSchema } from "./schema.ts";
import type { Tables } from "./tables.ts";

/** Connections at once: a handful of people, one worker. */
const maxConnections = 12;
/** Longest statement of a request, in ms: nobody waits longer for a page. */
const statementMs = 30_000;
/** PostgreSQL's type number of `bigint`, which `pg` gives as text by default. */
const int8 = 20;
/** Where our tables are in a database that is ours alone. */
const publicSchema = "public";

/** A database or an open transaction on it: what the functions of each noun take. */
export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;

export interface State {
  readonly db: Db;
  /** Which PostgreSQL it is, in words for people. */
  readonly origin: string;
  /** Why nothing can be read or written now; undefined while it can. */
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
  const lock = new ServerLock(connection);
  let db: Db | undefined;
  const close = async () => {
    await lock.release();
    await db?.destroy();
    await supervised?.close();
  };
  try {
    await lock.take();
    const schema = url === undefined ? publicSchema : await ownSchema(url);
    db = openDb(connection, schema, lock);
    await migrate(db, schema);
    return {
      db,
      origin: supervised?.origin ?? "DATABASE_URL",
      get problem() {
        return supervised?.problem ?? lock.problem;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function openDb(connection: () => string, schema: string, lock: ServerLock): Db {
  const pool = openPool(connection);
  const ready = new WeakSet<pg.PoolClient>();
  const connect = async (): Promise<pg.PoolClient> => {
    const client = await pool.connect();
    try {
      lock.check();
      if (!ready.has(client)) await client.query(`set search_path to ${schema}`);
      ready.add(client);
      return client;
    } catch (error) {
      client.release(true);
      throw error;
    }
  };
  const guarded = { options: pool.options, connect, end: () => pool.end() };
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: guarded }) });
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

async function migrate(db: Db, schema: string): Promise<void> {
  // Named, because somebody else's tables may be kept with Kysely too.
  const provider = { getMigrations: async () => migrations };
  // Each stands by itself: one that comes later may bear a lower number than one that was done before.
  const migrator = new Migrator({ db, provider, migrationTableSchema: schema, allowUnorderedMigrations: true });
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

/** Where a PostgreSQL that we start comes from, in words for people. */
const fromWord: Readonly<Record<Postgres["from"], string>> = {
  path: "the one on your PATH",
  system: "the one of this system",
  embedded: "the one that came along",
};

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
    const { major, from } = this.#running ?? {};
    return `PostgreSQL ${major}${from === undefined ? "" : `, ${fromWord[from]}`}`;
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
