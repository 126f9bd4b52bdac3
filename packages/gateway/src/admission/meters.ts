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

/** What is limited. The first four refill; a request at once comes free when it ends. */
export const resources = ["requests", "input tokens", "output tokens", "information", "requests at once"] as const;
type Resource = (typeof resources)[number];

/** What stands in the way of a request, and for how long. */
export interface Shortage {
  readonly resource: Resource;
  /** Undefined: it will never fit, the request alone is too large. */
  readonly waitMs: number | undefined;
  /** Set where this process holds too little and has to borrow before it can say more. */
  readonly unheld?: true;
}

/** What one principal, one tenant or one order has left. */
export interface Metered {
  /** What is missing for one more request; undefined if nothing is. Takes nothing. */
  shortage(cost: Cost, now: number): Shortage | undefined;
  /** Borrows what a shortage said is not held. Then `shortage` says what holds. */
  borrow(cost: Cost): Promise<void>;
  /** Reserves for a request that begins. */
  begin(cost: Cost, now: number): void;
  /** Settles a request that ended: what it really took instead of what was reserved. */
  end(reserved: Cost, taken: Cost, now: number): void;
  /** Share of the day's information that is used. Undefined without such a limit, and where it is not known. */
  informationUsed(now: number): number | undefined;
}

/** Of the resources that refill: how many units in which time. */
export function refills(
  limits: GatewayLimits,
): readonly { readonly units: number | undefined; readonly perMs: number }[] {
  return [
    { units: limits.requestsPerMinute, perMs: minuteMs },
    { units: limits.inputTokensPerMinute, perMs: minuteMs },
    { units: limits.outputTokensPerMinute, perMs: minuteMs },
    { units: limits.informationBitsPerDay, perMs: dayMs },
  ];
}

/** Buckets, whole and in this process. */
export class Account implements Metered {
  /** In the order of `resources`. */
  readonly buckets: readonly (Bucket | undefined)[];
  readonly #requests: Bucket | undefined;
  readonly #input: Bucket | undefined;
  readonly #output: Bucket | undefined;
  readonly #information: Bucket | undefined;
  readonly #most: number;
  #running = 0;

  constructor(limits: GatewayLimits) {
    this.buckets = refills(limits).map(({ units, perMs }) =>
      units === undefined ? undefined : new Bucket(units, perMs),
    );
    [this.#requests, this.#input, this.#output, this.#information] = this.buckets;
    this.#most = limits.concurrent ?? Infinity;
  }

  shortage(cost: Cost, now: number): Shortage | undefined {
    if (this.#running >= this.#most) return { resource: "requests at once", waitMs: 1000 };
    return (
      missing(this.#requests, 1, "requests", now) ??
      missing(this.#input, cost.inputTokens, "input tokens", now) ??
      missing(this.#output, cost.outputTokens, "output tokens", now) ??
      missing(this.#information, cost.informationBits, "information", now)
    );
  }

  borrow(): Promise<void> {
    return Promise.resolve();
  }

  begin(cost: Cost, now: number): void {
    this.#running++;
    this.#requests?.take(1, now);
    this.#input?.take(cost.inputTokens, now);
    this.#output?.take(cost.outputTokens, now);
    this.#information?.take(cost.informationBits, now);
  }

  end(reserved: Cost, taken: Cost, now: number): void {
    this.#running--;
    settle(this.#input, taken.inputTokens - reserved.inputTokens, now);
    settle(this.#output, taken.outputTokens - reserved.outputTokens, now);
    settle(this.#information, taken.informationBits - reserved.informationBits, now);
  }

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
