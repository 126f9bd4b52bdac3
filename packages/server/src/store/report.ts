// What PostgreSQL knows of a time, counted.
import { severities, type Report } from "@outweigh/schema";
import { sql } from "kysely";
import { openStatuses } from "./incidents.ts";
import type { Db } from "./state/state.ts";

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Verdicts by which an incident was no theft. */
const noTheft = ["false-positive", "benign"];
/** Rules that are listed: those that make most work. */
const maxRules = 10;

export async function incidentCounts(db: Db, { from, to }: Span): Promise<Report["incidents"]> {
  const closedIn = sql`select subject as id, max(at) as at from evidence
    where kind = 'incident-closed' and at >= ${from} and at < ${to} group by subject`;
  const [totals, open, byMethod, byVerdict] = await Promise.all([
    sql<{ opened: number; closed: number; first: number | null; close: number | null }>`
      with closed as (${closedIn}),
      decided as (
        select i.created_at, (select min(e.at) from evidence e where e.subject = i.id and e.kind in
          ('incident-assigned', 'incident-status', 'incident-closed', 'incident-comment')) as at
        from incident i where i.created_at >= ${from} and i.created_at < ${to}
      )
      select
        (select count(*) from incident where created_at >= ${from} and created_at < ${to}) as opened,
        (select count(*) from closed) as closed,
        (select percentile_cont(0.5) within group (order by at - created_at) from decided where at is not null) as first,
        (select percentile_cont(0.5) within group (order by c.at - i.created_at) from closed c join incident i on i.id = c.id) as close`
      .execute(db)
      .then((it) => it.rows[0]),
    sql<{ severity: number; count: number }>`
      select severity, count(*) as count from incident where status = any(${openStatuses}) group by severity order by severity desc`.execute(
      db,
    ),
    sql<{ name: string; count: number }>`
      select coalesce(method, 'not known') as name, count(*) as count from incident
      where created_at >= ${from} and created_at < ${to} group by 1 order by 2 desc, 1`.execute(db),
    sql<{ name: string; count: number }>`
      with closed as (${closedIn})
      select coalesce(i.verdict, 'none') as name, count(*) as count from closed c join incident i on i.id = c.id
      group by 1 order by 2 desc, 1`.execute(db),
  ]);
  const judged = byVerdict.rows.filter((it) => it.name === "true-positive" || noTheft.includes(it.name));
  const all = judged.reduce((sum, it) => sum + it.count, 0);
  const right = judged.find((it) => it.name === "true-positive")?.count ?? 0;
  return {
    opened: totals?.opened ?? 0,
    closed: totals?.closed ?? 0,
    open: open.rows.map((it) => ({ severity: severities[it.severity - 1] ?? "informational", count: it.count })),
    byMethod: byMethod.rows,
    byVerdict: byVerdict.rows,
    ...(all > 0 && { precision: right / all }),
    ...(typeof totals?.first === "number" && { toFirstDecisionMs: Math.max(0, totals.first) }),
    ...(typeof totals?.close === "number" && { toCloseMs: Math.max(0, totals.close) }),
  };
}

export async function actionCounts(db: Db, { from, to }: Span): Promise<Report["actions"]> {
  const { rows } = await sql<{ verb: string; state: string; count: number }>`
    select verb, state, count(*) as count from action where at >= ${from} and at < ${to}
    group by verb, state order by 3 desc, 1, 2`.execute(db);
  return rows;
}

export async function permitCounts(db: Db, { from, to }: Span): Promise<Report["permits"]> {
  const { rows } = await sql<Report["permits"]>`
    select count(*) filter (where from_at >= ${from} and from_at < ${to}) as given,
      count(*) filter (where from_at < ${to} and until_at >= ${to}) as holding from permit`.execute(db);
  return { given: rows[0]?.given ?? 0, holding: rows[0]?.holding ?? 0 };
}

export async function ruleCounts(db: Db, { from, to }: Span): Promise<Report["rules"]> {
  const { rows } = await sql<{ rule: string; alerts: number; noTheft: number }>`
    select a.rule, count(*) as alerts, count(*) filter (where i.verdict = any(${noTheft})) as "noTheft"
    from alert a left join incident i on i.id = a.incident
    where a.last_at >= ${from} and a.last_at < ${to}
    group by a.rule order by 2 desc, 1 limit ${maxRules}`.execute(db);
  return rows;
}
