import {
  actionRow,
  actionVerb,
  approval,
  actionTerms,
  type ActionRow,
  type ActionVerb,
  type Approval,
  type ActionTerms,
} from "@outweigh/schema";
import { sql, type Selectable } from "kysely";
import { writeCursor } from "./cursor.ts";
import { whereOf, type FilterFields } from "./filter.ts";
import { incidentNumbers } from "./incidents.ts";
import { key, ListOrder, type Key, type OrderColumns } from "./order.ts";
import { countOf, pageAndCount, type ListQuery, type Page } from "./page.ts";
import { incidentWithin } from "./spaces.ts";
import { partsOf } from "./parts.ts";
import type { Db, Tx } from "./state/state.ts";
import type { ActionTable } from "./state/tables.ts";
import { storable, storableJson } from "./text.ts";

export const actionFields: FilterFields = {
  id: { kind: "text", column: "id" },
  verb: { kind: "text", column: "verb" },
  target: { kind: "text", column: "target" },
  state: { kind: "text", column: "state" },
  incident: { kind: "text", column: "incident" },
  by: { kind: "text", column: "by" },
  time: { kind: "time", column: "at" },
};
const texts = ["title", "reason", "target"];

interface NewAction {
  readonly id: string;
  readonly verb: ActionVerb;
  readonly target: string;
  readonly title: string;
  readonly incident: string | undefined;
  readonly by: string;
  readonly reason: string;
  readonly at: number;
  readonly undoable: boolean;
  /** `pending` waits for somebody who agrees, until `decideBy`. */
  readonly state: "pending" | "running";
  readonly decideBy?: number | undefined;
  readonly effects: readonly string[];
  readonly approval: Approval;
  readonly digest: string;
  readonly terms?: ActionTerms | undefined;
  /** How long it holds once it is done, in ms, and whether whoever does it ends it then. */
  readonly lasts?: number | undefined;
  readonly endsItself: boolean;
  /** When that is over. */
  readonly endsAt?: number | undefined;
  /** What is about to be done, before it is: a crash in between leaves the note that undoing needs. */
  readonly record: object;
}

/** What became of it. Undefined fields stay as they are. */
export interface ActionProgress {
  readonly state: ActionRow["state"];
  readonly verifiedAt?: number;
  readonly seen?: string;
  readonly undone?: { readonly at: number; readonly by: string; readonly reason: string };
  readonly problem?: string;
  readonly undoable?: boolean;
  readonly endsAt?: number;
  readonly decided?: { readonly at: number; readonly by: string; readonly reason: string };
  readonly record?: object;
}

export async function addAction(tx: Tx, it: NewAction): Promise<void> {
  await tx
    .insertInto("action")
    .values({
      id: it.id,
      verb: it.verb,
      by: it.by,
      at: it.at,
      undoable: it.undoable,
      ends_at: it.endsAt ?? null,
      target: storable(it.target),
      title: storable(it.title),
      reason: storable(it.reason),
      incident: it.incident ?? null,
      state: it.state,
      effects: storableJson(it.effects),
      approval: it.approval,
      digest: it.digest,
      terms: it.terms === undefined ? null : storableJson(it.terms),
      lasts: it.lasts ?? null,
      ends_itself: it.endsItself,
      decide_by: it.decideBy ?? null,
      decided_by: null,
      decided_at: null,
      decided_reason: null,
      verified_at: null,
      undone_at: null,
      undone_by: null,
      undone_reason: null,
      problem: null,
      seen: null,
      record: storableJson(it.record),
    })
    .execute();
}

export async function setProgress(tx: Tx, id: string, it: ActionProgress): Promise<void> {
  await tx
    .updateTable("action")
    .set({
      state: it.state,
      problem: it.problem === undefined ? null : storable(it.problem),
      ...(it.verifiedAt !== undefined && { verified_at: it.verifiedAt }),
      ...(it.seen !== undefined && { seen: storable(it.seen) }),
      ...(it.undone && {
        undone_at: it.undone.at,
        undone_by: storable(it.undone.by),
        undone_reason: storable(it.undone.reason),
      }),
      ...(it.decided && {
        decided_at: it.decided.at,
        decided_by: storable(it.decided.by),
        decided_reason: storable(it.decided.reason),
      }),
      ...(it.endsAt !== undefined && { ends_at: it.endsAt }),
      ...(it.undoable !== undefined && { undoable: it.undoable }),
      ...(it.record !== undefined && { record: storableJson(it.record) }),
    })
    .where("id", "=", id)
    .execute();
}

const orders: OrderColumns = {
  state: { column: "state", kind: "text" },
  title: { column: "title", kind: "text" },
  verb: { column: "verb", kind: "text" },
  by: { column: "by", kind: "text" },
  time: { column: "at", kind: "number" },
};
/** What waits for somebody comes first. */
const waiting: Key = { value: sql`(case when state = 'pending' then 1 else 0 end)`, kind: "number", falling: true };
const usual = [
  waiting,
  key({ column: "at", kind: "number" }, true),
  key({ column: "id", kind: "text" }, true),
] as const;

/** The latest first, or as the reader asks. */
export async function listActions(
  db: Db,
  { filter, sort, after, limit, now, reach }: ListQuery,
): Promise<Page<ActionRow>> {
  const visible =
    reach === undefined
      ? sql<boolean>`true`
      : sql<boolean>`exists (select from incident where incident.id = action.incident and ${incidentWithin(reach)})`;
  const matches = sql<boolean>`${whereOf(filter, actionFields, texts, now)} and ${visible}`;
  const order = new ListOrder(sort, orders, usual);
  const page = (at: Db) =>
    at
      .selectFrom("action")
      .selectAll()
      .select(order.place.as("place"))
      .where(matches)
      .where(order.beyond(after))
      .orderBy(order.by)
      .limit(limit)
      .execute();
  const [rows, total] = await pageAndCount(db, page, (at) => countOf(at, "action", matches));
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return {
    items: await toActionRows(db, rows),
    total,
    ...(last && { next: writeCursor(last.place) }),
  };
}

export async function actionsOf(db: Db, incident: string): Promise<ActionRow[]> {
  const rows = await db
    .selectFrom("action")
    .selectAll()
    .where("incident", "in", partsOf(incident))
    .orderBy("at")
    .execute();
  return toActionRows(db, rows);
}

export interface FoundAction {
  readonly row: ActionRow;
  readonly record: unknown;
  readonly terms: ActionTerms | undefined;
  readonly lasts: number | undefined;
  readonly endsItself: boolean;
}

export async function actionById(db: Db, id: string): Promise<FoundAction | undefined> {
  const rows = await db.selectFrom("action").selectAll().where("id", "=", id).execute();
  return (await toFound(db, rows))[0];
}

/** Actions that were running when the server ended: nobody knows how far they came. */
export async function runningActions(db: Db): Promise<FoundAction[]> {
  return toFound(db, await db.selectFrom("action").selectAll().where("state", "=", "running").execute());
}

/** Those whose time is over: proposals that nobody agreed to, and what has been done for long enough. */
export async function dueActions(db: Db, now: number): Promise<FoundAction[]> {
  const rows = await db
    .selectFrom("action")
    .selectAll()
    .where((eb) =>
      eb.or([
        eb.and([eb("state", "=", "pending"), eb("decide_by", "<=", now)]),
        eb.and([eb("state", "=", "verified"), eb("ends_at", "<=", now)]),
      ]),
    )
    .orderBy("at")
    .limit(100)
    .execute();
  return toFound(db, rows);
}

/** The action by which a capture may be opened now, if there is one. */
export async function openOf(db: Db, capture: string, now: number): Promise<ActionRow | undefined> {
  const rows = await db
    .selectFrom("action")
    .selectAll()
    .where("verb", "=", "open-capture" satisfies ActionVerb)
    .where("target", "=", capture)
    .where("state", "=", "verified")
    .where("ends_at", ">", now)
    .limit(1)
    .execute();
  return (await toActionRows(db, rows))[0];
}

/** Captures that were made for an incident, whether they go on or have ended, the latest first. */
export async function capturesFor(db: Db, incident: string): Promise<ActionRow[]> {
  const rows = await db
    .selectFrom("action")
    .selectAll()
    .where("incident", "=", incident)
    .where("verb", "=", "capture" satisfies ActionVerb)
    .where("state", "in", ["verified", "undone"])
    .orderBy("at", "desc")
    .limit(20)
    .execute();
  return toActionRows(db, rows);
}

async function toFound(db: Db, rows: readonly Selectable<ActionTable>[]): Promise<FoundAction[]> {
  const read = await toActionRows(db, rows);
  return rows.flatMap((it, i) => {
    const row = read[i];
    const terms = it.terms === null ? undefined : actionTerms.parse(it.terms);
    return row ? [{ row, record: it.record, terms, lasts: it.lasts ?? undefined, endsItself: it.ends_itself }] : [];
  });
}

async function toActionRows(db: Db, rows: readonly Selectable<ActionTable>[]): Promise<ActionRow[]> {
  const numbers = await incidentNumbers(db, [...new Set(rows.flatMap((it) => it.incident ?? []))]);
  return rows.map((row) => {
    const number = row.incident === null ? undefined : numbers.get(row.incident);
    return {
      id: row.id,
      verb: actionVerb.parse(row.verb),
      target: row.target,
      title: row.title,
      ...(row.incident !== null && { incident: row.incident }),
      ...(number !== undefined && { incidentNumber: number }),
      state: actionRow.shape.state.parse(row.state),
      by: row.by,
      reason: row.reason,
      at: row.at,
      effects: row.effects,
      approval: approval.parse(row.approval),
      digest: row.digest,
      ...(row.decide_by !== null && { decideBy: row.decide_by }),
      ...(row.decided_by !== null && { decidedBy: row.decided_by }),
      ...(row.decided_at !== null && { decidedAt: row.decided_at }),
      ...(row.decided_reason !== null && { decidedReason: row.decided_reason }),
      ...(row.verified_at !== null && { verifiedAt: row.verified_at }),
      ...(row.seen !== null && { seen: row.seen }),
      ...(row.undone_at !== null && { undoneAt: row.undone_at }),
      ...(row.undone_by !== null && { undoneBy: row.undone_by }),
      ...(row.undone_reason !== null && { undoneReason: row.undone_reason }),
      ...(row.ends_at !== null && { endsAt: row.ends_at }),
      undoable: row.undoable,
      ...(row.problem !== null && { problem: row.problem }),
    };
  });
}
