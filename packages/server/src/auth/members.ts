// Which of those we enrolled a request is from: what it signed, and that it is newer than all before. Agents and gateways alike.
import { createHash, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { agentHeaders, signedText, type GatewayAskText, type OrderText, type SignedOrder } from "@outweigh/schema";

/** Somebody who enrolled: known by a key from then on. */
export interface Member {
  readonly id: string;
  /** SubjectPublicKeyInfo, base64. */
  readonly publicKey: string;
  readonly revokedAt?: number;
}

/** Why a request in a member's name was refused. `stale` and `forged` are news: who else has its name? */
export interface Refusal<It extends Member> {
  readonly member?: It;
  readonly why: "unknown" | "revoked" | "forged" | "stale";
}

interface Known<It extends Member> {
  readonly stored: It;
  /** Undefined for a key that nothing can be checked with. */
  readonly key: KeyObject | undefined;
}

/** The key a member signs with, from SubjectPublicKeyInfo in base64; undefined for anything but an Ed25519 key. */
export function memberKey(publicKey: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), type: "spki", format: "der" });
    return key.asymmetricKeyType === "ed25519" ? key : undefined;
  } catch {
    return undefined;
  }
}

/** All members of one kind by id, in memory: a request of nobody's costs a look-up. One server works on a database. */
export class Members<It extends Member> {
  readonly #known = new Map<string, Known<It>>();
  readonly #takeCounter: (id: string, counter: number) => Promise<boolean>;
  readonly #orderKey: KeyObject;
  /** What members check our orders with: SubjectPublicKeyInfo, base64. */
  readonly serverKey: string;

  /**
   * @param takeCounter Takes the number of a request: false when it is not newer than the last one.
   * @param orderKey An Ed25519 private key.
   */
  constructor(takeCounter: (id: string, counter: number) => Promise<boolean>, orderKey: KeyObject) {
    this.#takeCounter = takeCounter;
    this.#orderKey = orderKey;
    this.serverKey = createPublicKey(orderKey).export({ type: "spki", format: "der" }).toString("base64");
  }

  know(stored: It): void {
    this.#known.set(stored.id, { stored, key: memberKey(stored.publicKey) });
  }

  get(id: string): It | undefined {
    return this.#known.get(id)?.stored;
  }

  list(): It[] {
    return [...this.#known.values()].map((it) => it.stored);
  }

  /** Whether a member of this name may send at all: asked before its body is read. */
  mayKnock(headers: Headers): boolean {
    const known = this.#known.get(text(headers[agentHeaders.agent]));
    return known !== undefined && known.stored.revokedAt === undefined;
  }

  /** Who sent this body to this path. The number it used is used up. */
  async check(path: string, headers: Headers, body: Buffer): Promise<It | Refusal<It>> {
    const known = this.#known.get(text(headers[agentHeaders.agent]));
    if (!known) return { why: "unknown" };
    const { stored: member, key } = known;
    if (member.revokedAt !== undefined) return { member, why: "revoked" };
    const counter = Number(text(headers[agentHeaders.counter]));
    const signature = Buffer.from(text(headers[agentHeaders.signature]), "base64url");
    const digest = createHash("sha256").update(body).digest("hex");
    const signed = Number.isSafeInteger(counter) && Buffer.from(signedText(path, counter, digest));
    if (!key || signed === false || !verify(null, signed, key, signature)) return { member, why: "forged" };
    if (!(await this.#takeCounter(member.id, counter))) return { member, why: "stale" };
    return member;
  }

  sign(order: OrderText | GatewayAskText): SignedOrder {
    const it = JSON.stringify(order);
    return { text: it, signature: sign(null, Buffer.from(it), this.#orderKey).toString("base64url") };
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function text(header: string | string[] | undefined): string {
  return typeof header === "string" ? header.slice(0, 512) : "";
}
