import { isClientKey } from "@outweigh/schema";
import { keyDigest } from "./key.ts";
import type { KeyEntry } from "./key-file.ts";

/** Which models a key may ask. */
interface NamePattern {
  test(name: string): boolean;
}

/** A key as the data path uses it. */
export interface Holder {
  readonly id: string;
  readonly principal: string;
  readonly tenant: string | undefined;
  readonly plan: string;
  /** Undefined: all models. */
  readonly models: NamePattern | undefined;
  readonly expiresAt: number;
}

/**
 * Keys in memory, by digest. Looked up by the digest of what was sent, so the time it takes tells nothing of how much was right.
 */
export class KeyRing {
  readonly #holders: ReadonlyMap<string, Holder>;
  /** Tells it from every other, also when it is gone: whoever remembers this holds none of its keys. */
  readonly name = Symbol("keys");

  constructor(entries: readonly KeyEntry[]) {
    this.#holders = new Map(entries.filter((it) => it.revokedAt === undefined).map((it) => [it.digest, holderOf(it)]));
  }

  get size(): number {
    return this.#holders.size;
  }

  /** The plan of a principal: of its newest key that works. */
  planOf(principal: string): string {
    return [...this.#holders.values()].findLast((it) => it.principal === principal)?.plan ?? "default";
  }

  /** Undefined for unknown, revoked and expired keys alike. */
  find(secret: string, now: number): Holder | undefined {
    if (!isClientKey(secret)) return undefined;
    const found = this.#holders.get(keyDigest(secret));
    return found && now < found.expiresAt ? found : undefined;
  }
}

function holderOf({ id, principal, tenant, plan, models, expiresAt }: KeyEntry): Holder {
  return {
    id,
    principal,
    tenant,
    plan: plan ?? "default",
    models: models.length === 0 ? undefined : patternOf(models),
    expiresAt: expiresAt ?? Infinity,
  };
}

/** Whether a name is one of these, `*` standing for any run of characters. Each part is sought once: linear in the name for each pattern. */
function patternOf(patterns: readonly string[]): NamePattern {
  const all = patterns.map((it) => it.split("*"));
  return { test: (name) => all.some((parts) => matches(name, parts)) };
}

function matches(name: string, [first = "", ...rest]: readonly string[]): boolean {
  const last = rest.at(-1);
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest.slice(0, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - at >= last.length && name.endsWith(last);
}
