// oxlint-disable-next-line import/no-unassigned-import -- its types add cookies to requests and replies
import "@fastify/cookie";
// Signed-in browsers: an HttpOnly cookie here, its digest in the database.
import type { FastifyReply, FastifyRequest } from "fastify";
import { ServerError } from "../error.ts";
import { addSession, removeSession, sessionUser } from "../store/sessions.ts";
import type { Db } from "../store/state/state.ts";
import { digestOf, newSecret } from "./tokens.ts";

/** How long a browser stays signed in, in ms: one working day. */
const sessionMs = 12 * 3_600_000;
/** How long an answer of the database is believed, in ms: a page asks many things at once. */
const cachedMs = 5000;
const maxCached = 1000;

export class Sessions {
  readonly #db: Db;
  readonly #cached = new Map<string, { user: string; until: number }>();
  /** With the port: cookies belong to a host name, and another Outweigh may listen beside this one. */
  cookie = "outweigh";

  constructor(db: Db) {
    this.#db = db;
  }

  async open(reply: FastifyReply, user: string, now: number): Promise<void> {
    const secret = newSecret();
    await addSession(this.#db, { id: digestOf(secret), user, createdAt: now, expiresAt: now + sessionMs });
    reply.setCookie(this.cookie, secret, { path: "/", httpOnly: true, sameSite: "strict", maxAge: sessionMs / 1000 });
  }

  /** The name of who is signed in. @throws {ServerError} NOT_SIGNED_IN */
  async require(request: FastifyRequest, now: number): Promise<string> {
    const secret = request.cookies[this.cookie];
    const user = secret === undefined ? undefined : await this.#find(digestOf(secret), now);
    if (user !== undefined) return user;
    throw new ServerError(
      "NOT_SIGNED_IN",
      "open the one-time link that `outweigh up` printed, or ask for one: `outweigh open`",
    );
  }

  /** Ends the session of this browser. */
  async close(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const secret = request.cookies[this.cookie];
    if (secret !== undefined) await removeSession(this.#db, digestOf(secret));
    this.#cached.clear();
    reply.clearCookie(this.cookie, { path: "/" });
  }

  async #find(id: string, now: number): Promise<string | undefined> {
    const known = this.#cached.get(id);
    if (known && known.until > now) return known.user;
    this.#cached.delete(id);
    const user = await sessionUser(this.#db, id, now);
    if (user === undefined) return undefined;
    if (this.#cached.size >= maxCached) this.#cached.clear();
    this.#cached.set(id, { user, until: now + cachedMs });
    return user;
  }
}
