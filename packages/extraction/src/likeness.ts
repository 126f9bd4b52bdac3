// How seldom two unrelated accounts are so alike, by their templates, by where they come from, and by when they were opened.
import type { Account } from "./links.ts";
import { minHashLength, similarity } from "./text.ts";

/** An account opened this soon after a ban may be the banned one's next: the day that reports name. */
const rebirthSeconds = 86_400;

/** Of how many hashes in common, in what share of all pairs of accounts. Index: hashes in common. */
export function* templateShares(accounts: readonly Account[]): Generator<undefined, Float64Array> {
  const sketches = accounts.flatMap((it) => (it.sketch ? [it.sketch] : []));
  const counts = new Float64Array(minHashLength + 1);
  for (const [i, a] of sketches.entries()) {
    for (let j = i + 1; j < sketches.length; j++) counts[Math.round(similarity(a, sketches[j]!) * minHashLength)]! += 1;
    yield;
  }
  for (let same = minHashLength; same > 0; same--) counts[same - 1]! += counts[same]!;
  const pairs = Math.max(counts[0]!, 1);
  return counts.map((it) => it / pairs);
}

/** How many pairs of accounts are as similar. */
export function templateP(a: Account, b: Account, shares: Float64Array) {
  if (!a.sketch || !b.sketch) return undefined;
  const p = shares[Math.round(similarity(a.sketch, b.sketch) * minHashLength)] ?? 1;
  return { feature: "template" as const, p };
}

/** Accounts opened within a day after a ban. */
export function rebornOf(accounts: readonly Account[], bans: readonly number[]) {
  const soon = (born: number) => bans.some((ban) => born >= ban && born - ban <= rebirthSeconds);
  const known = accounts.filter((it) => it.born !== undefined);
  const ids = new Set(known.filter((it) => soon(it.born ?? 0)).map((it) => it.id));
  return { ids, share: bans.length === 0 || known.length === 0 ? undefined : ids.size / known.length };
}

/** Chance that two accounts were both opened so soon after a ban. */
export function birthP(a: Account, b: Account, { ids, share }: ReturnType<typeof rebornOf>) {
  if (share === undefined || a.born === undefined || b.born === undefined) return undefined;
  return { feature: "birth" as const, p: ids.has(a.id) && ids.has(b.id) ? share ** 2 : 1 };
}

/** How many accounts have each token. */
export function usersOf(accounts: readonly Account[]): Map<string, number> {
  const users = new Map<string, number>();
  for (const { infrastructure } of accounts)
    for (const it of new Set(infrastructure)) users.set(it, (users.get(it) ?? 0) + 1);
  return users;
}

/** Chance that two accounts share their rarest common token, from its frequency. */
export function sharedP(a: Account, b: Account, users: ReadonlyMap<string, number>, accounts: number) {
  if (!a.infrastructure || !b.infrastructure) return undefined;
  let rarest = Infinity;
  for (const it of a.infrastructure)
    if (b.infrastructure.includes(it)) rarest = Math.min(rarest, users.get(it) ?? Infinity);
  // Several tokens were looked at: Bonferroni.
  const p = Math.min(1, (rarest / accounts) ** 2 * Math.max(1, a.infrastructure.length));
  return { feature: "infrastructure" as const, p };
}
