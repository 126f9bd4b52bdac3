import { applyBody, listQuery, previewBody, undoBody, type ActionPreview, type ActionRow } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { listActions } from "../store/actions.ts";
import { personOf, read, type Context } from "./context.ts";

const params = z.object({ id: z.string().min(1).max(200) });

export function actions(app: FastifyInstance, { db, actions: all, now }: Context): void {
  app.get("/api/actions", async (request) => listActions(db, { ...read(listQuery, request.query), now: now() }));

  app.post("/api/actions/preview", async (request): Promise<ActionPreview> =>
    all.preview(read(previewBody, request.body), personOf(request)),
  );

  app.post("/api/actions", async (request): Promise<ActionRow> =>
    all.apply(read(applyBody, request.body), personOf(request)),
  );

  app.post("/api/actions/:id/undo", async (request): Promise<ActionRow> => {
    const { id } = read(params, request.params);
    const { reason } = read(undoBody, request.body);
    return all.undo(id, reason, personOf(request));
  });
}
