// Once a day, what is older than the owner wants to keep is deleted, and that it was stands in the evidence.
import type { Logger } from "pino";
import type { EvidenceLog } from "./evidence/log.ts";
import type { EventEngine } from "./store/engine/engine.ts";
import { deleteBefore, type Deleted } from "./store/retention.ts";
import type { Db } from "./store/state/state.ts";

const dayMs = 86_400_000;
/** The first time, in ms after the start: a start has enough to do. */
const firstMs = 600_000;

interface RetentionOptions {
  readonly db: Db;
  readonly engine: EventEngine;
  readonly evidence: EvidenceLog;
  readonly log: Pick<Logger, "error">;
  /** Undefined: nothing is ever deleted. */
  readonly keepDays: number | undefined;
  now(): number;
}

export class Retention {
  readonly #options: RetentionOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.keepDays !== undefined) this.#next(firstMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Deletes what is due now. @returns Undefined where nothing is ever deleted. */
  async run(): Promise<Deleted | undefined> {
    const { db, engine, evidence, keepDays, now } = this.#options;
    if (keepDays === undefined) return undefined;
    const before = now() - keepDays * dayMs;
    const deleted = await deleteBefore(engine, db, before);
    if (deleted.events === 0) return deleted;
    const text =
      `deleted ${deleted.events} events that arrived before ${new Date(before).toISOString()}, as server.keepDays says; ` +
      `${deleted.kept} older ones stay, which alerts or people cite`;
    await db
      .transaction()
      .execute((tx) =>
        evidence.append(tx, [{ kind: "events-deleted", by: "outweigh", text, fields: { before, ...deleted } }], now()),
      );
    return deleted;
  }

  #next(waitMs: number): void {
    this.#timer = setTimeout(() => {
      this.run()
        .catch((error: unknown) => this.#options.log.error({ err: error }, "old events could not be deleted"))
        .finally(() => this.#next(dayMs));
    }, waitMs);
    this.#timer.unref();
  }
}
