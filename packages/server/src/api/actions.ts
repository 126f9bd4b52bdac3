import {
  applyBody,
  approveBody,
  listQuery,
  previewBody,
  reasonBody,
  undoBody,
  type ActionPreview,
  type ActionRow,
} from "@outweigh/schema";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Wanting } from "../actions/agreed.ts";
import { isWithin, reachWith } from "../auth/rights.ts";
import { listActions } from "../store/actions.ts";
import { reachOf, read, sessionOf, type Context } from "./context.ts";

const params = z.object({ id: z.string().min(1).max(200) });

/** What is done about incidents: previewed, agreed to, done, undone. */
export function actions(app: FastifyInstance, context: Context): void {
  const { db, actions: all, now } = context;
  const who = (request: FastifyRequest) => wantingOf(request, context);
  const idOf = (request: FastifyRequest) => read(params, request.params).id;

  app.get("/api/actions", async (request) =>
    listActions(db, { ...read(listQuery, request.query), now: now(), reach: reachOf(request) }),
  );

  app.post("/api/actions/preview", async (request): Promise<ActionPreview> =>
    all.preview(read(previewBody, request.body), who(request)),
  );

  app.post("/api/actions", async (request): Promise<ActionRow> =>
    all.apply(read(applyBody, request.body), who(request)),
  );

  app.post("/api/actions/:id/approve", async (request): Promise<ActionRow> =>
    all.approve(idOf(request), read(approveBody, request.body), who(request)),
  );

  app.post("/api/actions/:id/decline", async (request): Promise<ActionRow> =>
    all.decline(idOf(request), read(reasonBody, request.body).reason, who(request)),
  );

  app.post("/api/actions/:id/keep", async (request): Promise<ActionRow> =>
    all.keep(idOf(request), read(reasonBody, request.body).reason, who(request)),
  );

  app.post("/api/actions/:id/undo", async (request): Promise<ActionRow> =>
    all.undo(idOf(request), read(undoBody, request.body).reason, who(request)),
  );
}

/** Who asks, as actions want to know it. */
export function wantingOf(request: FastifyRequest, { config }: Context): Wanting {
  const { user, by, grants } = sessionOf(request);
  const led = reachWith(grants, "lead", config.spaces);
  return {
    name: user,
    is: by === "token" ? "program" : by === "link" ? "operator" : "person",
    reach: reachOf(request),
    isLead: (models) => led !== "nothing" && isWithin(led, models),
  };
}
