import { entityQuery, printFilter, type CountedField, type EntityDetail } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { isWithin, type Reach } from "../auth/rights.ts";
import { ServerError } from "../error.ts";
import { listAlerts } from "../store/alerts.ts";
import { gapsWithin } from "../store/gaps.ts";
import { listIncidents } from "../store/incidents.ts";
import { exactly, summariseBeside } from "../store/summary.ts";
import { hangUp, reachOf, read, type Context } from "./context.ts";
import { withBooks } from "./incident-detail.ts";
import { watchedOf } from "./watch.ts";

/** What stands beside an entity on its page. */
const fields: readonly CountedField[] = ["principal", "model", "address", "credential", "place", "agent", "source"];
/** Latest alerts and incidents on the page: what one reads before asking for the list. */
const maxLatest = 50;

/** The page of a principal, an address, a key or a place: what it did, with what, and what came of it. */
export function entities(app: FastifyInstance, context: Context): void {
  const { engine, config, register } = context;

  app.get("/api/entity", async (request, reply): Promise<EntityDetail> => {
    const { kind, name } = read(entityQuery, request.query);
    const signal = hangUp(request, reply);
    const reach = reachOf(request);
    const isSeen = (model: string) => isWithin(reach, [model]);
    const of = exactly(kind, name, reach);
    const others = fields.filter((by) => by !== kind);
    const [{ summary, beside }, told, watching] = await Promise.all([
      summariseBeside(engine, { of, by: "operation", beside: others }, signal),
      kind === "principal" ? toldOf(context, name, reach) : { alerts: [], incidents: [] },
      kind === "credential" ? {} : watchedOf(context, { kind, name }, reach),
    ]);
    const sources = new Set(beside.find((it) => it.by === "source")?.values.map((it) => it.value));
    const { firstAt: from, lastAt: to } = summary;
    const gaps = from === undefined || to === undefined ? [] : await gapsWithin(context.db, { from, to });
    const isPrincipal = kind === "principal";
    const found: EntityDetail = {
      kind,
      name,
      summary,
      beside,
      holdings: isPrincipal ? context.worker.holdings().filter((it) => it.principal === name && isSeen(it.model)) : [],
      mayRead: isPrincipal
        ? config.models.filter((it) => isSeen(it.name) && register.isReader(it.name, name)).map((it) => it.name)
        : [],
      ...told,
      ...watching,
      gaps: gaps.filter((it) => sources.has(it.source)),
    };
    const isDeclared = config.models.some((it) => isSeen(it.name) && it.places.includes(name));
    if (isUnheardOf(found) && !isDeclared)
      throw new ServerError("NOT_FOUND", `no event that is kept names the ${kind} ${name}`);
    return found;
  });
}

/** A page of one that nobody ever saw would look like one that did nothing. While servers are away, it cannot be told. */
function isUnheardOf({ summary, holdings, mayRead, alerts, incidents, watched }: EntityDetail): boolean {
  const told = [holdings, mayRead, alerts, incidents];
  return summary.events === 0 && !summary.partial && !watched && told.every((it) => it.length === 0);
}

async function toldOf(context: Context, name: string, reach: Reach) {
  const filter = printFilter([{ field: "principal", op: "=", values: [name], excluded: false }]);
  const list = { filter, limit: maxLatest, now: context.now(), reach };
  const [alerts, incidents] = await Promise.all([listAlerts(context.db, list), listIncidents(context.db, list)]);
  // A star at a name's end is a wildcard to a filter: only what names this one is told.
  return {
    alerts: alerts.items.filter((it) => it.principal === name),
    incidents: incidents.items.filter((it) => it.principals.includes(name)).map((it) => withBooks(context, it)),
  };
}
