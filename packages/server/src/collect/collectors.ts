// All collectors of a configuration: started together, asked by source.
import type { CollectorHealth, Config } from "@outweigh/schema";
import { overlapsOf } from "@outweigh/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Env } from "../env.ts";
import type { Changes } from "../changes.ts";
import { self, type EvidenceLog } from "../evidence/log.ts";
import type { Db } from "../store/state/state.ts";
import type { Worker } from "../worker/worker.ts";
import { credentialsOf } from "./bucket-store.ts";
import { BucketCollector } from "./bucket.ts";
import type { Collector, Intake } from "./collector.ts";
import { maxWaitingBytes } from "./limits.ts";
import { refused } from "./refused.ts";
import { SyslogCollector } from "./syslog.ts";

interface CollectorsOptions {
  readonly config: Pick<Config, "sources" | "models">;
  readonly db: Db;
  readonly worker: Worker;
  readonly evidence: EvidenceLog;
  readonly changes: Changes;
  readonly log: FastifyBaseLogger;
  readonly env: Env;
  now(): number;
}

/** What fetches or receives records by itself. Nothing is contacted, and no port opened, that the configuration does not name. */
export class Collectors {
  readonly #options: CollectorsOptions;
  readonly #collectors: readonly Collector[];

  constructor(options: CollectorsOptions) {
    const { config, db, env } = options;
    this.#options = options;
    this.#collectors = config.sources.flatMap(({ name, s3, syslog }): Collector[] => {
      if (syslog) return [new SyslogCollector(name, syslog)];
      return s3 ? [new BucketCollector({ source: name, entry: s3, db, env })] : [];
    });
  }

  /** @throws {ServerError} SOURCE_REFUSED when one cannot begin as configured. */
  async start(): Promise<void> {
    for (const it of this.#collectors) await it.start(this.#intake(it.source));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#collectors.map((it) => it.stop()));
  }

  /** How the collector of a source fares; undefined where it has none. */
  healthOf(source: string): CollectorHealth | undefined {
    return this.#of(source)?.health();
  }

  problemOf(source: string): string | undefined {
    return this.#of(source)?.problem();
  }

  #of(source: string): Collector | undefined {
    return this.#collectors.find((it) => it.source === source);
  }

  #intake(source: string): Intake {
    const { worker, changes, log, now, db, evidence } = this.#options;
    return {
      deliver: async (body, way, key) => void (await worker.accept({ source, body, at: now(), way, key })),
      told: async (kind, text) => {
        const decision = { kind, by: self, subject: source, text };
        await db.transaction().execute((tx) => evidence.append(tx, [decision], now()));
        changes.tell("evidence");
      },
      refuse: (reject) => worker.refuse(source, reject),
      isFull: () => worker.waitingBytes > maxWaitingBytes,
      changed: () => changes.tell("source", source),
      warn: (problem, message) => log.warn({ source, ...problem }, message),
      now,
    };
  }
}

/**
 * What can be told before anything is started. The platform must have no key to the vault.
 *
 * @throws {ServerError} SOURCE_REFUSED for a bucket whose key would open the place of a protected model, or is not in the environment.
 */
export function checkSources(
  { sources, models }: Pick<Config, "sources" | "models">,
  env: CollectorsOptions["env"],
): void {
  for (const { name, s3 } of sources) {
    if (!s3) continue;
    credentialsOf(name, s3, env);
    const [overlap] = overlapsOf(s3, models);
    if (!overlap) continue;
    const { model, place } = overlap;
    throw refused(
      name,
      `its prefix overlaps ${place}, where ${model} lies: read logs from elsewhere, or name ${model} in overlaps`,
    );
  }
}
