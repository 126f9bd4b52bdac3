// What is measured by looking: sizes, states and ages, taken when somebody asks for them.
import { sql } from "kysely";
import type { SourceEntry } from "@outweigh/schema";
import { agentSource } from "./api/agents.ts";
import type { Agents } from "./auth/agents.ts";
import type { Collectors } from "./collect/collectors.ts";
import type { Metrics } from "./metrics.ts";
import type { EventEngine } from "./store/engine/engine.ts";
import { eventsBytes } from "./store/events-bytes.ts";
import type { Db } from "./store/state/state.ts";
import type { Worker } from "./worker/worker.ts";

/** How long what was looked at is given again, in ms: anybody on this machine may ask, and asking must not become the work. */
const heldMs = 10_000;
const hourMs = 3_600_000;
/** Actions older than this are nobody's task any more, in ms. */
const actionsMs = 90 * 86_400_000;

interface GaugesOptions {
  readonly db: Db;
  readonly engine: EventEngine;
  readonly metrics: Metrics;
  readonly worker: Worker;
  readonly agents: Agents;
  readonly collectors: Collectors;
  readonly sources: readonly SourceEntry[];
  now(): number;
}

export class Gauges {
  readonly #options: GaugesOptions;
  #heldUntil = 0;
  #looking: Promise<void> | undefined;

  constructor(options: GaugesOptions) {
    this.#options = options;
  }

  /** Looks anew, unless somebody did a moment ago. A store that does not answer leaves its numbers out, and all others in. */
  async refresh(): Promise<void> {
    const { metrics, worker } = this.#options;
    metrics.spoolBytes.set(worker.waitingBytes);
    if (performance.now() < this.#heldUntil) return;
    this.#heldUntil = performance.now() + heldMs;
    await (this.#looking ??= this.#look().finally(() => (this.#looking = undefined)));
  }

  async #look(): Promise<void> {
    this.#lookAtSources();
    this.#lookAtAgents();
    await Promise.all([this.#lookAtState(), this.#lookAtEvents()]);
  }

  #lookAtSources(): void {
    const { metrics, worker, collectors, sources, now } = this.#options;
    const all = [...worker.sources().values()];
    metrics.silentSources.set(all.filter((it) => it.silentFrom !== undefined).length);
    metrics.lagSeconds.reset();
    const newest = new Map<string, number>();
    for (const { kind, told = kind, lastEventAt } of all)
      if (lastEventAt !== undefined) newest.set(told, Math.min(newest.get(told) ?? Infinity, lastEventAt));
    for (const [kind, at] of newest) metrics.lagSeconds.set({ kind }, Math.max(0, (now() - at) / 1000));
    const waiting = sources.map((it) => collectors.healthOf(it.name)?.waiting ?? 0);
    metrics.collectWaiting.set(waiting.reduce((sum, it) => sum + it, 0));
  }

  #lookAtAgents(): void {
    const { metrics, worker, agents } = this.#options;
    const counts = { reporting: 0, waiting: 0, silent: 0 };
    for (const it of agents.list()) {
      if (it.revokedAt !== undefined) continue;
      const isSilent = worker.sources().get(agentSource(it).name)?.silentFrom !== undefined;
      counts[it.lastSeenAt === undefined ? "waiting" : isSilent ? "silent" : "reporting"]++;
    }
    for (const [state, count] of Object.entries(counts)) metrics.agents.set({ state }, count);
  }

  async #lookAtState(): Promise<void> {
    const { db, metrics, now } = this.#options;
    try {
      const alerts = await db
        .selectFrom("alert")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where("last_at", ">=", now() - hourMs)
        .executeTakeFirstOrThrow();
      metrics.alertsLastHour.set(Number(alerts.count));
      const actions = await db
        .selectFrom("action")
        .select((eb) => ["state", eb.fn.countAll<number>().as("count")])
        .where("at", ">=", now() - actionsMs)
        .groupBy("state")
        .execute();
      metrics.actions.reset();
      for (const { state, count } of actions) metrics.actions.set({ state }, Number(count));
      const size = await sql<{ bytes: string }>`select pg_database_size(current_database()) as bytes`.execute(db);
      metrics.storeBytes.set({ store: "state" }, Number(size.rows[0]?.bytes ?? 0));
    } catch {
      metrics.alertsLastHour.reset();
      metrics.actions.reset();
      metrics.storeBytes.remove({ store: "state" });
    }
  }

  async #lookAtEvents(): Promise<void> {
    const { engine, metrics } = this.#options;
    const bytes = await eventsBytes(engine).catch(() => undefined);
    if (bytes === undefined) metrics.storeBytes.remove({ store: "events" });
    else metrics.storeBytes.set({ store: "events" }, bytes);
  }
}
