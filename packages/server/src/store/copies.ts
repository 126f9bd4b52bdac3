// Copies of models that scans found, and the scans themselves.
import { createHash } from "node:crypto";
import { scannedCopy, scanReport, type CopyRow, type ScannedModel, type ScanReport } from "@outweigh/schema";
import { sql, type Selectable } from "kysely";
import { maxRoots, mergedScan } from "./merged-scan.ts";
import { inChunks } from "./page.ts";
import { addRun } from "./scan-runs.ts";
import type { Db, Tx } from "./state/state.ts";
import type { CopyTable } from "./state/tables.ts";
import { storable, storableJson } from "./text.ts";

/** The host's name when a report gives none. */
export const unnamedHost = "this host";

/** A copy as its scan saw it, with the digest of the whole model it belongs to. */
export interface FoundCopy extends CopyRow {
  readonly modelDigest: string;
}

/**
 * Stores a report: it replaces what was known of the folders it read, and of nothing else. Copies it no longer lists there are gone;
 * those in quarantine are where we put them. A report that claims to be of later than now is of now: else it would stand for ever.
 */
export async function storeScan(tx: Tx, report: ScanReport, now: number): Promise<void> {
  const host = storable(report.host ?? unnamedHost);
  const at = Math.min(Date.parse(report.finishedAt), now);
  const newest = await tx.selectFrom("scan").select(["at", "report"]).where("host", "=", host).executeTakeFirst();
  if (newest && newest.at > at) return; // Arrived late: it says nothing about now.
  const before = newest && scanReport.parse(newest.report);
  const known = before ? mergedScan(before, report) : report;
  await addRun(tx, { host, at, report, known: before });

  await tx
    .insertInto("scan")
    .values({ host, at, report: storableJson(known) })
    .onConflict((conflict) =>
      conflict.column("host").doUpdateSet((eb) => ({ at: eb.ref("excluded.at"), report: eb.ref("excluded.report") })),
    )
    .execute();

  const rows = report.models.flatMap((model) => model.copies.map((copy) => toColumns(host, at, model, copy)));
  for (const chunk of inChunks([...new Map(rows.map((it) => [it.id, it])).values()])) {
    await tx
      .insertInto("copy")
      .values(chunk)
      .onConflict((conflict) =>
        conflict.column("id").doUpdateSet((eb) => ({
          model: eb.ref("excluded.model"),
          state: eb.ref("excluded.state"),
          last_seen: eb.ref("excluded.last_seen"),
          body: eb.ref("excluded.body"),
        })),
      )
      .execute();
  }
  await tx
    .updateTable("copy")
    .set({ state: "gone" })
    .where("host", "=", host)
    .where("state", "=", "present")
    .where("last_seen", "<", at)
    .where(
      sql<boolean>`exists (select from unnest(${report.roots.slice(0, maxRoots).map(storable)}::text[]) as root
      where path = root or starts_with(path, rtrim(root, '/') || '/'))`,
    )
    .execute();
}

function toColumns(host: string, at: number, model: ScannedModel, copy: ScannedModel["copies"][number]) {
  return {
    id: copyId(host, copy),
    host,
    path: storable(copy.path),
    digest: storable(model.digest),
    model: model.name === undefined ? null : storable(model.name),
    state: "present",
    first_seen: at,
    last_seen: at,
    body: storableJson(copy),
  };
}

/** The same for the same weights at the same place. */
function copyId(host: string, { path, container, digest }: ScannedModel["copies"][number]): string {
  const place = JSON.stringify([host, container ?? "", path, digest]);
  return createHash("sha256").update(place).digest("hex").slice(0, 24);
}

/** What the reports of each host say together, the host that reported last first. */
export async function scans(db: Db): Promise<ScanReport[]> {
  const rows = await db.selectFrom("scan").selectAll().orderBy("at", "desc").execute();
  return rows.map((it) => scanReport.parse(it.report));
}

export async function allCopies(db: Db): Promise<FoundCopy[]> {
  const rows = await db.selectFrom("copy").selectAll().orderBy("path").execute();
  return rows.map(toCopy);
}

export async function copyById(db: Db, id: string): Promise<FoundCopy | undefined> {
  const row = await db.selectFrom("copy").selectAll().where("id", "=", id).executeTakeFirst();
  return row && toCopy(row);
}

export async function setCopyState(tx: Tx, id: string, state: CopyRow["state"]): Promise<void> {
  await tx.updateTable("copy").set({ state }).where("id", "=", id).execute();
}

function toCopy(row: Selectable<CopyTable>): FoundCopy {
  return {
    ...scannedCopy.parse(row.body),
    id: row.id,
    ...(row.model !== null && { model: row.model }),
    host: row.host,
    firstSeenAt: row.first_seen,
    lastSeenAt: row.last_seen,
    state: row.state === "quarantined" || row.state === "gone" ? row.state : "present",
    modelDigest: row.digest,
  };
}
