// Deleting events by age, all but those that something rests on.
import type { ClickHouseClient } from "@clickhouse/client";
import { sql } from "kysely";
import type { EventEngine } from "./engine/engine.ts";
import { partIn, partsOf, tableIn } from "./event-tables.ts";
import { inChunks } from "./page.ts";
import type { Db } from "./state/state.ts";

/** Most ids that are kept from deletion: of some ten thousand alerts. Those of the latest ones come first. */
const maxCited = 2_000_000;
/** Ids written at once. */
const idsAtOnce = 10_000;
/** Longest that the engine may take to delete, in ms. It goes on by itself after that. */
const deleteMs = 600_000;

/** What was deleted. */
export interface Deleted {
  readonly events: number;
  /** Events of that age that stay, because an alert or a pin cites them. */
  readonly kept: number;
}

/**
 * Deletes events that arrived before `before` (ms), but none that an alert or a pin cites. The ids of those are written down in the event
 * engine first, so that the deletion is one statement of each server, which holds or fails as a whole.
 *
 * Blind spot: an alert that comes later may cite events that are gone by then; it keeps what it was made from.
 */
export async function deleteBefore(engine: EventEngine, db: Db, before: number): Promise<Deleted> {
  const cited = await citedIds(db);
  const told = { events: 0, kept: 0 };
  for (const app of partsOf(engine)) {
    const { events, kept } = await deleteFrom(app, engine, { before, cited });
    told.events += events;
    told.kept += kept;
  }
  return told;
}

/** On one server that holds events. */
async function deleteFrom(
  app: ClickHouseClient,
  engine: EventEngine,
  { before, cited }: { readonly before: number; readonly cited: readonly string[] },
): Promise<Deleted> {
  for (const ids of inChunks(cited, idsAtOnce))
    await app.insert({
      table: tableIn(engine, "cited"),
      values: ids.map((id) => ({ id })),
      format: "JSONEachRow",
    });
  const old = `received < {before:Int64}`;
  const isCited = `id in (select id from ${tableIn(engine, "cited")})`;
  const answer = await app.query({
    query: `select countIf(not (${isCited})) as events, countIf(${isCited}) as kept from ${partIn(engine)} where ${old}`,
    query_params: { before },
    format: "JSONEachRow",
  });
  const [counted = { events: "0", kept: "0" }] = await answer.json<{ events: string; kept: string }>();
  const told = { events: Number(counted.events), kept: Number(counted.kept) };
  if (told.events > 0)
    await app.command({
      query: `alter table ${partIn(engine)} delete where ${old} and not (${isCited})`,
      query_params: { before },
      clickhouse_settings: { mutations_sync: "1" },
      abort_signal: AbortSignal.timeout(deleteMs),
    });
  return told;
}

async function citedIds(db: Db): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select event as id from pin
    union
    select id from (
      select jsonb_array_elements_text(to_jsonb(body)->'events') as id from alert order by last_at desc limit ${maxCited}
    ) as of_alerts`.execute(db);
  return rows.map((it) => it.id);
}
