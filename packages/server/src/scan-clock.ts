// Asks hosts for scans by the clock, as people set it: an order like any other, signed, with an end, and in the evidence.
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Agents } from "./auth/agents.ts";
import type { Changes } from "./changes.ts";
import type { EvidenceLog } from "./evidence/log.ts";
import { addOrder, ordersOf } from "./store/agents.ts";
import { schedules, setSchedule, type StoredSchedule } from "./store/scan-runs.ts";
import type { Db } from "./store/state/state.ts";

/** How often we look whether a scan is due, in ms: a scan takes minutes. */
const lookMs = 60_000;
const hourMs = 3_600_000;
/** Orders of one host looked through for a scan that it is asked for already. */
const maxOrders = 20;

interface ScanClockOptions {
  readonly db: Db;
  readonly agents: Agents;
  readonly evidence: EvidenceLog;
  readonly changes: Changes;
  readonly log: Pick<Logger, "error">;
  now(): number;
}

export class ScanClock {
  readonly #options: ScanClockOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: ScanClockOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#looking = this.look().catch((error: unknown) => {
        this.#options.log.error({ err: error }, "a scan by the clock could not be asked for");
      });
    }, lookMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Asks every host whose scan is due. One that is asked or scans already is not asked twice. */
  async look(): Promise<void> {
    const { db, now } = this.#options;
    for (const it of await schedules(db)) if (it.nextAt <= now()) await this.#ask(it);
  }

  async #ask(it: StoredSchedule): Promise<void> {
    const { db, agents, evidence, changes, now } = this.#options;
    const agent = agents.get(it.agent);
    const at = now();
    const { agent: id, ...schedule } = it;
    const next = { ...schedule, nextAt: at + it.everyHours * hourMs };
    const isAsked =
      !agent ||
      agent.revokedAt !== undefined ||
      agent.health?.scan !== undefined ||
      (await ordersOf(db, id, maxOrders, at)).some(({ order }) => order.verb === "scan");
    await db.transaction().execute(async (tx) => {
      await setSchedule(tx, id, next);
      if (isAsked) return;
      const order = { verb: "scan" as const, roots: [] };
      const reason = `every ${it.everyHours} h`;
      // An agent that is away for longer scans when it is asked the next time.
      const expiresAt = at + Math.min(it.everyHours, 24) * hourMs;
      const stored = {
        id: randomUUID(),
        agent: id,
        order,
        by: it.by,
        reason,
        at,
        expiresAt,
        state: "waiting" as const,
      };
      await addOrder(tx, stored);
      const text = `asked ${agent.host.name} for a scan, as ${it.by} set it: ${reason}`;
      const subject = `host:${agent.host.name}`;
      await evidence.append(tx, [{ kind: "order-given", by: it.by, subject, text, fields: { order: stored.id } }], at);
    });
    changes.tell("host", id);
  }
}
