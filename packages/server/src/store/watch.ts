// What is watched after a confirmed theft.
import { subjectKey, type WatchList } from "@outweigh/pipeline";
import { watchedKind } from "@outweigh/schema";
import { incidentWithin } from "./spaces.ts";
import type { Db, Tx } from "./state/state.ts";
import { storable } from "./text.ts";

/** Most rows of one statement, well below what PostgreSQL has parameters for. */
const rowsAtOnce = 5000;

export async function loadWatchList(db: Db | Tx): Promise<WatchList> {
  const rows = await db
    .selectFrom("watch")
    .selectAll()
    .orderBy("from_at")
    .orderBy("incident")
    .orderBy("kind")
    .orderBy("name")
    .execute();
  const groups = Map.groupBy(rows, ({ kind, name }) => subjectKey({ kind: watchedKind.parse(kind), name }));
  return new Map(
    [...groups].map(([key, own]) => {
      const thefts = own.map(({ incident, from_at: from, until_at: until }) => ({ incident, from, until }));
      return [key, { kind: watchedKind.parse(own[0]?.kind), name: own[0]?.name ?? "", thefts }];
    }),
  );
}

/** Stores the whole list: it is short, and what is not in it is not watched. */
export async function storeWatchList(tx: Tx, list: WatchList): Promise<void> {
  await tx.deleteFrom("watch").execute();
  const rows = [...list.values()].flatMap(({ kind, name, thefts }) =>
    thefts.map((it) => ({
      kind,
      name: storable(name),
      incident: it.incident,
      from_at: it.from,
      until_at: it.until,
    })),
  );
  for (let at = 0; at < rows.length; at += rowsAtOnce)
    await tx
      .insertInto("watch")
      .values(rows.slice(at, at + rowsAtOnce))
      // Names that differ only in what cannot be stored: a theft must not stay unconfirmed for that.
      .onConflict((conflict) => conflict.doNothing())
      .execute();
}

/** Which of these incidents somebody may see, with their numbers. */
export async function incidentsWithin(
  db: Db,
  ids: readonly string[],
  reach: ReadonlySet<string> | undefined,
): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom("incident")
    .select(["id", "number"])
    .where("id", "in", ids)
    .where(incidentWithin(reach))
    .execute();
  return new Map(rows.map((it) => [it.id, it.number]));
}
