// What belongs to an incident that took others in.
import { sql, type RawBuilder } from "kysely";
import type { Db, Tx } from "./state/state.ts";

/** An incident and all that were merged into it, as ids: what belongs to any of them belongs to it. */
export function partsOf(incident: string): RawBuilder<string> {
  return sql<string>`(with recursive part (id) as (
    select ${incident}::text union
    select incident.id from incident join part on incident.merged_into = part.id
  ) select id from part)`;
}

export async function partIds(db: Db | Tx, incident: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select id from ${partsOf(incident)} as parts`.execute(db);
  return rows.map((it) => it.id);
}
