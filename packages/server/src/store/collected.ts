// Which objects of a bucket were read: all within the look-back, and those that are tried again.
import { splitterState } from "../worker/position.ts";
import { sql } from "kysely";
import type { z } from "zod";
import { inChunks } from "./page.ts";
import type { Db } from "./state/state.ts";
import { storable, storableJson } from "./text.ts";

/** Of which source, and which bucket at which store. */
export interface Bucket {
  readonly source: string;
  readonly bucket: string;
}

interface ObjectId {
  readonly object: string;
  /** Its ETag: written anew, it is another object. */
  readonly version: string;
}

/** How reading an object ended, or where it stands. */
export interface Collected extends ObjectId {
  /** When it was written, in ms. */
  readonly modifiedAt: number;
  /** In bytes, as it is stored. */
  readonly size: number;
  readonly state: "done" | "waiting" | "refused";
  readonly attempts: number;
  /** When it is tried again, in ms. */
  readonly nextAt: number;
  readonly problem?: string | undefined;
  /** Where reading goes on in the unpacked object, of one that was read in part. */
  readonly position?: z.infer<typeof splitterState> | undefined;
  /** SHA-256 of its bytes, unpacked, where it was read whole and that is asked for. */
  readonly hash?: string | undefined;
}

/** Stores how an object fares. */
export async function storeCollected(db: Db, { source, bucket }: Bucket, it: Collected): Promise<void> {
  const said = {
    state: it.state,
    attempts: it.attempts,
    next_at: it.nextAt,
    problem: it.problem === undefined ? null : storable(it.problem),
    body: it.position === undefined ? null : storableJson(it.position),
    hash: it.hash ?? null,
  };
  const { object, version, size } = it;
  await db
    .insertInto("collected")
    .values({ source, bucket, object, version, size, modified_at: it.modifiedAt, ...said })
    .onConflict((conflict) => conflict.columns(["source", "bucket", "object", "version"]).doUpdateSet(said))
    .execute();
}

/** Of one page's objects, those that are known. */
export async function knownOf(
  db: Db,
  { source, bucket }: Bucket,
  objects: readonly ObjectId[],
): Promise<{ has(it: ObjectId): boolean }> {
  const rows =
    objects.length === 0
      ? []
      : await db
          .selectFrom("collected")
          .select(["object", "version"])
          .where("source", "=", source)
          .where("bucket", "=", bucket)
          .where("object", "in", [...new Set(objects.map((it) => it.object))])
          .execute();
  const known = new Set(rows.map(nameOf));
  return { has: (it) => known.has(nameOf(it)) };
}

/** SHA-256 of each version of these objects that was read whole, by their keys. */
export async function hashesOf(
  db: Db,
  { source, bucket }: Bucket,
  objects: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for (const chunk of inChunks(objects, 1000)) {
    const rows = await db
      .selectFrom("collected")
      .select(["object", "hash"])
      .where("source", "=", source)
      .where("bucket", "=", bucket)
      .where("object", "in", chunk)
      .where("hash", "is not", null)
      .execute();
    for (const { object, hash } of rows) if (hash !== null) found.set(object, [...(found.get(object) ?? []), hash]);
  }
  return found;
}

/** Whether an object is known whose name holds this text and comes before another's. */
export async function isKnownBefore(
  db: Db,
  { source, bucket }: Bucket,
  { part, object }: { readonly part: string; readonly object: string },
): Promise<boolean> {
  const found = await db
    .selectFrom("collected")
    .select("object")
    .where("source", "=", source)
    .where("bucket", "=", bucket)
    .where(sql<boolean>`position(${part} in object) > 0 and object collate "C" < ${object} collate "C"`)
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/** The newest object that was given up and whose name holds this text. */
export async function newestRefused(
  db: Db,
  { source, bucket }: Bucket,
  part: string,
): Promise<{ readonly object: string; readonly problem: string | null } | undefined> {
  return db
    .selectFrom("collected")
    .select(["object", "problem"])
    .where("source", "=", source)
    .where("bucket", "=", bucket)
    .where("state", "=", "refused")
    .where(sql<boolean>`position(${part} in object) > 0`)
    .orderBy("modified_at", "desc")
    .limit(1)
    .executeTakeFirst();
}

function nameOf({ object, version }: ObjectId): string {
  return JSON.stringify([object, version]);
}

/** Objects that are to be tried again by then, the longest due first. */
export async function dueObjects(db: Db, { source, bucket }: Bucket, now: number, limit: number): Promise<Collected[]> {
  const rows = await db
    .selectFrom("collected")
    .selectAll()
    .where("source", "=", source)
    .where("bucket", "=", bucket)
    .where("state", "=", "waiting")
    .where("next_at", "<=", now)
    .orderBy("next_at")
    .limit(limit)
    .execute();
  return rows.map(({ object, version, modified_at, size, state, attempts, next_at, problem, body }) => ({
    object,
    version,
    modifiedAt: modified_at,
    size,
    state,
    attempts,
    nextAt: next_at,
    ...(problem !== null && { problem }),
    ...(body !== null && { position: splitterState.parse(body) }),
  }));
}

/** How many wait to be tried again, and which are next. */
export async function waitingObjects(
  db: Db,
  of: Bucket,
  limit: number,
): Promise<{ readonly count: number; readonly next: readonly Collected[] }> {
  const { count } = await db
    .selectFrom("collected")
    .select((eb) => eb.fn.countAll<string>().as("count"))
    .where("source", "=", of.source)
    .where("bucket", "=", of.bucket)
    .where("state", "=", "waiting")
    .executeTakeFirstOrThrow();
  return { count: Number(count), next: await dueObjects(db, of, Number.MAX_SAFE_INTEGER, limit) };
}

/** The object written last of those that were read whole. */
export async function newestObject(db: Db, { source, bucket }: Bucket): Promise<string | undefined> {
  const row = await db
    .selectFrom("collected")
    .select("object")
    .where("source", "=", source)
    .where("bucket", "=", bucket)
    .where("state", "=", "done")
    .orderBy("modified_at", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.object;
}

/** When the last whole listing began, in ms. */
export async function listedAt(db: Db, { source, bucket }: Bucket): Promise<number | undefined> {
  const row = await db
    .selectFrom("listed")
    .select("listed_at")
    .where("source", "=", source)
    .where("bucket", "=", bucket)
    .executeTakeFirst();
  return row?.listed_at;
}

/** A whole listing began then and ended; what was written before `floor` is never asked for again, and forgotten. */
export async function storeListed(db: Db, of: Bucket, { at, floor }: { readonly at: number; readonly floor: number }) {
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto("listed")
      .values({ ...of, listed_at: at })
      .onConflict((conflict) => conflict.columns(["source", "bucket"]).doUpdateSet({ listed_at: at }))
      .execute();
    await tx
      .deleteFrom("collected")
      .where("source", "=", of.source)
      .where("bucket", "=", of.bucket)
      .where("state", "<>", "waiting")
      .where("modified_at", "<", floor)
      .execute();
  });
}
