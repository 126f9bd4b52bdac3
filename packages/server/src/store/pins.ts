// Events that people tied to an incident.
import type { Pin } from "@outweigh/schema";
import { partsOf } from "./parts.ts";
import type { Db, Tx } from "./state/state.ts";
import { storable } from "./text.ts";

export async function pinsOf(db: Db | Tx, incident: string): Promise<Pin[]> {
  const rows = await db
    .selectFrom("pin")
    .selectAll()
    .where("incident", "in", partsOf(incident))
    .orderBy("event_time")
    .orderBy("at")
    .execute();
  const pins = rows.map((it) => ({ event: it.event, time: it.event_time, by: it.by, at: it.at, reason: it.reason }));
  // Pinned to two incidents that were merged, it is pinned once.
  return [...new Map(pins.map((it) => [it.event, it])).values()];
}

/** The same event pinned again keeps the newest reason. */
export async function addPin(tx: Tx, incident: string, { event, time, by, at, reason }: Pin): Promise<void> {
  const said = { by, at, reason: storable(reason) };
  await tx
    .insertInto("pin")
    .values({ incident, event: storable(event), event_time: time, ...said })
    .onConflict((it) => it.columns(["incident", "event"]).doUpdateSet(said))
    .execute();
}

/** @returns Whether it was pinned. */
export async function removePin(tx: Tx, incident: string, event: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom("pin")
    .where("incident", "in", partsOf(incident))
    .where("event", "=", event)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}
