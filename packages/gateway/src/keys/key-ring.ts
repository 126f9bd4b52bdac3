import { isKeyShaped, keyDigest } from "./key.ts";
import type { KeyEntry } from "./key-file.ts";

/** A key as the data path uses it. */
export interface Holder {
  readonly id: string;
  readonly principal: string;
  readonly tenant: string | undefined;
  readonly tier: string;
  /** Undefined: all models. */
  readonly models: RegExp | undefined;
  readonly expiresAt: number;
}

/**
 * Keys in memory, by digest. Looked up by the digest of what was sent, so the time it takes tells nothing of how much was right.
 */
export class KeyRing {
  readonly #holders: ReadonlyMap<string, Holder>;

  constructor(entries: readonly KeyEntry[]) {
    this.#holders = new Map(entries.filter((it) => it.revokedAt === undefined).map((it) => [it.digest, holderOf(it)]));
  }

  get size(): number {
    return this.#holders.size;
  }

  /** The tier of a principal: of its newest key that works. */
  tierOf(principal: string): string {
    return [...this.#holders.values()].findLast((it) => it.principal === principal)?.tier ?? "default";
  }

  /** Undefined for unknown, revoked and expired keys alike. */
  find(secret: string, now: number): Holder | undefined {
    if (!isKeyShaped(secret)) return undefined;
    const found = this.#holders.get(keyDigest(secret));
    return found && now < found.expiresAt ? found : undefined;
  }
}

function holderOf({ id, principal, tenant, tier, models, expiresAt }: KeyEntry): Holder {
  return {
    id,
    principal,
    tenant,
    tier: tier ?? "default",
    models: models.length === 0 ? undefined : patternOf(models),
    expiresAt: expiresAt ?? Infinity,
  };
}

function patternOf(models: readonly string[]): RegExp {
  // Only `*` means anything, so no pattern of ours can take more than linear time in the length of a name.
  const one = (it: string) => it.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("\\*", ".*");
  return new RegExp(`^(?:${models.map(one).join("|")})$`);
}
