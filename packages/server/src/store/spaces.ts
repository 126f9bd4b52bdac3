// Which models an incident is really about. Its own list ends after some hundred names; its alerts know them all.
import { sql, type RawBuilder } from "kysely";
import { within } from "./filter.ts";
import { partsOf } from "./parts.ts";
import type { Db } from "./state/state.ts";

/** A condition on `incident`: all models of it, and of what was merged into it, are within reach. */
export function incidentWithin(reach: ReadonlySet<string> | undefined): RawBuilder<boolean> {
  if (reach === undefined) return sql<boolean>`true`;
  return sql<boolean>`(${within(reach, "incident.models")} and not exists (
    with recursive part (id) as (
      select incident.id union select one.id from incident as one join part on one.merged_into = part.id
    ) select from alert join part on alert.incident = part.id where alert.model <> all(${[...reach]}::text[])))`;
}

/** All models that an incident is about; none if there is no such incident. */
export async function modelsOfIncident(db: Db, id: string): Promise<string[]> {
  const { rows } = await sql<{ model: string }>`
    select unnest(models) as model from incident where id = ${id} union
    select model from alert where model is not null and incident in ${partsOf(id)}`.execute(db);
  return rows.map((it) => it.model);
}
