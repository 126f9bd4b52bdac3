import type { GatewayLimits } from "@outweigh/schema";
import { Account, type Cost, type Metered, type Shortage } from "../admission/meters.ts";
import { maxOrders, maxPrincipals, maxRepeats } from "../limits.ts";

/** What is counted of one principal, over restarts too. */
export interface Client {
  /** Its row in the table of readings. */
  readonly slot: number;
  readonly principal: string;
  readonly tenant: string | undefined;
  /** Of the key that it first asked with. */
  readonly plan: string;
  /** Replaced when limits change: who reserved at one settles at that one. */
  account: Metered;
  shared: Metered | undefined;
  requests: number;
  denied: number;
  inputTokens: number;
  outputTokens: number;
  informationBits: number;
  lastAt: number;
  /** Digests of recent requests that were answered: asking again tells nothing new. The oldest go first. */
  readonly repeats: Set<string>;
}

/** Who counts for a name: `principal:`, `tenant:` or `order:` and what is named. */
type MakeAccount = (name: string, limits: GatewayLimits) => Metered;

/** All principals that asked anything, and the accounts of their tenants and of orders to slow down. */
export class Clients {
  readonly #clients = new Map<string, Client>();
  readonly #tenants = new Map<string, Metered>();
  readonly #throttles = new Map<string, Metered>();
  readonly #tell: (client: Client) => void;
  readonly #account: MakeAccount;

  /** @param tell Called once for each new client, before anything of it is counted. */
  constructor(tell: (client: Client) => void, account: MakeAccount = (_, limits) => new Account(limits)) {
    this.#tell = tell;
    this.#account = account;
  }

  all(): Client[] {
    return [...this.#clients.values()];
  }

  find(principal: string): Client | undefined {
    return this.#clients.get(principal);
  }

  /** Undefined when there are more principals than the table of readings has rows. */
  of(
    principal: string,
    tenant: string | undefined,
    plan: string,
    limits: GatewayLimits,
    tenantLimits: GatewayLimits,
  ): Client | undefined {
    const known = this.#clients.get(principal);
    if (known) return known;
    if (this.#clients.size >= maxPrincipals) return undefined;
    const client: Client = {
      slot: this.#clients.size,
      principal,
      tenant,
      plan,
      account: this.#account(`principal:${principal}`, limits),
      shared: tenant === undefined ? undefined : this.#tenant(tenant, tenantLimits),
      requests: 0,
      denied: 0,
      inputTokens: 0,
      outputTokens: 0,
      informationBits: 0,
      lastAt: 0,
      repeats: new Set(),
    };
    this.#clients.set(principal, client);
    this.#tell(client);
    return client;
  }

  #tenant(name: string, limits: GatewayLimits): Metered {
    const known = this.#tenants.get(name);
    if (known) return known;
    const account = this.#account(`tenant:${name}`, limits);
    this.#tenants.set(name, account);
    return account;
  }

  /** What an order to slow down leaves: so many requests a minute, over everybody whom it concerns. */
  throttle(order: string, requestsPerMinute: number): Metered {
    const known = this.#throttles.get(order);
    if (known) return known;
    const account = this.#account(`order:${order}`, { requestsPerMinute });
    this.#throttles.set(order, account);
    if (this.#throttles.size > maxOrders) {
      const [oldest] = this.#throttles.keys();
      if (oldest !== undefined) this.#throttles.delete(oldest);
    }
    return account;
  }

  /** New limits for everybody, after a change of policy: buckets start full. Counters stay. */
  relimit(limitsOf: (principal: string) => GatewayLimits, tenantLimits: GatewayLimits): void {
    for (const name of this.#tenants.keys()) this.#tenants.set(name, this.#account(`tenant:${name}`, tenantLimits));
    for (const it of this.#clients.values()) {
      it.account = this.#account(`principal:${it.principal}`, limitsOf(it.principal));
      it.shared = it.tenant === undefined ? undefined : this.#tenants.get(it.tenant);
    }
  }
}

export function shortageOf({ account, shared }: Client, cost: Cost, now: number): Shortage | undefined {
  return account.shortage(cost, now) ?? shared?.shortage(cost, now);
}

/** Borrows what the accounts of a client lack for a request. */
export async function borrowFor({ account, shared }: Client, cost: Cost): Promise<void> {
  await account.borrow(cost);
  await shared?.borrow(cost);
}

export function remember({ repeats }: Client, digest: string): void {
  repeats.add(digest);
  if (repeats.size <= maxRepeats) return;
  const [oldest] = repeats;
  if (oldest !== undefined) repeats.delete(oldest);
}
