// What the policy told by each connection, and since when it tells at all: a connection that is new is not told of old incidents.
import type { Db, Tx } from "./state/state.ts";

/** Stands for the connection itself. */
const beginning = "";
/** How long is kept what was told, in ms: longer than anything counts as news. */
const keptMs = 30 * 86_400_000;

/** Since when a connection is told; from now on, if it is new. */
export async function toldSince(db: Db, connection: string, now: number): Promise<number> {
  const of = () =>
    db
      .selectFrom("told")
      .select("at")
      .where("connection", "=", connection)
      .where("subject", "=", beginning)
      .executeTakeFirst();
  const found = await of();
  if (found) return found.at;
  const row = { connection, subject: beginning, at: now };
  await db
    .insertInto("told")
    .values(row)
    .onConflict((it) => it.doNothing())
    .execute();
  return (await of())?.at ?? now;
}

/** Those that were not told; or, with `afterOf`, not since then. */
export async function untold<It>(
  db: Db,
  connection: string,
  items: readonly It[],
  subjectOf: (it: It) => string,
  afterOf: (it: It) => number = () => 0,
): Promise<It[]> {
  if (items.length === 0) return [];
  const rows = await db
    .selectFrom("told")
    .select(["subject", "at"])
    .where("connection", "=", connection)
    .where("subject", "in", items.map(subjectOf))
    .execute();
  const known = new Map(rows.map((it) => [it.subject, it.at]));
  return items.filter((it) => (known.get(subjectOf(it)) ?? -1) < afterOf(it));
}

/** A subject keeps its latest time alone; old ones are forgotten. */
export async function setTold(tx: Tx, connection: string, subjects: readonly string[], at: number): Promise<void> {
  const rows = subjects.map((subject) => ({ connection, subject, at }));
  await tx
    .insertInto("told")
    .values(rows)
    .onConflict((it) => it.columns(["connection", "subject"]).doUpdateSet({ at }))
    .execute();
  await tx
    .deleteFrom("told")
    .where("at", "<", at - keptMs)
    .where("subject", "<>", beginning)
    .execute();
}
