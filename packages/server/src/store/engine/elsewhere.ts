// ClickHouse servers that somebody else runs, named by `CLICKHOUSE_URL`.
import { ClickHouseLogLevel, createClient, type ClickHouseClient, type ClickHouseSettings } from "@clickhouse/client";
import { ServerError } from "../../error.ts";
import { reasonOf } from "../reason.ts";
import { ClusterEngine, type Member } from "./cluster.ts";
import type { EventEngine } from "./engine.ts";
import { embeddedDatabase, huntLimits } from "./settings.ts";

/** Oldest release that is taken: all that our statements use is older. Tests run against 26.7. */
const oldest = { year: 23, month: 8 };
/** Longest wait for the first answer, in ms: a server that is there answers in a moment. */
const firstAnswerMs = 10_000;
/** Every server has it. Our own database may not be there yet, and an account may be kept out of `default`. */
const sessionDatabase = "system";
/** Most servers of one cluster: each is asked for every answer. */
const maxServers = 64;

/** What names the servers, as the environment has it. */
export interface Elsewhere {
  /** `CLICKHOUSE_URL`: one, or one of each shard with commas between them. */
  readonly url: string;
  /** `CLICKHOUSE_HUNTER_URL`: as many, in the same order. */
  readonly hunterUrl?: string | undefined;
  /** `CLICKHOUSE_CLUSTER`: what the servers call themselves together. */
  readonly cluster?: string | undefined;
}

/**
 * Connects to the servers that URLs name: `http://` or `https://`, an account, and as its path the database that is ours
 * (`outweigh` if it has none). A hunter's URL names an account that can only read our tables, under limits of its own; without one,
 * hunts use the first account with our limits, read-only.
 *
 * @throws {ServerError} EVENTS_UNAVAILABLE when a URL is none, a server does not answer, or it is too old. No message holds a password.
 */
export async function connectEngine(elsewhere: Elsewhere): Promise<EventEngine> {
  const { cluster } = elsewhere;
  const targets = targetsOf(elsewhere);
  const members = targets.map((it) => memberOf(it, cluster !== undefined));
  const database = targets[0]?.main.database ?? embeddedDatabase;
  const close = async () => {
    await Promise.all(members.flatMap(({ app, hunter }) => [app.close(), hunter.close()]));
  };
  try {
    await Promise.all(targets.map((it, i) => checkMember(it, members[i])));
  } catch (error) {
    await close();
    throw error;
  }
  const [only] = members;
  if (cluster !== undefined || only === undefined) return new ClusterEngine(cluster ?? "", database, members, close);
  return { database, app: only.app, hunter: only.hunter, problem: undefined, restarts: 0, close };
}

/** One server: with which account we write, and with which we hunt. */
interface Targets {
  readonly main: Target;
  readonly hunter: Target | undefined;
}

function targetsOf({ url, hunterUrl, cluster }: Elsewhere): Targets[] {
  const mains = readUrls(url, "CLICKHOUSE_URL");
  const hunters = hunterUrl === undefined ? [] : readUrls(hunterUrl, "CLICKHOUSE_HUNTER_URL");
  const fail = (message: string) => {
    throw new ServerError("EVENTS_UNAVAILABLE", message);
  };
  if (mains.length > 1 && cluster === undefined)
    fail(`CLICKHOUSE_URL names ${mains.length} servers: name their cluster in CLICKHOUSE_CLUSTER`);
  if (mains.length > maxServers) fail(`CLICKHOUSE_URL names ${mains.length} servers: ${maxServers} at most`);
  if (hunters.length > 0 && hunters.length !== mains.length)
    fail(`CLICKHOUSE_HUNTER_URL names ${hunters.length} servers, CLICKHOUSE_URL ${mains.length}: name the same`);
  if (new Set(mains.map((it) => it.database)).size > 1)
    fail("CLICKHOUSE_URL names several databases: the servers of a cluster hold one of the same name");
  return mains.map((main, i) => ({ main, hunter: hunters[i] }));
}

function memberOf({ main, hunter }: Targets, isClustered: boolean): Member {
  const limits = {
    readonly: "2",
    max_execution_time: huntLimits.maxExecutionTime,
    max_memory_usage: String(huntLimits.maxMemory),
    max_result_rows: String(huntLimits.maxRows),
  };
  // Stored when every part of it is; complete, or an error: whoever takes less says so.
  const whole = isClustered ? { skip_unavailable_shards: 0 as const } : {};
  return {
    label: `${main.url.protocol}//${main.url.host}`,
    app: clientOf(main, { ...whole, ...(isClustered && { insert_distributed_sync: 1 }) }),
    hunter: clientOf(hunter ?? main, { ...whole, ...(hunter ? {} : limits) }),
  };
}

async function checkMember({ main, hunter }: Targets, member: Member | undefined): Promise<void> {
  if (!member) return;
  checkVersion(await versionOf(member.app, main));
  await versionOf(member.hunter, hunter ?? main);
}

interface Target {
  readonly url: URL;
  readonly database: string;
  /** Where it is, in words for people: never with what signs in. */
  readonly label: string;
}

/** A comma may stand in a password: one that ends an address has another address after it. */
function readUrls(text: string, name: string): Target[] {
  return text.split(/,(?=\s*https?:\/\/)/).map((it) => readUrl(it.trim(), name));
}

function readUrl(text: string, name: string): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // Not quoted: a text that is no URL may still hold a password.
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new ServerError(
      "EVENTS_UNAVAILABLE",
      `${name} is no URL: expected http(s)://user:password@host:8123/database`,
    );
  }
  const label = `${name} (${url.protocol}//${url.host})`;
  const database = decode(url.pathname.replace(/^\/+|\/+$/g, ""));
  if (database === undefined || database.includes("/")) {
    throw new ServerError("EVENTS_UNAVAILABLE", `${label} ends with a path that names no database`);
  }
  url.pathname = "";
  return { url, database: database === "" ? embeddedDatabase : database, label };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function clientOf({ url }: Target, settings: ClickHouseSettings): ClickHouseClient {
  return createClient({
    url,
    database: sessionDatabase,
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: settings,
  });
}

async function versionOf(client: ClickHouseClient, { label }: Target): Promise<string> {
  try {
    const answer = await client.query({
      query: "select version() as version",
      format: "JSONEachRow",
      abort_signal: AbortSignal.timeout(firstAnswerMs),
    });
    const [row] = await answer.json<{ version: string }>();
    return row?.version ?? "";
  } catch (cause) {
    throw new ServerError("EVENTS_UNAVAILABLE", `${label} does not answer: ${reasonOf(cause)}`, { cause });
  }
}

function checkVersion(version: string): void {
  const [, year = "0", month = "0"] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(year) * 100 + Number(month) >= oldest.year * 100 + oldest.month) return;
  const message = `CLICKHOUSE_URL is ClickHouse ${JSON.stringify(version)}: ${oldest.year}.${oldest.month} or newer is needed`;
  throw new ServerError("EVENTS_UNAVAILABLE", message);
}
