// Which agent a request is from: what it signed, and that it is newer than all before.
import { createHash, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { agentHeaders, signedText, type AgentHealth, type OrderText, type SignedOrder } from "@outweigh/schema";
import { allAgents, takeCounter, type StoredAgent } from "../store/agents.ts";
import type { Db } from "../store/state/state.ts";

/** Why a request in an agent's name was refused. `stale` and `forged` are news: who else has its name? */
export interface Refusal {
  readonly agent?: StoredAgent;
  readonly why: "unknown" | "revoked" | "forged" | "stale";
}

interface Known {
  readonly stored: StoredAgent;
  /** Undefined for a key that nothing can be checked with. */
  readonly key: KeyObject | undefined;
}

/** The key an agent signs with, from SubjectPublicKeyInfo in base64; undefined for anything but an Ed25519 key. */
export function agentKey(publicKey: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), type: "spki", format: "der" });
    return key.asymmetricKeyType === "ed25519" ? key : undefined;
  } catch {
    return undefined;
  }
}

/** All agents by id, in memory: a request of nobody's costs a look-up. One server works on a database. */
export class Agents {
  readonly #db: Db;
  readonly #known = new Map<string, Known>();
  readonly #orderKey: KeyObject;
  /** What agents check our orders with: SubjectPublicKeyInfo, base64. */
  readonly serverKey: string;

  private constructor(db: Db, orderKey: KeyObject) {
    this.#db = db;
    this.#orderKey = orderKey;
    this.serverKey = createPublicKey(orderKey).export({ type: "spki", format: "der" }).toString("base64");
  }

  /** @param orderKey An Ed25519 private key. */
  static async open(db: Db, orderKey: KeyObject): Promise<Agents> {
    const agents = new Agents(db, orderKey);
    for (const it of await allAgents(db)) agents.know(it);
    return agents;
  }

  know(stored: StoredAgent): void {
    this.#known.set(stored.id, { stored, key: agentKey(stored.publicKey) });
  }

  /** Notes a report, unless the agent was revoked while it was being stored. */
  seen(id: string, lastSeenAt: number, health: AgentHealth): void {
    const now = this.get(id);
    if (now && now.revokedAt === undefined) this.know({ ...now, lastSeenAt, health });
  }

  get(id: string): StoredAgent | undefined {
    return this.#known.get(id)?.stored;
  }

  list(): StoredAgent[] {
    return [...this.#known.values()].map((it) => it.stored);
  }

  /** Whether an agent of this name may send at all: asked before its body is read. */
  mayKnock(headers: Headers): boolean {
    const known = this.#known.get(text(headers[agentHeaders.agent]));
    return known !== undefined && known.stored.revokedAt === undefined;
  }

  /** Who sent this body to this path. The number it used is used up. */
  async check(path: string, headers: Headers, body: Buffer): Promise<StoredAgent | Refusal> {
    const known = this.#known.get(text(headers[agentHeaders.agent]));
    if (!known) return { why: "unknown" };
    const { stored: agent, key } = known;
    if (agent.revokedAt !== undefined) return { agent, why: "revoked" };
    const counter = Number(text(headers[agentHeaders.counter]));
    const signature = Buffer.from(text(headers[agentHeaders.signature]), "base64url");
    const digest = createHash("sha256").update(body).digest("hex");
    const signed = Number.isSafeInteger(counter) && Buffer.from(signedText(path, counter, digest));
    if (!key || signed === false || !verify(null, signed, key, signature)) return { agent, why: "forged" };
    if (!(await takeCounter(this.#db, agent.id, counter))) return { agent, why: "stale" };
    return agent;
  }

  sign(order: OrderText): SignedOrder {
    const it = JSON.stringify(order);
    return { text: it, signature: sign(null, Buffer.from(it), this.#orderKey).toString("base64url") };
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function text(header: string | string[] | undefined): string {
  return typeof header === "string" ? header.slice(0, 512) : "";
}
