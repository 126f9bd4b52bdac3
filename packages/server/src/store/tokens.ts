// What programs show: each token has a name, and is good for one source's records or for what a role may ask.
import { grant, type TokenRow } from "@outweigh/schema";
import type { Selectable } from "kysely";
import type { Db, Tx } from "./state/state.ts";
import type { TokenTable } from "./state/tables.ts";

/** A token as it is stored: `id` is the SHA-256 of its secret, which nobody keeps. */
export interface StoredToken extends TokenRow {
  readonly id: string;
}

/** All tokens, by name. */
export async function allTokens(db: Db): Promise<StoredToken[]> {
  const rows = await db.selectFrom("token").selectAll().orderBy("name").execute();
  return rows.map(toToken);
}

export async function addToken(tx: Tx, it: StoredToken): Promise<void> {
  await tx
    .insertInto("token")
    .values({
      id: it.id,
      name: it.name,
      source: it.source ?? null,
      host: it.host ?? null,
      grant: it.grant === undefined ? null : JSON.stringify(it.grant),
      created_at: it.createdAt,
      created_by: it.createdBy,
      last_used_at: null,
      expires_at: it.expiresAt ?? null,
    })
    .execute();
}

/** The name and what it is for stay; the secret is another one from here on. */
export async function replaceToken(tx: Tx, { id, name, createdAt, createdBy }: StoredToken): Promise<void> {
  await tx
    .updateTable("token")
    .set({ id, created_at: createdAt, created_by: createdBy, last_used_at: null })
    .where("name", "=", name)
    .execute();
}

export async function removeToken(tx: Tx, name: string): Promise<void> {
  await tx.deleteFrom("token").where("name", "=", name).execute();
}

export async function tokenUsed(db: Db, id: string, at: number): Promise<void> {
  await db.updateTable("token").set({ last_used_at: at }).where("id", "=", id).execute();
}

function toToken(row: Selectable<TokenTable>): StoredToken {
  return {
    id: row.id,
    name: row.name,
    ...(row.source !== null && { source: row.source }),
    ...(row.host !== null && { host: row.host }),
    ...(row.grant !== null && { grant: grant.parse(row.grant) }),
    ...(row.expires_at !== null && { expiresAt: row.expires_at }),
    createdAt: row.created_at,
    createdBy: row.created_by,
    ...(row.last_used_at !== null && { lastUsedAt: row.last_used_at }),
  };
}
