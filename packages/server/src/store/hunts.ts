// Filters of events that people kept: shared by all who hunt here.
import type { Hunt } from "@outweigh/schema";
import type { Db, Tx } from "./state/state.ts";
import { storable } from "./text.ts";

export async function allHunts(db: Db): Promise<Hunt[]> {
  return db.selectFrom("hunt").selectAll().orderBy("name").execute();
}

export async function countHunts(tx: Tx): Promise<number> {
  const { count } = await tx
    .selectFrom("hunt")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return count;
}

/** One of the same name is replaced. */
export async function keepHunt(tx: Tx, { name, filter, by, at }: Hunt): Promise<void> {
  const kept = { filter: storable(filter), by, at };
  await tx
    .insertInto("hunt")
    .values({ name: storable(name), ...kept })
    .onConflict((it) => it.column("name").doUpdateSet(kept))
    .execute();
}

/** @returns Whether there was one. */
export async function removeHunt(tx: Tx, name: string): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom("hunt").where("name", "=", storable(name)).executeTakeFirst();
  return numDeletedRows > 0n;
}
