// What the line is told of what people added, as it is stored.
import { spanOf, type Tuning, type WatchList } from "@outweigh/pipeline";
import type { Config, Permit } from "@outweigh/schema";
import { allOwnRules, type StoredOwnRule } from "../store/own-rules.ts";
import type { Db, Tx } from "../store/state/state.ts";
import { knownPermits } from "../store/permits.ts";
import { loadWatchList } from "../store/watch.ts";

/** What may differ from what is stored: what is about to be. */
interface Changed {
  readonly own?: readonly StoredOwnRule[];
  readonly watch?: WatchList;
  readonly permits?: readonly Permit[];
}

/** Everything that is on trial or published, and what is watched; in an order that is always the same. */
export async function tuningOf(db: Db | Tx, { spaces }: Config, changed: Changed = {}): Promise<Tuning> {
  const own = changed.own ?? (await allOwnRules(db));
  const list = changed.watch ?? (await loadWatchList(db));
  // Which ended long ago says the clock of this machine; of those that matter the line asks the events' own times.
  const permits = changed.permits ?? (await knownPermits(db, Date.now()));
  const byName = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
  return {
    own: own
      .flatMap(({ name, text, stage, space }) => {
        if (stage !== "trial" && stage !== "published") return [];
        const models = spaces.find((it) => it.name === space)?.models ?? [];
        return [{ name, text, stage, ...(space !== undefined && { models }) }];
      })
      .sort((a, b) => byName(a.name, b.name)),
    watched: [...list.values()]
      .map((it) => ({ kind: it.kind, name: it.name, ...spanOf(it) }))
      .sort((a, b) => byName(a.kind, b.kind) || byName(a.name, b.name)),
    ...(permits.length > 0 && { permits: [...permits] }),
  };
}
