// Rows of both engines as JSON, out and in.
import { sql } from "kysely";
import type { EventEngine } from "../store/engine/engine.ts";
import { tableIn } from "../store/event-tables.ts";
import type { Db, Tx } from "../store/state/state.ts";

/** Rows fetched or written at once. */
const rowsAtOnce = 500;
const eventsAtOnce = 5000;
/** Longest read of all events, in ms: an hour for some hundred million. */
const readMs = 3_600_000;

/** Signed-in browsers stay behind: a backup must sign nobody in. What Kysely keeps is made again by migrating. */
const leftOut = new Set(["session", "kysely_migration", "kysely_migration_lock"]);

/** Our tables, those that others refer to before those that refer to them. */
export async function tablesOf(db: Db): Promise<string[]> {
  const { rows } = await sql<{ name: string; needs: string | null }>`
    select t.relname as name, f.relname as needs
    from pg_class t
    left join pg_constraint c on c.conrelid = t.oid and c.contype = 'f' and c.confrelid <> t.oid
    left join pg_class f on f.oid = c.confrelid
    where t.relkind = 'r' and t.relnamespace = (select oid from pg_namespace where nspname = current_schema())
    order by 1, 2`.execute(db);
  const needs = Map.groupBy(rows, (it) => it.name);
  const ordered: string[] = [];
  const add = (name: string): void => {
    if (ordered.includes(name)) return;
    for (const { needs: other } of needs.get(name) ?? []) if (other !== null) add(other);
    ordered.push(name);
  };
  for (const name of needs.keys()) add(name);
  return ordered.filter((it) => !leftOut.has(it));
}

/** The names of the migrations that made these tables. */
export async function migrationsOf(db: Db): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map((it) => it.name);
}

/** Every row of a table as JSON, read in one consistent moment with the other tables of the same transaction. */
export async function* rowsOf(tx: Tx, table: string): AsyncGenerator<string> {
  await sql`declare backup_rows no scroll cursor for
    select row_to_json(t)::text as json from ${sql.table(table)} t`.execute(tx);
  for (;;) {
    const { rows } = await sql<{ json: string }>`fetch ${sql.lit(rowsAtOnce)} from backup_rows`.execute(tx);
    for (const { json } of rows) yield json;
    if (rows.length < rowsAtOnce) break;
  }
  await sql`close backup_rows`.execute(tx);
}

/** Every event as JSON, each once. */
export async function* eventsOf(engine: EventEngine): AsyncGenerator<string> {
  const answer = await engine.app.query({
    query: `select * from ${tableIn(engine, "event")} final order by time, id`,
    format: "JSONEachRow",
    clickhouse_settings: { max_execution_time: 0 },
    abort_signal: AbortSignal.timeout(readMs),
  });
  for await (const rows of answer.stream()) for (const row of rows) yield row.text;
}

/** Puts rows of one table back as they were, their numbers too. */
export async function putRows(tx: Tx, table: string, rows: readonly string[]): Promise<void> {
  const json = `[${rows.join(",")}]`;
  await sql`insert into ${sql.table(table)} overriding system value
    select * from json_populate_recordset(null::${sql.table(table)}, ${json}::json)`.execute(tx);
}

/** Lets numbers that a table counts by itself go on after the highest one. */
export async function goOnCounting(tx: Tx): Promise<void> {
  const { rows } = await sql<{ table: string; column: string }>`
    select table_name as table, column_name as column from information_schema.columns
    where table_schema = current_schema() and is_identity = 'YES'`.execute(tx);
  for (const { table, column } of rows) {
    await sql`select setval(pg_get_serial_sequence(${table}, ${column}),
      greatest((select coalesce(max(${sql.ref(column)}), 0) from ${sql.table(table)}), 1),
      exists (select from ${sql.table(table)}))`.execute(tx);
  }
}

/** Empties tables that only hold what a new installation begins with. */
export async function emptyTables(tx: Tx, tables: readonly string[]): Promise<void> {
  await sql`truncate ${sql.join(tables.map((it) => sql.table(it)))} restart identity cascade`.execute(tx);
}

/** Stores events as they were. */
export async function putEvents(engine: EventEngine, rows: readonly string[]): Promise<void> {
  await engine.app.insert({
    table: tableIn(engine, "event"),
    values: rows.map((it): unknown => JSON.parse(it)),
    format: "JSONEachRow",
  });
}

/** Gathers items into lists that are written at once. */
export class Batches {
  readonly #write: (rows: readonly string[]) => Promise<void>;
  readonly #most: number;
  #rows: string[] = [];

  constructor(write: (rows: readonly string[]) => Promise<void>, most = eventsAtOnce) {
    this.#write = write;
    this.#most = most;
  }

  async add(row: string): Promise<void> {
    this.#rows.push(row);
    if (this.#rows.length >= this.#most) await this.flush();
  }

  async flush(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length > 0) await this.#write(rows);
  }
}
