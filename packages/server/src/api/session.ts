import type { FastifyInstance } from "fastify";
import type { Session } from "@outweigh/schema";
import { z } from "zod";
import { bearerOf, sameSecret } from "../auth/tokens.ts";
import { ServerError } from "../error.ts";
import { maxSignInsPerMinute } from "../limits.ts";
import { decide, read, type Context } from "./context.ts";

const openQuery = z.object({ t: z.string().min(1).max(200) });

/** The page after a sign-in. It goes on by itself: a cookie that is `SameSite=Strict` is not sent along a redirect from elsewhere. */
const signedIn = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>Outweigh</title>
<p>Signed in. <a href="/">Go to the console</a></p>`;

/** Signing in by a one-time link, and asking for another one. */
export function session(app: FastifyInstance, context: Context): void {
  const { sessions, links, tokens, version, now } = context;
  const config = { rateLimit: { max: maxSignInsPerMinute, timeWindow: "1 minute" } };

  app.get("/open", { config }, async (request, reply) => {
    const { t } = read(openQuery, request.query);
    if (!links.use(t, now())) {
      throw new ServerError("BAD_LINK", "this link was used before or is older than ten minutes: ask for a new one");
    }
    const user = context.owner;
    await decide(context, { kind: "signed-in", by: user, text: "signed in with a one-time link" }, () =>
      sessions.open(reply, user, now()),
    );
    return reply.type("text/html; charset=utf-8").header("cache-control", "no-store").send(signedIn);
  });

  app.post("/api/links", { config: { ...config, forPrograms: true } }, async (request) => {
    const token = bearerOf(request.headers.authorization);
    if (token === undefined || !sameSecret(token, tokens.open)) {
      throw new ServerError("NOT_SIGNED_IN", "expected the token of the data folder's file open.token");
    }
    return { path: `/open?t=${links.make(now())}` };
  });

  app.get("/api/session", async (request): Promise<Session> => {
    const name = await sessions.require(request, now());
    return { user: { id: name, name, role: "admin" }, version };
  });

  app.post("/api/session/end", async (request, reply) => {
    const name = await sessions.require(request, now());
    await decide(context, { kind: "signed-out", by: name, text: "signed out" }, () => sessions.close(request, reply));
    return reply.code(204).send();
  });
}
