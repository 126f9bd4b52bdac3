import { listQuery, restsOn, type AlertDetail } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { eventsWithin, isWithin } from "../auth/rights.ts";
import { ServerError } from "../error.ts";
import { alertById, listAlerts } from "../store/alerts.ts";
import { allowPartial } from "../store/events.ts";
import { provingEvents } from "../store/proof.ts";
import { reachOf, read, type Context } from "./context.ts";

const params = z.object({ id: z.string().min(1).max(200) });

export function alerts(app: FastifyInstance, { db, engine, worker, playbooks, now }: Context): void {
  app.get("/api/alerts", async (request) =>
    listAlerts(db, { ...read(listQuery, request.query), now: now(), reach: reachOf(request) }),
  );

  app.get("/api/alerts/:id", async (request): Promise<AlertDetail> => {
    const { id } = read(params, request.params);
    const alert = await alertById(db, id);
    if (!alert || !isWithin(reachOf(request), alert.model === undefined ? [] : [alert.model]))
      throw new ServerError("NOT_FOUND", `there is no alert ${id}`);
    const rule = worker.rules().find((it) => it.id === alert.rule);
    const playbook = playbooks.get(alert.playbook);
    const asking = allowPartial();
    const events = await provingEvents(engine, [alert], asking);
    return {
      alert,
      events: eventsWithin(reachOf(request), events),
      rests: restsOn(events),
      ...asking.told(),
      rule: {
        id: alert.rule,
        kind: rule?.kind ?? "detector",
        ...(rule?.text !== undefined && { text: rule.text }),
        blindspots: [...(rule?.blindspots ?? [])],
      },
      ...(playbook && { playbook }),
    };
  });
}
