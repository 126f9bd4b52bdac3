// Several ClickHouse servers with a part of the events each. Their own `Distributed` tables share events out and bring answers together;
// what is ours is to know who answers, and to ask there.
import type { ClickHouseClient } from "@clickhouse/client";
import type { Cluster, EventEngine } from "./engine.ts";

/** One server, signed in. */
export interface Member {
  /** Where it is, in words for people: never with what signs in. */
  readonly label: string;
  readonly app: ClickHouseClient;
  readonly hunter: ClickHouseClient;
}

/** How often we look who answers, in ms. */
const watchMs = 2000;
/** Longest wait for a sign of life, in ms: a server that is away may not even refuse. */
const pingMs = 2000;

export class ClusterEngine implements EventEngine {
  readonly database: string;
  readonly restarts = 0;
  readonly cluster: Cluster;
  readonly #members: readonly Member[];
  readonly #close: () => Promise<void>;
  readonly #watch: NodeJS.Timeout;
  #away: readonly Member[] = [];
  #looking: Promise<void> | undefined;

  constructor(name: string, database: string, members: readonly Member[], close: () => Promise<void>) {
    this.database = database;
    this.#members = members;
    this.#close = close;
    this.cluster = {
      name,
      parts: members.map((it) => it.app),
      isKnownAway: () => this.#away.length > 0,
      isPartAway: async () => {
        await this.#look();
        return this.#away.length > 0 && this.#away.length < members.length;
      },
    };
    this.#watch = setInterval(() => void this.#look(), watchMs);
    this.#watch.unref();
  }

  get app(): ClickHouseClient {
    return this.#entry().app;
  }

  get hunter(): ClickHouseClient {
    return this.#entry().hunter;
  }

  get problem(): string | undefined {
    if (this.#away.length === 0) return undefined;
    const names = this.#away.map((it) => it.label).join(", ");
    return `${this.#away.length} of ${this.#members.length} event servers do not answer: ${names}`;
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    await this.#looking;
    await this.#close();
  }

  /** Whoever answers can ask the others. */
  #entry(): Member {
    const found = this.#members.find((it) => !this.#away.includes(it)) ?? this.#members[0];
    if (!found) throw new TypeError("a cluster of no servers");
    return found;
  }

  /** Several that want to know at once wait for one look. */
  #look(): Promise<void> {
    this.#looking ??= this.#ask().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #ask(): Promise<void> {
    const alive = await Promise.all(this.#members.map(answers));
    this.#away = this.#members.filter((_, i) => !alive[i]);
  }
}

async function answers({ app }: Member): Promise<boolean> {
  const { success } = await app.ping({ select: true, abort_signal: AbortSignal.timeout(pingMs) });
  return success;
}
