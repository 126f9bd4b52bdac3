// A ClickHouse that somebody else runs, named by `CLICKHOUSE_URL`.
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from "@clickhouse/client";
import { ServerError } from "../../error.ts";
import { reasonOf } from "../reason.ts";
import type { EventEngine } from "./engine.ts";
import { embeddedDatabase, huntLimits } from "./settings.ts";

/** Oldest release that is taken: all that our statements use is older. Tests run against 26.7. */
const oldest = { year: 23, month: 8 };
/** Longest wait for the first answer, in ms: a server that is there answers in a moment. */
const firstAnswerMs = 10_000;
/** Every server has it. Our own database may not be there yet, and an account may be kept out of `default`. */
const sessionDatabase = "system";

/**
 * Connects to the server that a URL names: `http://` or `https://`, an account, and as its path the database that is ours
 * (`outweigh` if it has none). `hunterUrl` names an account that can only read our tables, under limits of its own; without one,
 * hunts use the first account with our limits, read-only.
 *
 * @throws {ServerError} EVENTS_UNAVAILABLE when a URL is none, the server does not answer, or it is too old. No message holds a password.
 */
export async function connectEngine(url: string, hunterUrl: string | undefined): Promise<EventEngine> {
  const main = readUrl(url, "CLICKHOUSE_URL");
  const other = hunterUrl === undefined ? undefined : readUrl(hunterUrl, "CLICKHOUSE_HUNTER_URL");
  const limits = {
    readonly: "2",
    max_execution_time: huntLimits.maxExecutionTime,
    max_memory_usage: String(huntLimits.maxMemory),
    max_result_rows: String(huntLimits.maxRows),
  };
  const app = clientOf(main);
  const hunter = clientOf(other ?? main, other ? {} : limits);
  const close = async () => {
    await Promise.all([app.close(), hunter.close()]);
  };
  try {
    checkVersion(await versionOf(app, main));
    await versionOf(hunter, other ?? main);
  } catch (error) {
    await close();
    throw error;
  }
  return { database: main.database, app, hunter, problem: undefined, restarts: 0, close };
}

interface Target {
  readonly url: URL;
  readonly database: string;
  /** Where it is, in words for people: never with what signs in. */
  readonly label: string;
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

function clientOf({ url }: Target, settings: Record<string, string | number> = {}): ClickHouseClient {
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
