// Incidents: what the line says of them, and what people made of them.
import {
  act,
  doubtOf,
  incidentStatus,
  isOpen,
  method,
  severities,
  severityId,
  verdict,
  type Incident,
  type IncidentRow,
  type IncidentStatus,
  type Verdict,
} from "@outweigh/schema";
import { sql, type Selectable } from "kysely";
import { writeCursor } from "./cursor.ts";
import { whereOf, type FilterFields } from "./filter.ts";
import { partsOf } from "./parts.ts";
import { incidentWithin } from "./spaces.ts";
import { key, ListOrder, type Key, type OrderColumns } from "./order.ts";
import { inChunks, pageAndCount, type ListQuery, type Page } from "./page.ts";
import type { Db, Tx } from "./state/state.ts";
import type { IncidentTable } from "./state/tables.ts";
import { storable } from "./text.ts";

/** All states in which somebody still has to do something. */
export const openStatuses: readonly string[] = incidentStatus.options.filter(isOpen);

export const incidentFields: FilterFields = {
  id: { kind: "text", column: "id" },
  number: { kind: "number", column: "number" },
  status: { kind: "status", column: "status" },
  severity: { kind: "severity", column: "severity" },
  verdict: { kind: "text", column: "verdict" },
  assignee: { kind: "text", column: "assignee" },
  model: { kind: "list", column: "models" },
  principal: { kind: "list", column: "principals" },
  alert: { kind: "list", column: "alerts" },
  act: { kind: "text", column: "act" },
  method: { kind: "text", column: "method" },
  first: { kind: "time", column: "first_at" },
  last: { kind: "time", column: "last_at" },
  created: { kind: "time", column: "created_at" },
};
const texts = ["title", "reason", "array_to_string(models, ' ')", "array_to_string(principals, ' ')"];

/** What became of an incident that the line handed over. */
export interface StoredIncident {
  readonly id: string;
  readonly number: number;
  /** `reopened`: a person had closed it, and more happened since. */
  readonly change: "opened" | "worse" | "reopened" | "same";
}

type Before = Pick<
  Selectable<IncidentTable>,
  "id" | "number" | "severity" | "status" | "verdict" | "closed_at" | "alerts"
>;

/**
 * Stores what the line says. The status, verdict and assignee of those that exist stay as people set them, except that a
 * closed one opens again when another alert joins it or it gets worse, and a theft also when it goes on: what was judged is not what it is now.
 */
export async function storeIncidents(tx: Tx, incidents: readonly Incident[], now: number): Promise<StoredIncident[]> {
  const stored: StoredIncident[] = [];
  for (const chunk of inChunks(incidents)) {
    const before = await lockIncidents(
      tx,
      chunk.map((it) => it.id),
    );
    const fresh = chunk.filter((it) => !before.has(it.id));
    const rows = fresh.length === 0 ? [] : await insert(tx, fresh, now);
    for (const it of chunk) if (before.has(it.id)) await update(tx, it, now);
    const numbers = new Map([...before.values(), ...rows].map((it) => [it.id, it.number]));
    for (const it of chunk) {
      const change = changeOf(before.get(it.id), it);
      if (change === "reopened") await setStatus(tx, it.id, { status: "new", verdict: undefined }, now);
      stored.push({ id: it.id, number: numbers.get(it.id) ?? 0, change });
    }
  }
  return stored;
}

async function lockIncidents(tx: Tx, ids: readonly string[]): Promise<Map<string, Before>> {
  const rows = await tx
    .selectFrom("incident")
    .select(["id", "number", "severity", "status", "verdict", "closed_at", "alerts"])
    .where("id", "in", ids)
    .orderBy("id")
    .forUpdate()
    .execute();
  return new Map(rows.map((it) => [it.id, it]));
}

function changeOf(before: Before | undefined, now: Incident): StoredIncident["change"] {
  if (!before) return "opened";
  const isWorse = severityId(now.severity) > before.severity;
  const known = new Set(before.alerts);
  const hasMore = now.alerts.some((it) => !known.has(it));
  const isClosed = !openStatuses.includes(before.status);
  if (isClosed && (isWorse || hasMore || isTheftGoingOn(before, now))) return "reopened";
  return isWorse ? "worse" : "same";
}

/** Whether something was seen of a confirmed theft after it was closed. What was judged to be no theft may go on. */
function isTheftGoingOn({ verdict: judged, closed_at: closedAt }: Before, { lastAt }: Incident): boolean {
  return judged === "true-positive" && closedAt !== null && lastAt > closedAt;
}

function insert(tx: Tx, incidents: readonly Incident[], now: number) {
  return tx
    .insertInto("incident")
    .values(
      incidents.map((it) => ({
        ...toColumns(it, now),
        id: it.id,
        status: "new",
        verdict: null,
        assignee: null,
        created_at: now,
      })),
    )
    .returning(["id", "number"])
    .execute();
}

// Not an insert that turns into an update: each of those would use up a number.
async function update(tx: Tx, it: Incident, now: number): Promise<void> {
  await tx.updateTable("incident").set(toColumns(it, now)).where("id", "=", it.id).execute();
}

/** What the line says of it. */
function toColumns(it: Incident, now: number) {
  return {
    title: storable(it.title),
    severity: severityId(it.severity),
    reason: storable(it.reason),
    act: it.act ?? null,
    method: it.method ?? null,
    principals: it.principals.map(storable),
    models: it.models.map(storable),
    raised_by: (it.raisedBy ?? []).map(storable),
    alerts: it.alerts,
    first_at: it.firstAt,
    last_at: it.lastAt,
    updated_at: now,
  };
}

/** Open ones come first. */
const openness: Key = {
  value: sql`(case when status in (${sql.join(openStatuses.map((it) => sql.lit(it)))}) then 1 else 0 end)`,
  kind: "number",
  falling: true,
};

const orders: OrderColumns = {
  number: { column: "number", kind: "number" },
  severity: { column: "severity", kind: "number" },
  title: { column: "title", kind: "text" },
  status: { column: "status", kind: "text" },
  assignee: { column: "assignee", kind: "text" },
  model: { column: "models[1]", kind: "text" },
  principal: { column: "principals[1]", kind: "text" },
  first: { column: "first_at", kind: "number" },
  last: { column: "last_at", kind: "number" },
};
const usual = [
  openness,
  key({ column: "severity", kind: "number" }, true),
  key({ column: "last_at", kind: "number" }, true),
  key({ column: "number", kind: "number" }, true),
] as const;

/** Open ones first, then the worst, then the latest; or as the reader asks. */
export async function listIncidents(
  db: Db,
  { filter, sort, after, limit, now, reach }: ListQuery,
): Promise<Page<IncidentRow>> {
  const order = new ListOrder(sort, orders, usual);
  const page = (at: Db) =>
    at
      .selectFrom("incident")
      .selectAll()
      .select(order.place.as("place"))
      .where(whereOf(filter, incidentFields, texts, now))
      .where(incidentWithin(reach))
      .where("merged_into", "is", null)
      .where(order.beyond(after))
      .orderBy(order.by)
      .limit(limit)
      .execute();
  const [rows, total] = await pageAndCount(db, page, (at) => countIncidents(at, filter, now, reach));
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return {
    items: await withDoubts(db, rows.map(toIncidentRow)),
    total,
    ...(last && { next: writeCursor(last.place) }),
  };
}

/** Those that changed last, and those that did so at most `beforeMs` before. At most a thousand. */
export async function lastIncidents(db: Db, beforeMs: number): Promise<IncidentRow[]> {
  const rows = await db
    .selectFrom("incident")
    .selectAll()
    .where("updated_at", ">=", sql<number>`(select max(updated_at) from incident) - ${beforeMs}::bigint`)
    .orderBy("updated_at", "desc")
    .limit(1000)
    .execute();
  return rows.map(toIncidentRow);
}

/** Open ones that were made after that, the worst first, without their doubts. At most five thousand. */
export async function incidentsSince(db: Db, since: number): Promise<IncidentRow[]> {
  const rows = await db
    .selectFrom("incident")
    .selectAll()
    .where("created_at", ">", since)
    .where("status", "in", openStatuses)
    .where("merged_into", "is", null)
    .orderBy("severity", "desc")
    .orderBy("number")
    .limit(5000)
    .execute();
  return rows.map(toIncidentRow);
}

export async function countIncidents(
  db: Db,
  filter: string,
  now: number,
  reach?: ReadonlySet<string>,
): Promise<number> {
  const { count } = await db
    .selectFrom("incident")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where(whereOf(filter, incidentFields, texts, now))
    .where(incidentWithin(reach))
    .where("merged_into", "is", null)
    .executeTakeFirstOrThrow();
  return count;
}

/** How many open incidents each model has. */
export async function openIncidentsByModel(db: Db): Promise<Map<string, number>> {
  const rows = await sql<{ model: string; count: number }>`
    select model, count(*) as count from incident, unnest(models) as model
    where status = any(${openStatuses}) group by model`.execute(db);
  return new Map(rows.rows.map((it) => [it.model, it.count]));
}

export async function incidentById(db: Db, id: string): Promise<IncidentRow | undefined> {
  const row = await db.selectFrom("incident").selectAll().where("id", "=", id).executeTakeFirst();
  return row && (await withDoubts(db, [toIncidentRow(row)]))[0];
}

/** Its id, of one that is called by its number, as people do: `INC-7`. */
export async function incidentIdOf(db: Db, name: string): Promise<string> {
  const number = /^INC-(\d{1,9})$/i.exec(name)?.[1];
  if (number === undefined) return name;
  const row = await db.selectFrom("incident").select("id").where("number", "=", Number(number)).executeTakeFirst();
  return row?.id ?? name;
}

/** The incident that an address leads to: of one that was merged into another, that one. */
export async function incidentAt(db: Db, id: string): Promise<IncidentRow | undefined> {
  const { rows } = await sql<{ id: string }>`with recursive way (id, onward) as (
      select incident.id, merged_into from incident where incident.id = ${id} union
      select incident.id, merged_into from incident join way on incident.id = way.onward
    ) select id from way where onward is null`.execute(db);
  const [end] = rows;
  return end && incidentById(db, end.id);
}

/** Which of these were merged into another: they are no incidents of their own. */
export async function mergedAmong(db: Db, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom("incident")
    .select("id")
    .where("id", "in", ids)
    .where("merged_into", "is not", null)
    .execute();
  return rows.map((it) => it.id);
}

export async function incidentNumbers(db: Db, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom("incident").select(["id", "number"]).where("id", "in", ids).execute();
  return new Map(rows.map((it) => [it.id, it.number]));
}

/** What people judged of them; those that nobody judged are left out. */
export async function verdictsOf(db: Db, ids: readonly string[]): Promise<Map<string, Verdict>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom("incident").select(["id", "verdict"]).where("id", "in", ids).execute();
  return new Map(rows.flatMap(({ id, verdict: said }) => (said === null ? [] : [[id, verdict.parse(said)] as const])));
}

export async function setAssignee(tx: Tx, id: string, assignee: string | undefined, now: number): Promise<void> {
  await tx
    .updateTable("incident")
    .set({ assignee: assignee === undefined ? null : storable(assignee), updated_at: now })
    .where("id", "=", id)
    .execute();
}

export async function setStatus(
  tx: Tx,
  id: string,
  to: { readonly status: IncidentStatus; readonly verdict: Verdict | undefined },
  now: number,
): Promise<void> {
  await tx
    .updateTable("incident")
    .set({
      status: to.status,
      verdict: to.verdict ?? null,
      closed_at: openStatuses.includes(to.status) ? null : now,
      updated_at: now,
    })
    .where("id", "=", id)
    .execute();
}

interface Comment {
  readonly at: number;
  readonly by: string;
  readonly text: string;
}

export async function addComment(tx: Tx, incident: string, { at, by, text }: Comment): Promise<void> {
  await tx
    .insertInto("comment")
    .values({ incident, at, by, text: storable(text) })
    .execute();
}

export async function commentsOf(db: Db, incident: string): Promise<Comment[]> {
  return db
    .selectFrom("comment")
    .select(["at", "by", "text"])
    .where("incident", "in", partsOf(incident))
    .orderBy("id")
    .execute();
}

/** With what must be said beside each, by what its alerts rest on. */
export async function withDoubts(db: Db, all: readonly IncidentRow[]): Promise<IncidentRow[]> {
  if (all.length === 0) return [];
  const sum = (name: string) => sql<number>`coalesce(sum((rests->>${name})::int), 0)`;
  const rows = await db
    .selectFrom((from) =>
      from
        .selectFrom("alert")
        .select(["incident", sql<object | null>`body->'rests'`.as("rests")])
        .where("incident", "=", sql<string>`any(${all.map((it) => it.id)})`)
        // Taken out once: otherwise each sum would unpack the alert's whole body again.
        .offset(0)
        .as("counted"),
    )
    .select([
      "incident",
      sum("signed").as("signed"),
      sum("authenticated").as("authenticated"),
      sum("plain").as("plain"),
      sum("ungraded").as("ungraded"),
      sql<boolean>`bool_and(rests is not null)`.as("told"),
    ])
    .groupBy("incident")
    .execute();
  const doubts = new Map(
    rows.flatMap(({ incident, told, ...rests }) => {
      const doubt = doubtOf(told ? [rests] : [rests, undefined]);
      return doubt === undefined || incident === null ? [] : [[incident, doubt] as const];
    }),
  );
  return all.map((it) => {
    const doubt = doubts.get(it.id);
    return doubt === undefined ? it : { ...it, doubt };
  });
}

function toIncidentRow(row: Selectable<IncidentTable>): IncidentRow {
  return {
    id: row.id,
    number: row.number,
    title: row.title,
    severity: severities[row.severity - 1] ?? "informational",
    reason: row.reason,
    ...(row.act !== null && { act: act.parse(row.act) }),
    ...(row.method !== null && { method: method.parse(row.method) }),
    principals: row.principals,
    models: row.models,
    ...(row.raised_by.length > 0 && { raisedBy: row.raised_by }),
    alerts: row.alerts,
    firstAt: row.first_at,
    lastAt: row.last_at,
    status: incidentStatus.parse(row.status),
    ...(row.verdict !== null && { verdict: verdict.parse(row.verdict) }),
    ...(row.assignee !== null && { assignee: row.assignee }),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
