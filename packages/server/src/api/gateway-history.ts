// What of gateways' reports is kept over time.
import type { ClientPoint, GatewayReport } from "@outweigh/schema";

/** Points of one client are at least so far apart, in ms. */
const pointMs = 60_000;
/** Clients of which it is remembered when their last point was: those of three full gateways. Beyond them, new ones get none. */
const maxRemembered = 200_000;
/** Signs of life are at least so far apart, in ms: half of what is silence. */
const aliveMs = 12_000;
/** How long until a gateway is told again what it watches, in ms: it asks all the time, and its clock may differ. */
const watchMs = 60_000;
/** How often old points are looked for, in ms. */
const pruneMs = 3_600_000;

/** When what was last kept: a sign of life of each gateway, a point of each client. */
export class History {
  /** In the order of their times. */
  readonly #last = new Map<string, number>();
  readonly #alive = new Map<string, number>();
  /** What each gateway was told to watch last. */
  readonly #watch = new Map<string, { readonly wanted: string; readonly at: number }>();
  #prunedAt = 0;

  isAliveDue(gateway: string, now: number): boolean {
    if (now - (this.#alive.get(gateway) ?? 0) < aliveMs) return false;
    this.#alive.set(gateway, now);
    return true;
  }

  /** Whether a gateway is to be told what it watches, which is not this: at once where it is news, and then now and then. */
  isWatchDue(gateway: string, wanted: string, now: number): boolean {
    const last = this.#watch.get(gateway);
    if (last?.wanted === wanted && now - last.at < watchMs) return false;
    this.#watch.set(gateway, { wanted, at: now });
    return true;
  }

  /** Points for those of a report whose last one is old enough. */
  of(gateway: string, { clients }: GatewayReport, now: number): (ClientPoint & { principal: string })[] {
    return clients.flatMap(({ principal, requests, denied, informationBits, reading }) => {
      const name = JSON.stringify([gateway, principal]);
      if (now - (this.#last.get(name) ?? 0) < pointMs) return [];
      // The longest ago first: whoever makes up names, over and over, is not remembered for ever.
      this.#last.delete(name);
      if (this.#last.size >= maxRemembered) this.#forget(now);
      if (this.#last.size >= maxRemembered) return [];
      this.#last.set(name, now);
      return [
        {
          principal,
          at: now,
          requests,
          denied,
          informationBits,
          ...(reading?.novelty !== undefined && { novelty: reading.novelty }),
          ...(reading?.learning !== undefined && { learning: reading.learning }),
          ...(reading?.progress !== undefined && { progress: reading.progress }),
        },
      ];
    });
  }

  #forget(now: number): void {
    for (const [name, at] of this.#last) {
      if (now - at < pointMs) return;
      this.#last.delete(name);
    }
  }

  isPruneDue(now: number): boolean {
    if (now - this.#prunedAt < pruneMs) return false;
    this.#prunedAt = now;
    return true;
  }
}
