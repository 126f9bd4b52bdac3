// What actions reach outside by, and a look at the other side.
import type { ConnectionPage, ConnectionTest } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { decide, personOf, read, type Context } from "./context.ts";

const params = z.object({ name: z.string().min(1).max(64) });

export function connections(app: FastifyInstance, context: Context): void {
  const { connected } = context;

  app.get("/api/connections", async (): Promise<ConnectionPage> => {
    const items = connected.list();
    return { items, total: items.length };
  });

  app.post("/api/connections/:name/test", async (request): Promise<ConnectionTest> => {
    const { name } = read(params, request.params);
    const it = await connected.test(name);
    const text = `looked at the connection ${name}: ${it.text}`;
    const decision = { kind: "connection-tested", by: personOf(request), subject: `connection:${name}`, text };
    await decide(context, decision, async () => undefined);
    return it;
  });
}
