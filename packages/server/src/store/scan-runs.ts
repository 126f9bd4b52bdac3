// Scans of each host over time, and when each is asked for one.
import { createHash } from "node:crypto";
import { maxRuns, scanRun, type ScanReport, type ScanRun, type ScanSchedule } from "@outweigh/schema";
import { scanChange } from "./scan-change.ts";
import type { Db, Tx } from "./state/state.ts";
import { storableJson } from "./text.ts";

/** Most folders of one scan that are told. */
const maxToldRoots = 100;

/** Remembers a scan and what it changed. `known` is what was known of the host before it; the oldest beyond `maxRuns` go. */
export async function addRun(
  tx: Tx,
  { host, at, report, known }: { host: string; at: number; report: ScanReport; known: ScanReport | undefined },
): Promise<void> {
  const run: ScanRun = {
    at,
    startedAt: Math.min(Date.parse(report.startedAt), at),
    version: report.version,
    roots: report.roots.slice(0, maxToldRoots),
    filesSeen: report.filesSeen,
    bytesRead: report.bytesRead,
    copies: report.models.reduce((sum, it) => sum + it.copies.length, 0),
    paths: report.paths.length,
    listeners: report.listeners.length,
    tokens: report.tokens?.length ?? 0,
    notSeen: report.notSeen.length,
    digest: reportDigest(report),
    ...(known && { change: scanChange(known, report), pathsBefore: known.paths.length }),
  };
  await tx
    .insertInto("scan_run")
    .values({ host, at, body: storableJson(run) })
    .onConflict((conflict) => conflict.columns(["host", "at"]).doUpdateSet((eb) => ({ body: eb.ref("excluded.body") })))
    .execute();
  const old = await tx
    .selectFrom("scan_run")
    .select("at")
    .where("host", "=", host)
    .orderBy("at", "desc")
    .offset(maxRuns)
    .limit(1)
    .executeTakeFirst();
  if (old) await tx.deleteFrom("scan_run").where("host", "=", host).where("at", "<=", old.at).execute();
}

/** Names a report: SHA-256 of its JSON as it was taken, in hexadecimal. */
export function reportDigest(report: ScanReport): string {
  return createHash("sha256").update(JSON.stringify(report)).digest("hex");
}

/** The scans of a host, the latest first. */
export async function runsOf(db: Db, host: string): Promise<ScanRun[]> {
  const rows = await db
    .selectFrom("scan_run")
    .select("body")
    .where("host", "=", host)
    .orderBy("at", "desc")
    .limit(maxRuns)
    .execute();
  return rows.map(({ body }) => scanRun.parse(body));
}

/** The latest scan of each host. */
export async function latestRuns(db: Db): Promise<{ host: string; run: ScanRun }[]> {
  const rows = await db
    .selectFrom("scan_run")
    .distinctOn("host")
    .select(["host", "body"])
    .orderBy("host")
    .orderBy("at", "desc")
    .execute();
  return rows.map(({ host, body }) => ({ host, run: scanRun.parse(body) }));
}

export interface StoredSchedule extends ScanSchedule {
  readonly agent: string;
}

export async function schedules(db: Db): Promise<StoredSchedule[]> {
  const rows = await db.selectFrom("scan_schedule").selectAll().orderBy("agent").execute();
  return rows.map((it) => ({
    agent: it.agent,
    everyHours: it.every_hours,
    by: it.by,
    at: it.at,
    nextAt: it.next_at,
  }));
}

/** Sets when an agent is asked, or that it is not any more. */
export async function setSchedule(tx: Tx, agent: string, it: ScanSchedule | undefined): Promise<void> {
  await tx.deleteFrom("scan_schedule").where("agent", "=", agent).execute();
  if (!it) return;
  const { everyHours, by, at, nextAt } = it;
  await tx.insertInto("scan_schedule").values({ agent, every_hours: everyHours, by, at, next_at: nextAt }).execute();
}
