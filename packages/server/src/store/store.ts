// Both engines, started together.
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { connectEngine, startEngine, type EventEngine } from "./engine/engine.ts";
import { prepareEvents } from "./events.ts";
import { openState, type State } from "./state/state.ts";

export interface Store {
  readonly state: State;
  readonly engine: EventEngine;
  /** Which engines they are, in words for people. */
  readonly origin: { readonly events: string; readonly state: string };
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
}

/** Opens events and state, ours or those that `CLICKHOUSE_URL` and `DATABASE_URL` name. @throws {ServerError} */
export async function openStore({ folder, env, log }: StoreOptions): Promise<Store> {
  const own = env["DATABASE_URL"] === undefined;
  // PostgreSQL does not run as root: the user that it runs as has to pass this folder, and sees nothing in it.
  if (own && process.getuid?.() === 0) await chmod(folder, 0o711);
  const [state, engine] = await Promise.allSettled([
    openState(join(folder, "state"), env["DATABASE_URL"]),
    openEngine(join(folder, "events"), env, log),
  ]);
  if (state.status === "rejected") {
    if (engine.status === "fulfilled") await engine.value.close();
    throw state.reason;
  }
  if (engine.status === "rejected") {
    await state.value.close();
    throw engine.reason;
  }
  return {
    state: state.value,
    engine: engine.value,
    origin: {
      state: state.value.origin,
      events: env["CLICKHOUSE_URL"] ? "CLICKHOUSE_URL" : "embedded ClickHouse engine",
    },
    close: async () => {
      await engine.value.close();
      await state.value.close();
    },
  };
}

async function openEngine(folder: string, env: StoreOptions["env"], log: Logger): Promise<EventEngine> {
  const url = env["CLICKHOUSE_URL"];
  const engine = url
    ? connectEngine(url, env["CLICKHOUSE_HUNTER_URL"])
    : await startEngine(folder, (problem) => {
        if (problem !== undefined) log.error({ problem }, "the event engine is away");
      });
  try {
    await prepareEvents(engine);
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}
