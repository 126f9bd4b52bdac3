import { roles, type Session } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { decide, personOf, sessionOf, type Context } from "./context.ts";

/** Who asks, and signing out. */
export function session(app: FastifyInstance, context: Context): void {
  const { sessions, version } = context;

  app.get("/api/session", async (request): Promise<Session> => {
    const { user: name, grants, by } = sessionOf(request);
    const role = roles.findLast((it) => grants.some((grant) => grant.role === it)) ?? "viewer";
    return { user: { id: name, name, role, grants: [...grants], by }, version };
  });

  app.post("/api/session/end", async (request, reply) => {
    const out = { kind: "signed-out", by: personOf(request), text: "signed out" };
    if (sessions.isBrief(request)) await sessions.end(request, reply);
    else await decide(context, out, () => sessions.end(request, reply));
    return reply.code(204).send();
  });

  app.post("/api/session/end-all", async (request, reply) => {
    const by = personOf(request);
    await decide(context, { kind: "signed-out", by, text: "signed out everywhere" }, () => sessions.endAll(by));
    await sessions.end(request, reply);
    return reply.code(204).send();
  });
}
