// The event engine's configuration: who may sign in, and what each may do.
import { createHash } from "node:crypto";

/** The one database of the embedded event engine that is ours. */
export const embeddedDatabase = "outweigh";

/** What one hunt may take. A hunt is written by a person, so it is cut off where it would starve the ingest. */
export const huntLimits = {
  /** Longest run, in seconds: nobody waits longer before narrowing the time. */
  maxExecutionTime: 10,
  /** Most memory, in bytes: a quarter of what the engine has. */
  maxMemory: 500_000_000,
  /** Most rows of an answer: far above what a page shows. */
  maxRows: 100_000,
} as const;

/** Most memory of the whole engine, in bytes: it shares a small machine with PostgreSQL and the line. */
const engineMemory = 2_000_000_000;
/** Most memory of one of our own queries, in bytes. */
const queryMemory = 1_500_000_000;

interface Passwords {
  readonly app: string;
  readonly hunter: string;
}

/**
 * What `default` may ask for before it is refused: the two statements of our own start, that open the listener and keep the engine
 * alive. They come first, or the engine ends: so nobody else ever gets to stop the listener.
 */
const ownStatements = 2;
/** For how long they are counted, in seconds, in steps since 1970: until 2033. */
const countedFor = 1_000_000_000;
/** Most memory of what `default` may still ask, i.e. calculate from nothing, in bytes. */
const strangerMemory = 50_000_000;

/**
 * `default` has no password, because the engine's own entry point signs in with it, and may do nothing but start and stop
 * listeners, twice in all. `app` is us. `hunter` reads our tables under limits that are `const`: with `max` alone, 0 (no limit) would pass.
 */
export function usersXml({ app, hunter }: Passwords): string {
  const loopback = "<networks><ip>127.0.0.1</ip></networks>";
  const fixed = (names: readonly string[]) => names.map((it) => `<${it}><const/></${it}>`).join("");
  const user = (name: string, password: string, profile: string, grants: readonly string[], quota = "default") =>
    `<${name}>${password}${loopback}<profile>${profile}</profile><quota>${quota}</quota>` +
    `<grants>${grants.map((it) => `<query>GRANT ${it}</query>`).join("")}</grants></${name}>`;
  const secret = (text: string) => `<password_sha256_hex>${sha256(text)}</password_sha256_hex>`;
  return `<clickhouse>
  <profiles>
    <default><max_memory_usage>${queryMemory}</max_memory_usage><final>1</final></default>
    <hunt>
      <readonly>2</readonly>
      <final>1</final>
      <max_execution_time>${huntLimits.maxExecutionTime}</max_execution_time>
      <max_memory_usage>${huntLimits.maxMemory}</max_memory_usage>
      <max_result_rows>${huntLimits.maxRows}</max_result_rows>
      <constraints>${fixed(["final", "max_execution_time", "max_memory_usage", "max_result_rows"])}</constraints>
    </hunt>
    <start>
      <max_memory_usage>${strangerMemory}</max_memory_usage>
      <max_threads>1</max_threads>
      <constraints>${fixed(["max_memory_usage", "max_threads"])}</constraints>
    </start>
  </profiles>
  <quotas>
    <default/>
    <start><interval><duration>${countedFor}</duration><queries>${ownStatements}</queries></interval></start>
  </quotas>
  <users>
    ${user("default", "<no_password/>", "start", ["SYSTEM LISTEN ON *.*"], "start")}
    ${user("app", secret(app), "default", [
      `SELECT, INSERT, ALTER, CREATE TABLE, CREATE DATABASE, OPTIMIZE ON ${embeddedDatabase}.*`,
      "TABLE ENGINE ON MergeTree, TABLE ENGINE ON ReplacingMergeTree",
      "SELECT ON system.processes",
      "KILL QUERY ON *.*",
    ])}
    ${user("hunter", secret(hunter), "hunt", [`SELECT ON ${embeddedDatabase}.*`])}
  </users>
</clickhouse>`;
}

/** Few threads and small caches: one machine, one writer. `folder` is ours and holds no character that XML would mind. */
export function configXml(folder: string): string {
  const at = escapeXml(folder);
  return `<clickhouse>
  <logger><level>warning</level><log>${at}/engine.log</log><errorlog>${at}/engine.err.log</errorlog><size>10M</size><count>2</count></logger>
  <max_server_memory_usage>${engineMemory}</max_server_memory_usage>
  <mark_cache_size>67108864</mark_cache_size>
  <background_pool_size>4</background_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>2</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>2</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>2</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
  <user_directories><users_xml><path>${at}/users.xml</path></users_xml></user_directories>
</clickhouse>`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function escapeXml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
