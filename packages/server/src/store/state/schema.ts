// Where our tables are in a database that somebody else runs: in a schema of our own, whatever else it holds.
import pg from "pg";
import { ServerError } from "../../error.ts";
import { reasonOf } from "../reason.ts";

/** Our schema there. */
const name = "outweigh";
/** Oldest PostgreSQL that is taken: the oldest one that still gets security fixes. */
const oldestMajor = 14;

/**
 * Finds or makes our schema.
 *
 * @throws {ServerError} STATE_UNAVAILABLE when the server is too old or the role may not make one, DATA_IN_USE when a schema of
 * that name holds tables that are not ours.
 */
export async function ownSchema(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await checkVersion(client);
    await makeSchema(client);
    return name;
  } catch (cause) {
    if (cause instanceof ServerError) throw cause;
    throw new ServerError("STATE_UNAVAILABLE", `cannot use the database: ${reasonOf(cause)}`, { cause });
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function checkVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query("select current_setting('server_version_num')::int / 10000 as major");
  const major = Number(rows[0]?.major);
  if (major >= oldestMajor) return;
  throw new ServerError("STATE_UNAVAILABLE", `DATABASE_URL is PostgreSQL ${major}: ${oldestMajor} or newer is needed`);
}

/** Asked for before it is made: a role without the right to make one may be given one. */
async function makeSchema(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    `select current_user as role, current_database() as database,
      has_database_privilege(current_database(), 'create') as "mayMake",
      exists (select from pg_namespace where nspname = $1) as "isThere",
      (select has_schema_privilege(oid, 'create') from pg_namespace where nspname = $1) as "mayUse",
      exists (select from pg_class where relnamespace = to_regnamespace($1)) as "isUsed",
      to_regclass($1 || '.kysely_migration') is not null as "isOurs"`,
    [name],
  );
  const { role, database, mayMake, isThere, mayUse, isUsed, isOurs } = rows[0] ?? {};
  if (!isThere && mayMake) await client.query(`create schema ${name}`);
  else if (!isThere || !mayUse) {
    const message = `the role ${role} may not make tables in ${database}: let its owner run: create schema if not exists ${name}; grant all on schema ${name} to "${role}"`;
    throw new ServerError("STATE_UNAVAILABLE", message);
  } else if (isUsed && !isOurs) {
    throw new ServerError(
      "DATA_IN_USE",
      `the schema ${name} of ${database} holds tables that Outweigh did not make: name another database`,
    );
  }
}
