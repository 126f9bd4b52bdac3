// Models that are watched after a confirmed theft.
import type { Theft, WatchList } from "@outweigh/pipeline";
import type { Db, Tx } from "./state/state.ts";
import { storable } from "./text.ts";

export async function loadWatchList(db: Db | Tx): Promise<WatchList> {
  const rows = await db.selectFrom("watch").selectAll().orderBy("from_at").orderBy("incident").execute();
  const list = new Map<string, Theft[]>();
  for (const { model, incident, from_at: from, until_at: until } of rows)
    list.set(model, [...(list.get(model) ?? []), { incident, from, until }]);
  return list;
}

/** Stores the whole list: it is short, and what is not in it is not watched. */
export async function storeWatchList(tx: Tx, list: WatchList): Promise<void> {
  await tx.deleteFrom("watch").execute();
  const rows = [...list].flatMap(([model, thefts]) =>
    thefts.map((it) => ({ model: storable(model), incident: it.incident, from_at: it.from, until_at: it.until })),
  );
  if (rows.length > 0) await tx.insertInto("watch").values(rows).execute();
}
