import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { ServerError } from "../error.ts";
import { read, type Context } from "./context.ts";

const params = z.object({ id: z.string().min(1).max(200) });

export function playbooks(app: FastifyInstance, { playbooks: all }: Context): void {
  app.get("/api/playbooks", async () => {
    const items = [...all.values()];
    return { items, total: items.length };
  });

  app.get("/api/playbooks/:id", async (request) => {
    const { id } = read(params, request.params);
    const found = all.get(id);
    if (!found) throw new ServerError("NOT_FOUND", `there is no playbook ${id}`);
    return found;
  });
}
