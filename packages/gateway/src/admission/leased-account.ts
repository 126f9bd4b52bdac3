import type { GatewayLimits } from "@outweigh/schema";
import { leaseOf, type Amounts, type Lending } from "./lender.ts";
import { refills, resources, type Cost, type Metered, type Shortage } from "./meters.ts";

/** After a refusal nothing is asked for again for this long, in ms: a flood of refused requests is no flood of messages. */
const quietMs = 200;
/** The same for requests at once, which come free at any moment. */
const quietSlotMs = 10;
/** What was not used for this long goes back, in ms. */
export const idleMs = 1_000;
const slots = 4;

/** One process's part of an account: units that it borrowed and may give out without asking. */
export class LeasedAccount implements Metered {
  readonly #name: string;
  readonly #limits: GatewayLimits;
  readonly #lending: () => Lending;
  readonly #touched: () => void;
  readonly #units: readonly (number | undefined)[];
  readonly #lease: Amounts;
  /** In the order of `resources`; a debt is less than nothing. Of the last one: those that run too. */
  readonly #held = [0, 0, 0, 0, 0];
  readonly #refused: ({ readonly until: number; readonly need: number } | undefined)[] = [];
  #running = 0;
  #usedAt = 0;

  /** @param lending Who lends at this moment. @param touched Called when there may be something to settle. */
  constructor(name: string, limits: GatewayLimits, lending: () => Lending, touched: () => void = () => undefined) {
    this.#name = name;
    this.#limits = limits;
    this.#lending = lending;
    this.#touched = touched;
    this.#units = [...refills(limits).map(({ units }) => units), limits.concurrent];
    this.#lease = leaseOf(limits);
  }

  shortage(cost: Cost, now: number): Shortage | undefined {
    return (
      this.#lack(slots, 1, now) ??
      this.#lack(0, 1, now) ??
      this.#lack(1, cost.inputTokens, now) ??
      this.#lack(2, cost.outputTokens, now) ??
      this.#lack(3, cost.informationBits, now)
    );
  }

  #lack(i: number, need: number, now: number): Shortage | undefined {
    const units = this.#units[i];
    const resource = resources[i];
    if (units === undefined || need === 0 || resource === undefined || this.#free(i) >= need) return undefined;
    if (need > units) return { resource, waitMs: undefined };
    const refused = this.#refused[i];
    if (refused && now < refused.until && need >= refused.need) return { resource, waitMs: refused.until - now };
    return { resource, waitMs: 0, unheld: true };
  }

  #free(i: number): number {
    return (this.#held[i] ?? 0) - (i === slots ? this.#running : 0);
  }

  async borrow(cost: Cost): Promise<void> {
    const wanted = [1, cost.inputTokens, cost.outputTokens, cost.informationBits, 1];
    const needs = wanted.map((it, i) =>
      this.#units[i] === undefined || it === 0 ? 0 : Math.max(0, it - this.#free(i)),
    );
    if (needs.every((it) => it === 0)) return;
    this.#touched();
    const answer = await this.#lending().borrow(this.#name, this.#limits, needs);
    if ("lent" in answer) {
      for (const [i, it] of answer.lent.entries()) this.#held[i] = (this.#held[i] ?? 0) + it;
      return;
    }
    const most = answer.missing === slots ? quietSlotMs : quietMs;
    const until = Date.now() + Math.max(1, Math.min(answer.waitMs, most));
    this.#refused[answer.missing] = { until, need: wanted[answer.missing] ?? 0 };
  }

  begin(cost: Cost, now: number): void {
    this.#running++;
    this.#usedAt = now;
    this.#spend(0, 1);
    this.#spend(1, cost.inputTokens);
    this.#spend(2, cost.outputTokens);
    this.#spend(3, cost.informationBits);
  }

  end(reserved: Cost, taken: Cost): void {
    this.#running--;
    this.#touched();
    this.#spend(1, taken.inputTokens - reserved.inputTokens);
    this.#spend(2, taken.outputTokens - reserved.outputTokens);
    this.#spend(3, taken.informationBits - reserved.informationBits);
  }

  #spend(i: number, amount: number): void {
    if (this.#units[i] !== undefined) this.#held[i] = (this.#held[i] ?? 0) - amount;
  }

  informationUsed(): undefined {
    return undefined;
  }

  /** Takes out everything that nobody uses, to be given back. */
  release(): Amounts {
    return this.#held.map((_, i) => this.#takeOut(i, this.#free(i)));
  }

  /** What goes back by itself: debts and what is beyond a lease at once, the rest after a while. Undefined for nothing. */
  surplus(now: number): Amounts | undefined {
    const idle = now - this.#usedAt >= idleMs;
    const out = this.#held.map((_, i) => {
      const free = this.#free(i);
      const kept = idle || i === slots ? 0 : (this.#lease[i] ?? 0);
      if (free < 0) return this.#takeOut(i, free);
      return i === slots && !idle ? 0 : this.#takeOut(i, Math.max(0, free - kept));
    });
    return out.some((it) => it !== 0) ? out : undefined;
  }

  #takeOut(i: number, amount: number): number {
    this.#held[i] = (this.#held[i] ?? 0) - amount;
    return amount;
  }

  /** Gives the surplus back. Called every tick. @returns Whether there may be more later. */
  settle(now: number): boolean {
    const amounts = this.surplus(now);
    if (amounts) this.#lending().giveBack(this.#name, this.#limits, amounts);
    return this.#running > 0 || this.#held.some((it, i) => this.#units[i] !== undefined && it !== 0);
  }
}
