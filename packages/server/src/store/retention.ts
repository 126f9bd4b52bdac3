// Deleting events by age, all but those that something rests on.
import { sql } from "kysely";
import type { EventEngine } from "./engine/engine.ts";
import { tableIn } from "./event-tables.ts";
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
 * engine first, so that the deletion is one statement, which holds or fails as a whole.
 *
 * Blind spot: an alert that comes later may cite events that are gone by then; it keeps what it was made from.
 */
export async function deleteBefore(engine: EventEngine, db: Db, before: number): Promise<Deleted> {
  for (const ids of inChunks(await citedIds(db), idsAtOnce))
    await engine.app.insert({
      table: tableIn(engine, "cited"),
      values: ids.map((id) => ({ id })),
      format: "JSONEachRow",
    });
  const old = `received < {before:Int64}`;
  const isCited = `id in (select id from ${tableIn(engine, "cited")})`;
  const answer = await engine.app.query({
    query: `select countIf(not (${isCited})) as events, countIf(${isCited}) as kept from ${tableIn(engine, "event")} where ${old}`,
    query_params: { before },
    format: "JSONEachRow",
  });
  const [counted = { events: "0", kept: "0" }] = await answer.json<{ events: string; kept: string }>();
  const told = { events: Number(counted.events), kept: Number(counted.kept) };
  if (told.events > 0)
    await engine.app.command({
      query: `alter table ${tableIn(engine, "event")} delete where ${old} and not (${isCited})`,
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
