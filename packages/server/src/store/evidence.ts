// The evidence log's rows. What they mean, and how they are chained, is evidence/log.ts's.
import { randomBytes } from "node:crypto";
import { genesis, type Checkpoint, type Entry, type Head } from "@outweigh/evidence";
import { sql } from "kysely";
import { writeCursor } from "./cursor.ts";
import { whereOf, type FilterFields } from "./filter.ts";
import { key, ListOrder, type OrderColumns } from "./order.ts";
import { countOf, inChunks, pageAndCount, type ListQuery, type Page } from "./page.ts";
import type { Db, Tx } from "./state/state.ts";
import { storableJson } from "./text.ts";

const evidenceFields: FilterFields = {
  seq: { kind: "number", column: "seq" },
  kind: { kind: "text", column: "kind" },
  by: { kind: "text", column: "by" },
  subject: { kind: "text", column: "subject" },
  time: { kind: "time", column: "at" },
};
const texts = ["text", "kind", "subject"];

/** An entry with what it is found by. */
export interface FiledEntry {
  readonly entry: Entry;
  readonly by: string;
  readonly subject: string | undefined;
  readonly text: string;
}

/** The log's end, locked until the transaction ends: entries are chained one after the other. Undefined before the first. */
export async function lockHead(tx: Tx): Promise<Head | undefined> {
  const row = await tx.selectFrom("log").select("head").where("id", "=", 1).forUpdate().executeTakeFirst();
  return row?.head;
}

/** The log's end; its beginning, made now, if there is no log yet. Its origin names this installation from here on. */
export function beginLog(db: Db): Promise<Head> {
  return db.transaction().execute(async (tx) => {
    const head = await lockHead(tx);
    if (head) return head;
    const first = genesis(`outweigh/${randomBytes(8).toString("hex")}`);
    await storeHead(tx, first);
    return first;
  });
}

export async function loadHead(db: Db): Promise<Head | undefined> {
  const row = await db.selectFrom("log").select("head").where("id", "=", 1).executeTakeFirst();
  return row?.head;
}

export async function storeHead(tx: Tx, head: Head): Promise<void> {
  const body = storableJson(head);
  await tx
    .insertInto("log")
    .values({ id: 1, head: body })
    .onConflict((conflict) => conflict.column("id").doUpdateSet({ head: body }))
    .execute();
}

export async function addEntries(tx: Tx, entries: readonly FiledEntry[]): Promise<void> {
  for (const chunk of inChunks(entries)) {
    await tx
      .insertInto("evidence")
      .values(
        chunk.map(({ entry, by, subject, text }) => ({
          seq: entry.seq,
          at: entry.time,
          by,
          kind: entry.kind,
          subject: subject ?? null,
          text,
          hash: entry.hash,
          entry: JSON.stringify(entry),
        })),
      )
      .execute();
  }
}

export async function addCheckpoint(tx: Tx, it: Checkpoint): Promise<void> {
  await tx
    .insertInto("checkpoint")
    .values({ size: it.size, at: it.time, body: JSON.stringify(it) })
    .onConflict((conflict) => conflict.column("size").doNothing())
    .execute();
}

/** Oldest first. */
export async function checkpoints(db: Db): Promise<Checkpoint[]> {
  const rows = await db.selectFrom("checkpoint").select("body").orderBy("size").execute();
  return rows.map((it) => it.body);
}

/** Entries from number `seq` on, in order. */
export async function entriesFrom(db: Db, seq: number, limit: number): Promise<Entry[]> {
  const rows = await db
    .selectFrom("evidence")
    .select("entry")
    .where("seq", ">=", seq)
    .orderBy("seq")
    .limit(limit)
    .execute();
  return rows.map((it) => it.entry);
}

/** Entries about any of these subjects, oldest first; without those of some kinds. */
export async function entriesAbout(
  db: Db,
  subjects: readonly string[],
  without: readonly string[] = [],
): Promise<Entry[]> {
  const rows = await db
    .selectFrom("evidence")
    .select("entry")
    .where("subject", "=", sql<string>`any(${subjects})`)
    .where("kind", "<>", sql<string>`all(${without})`)
    .orderBy("seq")
    .execute();
  return rows.map((it) => it.entry);
}

/** The kind of the last entry. */
export async function lastKind(db: Db): Promise<string | undefined> {
  const row = await db.selectFrom("evidence").select("kind").orderBy("seq", "desc").limit(1).executeTakeFirst();
  return row?.kind;
}

export async function entryHashes(db: Db): Promise<string[]> {
  const rows = await db.selectFrom("evidence").select("hash").orderBy("seq").execute();
  return rows.map((it) => it.hash);
}

const orders: OrderColumns = {
  seq: { column: "seq", kind: "number" },
  by: { column: "by", kind: "text" },
  kind: { column: "kind", kind: "text" },
  time: { column: "at", kind: "number" },
};

/** The newest first, or as the reader asks. */
export async function listEvidence(db: Db, { filter, sort, after, limit, now }: ListQuery): Promise<Page<Entry>> {
  const matches = whereOf(filter, evidenceFields, texts, now);
  const order = new ListOrder(sort, orders, [key({ column: "seq", kind: "number" }, true)]);
  const page = (at: Db) =>
    at
      .selectFrom("evidence")
      .select(["seq", "entry", order.place.as("place")])
      .where(matches)
      .where(order.beyond(after))
      .orderBy(order.by)
      .limit(limit)
      .execute();
  const [rows, total] = await pageAndCount(db, page, (at) => countOf(at, "evidence", matches));
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return { items: rows.map((it) => it.entry), total, ...(last && { next: writeCursor(last.place) }) };
}
