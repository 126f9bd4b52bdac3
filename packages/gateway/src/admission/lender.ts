import type { GatewayLimits } from "@outweigh/schema";
import { Account, refills } from "./meters.ts";

/** Amounts in the order of `resources`. */
export type Amounts = readonly number[];

/** What came of asking for a lease. */
export type Lent =
  | { readonly lent: Amounts }
  /** Index of the resource that is missing, and for how long. */
  | { readonly missing: number; readonly waitMs: number };

/** From whom processes borrow. */
export interface Lending {
  /** @param needs What one request lacks: it is lent whole, with something over, or refused. */
  borrow(name: string, limits: GatewayLimits, needs: Amounts): Promise<Lent>;
  /** Gives back what is not needed; less than nothing is a debt. */
  giveBack(name: string, limits: GatewayLimits, amounts: Amounts): void;
}

/** Share of a bucket that a process may hold unused: what limits over several processes are wrong by, for each. */
const leaseShare = 1 / 20;
/** Leases that must be left for each process before one is lent beyond the need: near the end everything is counted out. */
const spareLeases = 2;
/** How long a process may take to give back what it holds, in ms: then it counts as used. */
const recallMs = 100;
/** Accounts that are kept; beyond, those that asked longest ago begin anew. */
const maxAccounts = 200_000;
/** Proofs of work that are remembered over all processes; apart, so that whoever works for many pushes nobody's budget out. */
const maxProofs = 100_000;
/** What the account of a proof is called. */
const proofName = "proof:";
/** Index of "requests at once". */
const slots = 4;

/** An account that is not full, as it is kept. */
export interface UsedAccount {
  /** Name and limits. */
  readonly key: string;
  /** When each bucket will be empty again, in the order of `resources`. */
  readonly emptyAt: readonly number[];
}

interface Loan {
  readonly account: Account;
  readonly limits: GatewayLimits;
  /** Who may hold more than it needs. */
  readonly holders: Set<number>;
  /** Requests at once that each process holds. */
  readonly slots: Map<number, number>;
}

/** Units of each refilling resource that are lent beyond the need. Counted things are lent whole. */
export function leaseOf(limits: GatewayLimits): Amounts {
  return refills(limits).map(({ units = 0 }, i) => (i === 0 ? Math.floor(units * leaseShare) : units * leaseShare));
}

/**
 * The true buckets of all processes. What a process answers with it has taken here first, so that all together never pass more than
 * one bucket would from the start; within any later window at most one lease for each process more. Before anything is refused, the
 * other processes are asked for what they hold unused.
 */
export class Lender {
  readonly #loans = new Map<string, Loan>();
  readonly #proofs = new Map<string, Loan>();
  readonly #processes: number;
  readonly #clock: () => number;
  readonly #recall: (process: number, name: string, limits: GatewayLimits) => Promise<Amounts>;

  /** @param recall Asks a process for all that it holds unused. Never fails. */
  constructor(
    processes: number,
    clock: () => number,
    recall: (process: number, name: string, limits: GatewayLimits) => Promise<Amounts>,
  ) {
    this.#processes = processes;
    this.#clock = clock;
    this.#recall = recall;
  }

  /** The true account of a name under these limits; other limits are another account, which starts full. */
  account(name: string, limits: GatewayLimits): Account {
    return this.#of(name, limits).account;
  }

  #of(name: string, limits: GatewayLimits): Loan {
    const key = JSON.stringify([name, limits]);
    const [loans, most] = name.startsWith(proofName) ? [this.#proofs, maxProofs] : [this.#loans, maxAccounts];
    const known = loans.get(key);
    const it = known ?? { account: new Account(limits), limits, holders: new Set(), slots: new Map() };
    if (known && loans.size < most) return it;
    loans.delete(key);
    loans.set(key, it);
    if (loans.size > most) {
      const [oldest] = loans.keys();
      if (oldest !== undefined) loans.delete(oldest);
    }
    return it;
  }

  async borrow(process: number, name: string, limits: GatewayLimits, needs: Amounts): Promise<Lent> {
    const loan = this.#of(name, limits);
    const first = lack(loan, needs, this.#clock());
    if (!first) return this.#lend(loan, process, needs);
    const others = [...loan.holders].filter((it) => it !== process);
    if (others.length === 0) return first;
    await Promise.all(
      others.map(async (it) => {
        const amounts = await Promise.race([this.#recall(it, name, limits), nothingAfter(recallMs)]);
        if (!amounts) return;
        this.giveBack(it, name, limits, amounts);
        // Who still runs something may soon have a place free.
        if ((loan.slots.get(it) ?? 0) === 0) loan.holders.delete(it);
      }),
    );
    return lack(loan, needs, this.#clock()) ?? this.#lend(loan, process, needs);
  }

  #lend(loan: Loan, process: number, needs: Amounts): Lent {
    const now = this.#clock();
    const lent = [0, 0, 0, 0, 0];
    leaseOf(loan.limits).forEach((lease, i) => {
      const bucket = loan.account.buckets[i];
      const need = needs[i] ?? 0;
      if (!bucket || need <= 0) return;
      const spare = lease > 0 && bucket.free(now) - need >= spareLeases * this.#processes * lease;
      lent[i] = spare ? need + lease : need;
      bucket.take(lent[i] ?? 0, now);
      if (spare) loan.holders.add(process);
    });
    const asked = needs[slots] ?? 0;
    if (asked > 0) {
      lent[slots] = asked;
      loan.slots.set(process, (loan.slots.get(process) ?? 0) + asked);
      loan.holders.add(process);
    }
    return { lent };
  }

  giveBack(process: number, name: string, limits: GatewayLimits, amounts: Amounts): void {
    const loan = this.#of(name, limits);
    const now = this.#clock();
    loan.account.buckets.forEach((bucket, i) => {
      const amount = amounts[i] ?? 0;
      if (amount > 0) bucket?.giveBack(amount, now);
      else if (amount < 0) bucket?.take(-amount, now);
    });
    const back = amounts[slots] ?? 0;
    if (back > 0) loan.slots.set(process, Math.max(0, (loan.slots.get(process) ?? 0) - back));
  }

  /** Accounts of which something is used, the most recently made last; before them proofs, which are what can best be forgotten. */
  used(now: number): UsedAccount[] {
    return [...this.#proofs, ...this.#loans].flatMap(([key, { account }]) => {
      const emptyAt = account.buckets.map((it) => it?.emptyAt ?? 0);
      return emptyAt.some((it) => it > now) ? [{ key, emptyAt }] : [];
    });
  }

  /** Goes on from what was used before; other limits than those of today make another account. */
  restore(accounts: readonly UsedAccount[]): void {
    for (const { key, emptyAt } of accounts) {
      const [name, limits]: [string, GatewayLimits] = JSON.parse(key);
      this.#of(name, limits).account.buckets.forEach((it, i) => it?.restore(emptyAt[i] ?? 0));
    }
  }

  /** A process is gone: its requests ended; what it held otherwise counts as used. */
  forget(process: number): void {
    for (const it of [...this.#loans.values(), ...this.#proofs.values()]) {
      it.holders.delete(process);
      it.slots.delete(process);
    }
  }
}

function lack({ account, limits, slots: held }: Loan, needs: Amounts, now: number) {
  for (const [i, bucket] of account.buckets.entries()) {
    const need = needs[i] ?? 0;
    if (!bucket || need <= 0) continue;
    const waitMs = bucket.waitMs(need, now);
    // More than a whole bucket, with debts: it fits once those are paid.
    if (waitMs !== 0) return { missing: i, waitMs: waitMs ?? refills(limits)[i]?.perMs ?? 0 };
  }
  const running = [...held.values()].reduce((a, b) => a + b, 0);
  const asked = needs[slots] ?? 0;
  return asked > 0 && running + asked > (limits.concurrent ?? Infinity) ? { missing: slots, waitMs: 1000 } : undefined;
}

function nothingAfter(ms: number): Promise<undefined> {
  return new Promise((done) => setTimeout(() => done(undefined), ms).unref());
}
