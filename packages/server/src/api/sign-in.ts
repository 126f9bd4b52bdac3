import { opened, sessionHeader } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { bearerOf, sameSecret } from "../auth/tokens.ts";
import { ServerError } from "../error.ts";
import { decide, read, type Context } from "./context.ts";

const openQuery = z.object({ t: z.string().min(1).max(200) });

/**
 * Signing in by a one-time link, and asking for another one.
 *
 * Neither is limited per minute: whoever knocks without a good link or token costs a digest and a look-up in memory, writes
 * nothing, and cannot guess 192 random bits; a limit would only let them lock out the one person who holds the link.
 */
export function signIn(app: FastifyInstance, context: Context): void {
  const { sessions, links, openToken, now } = context;

  app.get("/open", async (request, reply) => {
    const { t } = read(openQuery, request.query);
    if (!links.use(t, now())) {
      // The console says how to get another one; a person is no reader of JSON.
      if (/text\/html/.test(request.headers.accept ?? "")) return reply.redirect("/", 303);
      throw new ServerError("BAD_LINK", "this link was used before or is older than ten minutes: ask for a new one");
    }
    const user = context.owner;
    let key = "";
    await decide(context, { kind: "signed-in", by: user, text: "signed in with a one-time link" }, async () => {
      key = await sessions.begin(reply, user, now());
    });
    reply.header("cache-control", "no-store");
    if (request.headers.accept === "application/json") return opened.parse({ key });
    return reply.type("text/html; charset=utf-8").send(pageWith(key));
  });

  app.get("/signed-in.js", (_, reply) => reply.type("text/javascript; charset=utf-8").send(keepKey));

  app.post("/api/links", { config: { forPrograms: true } }, async (request) => {
    const token = bearerOf(request.headers.authorization);
    if (token === undefined || !sameSecret(token, openToken)) {
      throw new ServerError("NOT_SIGNED_IN", "expected the token of the data folder's file open.token");
    }
    return { path: `/open?t=${links.make(now())}` };
  });
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
