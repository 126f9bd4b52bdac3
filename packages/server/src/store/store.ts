// Both engines, started together.
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Env } from "../env.ts";
import { connectEngine } from "./engine/elsewhere.ts";
import { startEngine, type EventEngine } from "./engine/engine.ts";
import { prepareEvents } from "./event-tables.ts";
import { beginLog } from "./evidence.ts";
import { openState, type State } from "./state/state.ts";

export interface Store {
  readonly state: State;
  readonly engine: EventEngine;
  /** Which engines they are, in words for people. */
  readonly origin: { readonly events: string; readonly state: string };
  close(): Promise<void>;
}

interface StoreOptions {
  readonly folder: string;
  readonly env: Env;
  readonly log: Logger;
}

/** Opens events and state, ours or those that `CLICKHOUSE_URL` and `DATABASE_URL` name. @throws {ServerError} */
export async function openStore({ folder, env, log }: StoreOptions): Promise<Store> {
  const databaseUrl = named(env, "DATABASE_URL");
  const clickhouseUrl = named(env, "CLICKHOUSE_URL");
  // PostgreSQL does not run as root: the user that it runs as has to pass this folder, and sees nothing in it.
  if (databaseUrl === undefined && process.getuid?.() === 0) await chmod(folder, 0o711);
  const [state, engine] = await Promise.allSettled([
    openState(join(folder, "state"), databaseUrl),
    clickhouseUrl === undefined
      ? startEngine(join(folder, "events"), (problem) => {
          if (problem !== undefined) log.error({ problem }, "the event engine is away");
        })
      : connectEngine({
          url: clickhouseUrl,
          hunterUrl: named(env, "CLICKHOUSE_HUNTER_URL"),
          cluster: named(env, "CLICKHOUSE_CLUSTER"),
        }),
  ]);
  const close = async () => {
    if (engine.status === "fulfilled") await engine.value.close();
    if (state.status === "fulfilled") await state.value.close();
  };
  try {
    const opened = { state: valueOf(state), engine: valueOf(engine) };
    const { origin } = await beginLog(opened.state.db);
    await prepareEvents(opened.engine, clickhouseUrl === undefined ? undefined : origin);
    const events = clickhouseUrl === undefined ? "embedded ClickHouse engine" : "CLICKHOUSE_URL";
    return { ...opened, origin: { state: opened.state.origin, events }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A variable that is set to nothing is not set. */
function named(env: StoreOptions["env"], name: string): string | undefined {
  return env[name] === "" ? undefined : env[name];
}

function valueOf<Value>(it: PromiseSettledResult<Value>): Value {
  if (it.status === "rejected") throw it.reason;
  return it.value;
}
