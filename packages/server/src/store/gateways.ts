// Gateways, what they were told to do, and how their clients stood over time.
import {
  clientPoint,
  gatewayAsk,
  gatewayFacts,
  type ClientPoint,
  type GatewayAsk,
  type GatewayFacts,
  type GatewayResult,
} from "@outweigh/schema";
import type { Db, Tx } from "./state/state.ts";
import { storable, storableJson } from "./text.ts";

export interface StoredGateway {
  readonly id: string;
  readonly facts: GatewayFacts;
  /** SubjectPublicKeyInfo, base64. */
  readonly publicKey: string;
  readonly enrolledAt: number;
  readonly enrolledBy: string;
  readonly lastSeenAt?: number;
  readonly revokedAt?: number;
}

/** What a gateway was told to do. */
export interface StoredAsk {
  readonly id: string;
  readonly gateway: string;
  readonly ask: GatewayAsk;
  readonly by: string;
  readonly at: number;
  readonly expiresAt: number;
}

export async function addGateway(tx: Tx, it: StoredGateway): Promise<void> {
  await tx
    .insertInto("gateway")
    .values({
      id: it.id,
      facts: storableJson(it.facts),
      public_key: it.publicKey,
      counter: 0,
      enrolled_at: it.enrolledAt,
      enrolled_by: it.enrolledBy,
    })
    .execute();
}

export async function allGateways(db: Db): Promise<StoredGateway[]> {
  const rows = await db.selectFrom("gateway").selectAll().orderBy("enrolled_at").execute();
  return rows.map((row) => ({
    id: row.id,
    facts: gatewayFacts.parse(row.facts),
    publicKey: row.public_key,
    enrolledAt: row.enrolled_at,
    enrolledBy: row.enrolled_by,
    ...(row.last_seen_at !== null && { lastSeenAt: row.last_seen_at }),
    ...(row.revoked_at !== null && { revokedAt: row.revoked_at }),
  }));
}

/** Takes the number of a report: false when it is not newer than the last one. That it came is noted with it. */
export async function takeReport(db: Db, gateway: string, counter: number, now: number): Promise<boolean> {
  const taken = await db
    .updateTable("gateway")
    .set({ counter, last_seen_at: now })
    .where("id", "=", gateway)
    .where("counter", "<", counter)
    .executeTakeFirst();
  return taken.numUpdatedRows > 0n;
}

export async function revokeGateway(tx: Tx, id: string, at: number): Promise<void> {
  await tx.updateTable("gateway").set({ revoked_at: at }).where("id", "=", id).execute();
}

export async function addAsk(tx: Tx, it: StoredAsk): Promise<void> {
  await tx
    .insertInto("gateway_ask")
    .values({
      id: it.id,
      gateway: it.gateway,
      body: storableJson(it.ask),
      by: storable(it.by),
      at: it.at,
      expires_at: it.expiresAt,
      state: "waiting",
    })
    .execute();
}

/** What a gateway shall do and has not answered, the oldest first: an undo never overtakes what it undoes. */
export async function waitingAsks(db: Db, gateway: string, now: number, most: number): Promise<StoredAsk[]> {
  const rows = await db
    .selectFrom("gateway_ask")
    .selectAll()
    .where("gateway", "=", gateway)
    .where("state", "=", "waiting")
    .where("expires_at", ">", now)
    .orderBy("at")
    .orderBy("id")
    .limit(most)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    gateway: row.gateway,
    ask: gatewayAsk.parse(row.body),
    by: row.by,
    at: row.at,
    expiresAt: row.expires_at,
  }));
}

/** Notes what came of it; false when it does not wait for this gateway any more. */
export async function finishAsk(
  tx: Tx,
  { gateway, at, result }: { readonly gateway: string; readonly at: number; readonly result: GatewayResult },
): Promise<boolean> {
  const done = await tx
    .updateTable("gateway_ask")
    .set({ state: result.state, done_at: at, answer: storableJson(result) })
    .where("id", "=", result.id)
    .where("gateway", "=", gateway)
    .where("state", "=", "waiting")
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}

/** Gives up waiting: what was not answered in time is not done later. False when it was answered meanwhile. */
export async function dropAsk(db: Db, id: string, at: number): Promise<boolean> {
  const done = await db
    .updateTable("gateway_ask")
    .set({ state: "failed", done_at: at })
    .where("id", "=", id)
    .where("state", "=", "waiting")
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}

/** How clients of one gateway stood at one time. */
export async function addPoints(
  db: Db,
  gateway: string,
  points: readonly (ClientPoint & { readonly principal: string })[],
): Promise<void> {
  if (points.length === 0) return;
  const values = points.map(({ principal, at, ...body }) => ({
    gateway,
    principal: storable(principal),
    at,
    body: storableJson(body),
  }));
  await db
    .insertInto("client_point")
    .values(values)
    .onConflict((it) => it.doNothing())
    .execute();
}

/** The newest points of one client, the oldest of them first. */
export async function pointsOf(db: Db, gateway: string, principal: string, most: number): Promise<ClientPoint[]> {
  const rows = await db
    .selectFrom("client_point")
    .select(["at", "body"])
    .where("gateway", "=", gateway)
    .where("principal", "=", principal)
    .orderBy("at", "desc")
    .limit(most)
    .execute();
  return rows.toReversed().map(({ at, body }) => clientPoint.parse({ ...body, at }));
}

export async function dropPoints(db: Db, before: number): Promise<void> {
  await db.deleteFrom("client_point").where("at", "<", before).execute();
}
