import { gap, type Gap } from "@outweigh/schema";
import type { Db, Tx } from "./state/state.ts";
import { storable, storableJson } from "./text.ts";

/** Stores gaps; one that ended replaces its beginning. */
export async function storeGaps(tx: Tx, gaps: readonly Gap[]): Promise<void> {
  for (const it of gaps) {
    await tx
      .insertInto("gap")
      .values({ source: storable(it.source), from_at: it.from, to_at: it.to ?? null, body: storableJson(it) })
      .onConflict((conflict) =>
        conflict
          .columns(["source", "from_at"])
          .doUpdateSet((eb) => ({ to_at: eb.ref("excluded.to_at"), body: eb.ref("excluded.body") })),
      )
      .execute();
  }
}

/** Gaps that touch a time (ms, both ends included), oldest first; of all time when none is given. At most 500, the newest. */
export async function gapsWithin(db: Db, span?: { readonly from: number; readonly to: number }): Promise<Gap[]> {
  let query = db.selectFrom("gap").select("body").orderBy("from_at", "desc").limit(500);
  if (span) {
    query = query
      .where("from_at", "<=", span.to)
      .where((eb) => eb.or([eb("to_at", "is", null), eb("to_at", ">=", span.from)]));
  }
  const rows = await query.execute();
  return rows.map(({ body }) => gap.parse(body)).reverse();
}
