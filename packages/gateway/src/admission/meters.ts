import type { GatewayLimits } from "@outweigh/schema";
import { Bucket } from "./gcra.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** What one request takes, or is expected to take. */
export interface Cost {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly informationBits: number;
}

export type Resource = "requests" | "input tokens" | "output tokens" | "information" | "requests at once";

/** What stands in the way of a request, and for how long. */
export interface Shortage {
  readonly resource: Resource;
  /** Undefined: it will never fit, the request alone is too large. */
  readonly waitMs: number | undefined;
}

/** The buckets of one principal, or of one tenant. */
export class Account {
  readonly #requests: Bucket | undefined;
  readonly #input: Bucket | undefined;
  readonly #output: Bucket | undefined;
  readonly #information: Bucket | undefined;
  readonly #most: number;
  #running = 0;

  constructor(limits: GatewayLimits) {
    const bucket = (units: number | undefined, perMs: number) =>
      units === undefined ? undefined : new Bucket(units, perMs);
    this.#requests = bucket(limits.requestsPerMinute, minuteMs);
    this.#input = bucket(limits.inputTokensPerMinute, minuteMs);
    this.#output = bucket(limits.outputTokensPerMinute, minuteMs);
    this.#information = bucket(limits.informationBitsPerDay, dayMs);
    this.#most = limits.concurrent ?? Infinity;
  }

  /** What is missing for one more request; undefined if nothing is. Takes nothing. */
  shortage(cost: Cost, now: number): Shortage | undefined {
    if (this.#running >= this.#most) return { resource: "requests at once", waitMs: 1000 };
    return (
      missing(this.#requests, 1, "requests", now) ??
      missing(this.#input, cost.inputTokens, "input tokens", now) ??
      missing(this.#output, cost.outputTokens, "output tokens", now) ??
      missing(this.#information, cost.informationBits, "information", now)
    );
  }

  /** Reserves for a request that begins. */
  begin(cost: Cost, now: number): void {
    this.#running++;
    this.#requests?.take(1, now);
    this.#input?.take(cost.inputTokens, now);
    this.#output?.take(cost.outputTokens, now);
    this.#information?.take(cost.informationBits, now);
  }

  /** Settles a request that ended: what it really took instead of what was reserved. */
  end(reserved: Cost, taken: Cost, now: number): void {
    this.#running--;
    settle(this.#input, taken.inputTokens - reserved.inputTokens, now);
    settle(this.#output, taken.outputTokens - reserved.outputTokens, now);
    settle(this.#information, taken.informationBits - reserved.informationBits, now);
  }

  /** Share of the day's information that is used. Undefined without such a limit. */
  informationUsed(now: number): number | undefined {
    return this.#information?.used(now);
  }
}

function missing(bucket: Bucket | undefined, units: number, resource: Resource, now: number): Shortage | undefined {
  if (!bucket || units === 0) return undefined;
  const waitMs = bucket.waitMs(units, now);
  return waitMs === 0 ? undefined : { resource, waitMs };
}

function settle(bucket: Bucket | undefined, more: number, now: number): void {
  if (more > 0) bucket?.take(more, now);
  else if (more < 0) bucket?.giveBack(-more, now);
}
