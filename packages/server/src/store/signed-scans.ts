// Results of scans as hosts signed them, so that others can check them without us.
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { SignedScan } from "@outweigh/evidence";
import { maxReportBytes, maxRuns } from "@outweigh/schema";
import { sql } from "kysely";
import type { Db, Tx } from "./state/state.ts";

/** Most that is kept of one host, in bytes as they lie in the database: the oldest go. */
const maxKeptBytes = 64 * 1024 * 1024;

const packed = promisify(gzip);
const unpacked = promisify(gunzip);

/** Which scan it is: its host, and when it ended as the host said it, in ms since 1970. */
interface ScanName {
  readonly host: string;
  readonly finishedAt: number;
}

/** A signed scan with its name: what is kept, and what a pack holds of it. */
export interface StoredScan extends ScanName, SignedScan {}

/** Names its document in a pack, and the subject of the entry that puts it on record. */
export const scanId = ({ host, finishedAt }: ScanName) => `${host}@${finishedAt}`;
export const scanSubject = (name: ScanName) => `scan:${scanId(name)}`;

/** What is told of one without reading it. */
export interface SignedMark {
  /** Of the report as it was taken: the same as of the run. */
  readonly digest: string;
  readonly finishedAt: number;
  readonly key: string;
}

/** Compressed before the transaction that stores it begins: large ones take a while. */
export async function packedScan(it: StoredScan): Promise<Buffer> {
  return packed(Buffer.from(JSON.stringify({ signature: it.signature, report: it.report })));
}

/** @returns Whether it was not there before. */
export async function addSigned(
  tx: Tx,
  { host, finishedAt, key }: StoredScan,
  { digest, body }: { readonly digest: string; readonly body: Buffer },
): Promise<boolean> {
  const added = await tx
    .insertInto("signed_scan")
    .values({ host, finished_at: finishedAt, key, digest, body })
    .onConflict((conflict) => conflict.columns(["host", "finished_at"]).doNothing())
    .returning("host")
    .executeTakeFirst();
  await sql`
    delete from signed_scan using (
      select host, finished_at, row_number() over latest as place, sum(length(body)) over latest as bytes
      from signed_scan where host = ${host}
      window latest as (order by finished_at desc)
    ) as kept
    where signed_scan.host = kept.host and signed_scan.finished_at = kept.finished_at
      and (place > ${maxRuns} or (bytes > ${maxKeptBytes} and place > 1))`.execute(tx);
  return added !== undefined;
}

export async function signedMarks(db: Db, host: string): Promise<SignedMark[]> {
  const rows = await db
    .selectFrom("signed_scan")
    .select(["digest", "finished_at", "key"])
    .where("host", "=", host)
    .orderBy("finished_at", "desc")
    .execute();
  return rows.map((it) => ({ digest: it.digest, finishedAt: it.finished_at, key: it.key }));
}

/** Undefined where there is none, or none any more. */
export async function signedScan(db: Db, { host, finishedAt }: ScanName): Promise<StoredScan | undefined> {
  const row = await db
    .selectFrom("signed_scan")
    .select(["key", "body"])
    .where("host", "=", host)
    .where("finished_at", "=", finishedAt)
    .executeTakeFirst();
  if (!row) return undefined;
  const text = await unpacked(row.body, { maxOutputLength: 2 * maxReportBytes });
  const { signature, report }: Pick<SignedScan, "signature" | "report"> = JSON.parse(text.toString("utf8"));
  return { host, finishedAt, key: row.key, signature, report };
}
