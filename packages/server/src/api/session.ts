import type { Session } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { decide, personOf, type Context } from "./context.ts";

/** Who is signed in, and signing out. */
export function session(app: FastifyInstance, context: Context): void {
  const { sessions, version } = context;

  app.get("/api/session", async (request): Promise<Session> => {
    const name = personOf(request);
    return { user: { id: name, name, role: "admin" }, version };
  });

  app.post("/api/session/end", async (request, reply) => {
    const out = { kind: "signed-out", by: personOf(request), text: "signed out" };
    await decide(context, out, () => sessions.end(request, reply));
    return reply.code(204).send();
  });
}
