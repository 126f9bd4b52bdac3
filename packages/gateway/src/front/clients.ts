import type { GatewayLimits } from "@outweigh/schema";
import { Account, type Cost, type Shortage } from "../admission/meters.ts";
import { maxPrincipals, maxRepeats } from "../limits.ts";

/** What is counted of one principal since the gateway started. */
export interface Client {
  /** Its row in the table of readings. */
  readonly slot: number;
  readonly principal: string;
  readonly tenant: string | undefined;
  /** Replaced when limits change: who reserved at one settles at that one. */
  account: Account;
  shared: Account | undefined;
  requests: number;
  denied: number;
  inputTokens: number;
  outputTokens: number;
  informationBits: number;
  lastAt: number;
  /** Digests of recent requests that were answered: asking again tells nothing new. The oldest go first. */
  readonly repeats: Set<string>;
}

/** All principals that asked anything, and the accounts of their tenants. */
export class Clients {
  readonly #clients = new Map<string, Client>();
  readonly #tenants = new Map<string, Account>();
  readonly #tell: (client: Client) => void;

  /** @param tell Called once for each new client, before anything of it is counted. */
  constructor(tell: (client: Client) => void) {
    this.#tell = tell;
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
      account: new Account(limits),
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

  #tenant(name: string, limits: GatewayLimits): Account {
    const known = this.#tenants.get(name);
    if (known) return known;
    const account = new Account(limits);
    this.#tenants.set(name, account);
    return account;
  }

  /** New limits for everybody, after a change of policy: buckets start full. Counters stay. */
  relimit(limitsOf: (principal: string) => GatewayLimits, tenantLimits: GatewayLimits): void {
    for (const name of this.#tenants.keys()) this.#tenants.set(name, new Account(tenantLimits));
    for (const it of this.#clients.values()) {
      it.account = new Account(limitsOf(it.principal));
      it.shared = it.tenant === undefined ? undefined : this.#tenants.get(it.tenant);
    }
  }
}

export function shortageOf({ account, shared }: Client, cost: Cost, now: number): Shortage | undefined {
  return account.shortage(cost, now) ?? shared?.shortage(cost, now);
}

export function remember({ repeats }: Client, digest: string): void {
  repeats.add(digest);
  if (repeats.size <= maxRepeats) return;
  const [oldest] = repeats;
  if (oldest !== undefined) repeats.delete(oldest);
}
