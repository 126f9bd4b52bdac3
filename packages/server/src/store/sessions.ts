import type { Db } from "./state/state.ts";

interface SessionRow {
  readonly id: string;
  readonly user: string;
  readonly by: "link" | "password" | "provider";
  readonly createdAt: number;
  readonly expiresAt: number;
}

export async function addSession(db: Db, { id, user, by, createdAt, expiresAt }: SessionRow): Promise<void> {
  await db.deleteFrom("session").where("expires_at", "<=", createdAt).execute();
  await db.insertInto("session").values({ id, user, by, created_at: createdAt, expires_at: expiresAt }).execute();
}

/** All that have not expired. */
export async function openSessions(db: Db, now: number): Promise<SessionRow[]> {
  const rows = await db.selectFrom("session").selectAll().where("expires_at", ">", now).execute();
  return rows.map((it) => ({
    id: it.id,
    user: it.user,
    by: it.by === "password" || it.by === "provider" ? it.by : "link",
    createdAt: it.created_at,
    expiresAt: it.expires_at,
  }));
}

export async function removeSession(db: Db, id: string): Promise<void> {
  await db.deleteFrom("session").where("id", "=", id).execute();
}

/** Ends all of one person's. */
export async function removeSessionsOf(db: Db, user: string): Promise<void> {
  await db.deleteFrom("session").where("user", "=", user).execute();
}
