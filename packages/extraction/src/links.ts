import { alternationP, clockP, leastClockP, planP } from "./clocks.ts";
import { birthP, rebornOf, sharedP, templateP, templateShares, usersOf } from "./likeness.ts";
import { minHashLength } from "./text.ts";

/** What is compared of an account. */
export interface Account {
  readonly id: string;
  /** MinHash of the shingles that are hot in its prompts: its templates. */
  readonly sketch?: Uint32Array;
  /** Queries per equal interval, all accounts over the same time. */
  readonly activity?: readonly number[];
  /** When it asked, rising, on one clock with the others; the newest few dozen are enough. */
  readonly times?: readonly number[];
  /** Opaque tokens of where it comes from: network, TLS fingerprint, payment hash. Rare ones link, common ones do not. */
  readonly infrastructure?: readonly string[];
  /** When it was opened, in seconds on the clock of `LinkOptions.bans`. */
  readonly born?: number;
}

/** Why two accounts may be one. A link is a reason to test them together, never a verdict: many honest accounts share a public template. */
export interface Link {
  readonly a: string;
  readonly b: string;
  /** Fisher's combination of the features that both accounts have: how seldom unrelated accounts are so alike. */
  readonly p: number;
  readonly because: readonly { readonly feature: LinkFeature; readonly p: number }[];
}

/**
 * - `template`: the same hot shingles. - `timing`: busy at the same times. - `dispersion`: together busier evenly than by chance, as
 * behind a load balancer. - `turns`: one asks, then the other. - `infrastructure`: a rare token in common. - `birth`: both opened within a day of a ban.
 */
export type LinkFeature = "template" | "timing" | "dispersion" | "turns" | "infrastructure" | "birth";

export interface Group {
  readonly members: readonly string[];
  /** The links that hold it together. */
  readonly links: readonly Link[];
  /** True if accounts were left out because the group was full. */
  readonly capped: boolean;
}

export interface LinkOptions {
  /** Expected number of false links over all pairs. */
  readonly falseLinks: number;
  /** Largest group: a template that thousands use must not make one group of them all. */
  readonly maxMembers: number;
  /** When accounts were banned, in seconds. Absent: births say nothing. */
  readonly bans?: readonly number[];
}

/** Bands of four hashes: pairs above a similarity of about 0.42 are compared with likelihood a half, much nearer ones always. */
const bandRows = 4;
/** Accounts in one band or one infrastructure token beyond this are a public template or a cloud: no pair is made of them. */
const maxBucket = 64;

/** Of the false links that are borne, what following a plan may add, in each of two ways. */
const growthShare = 0.1;
/** Accounts that take turns this seldom by chance are a pair to look at. */
const seldomTurns = 1e-3;

/** Pairs that are compared, or accounts held against a plan, between two turns: some 10 µs each. */
const pairsOfTurn = 128;

/**
 * Links accounts that look like one client, and joins the links to groups.
 *
 * Each feature gives a p-value against a null of its own: templates, infrastructure and births against how rare they are among
 * the accounts, timing and dispersion against the same counts turned round the clock, turns against chance. They are combined as
 * independent, which holds for accounts that have nothing to do with each other, and not for customers of one reseller: another
 * reason why a link is no verdict. Accounts that share a token are also held against the plan of all that do, and a group takes in
 * who follows its plan: see `planP`.
 * Blind spot: a client whose accounts share neither template nor network, and ask in an order drawn at random.
 */
export function linkAccounts(accounts: readonly Account[], options: LinkOptions): Group[] {
  const turns = linkInTurns(accounts, options);
  for (;;) {
    const turn = turns.next();
    if (turn.done) return turn.value;
  }
}

/**
 * As `linkAccounts`, in turns of a few milliseconds at most, so that whoever calls can do other work between two: accounts that a thief
 * chose, alike in many cheap ways, take long to compare. `accounts` must not change meanwhile.
 *
 * @yields {undefined} After each turn. @returns What `linkAccounts` returns.
 */
export function* linkInTurns(accounts: readonly Account[], options: LinkOptions): Generator<undefined, Group[]> {
  const pairs = (accounts.length * (accounts.length - 1)) / 2;
  const common = meanActivity(accounts);
  const reborn = rebornOf(accounts, options.bans ?? []);
  const shares = yield* templateShares(accounts);
  const links: Link[] = [];
  const tokens = yield* bucketsOf(accounts, "infrastructure");
  const users = usersOf(accounts);
  const isSeldom = (ps: readonly number[]) => fisher(ps) * pairs <= options.falseLinks;
  let compared = 0;
  for (const [a, b] of candidates(accounts, [...(yield* bucketsOf(accounts, "template")), ...tokens])) {
    if (++compared % pairsOfTurn === 0) yield;
    const others = [templateP(a, b, shares), sharedP(a, b, users, accounts.length), birthP(a, b, reborn)];
    // Clocks are the dear part: two that no clock could link are not asked for theirs.
    const least = leastClockP(a, b);
    if (least !== undefined && !isSeldom([...others.flatMap((it) => it?.p ?? []), least])) continue;
    const [template, shared, birth] = others;
    const because = [template, clockP(a, b, common), shared, birth].filter((it) => it !== undefined);
    const ps = because.map((it) => it.p);
    if (isSeldom(ps)) links.push({ a: a.id, b: b.id, p: fisher(ps), because });
  }
  for (const it of yield* planned(accounts, tokens, options.falseLinks)) links.push(it);
  links.sort((x, y) => x.p - y.p || inOrder(x.a + x.b, y.a + y.b) || inOrder(x.a, y.a));
  yield;
  return yield* grow(join(links, options.maxMembers), accounts, options);
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** P(product of k uniforms <= x) = x Σ (-ln x)^i / i!, i < k. Source: Fisher 1932. */
export function fisher(ps: readonly number[]): number {
  const ln = ps.reduce((sum, it) => sum + Math.log(it), 0);
  let term = 1;
  let sum = 0;
  ps.forEach((_, i) => {
    if (i > 0) term *= -ln / i;
    sum += term;
  });
  return ps.length === 0 ? 1 : Math.min(1, Math.exp(ln) * sum);
}

/** Accounts that share a band of their sketches or a token; the largest are a public template or a cloud, and left out. */
function* bucketsOf(accounts: readonly Account[], of: "template" | "infrastructure"): Generator<undefined, number[][]> {
  const buckets = new Map<string, number[]>();
  const put = (key: string, i: number) => {
    const it = buckets.get(key);
    if (it) it.push(i);
    else buckets.set(key, [i]);
  };
  for (const [i, { sketch, infrastructure }] of accounts.entries()) {
    const keys = of === "template" ? bandsOf(sketch) : infrastructure;
    for (const it of new Set(keys)) put(it, i);
    if (i % pairsOfTurn === 0) yield;
  }
  return [...buckets.values()].filter((it) => it.length > 1 && it.length <= maxBucket);
}

function bandsOf(sketch: Uint32Array | undefined): string[] {
  return Array.from({ length: sketch ? minHashLength / bandRows : 0 }, (_, band) => {
    return `${band}:${sketch?.subarray(band * bandRows, (band + 1) * bandRows).join()}`;
  });
}

/** Pairs of a bucket, and pairs that take turns; the clock's hours alone never link two. */
function* candidates(
  accounts: readonly Account[],
  buckets: readonly (readonly number[])[],
): Generator<[Account, Account]> {
  const bucketsWith = accounts.map((): (readonly number[])[] => []);
  for (const members of buckets) for (const i of members) bucketsWith[i]?.push(members);
  for (const [i, a] of accounts.entries()) {
    const found = new Set<number>();
    for (const members of bucketsWith[i] ?? []) for (const j of members) if (j > i) found.add(j);
    for (let j = i + 1; a.times && j < accounts.length; j++) {
      const turns = alternationP(a, accounts[j] ?? a);
      if (turns && turns.p <= seldomTurns) found.add(j);
    }
    for (const j of found) {
      const b = accounts[j];
      if (b) yield [a, b];
    }
  }
}

/** Links the accounts of a token that each follow the plan of the others there: two of few queries say nothing of one another. */
function* planned(
  accounts: readonly Account[],
  buckets: readonly (readonly number[])[],
  falseLinks: number,
): Generator<undefined, Link[]> {
  const common = meanActivity(accounts);
  const crowds = buckets.filter((it) => it.length > 2).map((it) => it.flatMap((i) => accounts[i] ?? []));
  const tests = crowds.reduce((sum, it) => sum + it.length, 0);
  const links: Link[] = [];
  for (const crowd of crowds) {
    yield;
    const all = sumOf(crowd);
    const following = crowd.flatMap(({ id, activity }) => {
      if (!activity) return [];
      const others = all.map((it, t) => it - (activity[t] ?? 0));
      const p = planP(activity, others, common);
      return p * tests <= growthShare * falseLinks ? [{ id, p }] : [];
    });
    const [first, ...others] = following;
    if (!first) continue;
    for (const { id, p } of others) links.push({ a: first.id, b: id, p, because: [{ feature: "timing", p }] });
  }
  return links;
}

function meanActivity(accounts: readonly Account[]): number[] {
  const known = accounts.filter((it) => it.activity).length;
  return sumOf(accounts).map((it) => it / Math.max(known, 1));
}

/** Union–find over links, strongest first; a link that would make a group too large is dropped and said. */
function join(links: readonly Link[], maxMembers: number): Group[] {
  const groupOf = new Map<string, { members: Set<string>; links: Link[]; capped: boolean }>();
  for (const link of links) {
    const a = groupOf.get(link.a) ?? { members: new Set([link.a]), links: [], capped: false };
    const b = groupOf.get(link.b) ?? { members: new Set([link.b]), links: [], capped: false };
    if (a !== b && a.members.size + b.members.size > maxMembers) {
      a.capped = b.capped = true;
      continue;
    }
    if (a !== b) {
      for (const it of b.members) a.members.add(it);
      a.links.push(...b.links);
      a.capped ||= b.capped;
    }
    a.links.push(link);
    for (const it of a.members) groupOf.set(it, a);
  }
  return [...new Set(groupOf.values())].map((it) => ({ ...it, members: [...it.members].sort() }));
}

/** Takes into each group the accounts whose activity follows the group's, as long as there are any; a larger group shows its plan better. */
function* grow(
  groups: readonly Group[],
  accounts: readonly Account[],
  { falseLinks, maxMembers }: LinkOptions,
): Generator<undefined, Group[]> {
  const common = meanActivity(accounts);
  const free = new Map(accounts.map((it) => [it.id, it]));
  for (const id of groups.flatMap((it) => it.members)) free.delete(id);
  const tests = Math.max(1, free.size * groups.length);
  const grown: Group[] = [];
  let tested = 0;
  for (const group of groups) {
    // Who takes turns leaves no room for others.
    if (group.links.some((it) => it.because.some(({ feature }) => feature === "turns"))) {
      grown.push(group);
      continue;
    }
    const members = new Set(group.members);
    const links = [...group.links];
    for (let before = 0; before < members.size && members.size < maxMembers;) {
      before = members.size;
      const plan = sumOf(accounts.filter((it) => members.has(it.id)));
      for (const { id, activity } of free.values()) {
        if (++tested % pairsOfTurn === 0) yield;
        const p = activity ? planP(activity, plan, common) : 1;
        if (p * tests > growthShare * falseLinks || members.size >= maxMembers) continue;
        links.push({ a: group.members[0] ?? id, b: id, p, because: [{ feature: "timing", p }] });
        members.add(id);
        free.delete(id);
      }
    }
    grown.push({ members: [...members].sort(), links, capped: group.capped || members.size >= maxMembers });
  }
  return grown;
}

/** Activity of several accounts together. */
function sumOf(accounts: readonly Account[]): number[] {
  const known = accounts.flatMap((it) => (it.activity ? [it.activity] : []));
  const length = Math.max(0, ...known.map((it) => it.length));
  return Array.from({ length }, (_, t) => known.reduce((sum, it) => sum + (it[t] ?? 0), 0));
}

/** Several accounts' streams as one, in order of time: what a group is tested by, with the same `Path` and a level of its own. */
export function mergeStreams<T extends { readonly time: number }>(streams: readonly (readonly T[])[]): T[] {
  return streams.flat().sort((a, b) => a.time - b.time);
}
