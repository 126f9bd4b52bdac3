import { createHmac, hash, timingSafeEqual } from "node:crypto";

/** How long a challenge can be answered, in ms: a phone needs a minute for the hardest. */
const lifeMs = 5 * 60_000;
/** Proofs remembered so that none counts twice; then the oldest go, which by then are over. */
const maxProofs = 100_000;
/** Bits where an order names none: half a second of a script. */
export const usualBits = 18;

/**
 * Proof of work: an account under challenge pays half a second of computing for each request. It slows many accounts of one
 * thief, and is no wall: special hardware is a thousand times cheaper. Stateless until a proof comes back.
 */
export class Challenges {
  readonly #secret: Uint8Array;
  readonly #used = new Set<string>();

  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /** A challenge for one principal, good for five minutes. */
  make(principal: string, bits: number, now: number): string {
    const open = `${Math.floor(now / 1000)}.${bits}`;
    return `${open}.${this.#sign(principal, open)}`;
  }

  /**
   * Whether `proof`, a challenge and a nonce with a colon between, pays for this body: SHA-256 over challenge, colon, nonce, colon and
   * the body's SHA-256 in hexadecimal begins with as many zero bits as were asked for. Each proof counts once.
   */
  isPaid(proof: string | undefined, principal: string, body: Buffer, bits: number, now: number): boolean {
    const [, challenge = "", madeAt = "", asked = "", signature = "", nonce = ""] =
      /^((\d{1,12})\.(\d{1,2})\.([0-9a-f]{32})):([\w-]{1,64})$/.exec(proof ?? "") ?? [];
    if (challenge === "" || Number(asked) < bits) return false;
    const age = now - Number(madeAt) * 1000;
    if (age < -1000 || age > lifeMs) return false;
    const own = this.#sign(principal, `${madeAt}.${asked}`);
    if (!timingSafeEqual(Buffer.from(own), Buffer.from(signature))) return false;
    const key = `${challenge}:${nonce}`;
    if (this.#used.has(key) || zeroBits(proofDigest(challenge, nonce, body)) < bits) return false;
    this.#used.add(key);
    if (this.#used.size > maxProofs) {
      const [oldest] = this.#used;
      if (oldest !== undefined) this.#used.delete(oldest);
    }
    return true;
  }

  #sign(principal: string, open: string): string {
    return createHmac("sha256", this.#secret)
      .update(JSON.stringify([principal, open]))
      .digest("hex")
      .slice(0, 32);
  }
}

/** What must begin with zeros. */
export function proofDigest(challenge: string, nonce: string, body: Uint8Array): Buffer {
  return hash("sha256", `${challenge}:${nonce}:${hash("sha256", body, "hex")}`, "buffer");
}

export function zeroBits(digest: Uint8Array): number {
  let bits = 0;
  for (const it of digest) {
    bits += it === 0 ? 8 : Math.clz32(it) - 24;
    if (it !== 0) break;
  }
  return bits;
}
