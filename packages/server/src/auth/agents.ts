// Hosts with an agent, as their requests are checked against.
import type { KeyObject } from "node:crypto";
import type { AgentHealth } from "@outweigh/schema";
import { allAgents, takeCounter, type StoredAgent } from "../store/agents.ts";
import type { Db } from "../store/state/state.ts";
import { Members } from "./members.ts";

export class Agents extends Members<StoredAgent> {
  /** @param orderKey An Ed25519 private key. */
  static async open(db: Db, orderKey: KeyObject): Promise<Agents> {
    const agents = new Agents((id, counter) => takeCounter(db, id, counter), orderKey);
    for (const it of await allAgents(db)) agents.know(it);
    return agents;
  }

  /** Notes a report, unless the agent was revoked while it was being stored. */
  seen(id: string, lastSeenAt: number, health: AgentHealth): void {
    const now = this.get(id);
    if (now && now.revokedAt === undefined) this.know({ ...now, lastSeenAt, health });
  }
}
