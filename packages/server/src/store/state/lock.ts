// One server of a database: PostgreSQL keeps the lock for as long as we are connected, and drops it by itself when we are gone.
import pg from "pg";
import { ServerError } from "../../error.ts";
import { reasonOf } from "../reason.ts";

/** Two numbers of our own that name the lock. */
const key = [79_117, 1] as const;
/** How often a lost lock is asked for again, in ms. */
const againMs = 200;
/** How long the first connection may take, in ms. */
const connectMs = 10_000;

/**
 * The advisory lock of the one server of a database. While it is lost nothing may be read or written: another server may have
 * it by then. It needs a session of its own: a pooler that shares sessions between clients breaks it.
 */
export class ServerLock {
  /** Why it is not held; undefined while it is. */
  problem: string | undefined = "not taken yet";
  readonly #connection: () => string;
  #client: pg.Client | undefined;
  #released = false;

  constructor(connection: () => string) {
    this.#connection = connection;
  }

  /** @throws {ServerError} STATE_UNAVAILABLE, or DATA_IN_USE when another server has it. */
  async take(): Promise<void> {
    const client = this.#connect();
    try {
      await client.connect();
      const { rows } = await client.query("select pg_try_advisory_lock($1, $2) as taken", [...key]);
      if (rows[0]?.taken !== true)
        throw new ServerError("DATA_IN_USE", "another Outweigh server works on this database");
    } catch (cause) {
      await client.end().catch(() => undefined);
      if (cause instanceof ServerError) throw cause;
      throw new ServerError("STATE_UNAVAILABLE", `cannot reach the database: ${reasonOf(cause)}`, { cause });
    }
    this.#client = client;
    this.problem = undefined;
    // It was lost before anybody listened.
    client.on("error", () => this.#lost(client));
    client.on("end", () => this.#lost(client));
  }

  /** @throws {ServerError} STATE_UNAVAILABLE unless it is held. */
  check(): void {
    if (this.problem !== undefined) throw new ServerError("STATE_UNAVAILABLE", this.problem);
  }

  async release(): Promise<void> {
    this.#released = true;
    await this.#client?.end().catch(() => undefined);
  }

  #connect(): pg.Client {
    try {
      // Probed by the kernel, so that a line that went dead is noticed although nothing is sent over it.
      const client = new pg.Client({
        connectionString: this.#connection(),
        connectionTimeoutMillis: connectMs,
        keepAlive: true,
        keepAliveInitialDelayMillis: connectMs,
      });
      client.on("error", () => undefined);
      return client;
    } catch (cause) {
      throw new ServerError("STATE_UNAVAILABLE", `DATABASE_URL cannot be used: ${reasonOf(cause)}`, { cause });
    }
  }

  #lost(client: pg.Client): void {
    if (this.#released || client !== this.#client) return;
    this.#client = undefined;
    this.problem = "the connection to the database was lost";
    void this.#again(client);
  }

  async #again(broken: pg.Client): Promise<void> {
    void broken.end().catch(() => undefined);
    while (!this.#released && this.problem !== undefined) {
      await new Promise((done) => setTimeout(done, againMs).unref());
      await this.take().catch((error: unknown) => (this.problem = reasonOf(error)));
      if (this.#released) await this.release();
    }
  }
}
