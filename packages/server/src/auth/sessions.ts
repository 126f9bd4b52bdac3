// oxlint-disable-next-line import/no-unassigned-import -- its types add cookies to requests and replies
import "@fastify/cookie";
// Signed-in browsers. A session has two secrets: a cookie, which browsers send to every port of this machine, and a key,
// which the page keeps to its own origin and puts into a header. Neither is worth anything without the other.
import { sessionHeader } from "@outweigh/schema";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ServerError } from "../error.ts";
import { addSession, openSessions, removeSession } from "../store/sessions.ts";
import type { Db } from "../store/state/state.ts";
import { digestOf, newSecret } from "./tokens.ts";

/** How long a browser stays signed in, in ms: one working day. */
const sessionMs = 12 * 3_600_000;

/** Who is signed in. `id` names the session and is no secret. */
export interface SignedIn {
  readonly id: string;
  readonly user: string;
}

/**
 * All open sessions by the digest of both secrets, in memory: who has none costs us a look-up and is told so at once, so
 * nobody's attempts can lock out those who have one. One server works on a database, so what is here is what is stored.
 */
export class Sessions {
  readonly #db: Db;
  readonly #open = new Map<string, { readonly user: string; readonly expiresAt: number }>();
  /** With the port: cookies belong to a host name, and another Outweigh may listen beside this one. */
  cookie = "outweigh";

  private constructor(db: Db) {
    this.#db = db;
  }

  static async open(db: Db, now: number): Promise<Sessions> {
    const sessions = new Sessions(db);
    for (const { id, user, expiresAt } of await openSessions(db, now)) sessions.#open.set(id, { user, expiresAt });
    return sessions;
  }

  /** Signs a browser in: sets the cookie, and answers with the key that its page must send beside it. */
  async begin(reply: FastifyReply, user: string, now: number): Promise<string> {
    const [secret, key] = [newSecret(), newSecret()];
    const id = idOf(secret, key);
    const expiresAt = now + sessionMs;
    await addSession(this.#db, { id, user, createdAt: now, expiresAt });
    for (const [it, { expiresAt: end }] of this.#open) if (end <= now) this.#open.delete(it);
    this.#open.set(id, { user, expiresAt });
    reply.setCookie(this.cookie, secret, { path: "/", httpOnly: true, sameSite: "strict", maxAge: sessionMs / 1000 });
    return key;
  }

  /** Who asks. @throws {ServerError} NOT_SIGNED_IN */
  require(request: FastifyRequest, now: number): SignedIn {
    const found = this.#find(request, now);
    if (found) return found;
    throw new ServerError(
      "NOT_SIGNED_IN",
      "open the one-time link that `npx outweigh up` printed, or ask for one: `npx outweigh open`",
    );
  }

  /** Whether whoever asked is still signed in. */
  isOpen(request: FastifyRequest, now: number): boolean {
    return this.#find(request, now) !== undefined;
  }

  /** Ends the session of this browser. */
  async end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const id = this.#idOf(request);
    if (id !== undefined) {
      await removeSession(this.#db, id);
      this.#open.delete(id);
    }
    reply.clearCookie(this.cookie, { path: "/" });
  }

  #find(request: FastifyRequest, now: number): SignedIn | undefined {
    const id = this.#idOf(request);
    const found = id === undefined ? undefined : this.#open.get(id);
    return id !== undefined && found && found.expiresAt > now ? { id, user: found.user } : undefined;
  }

  #idOf(request: FastifyRequest): string | undefined {
    const secret = request.cookies[this.cookie];
    const key = request.headers[sessionHeader];
    return secret !== undefined && typeof key === "string" ? idOf(secret, key) : undefined;
  }
}

/** Built so that no choice of two secrets means two others. */
function idOf(secret: string, key: string): string {
  return digestOf(JSON.stringify([secret, key]));
}
