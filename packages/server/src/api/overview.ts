import type { Overview } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { alertCount } from "../store/alerts.ts";
import { listActions } from "../store/actions.ts";
import { countIncidents } from "../store/incidents.ts";
import type { Context } from "./context.ts";
import { modelRows } from "./models.ts";
import { sourceRows } from "./sources.ts";

/** The frame around every page: how much there is of each noun, and whether we can see. */
export function overview(app: FastifyInstance, context: Context): void {
  app.get("/api/overview", async (): Promise<Overview> => {
    const { db, worker, scan, now } = context;
    const [openIncidents, alerts, models, sources, actions] = await Promise.all([
      countIncidents(db, "status:open", now()),
      alertCount(db),
      modelRows(context),
      sourceRows(context),
      listActions(db, { filter: "", limit: 1, now: now() }),
    ]);
    const booked = models.filter((it) => it.balanced !== undefined);
    return {
      openIncidents,
      alerts: alerts.count,
      models: models.length,
      sources: sources.length,
      rules: worker.rules().length,
      actions: actions.total,
      sending: sources.filter((it) => it.state === "sending").length,
      events24h: sources.reduce((sum, it) => sum + it.events24h, 0),
      ...(alerts.lastAt !== undefined && { lastAlertAt: alerts.lastAt }),
      silent: sources.filter((it) => it.state === "silent").map((it) => it.name),
      booksBalanced: booked.filter((it) => it.balanced === true).length,
      booksTotal: booked.length,
      scan: { ...scan },
    };
  });
}
