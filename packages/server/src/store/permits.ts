// Permits: that a principal may take a model out, for a time.
import type { Permit, PermitRow } from "@outweigh/schema";
import type { Selectable } from "kysely";
import type { Db, Tx } from "./state/state.ts";
import type { PermitTable } from "./state/tables.ts";
import { storable } from "./text.ts";

/** Permits of one model that are shown, and those that the line works with. */
const maxShown = 50;
const maxKnown = 1000;
/** How long after its end a permit still matters, in ms: a key that outlived it is found by then or never. */
const rememberMs = 90 * 86_400_000;

/** Those that hold at this time, and those that ended lately; the oldest first. */
export async function knownPermits(db: Db | Tx, now: number): Promise<Permit[]> {
  const rows = await db
    .selectFrom("permit")
    .selectAll()
    .where("until_at", ">", now - rememberMs)
    .orderBy("from_at", "desc")
    .orderBy("id")
    .limit(maxKnown)
    .execute();
  return rows.reverse().map(toPermit);
}

/** Of one model, the latest first. */
export async function permitsOf(db: Db, model: string): Promise<PermitRow[]> {
  const rows = await db
    .selectFrom("permit")
    .selectAll()
    .where("model", "=", model)
    .orderBy("from_at", "desc")
    .limit(maxShown)
    .execute();
  return rows.map((it) => ({ ...toPermit(it), ...(it.ended_by !== null && { endedBy: it.ended_by }) }));
}

export async function permitById(db: Db | Tx, id: string): Promise<Permit | undefined> {
  const row = await db.selectFrom("permit").selectAll().where("id", "=", id).executeTakeFirst();
  return row && toPermit(row);
}

export async function storePermit(tx: Tx, it: Permit): Promise<void> {
  await tx
    .insertInto("permit")
    .values({
      id: it.id,
      model: storable(it.model),
      principal: storable(it.principal),
      address: it.address ?? null,
      by: storable(it.by),
      agreed_by: storable(it.agreedBy),
      reason: storable(it.reason),
      from_at: it.from,
      until_at: it.until,
      ended_by: null,
    })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
}

/** Ends it before its time. */
export async function endPermit(tx: Tx, id: string, by: string, now: number): Promise<void> {
  await tx
    .updateTable("permit")
    .set({ until_at: now, ended_by: storable(by) })
    .where("id", "=", id)
    .where("until_at", ">", now)
    .execute();
}

function toPermit(it: Selectable<PermitTable>): Permit {
  return {
    id: it.id,
    model: it.model,
    principal: it.principal,
    by: it.by,
    agreedBy: it.agreed_by,
    reason: it.reason,
    from: Number(it.from_at),
    until: Number(it.until_at),
    ...(it.address !== null && { address: it.address }),
  };
}
