import { setLevels, peakOf, type Calibration } from "./calibration.ts";
import { fisher, mergeStreams } from "./links.ts";
import { Meter, type Metered } from "./meter.ts";
import type { Rate } from "./path-cal.ts";
import type { Judge } from "./path.ts";
import type { Query } from "./query.ts";
import { lnGamma } from "./statistics.ts";

/** A query with its time, in seconds: what members of a group are merged by. */
export type TimedQuery = Query & { readonly time: number };

/**
 * Levels for groups: the same judge, peaks from merged streams of benign accounts. Give it random groups and groups that share a
 * public template alike, each of about the size that is to be tested, or the promise does not cover honest groups of that kind.
 * @throws {ExtractionError} BAD_ALPHA for a rate that is none; BAD_QUERY as `Path.step`.
 */
export function calibrateGroups(
  judge: Judge,
  groups: readonly (readonly (readonly TimedQuery[])[])[],
  alpha: Rate,
): Calibration {
  return setLevels(
    judge,
    groups.map((it) => peakOf(judge, mergeStreams(it))),
    alpha,
  );
}

/** What testing a group as one client gave. Only `evidence` may be acted on: a link says why to look, not what was found. */
export type Retest =
  | { readonly state: "calibrating" } // too few benign groups to promise anything
  | { readonly state: "link-only" } // together they ask nothing that benign groups do not
  | { readonly state: "evidence"; readonly queries: number; readonly reading: Metered };

/** Tests linked accounts as if they were one, over the first horizon of their merged queries. */
export function retestGroup(calibration: Calibration, members: readonly (readonly TimedQuery[])[]): Retest {
  if (!calibration.levels.strangeness) return { state: "calibrating" };
  const meter = new Meter(calibration);
  for (const it of mergeStreams(members).slice(0, calibration.judge.horizon)) {
    const reading = meter.step(it);
    if (reading.strange || reading.learning || reading.walking) {
      return { state: "evidence", queries: reading.t, reading };
    }
  }
  return { state: "link-only" };
}

/**
 * How seldom accounts that draw from one pool by chance overlap as little as these do: a pool that was dealt out never repeats
 * itself. Each member is held against all before it (hypergeometric, lower tail), combined by Fisher's method.
 *
 * @param members What each account asked, as distinct hashes.
 * @param pool How many distinct items there are to ask; say too few rather than guess, and the answer is too small a p.
 * Blind spot: accounts with subjects of their own overlap little too. So it speaks only of accounts already linked by template.
 */
export function partitionP(members: readonly ReadonlySet<number>[], pool: number): number {
  const seen = new Set<number>();
  const ps: number[] = [];
  for (const it of members) {
    let shared = 0;
    for (const item of it) if (seen.has(item)) shared++;
    if (seen.size > 0 && it.size > 0) ps.push(overlapP(shared, it.size, seen.size, pool));
    for (const item of it) seen.add(item);
  }
  return fisher(ps);
}

/** P(at most `shared` of `drawn` items are among `marked` of `pool`). 1 where the pool cannot hold them. */
function overlapP(shared: number, drawn: number, marked: number, pool: number): number {
  if (pool < drawn + marked - shared) return 1;
  const choose = (n: number, k: number) => lnGamma(n + 1) - lnGamma(k + 1) - lnGamma(n - k + 1);
  let sum = 0;
  for (let k = Math.max(0, drawn + marked - pool); k <= Math.min(shared, drawn, marked); k++) {
    sum += Math.exp(choose(marked, k) + choose(pool - marked, drawn - k) - choose(pool, drawn));
  }
  return Math.min(1, Math.max(sum, Number.MIN_VALUE));
}
