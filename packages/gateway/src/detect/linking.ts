import { Counts, linkInTurns, minHash, similarity, TextReader, type Account, type Link } from "@outweigh/extraction";
import { maxLinksTold } from "@outweigh/schema";
import { namesOf, type Keeping, type SlotNames } from "./kept.ts";
import type { LinkedSlots } from "./protocol.ts";

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
/** A feature that unrelated accounts have in common more often than this says nothing: it is not told as a reason. */
const tellingP = 0.05;

interface Trail {
  readonly activity: Map<number, number>;
  readonly shingles: Counts;
  readonly tokens: Set<string>;
  prompts: number;
  lastAt: number;
}

/** A trail as it is kept. */
interface KeptTrail extends Pick<Trail, "prompts" | "lastAt"> {
  readonly activity: readonly (readonly [number, number])[];
  readonly shingles: readonly (readonly [number, number])[];
  readonly tokens: readonly string[];
}

/** Most tokens of where an account comes from; of names that it gives itself, half as many: they must not take the place of addresses. */
const maxTokens = 64;

/** Which accounts look like one client: by templates, by clock, by network. */
export class Linking {
  readonly #reader: TextReader;
  readonly #linkMs: number;
  readonly #trails = new Map<number, Trail>();
  /** Slots that asked since they were last kept. */
  readonly #changed = new Set<number>();

  /** @param linkMs Length of one interval of activity. */
  constructor(reader: TextReader, linkMs: number) {
    this.#reader = reader;
    this.#linkMs = linkMs;
  }

  step(slot: number, time: number, tokens: readonly string[], text: string | undefined): void {
    const trail = this.#of(slot);
    this.#changed.add(slot);
    const interval = Math.floor(time / this.#linkMs);
    trail.activity.set(interval, (trail.activity.get(interval) ?? 0) + 1);
    if (trail.activity.size > 2 * intervals) {
      for (const it of trail.activity.keys()) if (it <= interval - intervals) trail.activity.delete(it);
    }
    trail.lastAt = time;
    for (const it of tokens)
      if (trail.tokens.size < (it.startsWith("address:") ? maxTokens : maxTokens / 2)) trail.tokens.add(it);
    if (text !== undefined) this.#read(trail, text);
  }

  #of(slot: number): Trail {
    const known = this.#trails.get(slot);
    const it = known ?? { activity: new Map(), shingles: new Counts(), tokens: new Set(), prompts: 0, lastAt: 0 };
    this.#put(slot, it);
    return it;
  }

  /** As the one that asked last. */
  #put(slot: number, it: Trail): void {
    this.#trails.delete(slot);
    this.#trails.set(slot, it);
    if (this.#trails.size <= maxAccounts) return;
    const [oldest] = this.#trails.keys();
    if (oldest !== undefined) this.#trails.delete(oldest);
  }

  #read(trail: Trail, text: string): void {
    trail.prompts++;
    for (const it of this.#reader.read(text).distinct) trail.shingles.add(it);
    if (trail.shingles.size > maxShingles) trail.shingles.keepMost(maxShingles / 2);
  }

  /** What has changed since the last call. */
  keep(names: SlotNames): Keeping[] {
    const rows = [...this.#changed].flatMap((slot): Keeping[] => {
      const it = this.#trails.get(slot);
      const who = namesOf([slot], names);
      if (!it || !who) return [];
      const { activity, shingles, tokens, prompts, lastAt } = it;
      const state: KeptTrail = {
        activity: [...activity],
        shingles: [...shingles],
        tokens: [...tokens],
        prompts,
        lastAt,
      };
      return [{ kind: "trail", who, at: lastAt, state }];
    });
    this.#changed.clear();
    return rows;
  }

  keepAll(): void {
    for (const it of this.#trails.keys()) this.#changed.add(it);
  }

  /** Those that asked longest ago first: no more are taken back than are compared. */
  restore(slot: number, { activity, shingles, tokens, prompts, lastAt }: KeptTrail): void {
    const counts = new Counts();
    for (const [it, times] of shingles) counts.add(it, times);
    this.#put(slot, {
      activity: new Map(activity),
      shingles: counts,
      tokens: new Set(tokens),
      prompts,
      lastAt,
    });
  }

  /** Groups of slots that look like one client, as of `now`; then those that share an address, as far as they are in no group yet. */
  groups(now: number): LinkedSlots[] {
    return wholeOf(this.groupsInTurns(now));
  }

  /**
   * As `groups`, in turns of some ms. Each account is taken as it is at the first turn.
   *
   * @yields {undefined} After each turn: the detectors may go on before the next.
   */
  *groupsInTurns(now: number): Generator<undefined, LinkedSlots[]> {
    const last = Math.floor(now / this.#linkMs);
    const taking = [...this.#trails].map(([slot, trail]) => accountOf(slot, trail, last));
    const accounts: Account[] = [];
    for (const it of taking) {
      accounts.push(it());
      yield;
    }
    const compared = { falseLinks, accounts: accounts.length };
    const groups = accounts.length < 3 ? [] : yield* linkInTurns(accounts, { falseLinks, maxMembers });
    const linked = groups.map(({ members, links, capped }) => ({
      members: sorted(members.map(Number)),
      links: links.slice(0, maxLinksTold).map(toldLink),
      capped,
      ...compared,
    }));
    const taken = new Set(linked.flatMap((it) => it.members));
    const neighbours = neighboursIn(accounts, taken).map((it) => neighboursOf(sorted(it), accounts.length));
    return [...linked, ...neighbours].sort((a, b) => (a.members[0] ?? 0) - (b.members[0] ?? 0));
  }
}

/**
 * Accounts behind one address are tested together too: a group's level is learnt from benign groups, so an office is no alarm.
 * Blind spot: an address that more than `maxMembers` accounts share, such as a proxy in front of this gateway, makes no group.
 */
function neighboursIn(accounts: readonly Account[], taken: ReadonlySet<number>): number[][] {
  const byAddress = new Map<string, number[]>();
  for (const { id, infrastructure } of accounts) {
    const slot = Number(id);
    if (taken.has(slot)) continue;
    for (const it of infrastructure ?? []) {
      if (!it.startsWith("address:")) continue;
      const slots = byAddress.get(it);
      if (slots) slots.push(slot);
      else byAddress.set(it, [slot]);
    }
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

/** What work in turns comes to, without a pause. */
function wholeOf<T>(turns: Generator<undefined, T>): T {
  for (;;) {
    const turn = turns.next();
    if (turn.done) return turn.value;
  }
}

function sorted(slots: readonly number[]): number[] {
  return [...slots].sort((a, b) => a - b);
}

/** A link with the features that speak for it, the most telling first. */
function toldLink({ a, b, p, because }: Link): LinkedSlots["links"][number] {
  const ranked = [...because].sort((x, y) => x.p - y.p);
  const telling = ranked.filter((it) => it.p <= tellingP);
  return { a: Number(a), b: Number(b), p, because: telling.length > 0 ? telling : ranked.slice(0, 1) };
}

/** One address in common: how seldom that is was not asked, so no link has a `p`. */
function neighboursOf(members: readonly number[], accounts: number): LinkedSlots {
  const [first = 0, ...others] = members;
  const because = [{ feature: "infrastructure" as const }];
  const links = others.slice(0, maxLinksTold).map((it) => ({ a: first, b: it, because }));
  return { members, links, capped: false, falseLinks: 0, accounts };
}

/** An account as it is now; its sketch, which takes long, is made when asked for. */
function accountOf(slot: number, { activity, shingles, tokens, prompts }: Trail, last: number): () => Account {
  const hot = hotOf(shingles, prompts);
  const counts = Array.from({ length: intervals }, (_, i) => activity.get(last - intervals + 1 + i) ?? 0);
  const infrastructure = [...tokens];
  return () => ({
    id: String(slot),
    ...(hot.length > 0 && { sketch: minHash(hot) }),
    activity: counts,
    infrastructure,
  });
}

/** Shingles of an account's templates. */
function hotOf(shingles: Counts, prompts: number): number[] {
  const often = Math.max(3, templateShare * prompts);
  const hot: number[] = [];
  for (const [it, n] of shingles) if (n >= often) hot.push(it);
  return hot;
}

/** Of accounts by their prompts: which others have templates in common with one, the nearest first. */
export function alikeIn(accounts: readonly (readonly string[])[]): (of: number) => number[] {
  const reader = new TextReader({ a: 1, b: 2 });
  const sketches = accounts.map((texts) => {
    const shingles = new Counts();
    for (const text of texts) for (const it of reader.read(text).distinct) shingles.add(it);
    const hot = hotOf(shingles, texts.length);
    return hot.length > 0 ? minHash(hot) : undefined;
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
