// oxlint-disable-next-line import/no-unassigned-import -- its types add cookies to requests and replies
import "@fastify/cookie";
// Signed-in browsers. A session has two secrets: a cookie, which browsers send to every port of this machine, and a key,
// which the page keeps to its own origin and puts into a header. Neither is worth anything without the other.
import { sessionHeader, type Grant } from "@outweigh/schema";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ServerError } from "../error.ts";
import { addSession, openSessions, removeSession, removeSessionsOf } from "../store/sessions.ts";
import type { Db } from "../store/state/state.ts";
import type { Asker } from "./rights.ts";
import { digestOf, newSecret } from "./tokens.ts";

/** How long a browser stays signed in, in ms: one working day. */
const sessionMs = 12 * 3_600_000;
/** And by a link where people have accounts, in ms: it is for the hour in which nothing else works. */
const byLinkMs = 3_600_000;

/** How somebody signed in. */
export type Way = "link" | "password" | "provider";

interface Open {
  readonly user: string;
  readonly by: Way;
  readonly expiresAt: number;
  /** Of a command: it signs in, asks, and signs out within seconds, many times a day. */
  readonly isBrief?: boolean;
}

/** What is known of people, asked with each request: what they may do can change while they are signed in. */
export interface People {
  /** Whether people sign in by name here: a link is for emergencies then. */
  readonly areNamed: () => boolean;
  readonly grantsOf: (name: string, now: number) => readonly Grant[] | undefined;
  /** The name under which browsers come over TLS: there, cookies never travel in the clear. */
  readonly tlsHost: string | undefined;
}

/** What whoever has the operator's shell may do. */
const operator: readonly Grant[] = [{ role: "admin" }];

/**
 * All open sessions by the digest of both secrets, in memory: who has none costs us a look-up and is told so at once, so
 * nobody's attempts can lock out those who have one. One server works on a database, so what is here is what is stored.
 */
export class Sessions {
  readonly #db: Db;
  readonly #open = new Map<string, Open>();
  readonly #people: People;
  /** With the port: cookies belong to a host name, and another Outweigh may listen beside this one. */
  cookie = "outweigh";

  private constructor(db: Db, people: People) {
    this.#db = db;
    this.#people = people;
  }

  static async open(db: Db, people: People, now: number): Promise<Sessions> {
    const sessions = new Sessions(db, people);
    for (const { id, user, by, expiresAt } of await openSessions(db, now)) {
      sessions.#open.set(id, { user, by, expiresAt });
    }
    return sessions;
  }

  /** Signs a browser in: sets the cookie, and answers with the key that its page must send beside it. */
  async begin(reply: FastifyReply, user: string, by: Way, now: number, isBrief = false): Promise<string> {
    const [secret, key] = [newSecret(), newSecret()];
    const id = idOf(secret, key);
    const lastsMs = by === "link" && this.#people.areNamed() ? byLinkMs : sessionMs;
    const expiresAt = now + lastsMs;
    await addSession(this.#db, { id, user, by, createdAt: now, expiresAt });
    for (const [it, { expiresAt: end }] of this.#open) if (end <= now) this.#open.delete(it);
    this.#open.set(id, { user, by, expiresAt, isBrief });
    reply.setCookie(this.cookie, secret, {
      ...this.cookieOptions(reply.request),
      sameSite: "strict",
      maxAge: lastsMs / 1000,
    });
    return key;
  }

  /** Whether people sign in by name here. */
  get areNamed(): boolean {
    return this.#people.areNamed();
  }

  /** What all our cookies have in common. */
  cookieOptions({ headers }: FastifyRequest) {
    const { tlsHost } = this.#people;
    return { path: "/", httpOnly: true, secure: tlsHost !== undefined && headers.host === tlsHost } as const;
  }

  /** Who asks. @throws {ServerError} NOT_SIGNED_IN */
  require(request: FastifyRequest, now: number): Asker {
    const found = this.#find(request, now);
    if (found) return found;
    throw new ServerError(
      "NOT_SIGNED_IN",
      this.#people.areNamed()
        ? "sign in; with the shell of the server's machine, `npx outweigh open` makes a link; a program shows a token"
        : "open the one-time link that `npx outweigh up` printed, or ask for one: `npx outweigh open`; a program shows a token",
    );
  }

  /** Whether whoever asked is still signed in. */
  isOpen(request: FastifyRequest, now: number): boolean {
    return this.#find(request, now) !== undefined;
  }

  /** Whether it is a command that asks. After a restart, one that still runs is taken for a browser. */
  isBrief(request: FastifyRequest): boolean {
    const id = this.#idOf(request);
    return id !== undefined && this.#open.get(id)?.isBrief === true;
  }

  /** Ends the session of this browser. */
  async end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const id = this.#idOf(request);
    if (id !== undefined) {
      await removeSession(this.#db, id);
      this.#open.delete(id);
    }
    reply.clearCookie(this.cookie, this.cookieOptions(request));
  }

  /** Ends every session of one person. */
  async endAll(user: string): Promise<void> {
    this.forget(user);
    await removeSessionsOf(this.#db, user);
  }

  /** The same, where what is stored was removed already. */
  forget(user: string): void {
    for (const [id, it] of this.#open) if (it.user === user) this.#open.delete(id);
  }

  #find(request: FastifyRequest, now: number): Asker | undefined {
    const id = this.#idOf(request);
    const found = id === undefined ? undefined : this.#open.get(id);
    if (id === undefined || !found || found.expiresAt <= now) return undefined;
    const grants = found.by === "link" ? operator : this.#people.grantsOf(found.user, now);
    return grants && { id, user: found.user, by: found.by, grants };
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
