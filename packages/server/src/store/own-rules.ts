// Exceptions and rules that people write here.
import { ownCheck, type OwnCheck, type OwnRule } from "@outweigh/schema";
import type { Selectable } from "kysely";
import type { Db, Tx } from "./state/state.ts";
import type { OwnRuleTable } from "./state/tables.ts";
import { storable, storableJson } from "./text.ts";

/** One as it is stored: what it matched is the line's to say. */
export type StoredOwnRule = Omit<OwnRule, "count">;

export async function allOwnRules(db: Db | Tx): Promise<StoredOwnRule[]> {
  const rows = await db.selectFrom("own_rule").selectAll().orderBy("stage_at", "desc").orderBy("name").execute();
  return rows.map(toOwnRule);
}

export async function ownRuleByName(db: Db | Tx, name: string): Promise<StoredOwnRule | undefined> {
  const row = await db.selectFrom("own_rule").selectAll().where("name", "=", name).executeTakeFirst();
  return row && toOwnRule(row);
}

/** Keeps a draft, in place of one of the same name. */
export async function keepOwnRule(tx: Tx, it: StoredOwnRule): Promise<void> {
  const kept = {
    kind: it.kind,
    title: storable(it.title),
    rules: it.rules.map(storable),
    text: storable(it.text),
    proof: it.proof === undefined ? null : storable(it.proof),
    space: it.space ?? null,
    days: it.days ?? null,
    stage: it.stage,
    by: storable(it.by),
    at: it.at,
    reason: storable(it.reason),
    stage_at: it.stageAt,
    ends_at: it.endsAt ?? null,
    digest: it.digest,
    checked: it.check === undefined ? null : storableJson(it.check),
    action: it.action ?? null,
  };
  await tx
    .insertInto("own_rule")
    .values({ name: it.name, ...kept })
    .onConflict((conflict) => conflict.column("name").doUpdateSet(kept))
    .execute();
}

export interface StageChange {
  readonly stage: OwnRule["stage"];
  readonly at: number;
  readonly endsAt?: number | undefined;
  readonly action?: string | undefined;
}

/** @returns Whether it still was what was looked at. */
export async function setOwnStage(
  tx: Tx,
  { name, digest, stage: before }: Pick<StoredOwnRule, "name" | "digest" | "stage">,
  { stage, at, endsAt, action }: StageChange,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable("own_rule")
    .set({ stage, stage_at: at, ends_at: endsAt ?? null, ...(action !== undefined && { action }) })
    .where("name", "=", name)
    .where("digest", "=", digest)
    .where("stage", "=", before)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Keeps what was found about exactly this text. */
export async function setOwnCheck(tx: Tx, name: string, digest: string, check: OwnCheck): Promise<void> {
  await tx
    .updateTable("own_rule")
    .set({ checked: storableJson(check) })
    .where("name", "=", name)
    .where("digest", "=", digest)
    .execute();
}

/** Published ones whose time is over. */
export async function overdueOwnRules(db: Db, now: number): Promise<StoredOwnRule[]> {
  const rows = await db
    .selectFrom("own_rule")
    .selectAll()
    .where("stage", "=", "published")
    .where("ends_at", "<=", now)
    .execute();
  return rows.map(toOwnRule);
}

function toOwnRule(row: Selectable<OwnRuleTable>): StoredOwnRule {
  const check = row.checked === null ? undefined : ownCheck.safeParse(row.checked).data;
  return {
    name: row.name,
    kind: row.kind,
    title: row.title,
    rules: row.rules,
    text: row.text,
    ...(row.proof !== null && { proof: row.proof }),
    ...(row.space !== null && { space: row.space }),
    ...(row.days !== null && { days: row.days }),
    stage: row.stage,
    by: row.by,
    at: row.at,
    reason: row.reason,
    stageAt: row.stage_at,
    ...(row.ends_at !== null && { endsAt: row.ends_at }),
    digest: row.digest,
    ...(check && { check }),
    ...(row.action !== null && { action: row.action }),
  };
}
