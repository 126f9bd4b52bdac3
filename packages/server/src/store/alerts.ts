// Alerts: claims of the line, each with the events that prove it.
import { alert, severityId, type Alert, type AlertRow, type Rests } from "@outweigh/schema";
import { sql, type Selectable } from "kysely";
import { writeCursor } from "./cursor.ts";
import { whereOf, within, type FilterFields } from "./filter.ts";
import { incidentNumbers } from "./incidents.ts";
import { key, ListOrder, type OrderColumns } from "./order.ts";
import { countOf, inChunks, pageAndCount, type ListQuery, type Page } from "./page.ts";
import type { Db, Tx } from "./state/state.ts";
import type { AlertTable } from "./state/tables.ts";
import { storable, storableJson } from "./text.ts";

export const alertFields: FilterFields = {
  id: { kind: "text", column: "id" },
  rule: { kind: "text", column: "rule" },
  severity: { kind: "severity", column: "severity" },
  principal: { kind: "text", column: "principal" },
  model: { kind: "text", column: "model" },
  act: { kind: "text", column: "act" },
  method: { kind: "text", column: "method" },
  incident: { kind: "text", column: "incident" },
  first: { kind: "time", column: "first_at" },
  last: { kind: "time", column: "last_at" },
};
const texts = ["body->>'title'", "body->>'summary'", "rule", "principal", "model"];

/** What of stored alerts was counted: on how many events of each grade each rests, and its events then. */
export async function alertRests(
  db: Db,
  ids: readonly string[],
): Promise<Map<string, Pick<AlertRow, "rests" | "events">>> {
  const found = new Map<string, Pick<AlertRow, "rests" | "events">>();
  for (const chunk of inChunks(ids)) {
    const rows = await db.selectFrom("alert").select(["id", "body"]).where("id", "in", chunk).execute();
    for (const { id, body } of rows) found.set(id, { rests: body.rests, events: body.events });
  }
  return found;
}

/** Stores new and changed alerts, with on what each rests as far as it was counted; answers with the new ones. */
export async function storeAlerts(
  tx: Tx,
  alerts: readonly Alert[],
  rests: ReadonlyMap<string, Rests> = new Map(),
): Promise<Alert[]> {
  const fresh: Alert[] = [];
  for (const chunk of inChunks(alerts)) {
    const ids = chunk.map((it) => it.id);
    const rows = await tx.selectFrom("alert").select("id").where("id", "in", ids).execute();
    const known = new Set(rows.map((it) => it.id));
    fresh.push(...chunk.filter((it) => !known.has(it.id)));
    await tx
      .insertInto("alert")
      .values(
        chunk.map((it) => ({
          id: it.id,
          incident: null,
          rule: storable(it.rule),
          severity: severityId(it.severity),
          principal: it.principal === undefined ? null : storable(it.principal),
          model: it.model === undefined ? null : storable(it.model),
          act: it.act ?? null,
          method: it.method ?? null,
          first_at: it.firstAt,
          last_at: it.lastAt,
          body: storableJson({ ...it, rests: rests.get(it.id) }),
        })),
      )
      .onConflict((conflict) =>
        conflict.column("id").doUpdateSet((eb) => ({
          severity: eb.ref("excluded.severity"),
          first_at: eb.ref("excluded.first_at"),
          last_at: eb.ref("excluded.last_at"),
          body: eb.ref("excluded.body"),
        })),
      )
      .execute();
  }
  return fresh;
}

/** Says of each alert which incident it belongs to. */
export async function linkAlerts(tx: Tx, incident: string, alerts: readonly string[]): Promise<void> {
  await tx
    .updateTable("alert")
    .set({ incident })
    .where("id", "=", sql<string>`any(${alerts})`)
    .where((eb) => eb.or([eb("incident", "is", null), eb("incident", "<>", incident)]))
    .execute();
}

const orders: OrderColumns = {
  severity: { column: "severity", kind: "number" },
  title: { column: "body->>'title'", kind: "text" },
  rule: { column: "rule", kind: "text" },
  model: { column: "model", kind: "text" },
  principal: { column: "principal", kind: "text" },
  count: { column: "(body->>'count')::numeric", kind: "number" },
  first: { column: "first_at", kind: "number" },
  last: { column: "last_at", kind: "number" },
};
const usual = [key({ column: "last_at", kind: "number" }, true), key({ column: "id", kind: "text" }, true)] as const;
/** An alert's models as a list: one, or none. */
const modelsOf = "array_remove(array[model], null)";

/** The latest first, or as the reader asks. */
export async function listAlerts(
  db: Db,
  { filter, sort, after, limit, now, reach }: ListQuery,
): Promise<Page<AlertRow>> {
  const matches = sql<boolean>`${whereOf(filter, alertFields, texts, now)} and ${within(reach, modelsOf)}`;
  const order = new ListOrder(sort, orders, usual);
  const page = (at: Db) =>
    at
      .selectFrom("alert")
      .selectAll()
      .select(order.place.as("place"))
      .where(matches)
      .where(order.beyond(after))
      .orderBy(order.by)
      .limit(limit)
      .execute();
  const [rows, total] = await pageAndCount(db, page, (at) => countOf(at, "alert", matches));
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return {
    items: await toAlertRows(db, rows),
    total,
    ...(last && { next: writeCursor(last.place) }),
  };
}

/** In the order in which they happened. */
export async function alertsOf(db: Db, incident: string): Promise<AlertRow[]> {
  const rows = await db.selectFrom("alert").selectAll().where("incident", "=", incident).orderBy("first_at").execute();
  return toAlertRows(db, rows);
}

/** Alerts of some rules since a time: those of incidents that were closed as true positives first, then the latest. */
export async function alertsOfRules(
  db: Db,
  rules: readonly string[],
  { from, limit }: { readonly from: number; readonly limit: number },
): Promise<{ readonly alerts: AlertRow[]; readonly total: number }> {
  if (rules.length === 0) return { alerts: [], total: 0 };
  const isConfirmed = sql<boolean>`exists (select from incident where incident.id = alert.incident and incident.verdict = 'true-positive')`;
  const chosen = db
    .selectFrom("alert")
    .where("rule", "in", rules)
    .where((eb) => eb.or([eb("last_at", ">=", from), isConfirmed]));
  const [rows, { count }] = await Promise.all([
    chosen.selectAll().orderBy(isConfirmed, "desc").orderBy("last_at", "desc").limit(limit).execute(),
    chosen.select((eb) => eb.fn.countAll<number>().as("count")).executeTakeFirstOrThrow(),
  ]);
  return { alerts: await toAlertRows(db, rows), total: count };
}

export async function alertById(db: Db, id: string): Promise<AlertRow | undefined> {
  const rows = await db.selectFrom("alert").selectAll().where("id", "=", id).execute();
  return (await toAlertRows(db, rows))[0];
}

interface RuleUse {
  readonly alerts: number;
  readonly lastAt: number;
}

/** How often and when last each rule spoke. */
export async function ruleUse(db: Db, reach?: ReadonlySet<string>): Promise<Map<string, RuleUse>> {
  const rows = await db
    .selectFrom("alert")
    .select((eb) => ["rule", eb.fn.countAll<number>().as("alerts"), eb.fn.max("last_at").as("lastAt")])
    .where(within(reach, modelsOf))
    .groupBy("rule")
    .execute();
  return new Map(rows.map(({ rule, alerts, lastAt }) => [rule, { alerts, lastAt }]));
}

export async function alertCount(
  db: Db,
  reach?: ReadonlySet<string>,
): Promise<{ readonly count: number; readonly lastAt: number | undefined }> {
  const { count, lastAt } = await db
    .selectFrom("alert")
    .select((eb) => [eb.fn.countAll<number>().as("count"), eb.fn.max("last_at").as("lastAt")])
    .where(within(reach, modelsOf))
    .executeTakeFirstOrThrow();
  // Of no rows the maximum is null, which Kysely's types do not say.
  return { count, lastAt: (lastAt as number | null) ?? undefined };
}

async function toAlertRows(db: Db, rows: readonly Selectable<AlertTable>[]): Promise<AlertRow[]> {
  const numbers = await incidentNumbers(db, [...new Set(rows.flatMap((it) => it.incident ?? []))]);
  return rows.map(({ incident, body }) => {
    const number = incident === null ? undefined : numbers.get(incident);
    return {
      ...alert.parse(body),
      ...(body.rests && { rests: body.rests }),
      ...(incident !== null && { incident }),
      ...(number !== undefined && { incidentNumber: number }),
    };
  });
}
