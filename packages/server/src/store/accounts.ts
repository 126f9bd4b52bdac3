// People who sign in by name, and the invitations that make them.
import { accountRow, grant, type AccountRow, type Grant } from "@outweigh/schema";
import type { Selectable } from "kysely";
import { z } from "zod";
import type { Db, Tx } from "./state/state.ts";
import type { AccountTable } from "./state/tables.ts";

/** An account as it is stored, secrets and all. */
export interface StoredAccount extends AccountRow {
  /** argon2id in PHC form. */
  readonly password?: string;
  /** Encrypted. */
  readonly totp?: string;
  readonly totpStep: number;
  readonly recovery: readonly string[];
  /** Issuer and subject at an identity provider. */
  readonly subject?: string;
}

export interface StoredInvitation {
  /** SHA-256 of what the link holds. */
  readonly id: string;
  readonly account: string;
  /** The authenticator's new secret, encrypted. */
  readonly totp: string;
  readonly expiresAt: number;
}

/** By name. */
export async function allAccounts(db: Db): Promise<StoredAccount[]> {
  const rows = await db.selectFrom("account").selectAll().orderBy("name").execute();
  return rows.map(toAccount);
}

export async function addAccount(tx: Tx, it: StoredAccount): Promise<void> {
  await tx
    .insertInto("account")
    .values({
      name: it.name,
      grants: JSON.stringify(it.grants),
      state: it.state,
      password: it.password ?? null,
      totp: it.totp ?? null,
      totp_step: it.totpStep,
      recovery: [...it.recovery],
      subject: it.subject ?? null,
      address: it.address ?? null,
      created_at: it.createdAt,
      created_by: it.createdBy,
      last_seen_at: it.lastSeenAt ?? null,
    })
    .execute();
}

/** Stores whether it may sign in, and by what. */
export async function storeEntry(tx: Tx, it: StoredAccount): Promise<void> {
  await tx
    .updateTable("account")
    .set({
      state: it.state,
      password: it.password ?? null,
      totp: it.totp ?? null,
      totp_step: it.totpStep,
      recovery: [...it.recovery],
    })
    .where("name", "=", it.name)
    .execute();
}

/** Stores what a sign-in used up, unless the password is another one by now: it may have been reset meanwhile. */
export async function storeUse(db: Db, it: StoredAccount, before: string): Promise<void> {
  await db
    .updateTable("account")
    .set({ password: it.password ?? null, totp_step: it.totpStep, recovery: [...it.recovery] })
    .where("name", "=", it.name)
    .where("password", "=", before)
    .execute();
}

/** Nothing else of the account: it may come after a change that was decided later. */
export async function accountSeen(db: Db, name: string, at: number): Promise<void> {
  await db.updateTable("account").set({ last_seen_at: at }).where("name", "=", name).execute();
}

export async function setGrants(tx: Tx, name: string, grants: readonly Grant[]): Promise<void> {
  await tx
    .updateTable("account")
    .set({ grants: JSON.stringify(grants) })
    .where("name", "=", name)
    .execute();
}

export async function setAddress(tx: Tx, name: string, address: string | undefined): Promise<void> {
  await tx
    .updateTable("account")
    .set({ address: address ?? null })
    .where("name", "=", name)
    .execute();
}

/** The account's only one from here on. */
export async function addInvitation(tx: Tx, { id, account, totp, expiresAt }: StoredInvitation): Promise<void> {
  await removeInvitations(tx, account);
  await tx.insertInto("invitation").values({ id, account, totp, expires_at: expiresAt }).execute();
}

export async function removeInvitations(tx: Tx, account: string): Promise<void> {
  await tx.deleteFrom("invitation").where("account", "=", account).execute();
}

/** All that have not expired. */
export async function openInvitations(db: Db, now: number): Promise<StoredInvitation[]> {
  const rows = await db.selectFrom("invitation").selectAll().where("expires_at", ">", now).execute();
  return rows.map(({ id, account, totp, expires_at: expiresAt }) => ({ id, account, totp, expiresAt }));
}

function toAccount(row: Selectable<AccountTable>): StoredAccount {
  return {
    name: row.name,
    grants: z.array(grant).parse(row.grants),
    state: accountRow.shape.state.parse(row.state),
    by: row.subject === null ? "password" : "provider",
    createdAt: row.created_at,
    createdBy: row.created_by,
    totpStep: row.totp_step,
    recovery: row.recovery,
    ...(row.last_seen_at !== null && { lastSeenAt: row.last_seen_at }),
    ...(row.password !== null && { password: row.password }),
    ...(row.totp !== null && { totp: row.totp }),
    ...(row.subject !== null && { subject: row.subject }),
    ...(row.address !== null && { address: row.address }),
  };
}
