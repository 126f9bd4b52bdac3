import type { Overview, ScanReport } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { alertCount } from "../store/alerts.ts";
import { listActions } from "../store/actions.ts";
import { countIncidents } from "../store/incidents.ts";
import { reachOf, type Context, type ScanState } from "./context.ts";
import { modelRows } from "./models.ts";
import { sourceRows } from "./sources.ts";

/** The frame around every page: how much there is of each noun, and whether we can see. */
export function overview(app: FastifyInstance, context: Context): void {
  app.get("/api/overview", async (request): Promise<Overview> => {
    const reach = reachOf(request);
    const { db, worker, agents, gateways, scan, scanned, now } = context;
    const [openIncidents, alerts, models, sources, actions, { reports }] = await Promise.all([
      countIncidents(db, "status:open", now(), reach),
      alertCount(db, reach),
      modelRows(context, reach),
      sourceRows(context),
      listActions(db, { filter: "", limit: 1, now: now(), reach }),
      scanned.latest(),
    ]);
    const booked = models.filter((it) => it.balanced !== undefined);
    return {
      openIncidents,
      alerts: alerts.count,
      models: models.length,
      sources: sources.length,
      hosts: agents.list().filter((it) => it.revokedAt === undefined).length,
      clients: reach === undefined ? gateways.reporting().reduce((sum, it) => sum + it.heard.clients.size, 0) : 0,
      rules: worker.rules().length,
      actions: actions.total,
      sending: sources.filter((it) => it.state === "sending").length,
      events24h: sources.reduce((sum, it) => sum + it.events24h, 0),
      ...(alerts.lastAt !== undefined && { lastAlertAt: alerts.lastAt }),
      // Sources belong to no space: how many there are is told, and not what they are called.
      silent: reach === undefined ? sources.filter((it) => it.state === "silent").map((it) => it.name) : [],
      booksBalanced: booked.filter((it) => it.balanced === true).length,
      booksTotal: booked.length,
      scan: newestScan(scan, reports[0], now()),
    };
  });
}

/** The start-up scan, or a report that came after it: from a scan by hand, or of another host. */
function newestScan(own: ScanState, latest: ScanReport | undefined, now: number): Overview["scan"] {
  if (!latest || own.state === "running") return { ...own };
  const reportedAt = Math.min(Date.parse(latest.finishedAt), now);
  return reportedAt <= (own.finishedAt ?? 0) ? { ...own } : { state: "done", finishedAt: reportedAt };
}
