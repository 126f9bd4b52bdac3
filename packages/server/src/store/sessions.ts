import type { Db } from "./state/state.ts";

export interface SessionRow {
  readonly id: string;
  readonly user: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export async function addSession(db: Db, { id, user, createdAt, expiresAt }: SessionRow): Promise<void> {
  await db.deleteFrom("session").where("expires_at", "<=", createdAt).execute();
  await db.insertInto("session").values({ id, user, created_at: createdAt, expires_at: expiresAt }).execute();
}

/** The user of a session that has not expired. */
export async function sessionUser(db: Db, id: string, now: number): Promise<string | undefined> {
  const row = await db
    .selectFrom("session")
    .select("user")
    .where("id", "=", id)
    .where("expires_at", ">", now)
    .executeTakeFirst();
  return row?.user;
}

export async function removeSession(db: Db, id: string): Promise<void> {
  await db.deleteFrom("session").where("id", "=", id).execute();
}
