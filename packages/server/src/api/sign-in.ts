import { acceptBody, invitationBody, opened, sessionHeader, signInBody, type Accepted } from "@outweigh/schema";
import type { Invited as InvitedAnswer, SignInWays } from "@outweigh/schema";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Store } from "../auth/accounts.ts";
import { totpUri } from "../auth/second-factor.ts";
import type { Way } from "../auth/sessions.ts";
import { bearerOf, sameSecret } from "../auth/tokens.ts";
import { ServerError } from "../error.ts";
import { decide, read, type Context } from "./context.ts";

const openQuery = z.object({ t: z.string().min(1).max(200) });
/** How long a browser is known as one that somebody signed in with, in seconds. */
const deviceSeconds = 180 * 86_400;
const dayMs = 86_400_000;
/** Failures of one name in this time are one entry of the evidence, in ms: nobody fills it by knocking. */
const failureMs = 60_000;

/**
 * Signing in: by a one-time link of the operator's shell, by name, by invitation, or by an identity provider.
 *
 * Links are not limited per minute: whoever knocks without a good one costs a digest and a look-up in memory, writes
 * nothing, and cannot guess 192 random bits; a limit would only let them lock out the one person who holds the link.
 */
export function signIn(app: FastifyInstance, context: Context): void {
  byLink(app, context);
  byName(app, context);
  byInvitation(app, context);
  byProvider(app, context);
  app.get("/signed-in.js", (_, reply) => reply.type("text/javascript; charset=utf-8").send(keepKey));
}

function byLink(app: FastifyInstance, context: Context): void {
  const { links, openToken, now } = context;
  const told = { day: -1, more: 0 };

  app.get("/open", async (request, reply) => {
    const { t } = read(openQuery, request.query);
    if (!links.use(t, now())) {
      // The console says how to get another one; a person is no reader of JSON.
      if (/text\/html/.test(request.headers.accept ?? "")) return reply.redirect("/", 303);
      throw new ServerError("BAD_LINK", "this link was used before or is older than ten minutes: ask for a new one");
    }
    if (request.headers.accept === "application/json")
      return opened.parse({ key: await beginBrief(context, reply, told) });
    return sendKey(reply, await begin(context, reply, context.owner, "link"));
  });

  app.post("/api/links", { config: { forPrograms: true } }, async (request) => {
    const token = bearerOf(request.headers.authorization);
    if (token === undefined || !sameSecret(token, openToken)) {
      throw new ServerError("NOT_SIGNED_IN", "expected the token of the data folder's file open.token");
    }
    return { path: `/open?t=${links.make(now())}` };
  });
}

function byName(app: FastifyInstance, context: Context): void {
  const { accounts, provider, sessions, now } = context;
  const said = new Map<string, number>();

  app.get("/api/sign-in", async (): Promise<SignInWays> => ({
    password: accounts.exist || sessions.areNamed,
    ...(provider && { provider: provider.name }),
  }));

  app.post("/api/sign-in", async (request, reply) => {
    const { name, password, code } = read(signInBody, request.body);
    const device = request.cookies[`${sessions.cookie}-device`];
    const address = addressOf(request);
    try {
      const account = await context.signIn.check({ name, password, code, address, device, now: now() });
      const key = await begin(context, reply, account.name, "password");
      // Reset or disabled in this very moment: its sessions were ended before this one began.
      if (accounts.get(account.name)?.password !== account.password) {
        await sessions.endAll(account.name);
        throw new ServerError("BAD_SIGN_IN", "the account was changed a moment ago: try again");
      }
      know(context, reply, account.name);
      return opened.parse({ key });
    } catch (error) {
      if (error instanceof ServerError && error.code === "BAD_SIGN_IN") await failed(context, said, name);
      throw error;
    }
  });
}

function byInvitation(app: FastifyInstance, context: Context): void {
  const { accounts, sessions, now } = context;

  app.post("/api/invitations/read", async (request): Promise<InvitedAnswer> => {
    const { token } = read(invitationBody, request.body);
    const { account, secret } = accounts.invitation(token, now());
    return { name: account.name, grants: account.grants, secret, uri: totpUri(secret, account.name) };
  });

  app.post("/api/invitations/accept", async (request, reply): Promise<Accepted> => {
    const { token, password, code } = read(acceptBody, request.body);
    const { account } = accounts.invitation(token, now());
    const store: Store = (text, change) => {
      const decision = { kind: "account-accepted", by: account.name, subject: `account:${account.name}`, text };
      return decide(context, decision, change);
    };
    const { name, recoveryCodes } = await accounts.accept(token, { password, code, now: now() }, store);
    // Nothing of before the invitation is worth anything.
    await sessions.endAll(name);
    const key = await begin(context, reply, name, "password");
    know(context, reply, name);
    return { key, recoveryCodes };
  });
}

function byProvider(app: FastifyInstance, context: Context): void {
  const { provider, accounts, sessions, now } = context;
  const required = () => {
    if (provider) return provider;
    throw new ServerError("NOT_FOUND", "outweigh.yml names no identity provider");
  };
  const stateCookie = () => `${sessions.cookie}-state`;

  app.get("/api/sign-in/provider", async (request, reply) => {
    const { to, kept } = await required().begin(ownAddress(request), now());
    // Lax: the provider's page leads back to us, and must bring it along.
    reply.setCookie(stateCookie(), kept, { ...sessions.cookieOptions(request), sameSite: "lax", maxAge: 600 });
    return reply.redirect(to.href, 303);
  });

  app.get("/api/sign-in/back", async (request, reply) => {
    const search = request.url.slice(request.url.indexOf("?"));
    const kept = request.cookies[stateCookie()];
    reply.clearCookie(stateCookie(), sessions.cookieOptions(request));
    const { subject, name, grants, address } = await required().finish(search, {
      kept,
      own: ownAddress(request),
      now: now(),
    });
    if (grants.length === 0) {
      await endProvided(context, subject);
      throw new ServerError("NO_ROLE", "the identity provider knows you; nothing gives you a role");
    }
    const known = accounts.providedName(subject, name);
    const store: Store = (text, change) =>
      decide(context, { kind: "account-provided", by: known, subject: `account:${known}`, text }, change);
    const account = await accounts.provided({ subject, name, grants, address, now: now() }, store);
    return sendKey(reply, await begin(context, reply, account.name, "provider"));
  });
}

/** Who has no role any more by what the provider says now, has none in browsers that signed in before either. */
async function endProvided(context: Context, subject: string): Promise<void> {
  const known = context.accounts.bySubject(subject);
  if (!known) return;
  const text = "signed out everywhere: the identity provider gives no role any more";
  await decide(context, { kind: "signed-out", by: known.name, text }, () => context.sessions.endAll(known.name));
}

const ways: Readonly<Record<Way, string>> = {
  link: "signed in with a one-time link",
  password: "signed in with a password and a code",
  provider: "signed in by the identity provider",
};

/** Begins a session, on record. */
async function begin(context: Context, reply: FastifyReply, user: string, by: Way): Promise<string> {
  let key = "";
  await decide(context, { kind: "signed-in", by: user, text: ways[by] }, async () => {
    key = await context.sessions.begin(reply, user, by, context.now());
  });
  reply.header("cache-control", "no-store");
  return key;
}

/**
 * Begins the session of a command. The first of a day is on record, with how many followed on the last day that had one: a script that
 * asks every minute must not bury what people decided. What such a session does is on record like all else.
 */
async function beginBrief(context: Context, reply: FastifyReply, told: { day: number; more: number }): Promise<string> {
  const { sessions, owner, now } = context;
  const day = Math.floor(now() / dayMs);
  reply.header("cache-control", "no-store");
  if (told.day === day) {
    told.more++;
    return sessions.begin(reply, owner, "link", now(), true);
  }
  const before = told.more === 0 ? "" : `, ${told.more} more on the last day that it was used`;
  const text = `signed in from the command line; more of this day are only counted${before}`;
  let key = "";
  await decide(context, { kind: "signed-in", by: owner, text }, async () => {
    key = await sessions.begin(reply, owner, "link", now(), true);
  });
  Object.assign(told, { day, more: 0 });
  return key;
}

function know({ sessions, signIn: door }: Context, reply: FastifyReply, name: string): void {
  reply.setCookie(`${sessions.cookie}-device`, door.device(name), {
    ...sessions.cookieOptions(reply.request),
    path: "/api/sign-in",
    sameSite: "strict",
    maxAge: deviceSeconds,
  });
}

/** Failures of names that nobody has are counted as one. */
async function failed(context: Context, said: Map<string, number>, name: string): Promise<void> {
  const { accounts, now } = context;
  const subject = accounts.get(name) ? `account:${name}` : "account:unknown";
  if (now() - (said.get(subject) ?? 0) < failureMs) return;
  said.set(subject, now());
  const who = accounts.get(name) ? name : "somebody";
  await decide(
    context,
    { kind: "sign-in-failed", by: who, subject, text: "failed to sign in; more in this minute are not told apart" },
    async () => undefined,
  );
}

/** As the browser knows us: the guard let no other name through. */
function ownAddress({ headers }: FastifyRequest): string {
  return `http://${headers.host ?? ""}`;
}

/** On this machine everybody has the same address, and one of them must not keep the others out. */
function addressOf({ ip }: FastifyRequest): string | undefined {
  return /^(::ffff:)?127\.|^::1$/.test(ip) ? undefined : ip;
}

function sendKey(reply: FastifyReply, key: string): FastifyReply {
  return reply.type("text/html; charset=utf-8").send(pageWith(key));
}

/** The page after a sign-in. It goes on by itself; the key is in its text alone, never in an address that is kept. */
function pageWith(key: string): string {
  return `<!doctype html><meta charset="utf-8"><meta name="key" content="${key}"><title>Outweigh</title>
<p>Signed in. <a href="/">Go to the console</a></p><noscript>The console needs JavaScript.</noscript>
<script src="/signed-in.js"></script>`;
}

/** Puts the key where only pages of this very origin find it, and goes on. */
const keepKey = `sessionStorage.setItem(${JSON.stringify(sessionHeader)}, document.querySelector("meta[name=key]").content);
location.replace("/");
`;
