// Hosts with an agent, what they were asked to do, and what they answered.
import {
  agentHealth,
  facts,
  hostFacts,
  order,
  type AgentHealth,
  type Facts,
  type HostFacts,
  type HostOrder,
} from "@outweigh/schema";
import type { Selectable } from "kysely";
import { storable, storableJson } from "./text.ts";
import type { Db, Tx } from "./state/state.ts";
import type { AgentOrderTable } from "./state/tables.ts";

export interface StoredAgent {
  readonly id: string;
  readonly host: HostFacts;
  /** SubjectPublicKeyInfo, base64. */
  readonly publicKey: string;
  readonly enrolledAt: number;
  readonly enrolledBy: string;
  readonly lastSeenAt?: number;
  readonly health?: AgentHealth;
  readonly revokedAt?: number;
}

/** An order and whom it is for. */
interface StoredOrder extends HostOrder {
  readonly agent: string;
}

/** A token for one host to enrol with, until it expires. Only its digest is stored. */
export async function addEnrolment(tx: Tx, it: { id: string; by: string; expiresAt: number }): Promise<void> {
  await tx.insertInto("enrolment").values({ id: it.id, by: it.by, expires_at: it.expiresAt }).execute();
}

/** Who made the token, if it was good. It is not any more. */
export async function useEnrolment(tx: Tx, id: string, now: number): Promise<string | undefined> {
  await tx.deleteFrom("enrolment").where("expires_at", "<=", now).execute();
  const used = await tx.deleteFrom("enrolment").where("id", "=", id).returning("by").executeTakeFirst();
  return used?.by;
}

export async function addAgent(tx: Tx, it: StoredAgent): Promise<void> {
  await tx
    .insertInto("agent")
    .values({
      id: it.id,
      host: storableJson(it.host),
      public_key: it.publicKey,
      counter: 0,
      enrolled_at: it.enrolledAt,
      enrolled_by: it.enrolledBy,
    })
    .execute();
}

export async function allAgents(db: Db): Promise<StoredAgent[]> {
  const rows = await db.selectFrom("agent").selectAll().orderBy("enrolled_at").execute();
  return rows.map((row) => ({
    id: row.id,
    host: hostFacts.parse(row.host),
    publicKey: row.public_key,
    enrolledAt: row.enrolled_at,
    enrolledBy: row.enrolled_by,
    ...(row.last_seen_at !== null && { lastSeenAt: row.last_seen_at }),
    ...(row.health !== null && { health: agentHealth.parse(row.health) }),
    ...(row.revoked_at !== null && { revokedAt: row.revoked_at }),
  }));
}

/** Takes the number of a request: false when it is not newer than the last one, in whatever order two requests come. */
export async function takeCounter(db: Db, agent: string, counter: number): Promise<boolean> {
  const taken = await db
    .updateTable("agent")
    .set({ counter })
    .where("id", "=", agent)
    .where("counter", "<", counter)
    .executeTakeFirst();
  return taken.numUpdatedRows > 0n;
}

export async function agentSeen(db: Db, id: string, at: number, health: AgentHealth): Promise<void> {
  await db
    .updateTable("agent")
    .set({ last_seen_at: at, health: storableJson(health) })
    .where("id", "=", id)
    .execute();
}

export async function revokeAgent(tx: Tx, id: string, at: number): Promise<void> {
  await tx.updateTable("agent").set({ revoked_at: at }).where("id", "=", id).execute();
}

export async function addOrder(tx: Tx, it: StoredOrder): Promise<void> {
  await tx
    .insertInto("agent_order")
    .values({
      id: it.id,
      agent: it.agent,
      body: storableJson(it.order),
      by: it.by,
      reason: storable(it.reason),
      at: it.at,
      expires_at: it.expiresAt,
      state: it.state,
      incident: it.incident === undefined ? null : storable(it.incident),
    })
    .execute();
}

/** The newest orders of an agent first; only those that wait and have not expired, if `waitingAt` is given. */
export async function ordersOf(db: Db, agent: string, most: number, waitingAt?: number): Promise<HostOrder[]> {
  let query = db.selectFrom("agent_order").selectAll().where("agent", "=", agent);
  if (waitingAt !== undefined) query = query.where("state", "=", "waiting").where("expires_at", ">", waitingAt);
  return (await query.orderBy("at", "desc").orderBy("id").limit(most).execute()).map(toOrder);
}

export async function orderById(db: Db, id: string): Promise<HostOrder | undefined> {
  const row = await db.selectFrom("agent_order").selectAll().where("id", "=", id).executeTakeFirst();
  return row && toOrder(row);
}

function toOrder(row: Selectable<AgentOrderTable>): HostOrder {
  return {
    id: row.id,
    order: order.parse(row.body),
    by: row.by,
    reason: row.reason,
    at: row.at,
    expiresAt: row.expires_at,
    state: row.state,
    ...(row.done_at !== null && { doneAt: row.done_at }),
    ...(row.message !== null && { message: row.message }),
    ...(row.facts !== null && { facts: facts.parse(row.facts) }),
    ...(row.incident !== null && { incident: row.incident }),
  };
}

/** Notes what came of an order; false when it does not wait for this agent any more. */
export async function finishOrder(
  tx: Tx,
  {
    id,
    agent,
    at,
    state,
    message,
    facts: found,
  }: {
    id: string;
    agent: string;
    at: number;
    state: "done" | "failed" | "refused";
    message?: string | undefined;
    facts?: Facts | undefined;
  },
): Promise<boolean> {
  const done = await tx
    .updateTable("agent_order")
    .set({
      state,
      done_at: at,
      message: message === undefined ? null : storable(message),
      facts: found === undefined ? null : storableJson(found),
    })
    .where("id", "=", storable(id))
    .where("agent", "=", agent)
    .where("state", "=", "waiting")
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}
