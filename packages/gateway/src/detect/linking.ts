import {
  linkAccounts,
  minHash,
  shinglesOf,
  similarity,
  wordsOf,
  type Account,
  type TextKey,
} from "@outweigh/extraction";

/** Intervals of activity that are compared. */
const intervals = 48;
/** Accounts that are compared at once: those that asked last. Pairs grow with the square. */
const maxAccounts = 2_000;
/** Shingles of an account that are counted; the rarest go. */
const maxShingles = 512;
/** Prompts in which a shingle must stand to be a template's. */
const templateShare = 0.3;
/**
 * Expected number of false links at each linking, over all pairs. A link is a reason to test together, never a verdict: the group's own
 * level keeps the promise, so a few false links cost little, and fewer would leave ten accounts on one clock apart.
 */
const falseLinks = 2;
/** Largest group. */
const maxMembers = 64;

interface Trail {
  readonly activity: Map<number, number>;
  readonly shingles: Map<number, number>;
  readonly tokens: Set<string>;
  prompts: number;
  lastAt: number;
}

/** Most tokens of where an account comes from. */
const maxTokens = 64;

/** Which accounts look like one client: by templates, by clock, by network. */
export class Linking {
  readonly #key: TextKey;
  readonly #linkMs: number;
  readonly #trails = new Map<number, Trail>();

  /** @param linkMs Length of one interval of activity. */
  constructor(key: TextKey, linkMs: number) {
    this.#key = key;
    this.#linkMs = linkMs;
  }

  step(slot: number, time: number, tokens: readonly string[], text: string | undefined): void {
    const trail = this.#of(slot);
    const interval = Math.floor(time / this.#linkMs);
    trail.activity.set(interval, (trail.activity.get(interval) ?? 0) + 1);
    if (trail.activity.size > 2 * intervals) {
      for (const it of trail.activity.keys()) if (it <= interval - intervals) trail.activity.delete(it);
    }
    trail.lastAt = time;
    for (const it of tokens) if (trail.tokens.size < maxTokens) trail.tokens.add(it);
    if (text !== undefined) this.#read(trail, text);
  }

  #of(slot: number): Trail {
    const known = this.#trails.get(slot);
    const it = known ?? { activity: new Map(), shingles: new Map(), tokens: new Set(), prompts: 0, lastAt: 0 };
    this.#trails.delete(slot);
    this.#trails.set(slot, it);
    if (this.#trails.size > maxAccounts) {
      const [oldest] = this.#trails.keys();
      if (oldest !== undefined) this.#trails.delete(oldest);
    }
    return it;
  }

  #read(trail: Trail, text: string): void {
    trail.prompts++;
    for (const it of new Set(shinglesOf(wordsOf(text), this.#key)))
      trail.shingles.set(it, (trail.shingles.get(it) ?? 0) + 1);
    if (trail.shingles.size <= maxShingles) return;
    const kept = [...trail.shingles].sort((a, b) => b[1] - a[1]).slice(0, maxShingles / 2);
    trail.shingles.clear();
    for (const [it, n] of kept) trail.shingles.set(it, n);
  }

  /** Groups of slots that look like one client, as of `now`; then those that share an address, as far as they are in no group yet. */
  groups(now: number): number[][] {
    const last = Math.floor(now / this.#linkMs);
    const accounts = [...this.#trails].map(([slot, trail]): Account => accountOf(slot, trail, last));
    const linked =
      accounts.length < 3 ? [] : linkAccounts(accounts, { falseLinks, maxMembers }).map((it) => it.members.map(Number));
    const groups = [...linked, ...this.#neighbours(new Set(linked.flat()))];
    return groups.map((it) => it.sort((a, b) => a - b)).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  }

  /**
   * Accounts behind one address are tested together too: a group's level is learnt from benign groups, so an office is no alarm.
   * Blind spot: an address that more than `maxMembers` accounts share, such as a proxy in front of this gateway, makes no group.
   */
  #neighbours(taken: ReadonlySet<number>): number[][] {
    const byAddress = new Map<string, number[]>();
    for (const [slot, { tokens }] of this.#trails) {
      if (taken.has(slot)) continue;
      for (const it of tokens) if (it.startsWith("address:")) byAddress.set(it, [...(byAddress.get(it) ?? []), slot]);
    }
    const grouped = new Set<number>();
    const out: number[][] = [];
    for (const slots of [...byAddress.values()].sort((a, b) => b.length - a.length)) {
      const free = slots.filter((it) => !grouped.has(it));
      if (slots.length > maxMembers || free.length < 2) continue;
      out.push(free);
      for (const it of free) grouped.add(it);
    }
    return out;
  }
}

function accountOf(slot: number, { activity, shingles, tokens, prompts }: Trail, last: number): Account {
  const sketch = sketchOf(shingles, prompts);
  return {
    id: String(slot),
    ...(sketch && { sketch }),
    activity: Array.from({ length: intervals }, (_, i) => activity.get(last - intervals + 1 + i) ?? 0),
    infrastructure: [...tokens],
  };
}

/** Sketch of an account's templates; undefined without any. */
function sketchOf(shingles: ReadonlyMap<number, number>, prompts: number): Uint32Array | undefined {
  const hot = [...shingles].filter(([, n]) => n >= Math.max(3, templateShare * prompts)).map(([it]) => it);
  return hot.length > 0 ? minHash(hot) : undefined;
}

/** Of accounts by their prompts: which others have templates in common with one, the nearest first. */
export function alikeIn(accounts: readonly (readonly string[])[]): (of: number) => number[] {
  const key = { a: 1, b: 2 };
  const sketches = accounts.map((texts) => {
    const shingles = new Map<number, number>();
    for (const text of texts)
      for (const it of new Set(shinglesOf(wordsOf(text), key))) shingles.set(it, (shingles.get(it) ?? 0) + 1);
    return sketchOf(shingles, texts.length);
  });
  return (of) => {
    const own = sketches[of];
    if (!own) return [];
    return sketches
      .flatMap((it, i) => (it && i !== of ? [[i, similarity(own, it)] as const] : []))
      .filter(([, alike]) => alike > 0)
      .sort((a, b) => b[1] - a[1])
      .map(([i]) => i);
  };
}
