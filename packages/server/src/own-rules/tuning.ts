// What the line is told of what people added, as it is stored.
import { watchOf, type Tuning, type WatchList } from "@outweigh/pipeline";
import type { Config, Permit } from "@outweigh/schema";
import { allOwnRules, type StoredOwnRule } from "../store/own-rules.ts";
import type { Db, Tx } from "../store/state/state.ts";
import { principalsIn } from "../store/incidents.ts";
import { knownPermits } from "../store/permits.ts";
import { loadWatchList } from "../store/watch.ts";

/** What may differ from what is stored: what is about to be. */
interface Changed {
  readonly own?: readonly StoredOwnRule[];
  readonly watch?: WatchList;
  readonly permits?: readonly Permit[];
}

/** Most principals that are watched, those of the latest thefts first: each claim of the line is looked up among them. */
const maxWatchedPrincipals = 1000;

/** Everything that is on trial or published, and the models that are watched; in an order that is always the same. */
export async function tuningOf(db: Db | Tx, { spaces }: Config, changed: Changed = {}): Promise<Tuning> {
  const own = changed.own ?? (await allOwnRules(db));
  const list = changed.watch ?? (await loadWatchList(db));
  // Which ended long ago says the clock of this machine; of those that matter the line asks the events' own times.
  const permits = changed.permits ?? (await knownPermits(db, Date.now()));
  const principals = await principalsOf(db, list);
  const byName = (a: string, b: string): number => (a < b ? -1 : 1);
  return {
    own: own
      .flatMap(({ name, text, stage, space }) => {
        if (stage !== "trial" && stage !== "published") return [];
        const models = spaces.find((it) => it.name === space)?.models ?? [];
        return [{ name, text, stage, ...(space !== undefined && { models }) }];
      })
      .sort((a, b) => byName(a.name, b.name)),
    watched: [...list.keys()].sort(byName).flatMap((model) => {
      const span = watchOf(list, model);
      return span ? [{ model, ...span }] : [];
    }),
    ...(principals.length > 0 && { principals }),
    ...(permits.length > 0 && { permits: [...permits] }),
  };
}

/** Who took part in the thefts that models are watched for, as long as those are a reason. In an order that is always the same. */
async function principalsOf(db: Db | Tx, list: WatchList): Promise<NonNullable<Tuning["principals"]>> {
  const thefts = new Map([...list.values()].flat().map((it) => [it.incident, it]));
  if (thefts.size === 0) return [];
  const incidents = await principalsIn(db, [...thefts.keys()]);
  const spans = new Map<string, { from: number; until: number }>();
  for (const { id, principals } of incidents) {
    const theft = thefts.get(id);
    if (!theft) continue;
    for (const it of principals) {
      const known = spans.get(it) ?? theft;
      spans.set(it, { from: Math.min(known.from, theft.from), until: Math.max(known.until, theft.until) });
    }
  }
  const all = [...spans].map(([principal, span]) => ({ principal, from: span.from, until: span.until }));
  const latest = all.sort((a, b) => b.until - a.until || (a.principal < b.principal ? -1 : 1));
  return latest.slice(0, maxWatchedPrincipals);
}
