// What people decided of how alerts stand together.
import type { Grouping, IncidentStatus, Verdict } from "@outweigh/schema";
import { sql, type Selectable } from "kysely";
import { incidentNumbers } from "./incidents.ts";
import { partIds } from "./parts.ts";
import type { Db, Tx } from "./state/state.ts";
import type { GroupingTable } from "./state/tables.ts";
import { storable, storableJson } from "./text.ts";

/** Which alerts an incident held. */
export interface Held {
  readonly incident: string;
  readonly alerts: readonly string[];
  /** What people had made of it. */
  readonly status?: IncidentStatus;
  readonly verdict?: Verdict;
}

/** A decision with what it found, so that undoing can put each alert back. */
export interface StoredGrouping {
  readonly id: string;
  readonly kind: Grouping["kind"];
  readonly incident: string;
  readonly others: readonly string[];
  readonly before: readonly Held[];
  readonly by: string;
  readonly at: number;
  readonly reason: string;
  readonly undone?: Grouping["undone"];
}

/** Says where an incident's address leads; undefined: to itself again. */
export async function setMergedInto(tx: Tx, ids: readonly string[], into: string | undefined): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .updateTable("incident")
    .set({ merged_into: into ?? null })
    .where("id", "in", ids)
    .execute();
}

export async function addGrouping(tx: Tx, it: StoredGrouping): Promise<void> {
  await tx
    .insertInto("grouping")
    .values({
      id: it.id,
      kind: it.kind,
      incident: it.incident,
      others: [...it.others],
      before: storableJson(it.before),
      by: storable(it.by),
      at: it.at,
      reason: storable(it.reason),
      undone_at: null,
      undone_by: null,
      undone_reason: null,
    })
    .execute();
}

/** The decision itself stays. */
export async function setUndone(
  tx: Tx,
  id: string,
  { at, by, reason }: NonNullable<Grouping["undone"]>,
): Promise<void> {
  await tx
    .updateTable("grouping")
    .set({ undone_at: at, undone_by: storable(by), undone_reason: storable(reason) })
    .where("id", "=", id)
    .execute();
}

export async function groupingById(db: Db | Tx, id: string): Promise<StoredGrouping | undefined> {
  const row = await db.selectFrom("grouping").selectAll().where("id", "=", id).executeTakeFirst();
  return row && toStored(row);
}

/** Decisions about these incidents, the latest first. */
export async function groupingsAbout(db: Db | Tx, incidents: readonly string[]): Promise<StoredGrouping[]> {
  const rows = await db
    .selectFrom("grouping")
    .selectAll()
    .where(sql<boolean>`(incident = any(${incidents}) or others && ${incidents}::text[])`)
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .execute();
  return rows.map(toStored);
}

/** As people see them. */
export async function shownGroupings(db: Db | Tx, incident: string): Promise<Grouping[]> {
  const all = await groupingsAbout(db, await partIds(db, incident));
  const numbers = await incidentNumbers(db, [...new Set(all.flatMap((it) => it.others))]);
  return all.map(({ id, kind, incident, others, by, at, reason, undone }) => ({
    id,
    kind,
    incident,
    others: others.map((it) => ({ id: it, number: numbers.get(it) ?? 0 })),
    by,
    at,
    reason,
    ...(undone && { undone }),
  }));
}

function toStored(row: Selectable<GroupingTable>): StoredGrouping {
  const { id, kind, incident, others, before, by, at, reason, undone_at, undone_by, undone_reason } = row;
  const undone = undone_at !== null && { at: undone_at, by: undone_by ?? "", reason: undone_reason ?? "" };
  return { id, kind, incident, others, before, by, at, reason, ...(undone && { undone }) };
}
