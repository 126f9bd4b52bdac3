import {
  assignBody,
  commentBody,
  doubtText,
  listQuery,
  packQuery,
  restsOn,
  statusBody,
  type IncidentDetail,
  type IncidentGraph,
  type IncidentRow,
  type PackPreview,
} from "@outweigh/schema";
import { csvOf, ocsfOf, stixOf, type Story } from "@outweigh/pipeline";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { eventsWithin, isWithin, type Reach } from "../auth/rights.ts";
import { ServerError } from "../error.ts";
import { packIncident, previewPack } from "../evidence/pack.ts";
import { alertsOf } from "../store/alerts.ts";
import { pinsOf } from "../store/pins.ts";
import { allowPartial } from "../store/events.ts";
import { eventsOf, provingEvents } from "../store/proof.ts";
import { incidentReport } from "../report/incident-report.ts";
import { addComment, incidentAt, incidentIdOf, listIncidents, setAssignee, setStatus } from "../store/incidents.ts";
import { modelsOfIncident } from "../store/spaces.ts";
import type { Tx } from "../store/state/state.ts";
import { decide, maskedAnswer, personOf, reachOf, read, type Context } from "./context.ts";
import { exportQuery, type ExportFormat } from "./routes.ts";
import { graphOf } from "./graph.ts";
import { detailOf, withBooks } from "./incident-detail.ts";
import { plainJson } from "./plain-json.ts";
import { stepFor, stepWatch } from "./watch.ts";

const params = z.object({ id: z.string().min(1).max(200) });

interface Exported {
  readonly type: string;
  readonly ending: string;
  readonly text: string;
}

/** An incident in the words of other systems, and of people who do not use this one. */
const exports = {
  ocsf: (it: Story): Exported => ({
    type: "application/x-ndjson",
    ending: "ocsf.ndjson",
    text: ocsfOf(it)
      .map((one) => `${plainJson(one)}\n`)
      .join(""),
  }),
  stix: (it: Story): Exported => ({
    type: "application/stix+json;version=2.1",
    ending: "stix.json",
    text: plainJson(stixOf(it), 2),
  }),
  csv: (it: Story): Exported => ({ type: "text/csv; charset=utf-8", ending: "csv", text: csvOf(it.events) }),
};

async function exported(
  context: Context,
  request: FastifyRequest,
  incident: IncidentRow,
  as: ExportFormat,
): Promise<Exported> {
  const { db, engine, version, now } = context;
  if (as === "html") {
    // A report is read for years: it is whole, or there is none.
    const detail = await detailOf(context, incident, { reach: reachOf(request), asking: {} });
    const text = incidentReport(maskedAnswer(context, request, detail), { now: now(), by: personOf(request), version });
    return { type: "text/html; charset=utf-8", ending: "html", text };
  }
  const [alerts, pins] = await Promise.all([alertsOf(db, incident.id), pinsOf(db, incident.id)]);
  const events = eventsWithin(reachOf(request), await eventsOf(engine, alerts, pins));
  return exports[as](maskedAnswer(context, request, { incident, alerts, events }));
}

export function incidents(app: FastifyInstance, context: Context): void {
  const { db, now } = context;

  app.get("/api/incidents", async (request) => {
    const query = read(listQuery, request.query);
    const page = await listIncidents(db, { ...query, now: now(), reach: reachOf(request) });
    return { ...page, items: page.items.map((it) => withBooks(context, it)) };
  });

  app.get("/api/incidents/:id", async (request): Promise<IncidentDetail> =>
    partialDetail(context, await found(context, request), reachOf(request)),
  );

  app.get("/api/incidents/:id/graph", async (request): Promise<IncidentGraph> => {
    const { id } = await found(context, request);
    const [alerts, pins] = await Promise.all([alertsOf(db, id), pinsOf(db, id)]);
    const asking = allowPartial();
    const events = await eventsOf(context.engine, alerts, pins, asking);
    return { ...graphOf(eventsWithin(reachOf(request), events)), ...asking.told() };
  });

  /** The incident, if whoever asks may have all that its pack rests on. */
  const packable = async (request: FastifyRequest): Promise<IncidentRow> => {
    const incident = await found(context, request);
    // A pack that left something out would not be the incident's proof.
    const [alerts, pins] = await Promise.all([alertsOf(db, incident.id), pinsOf(db, incident.id)]);
    const events = await eventsOf(context.engine, alerts, pins);
    const told = [incident.title, incident.reason, alerts, events];
    const isTold = JSON.stringify(maskedAnswer(context, request, told)) === JSON.stringify(told);
    if (eventsWithin(reachOf(request), events).length < events.length || !isTold)
      throw new ServerError("FORBIDDEN", "it rests on events of models beyond your spaces: ask who sees them all");
    return incident;
  };

  app.get("/api/incidents/:id/pack/preview", async (request): Promise<PackPreview> => {
    const { redact = [] } = read(packQuery, request.query);
    return previewPack(context, await packable(request), { isWhole: reachOf(request) === undefined, redact });
  });

  app.get("/api/incidents/:id/pack", async (request, reply) => {
    const { redact = [] } = read(packQuery, request.query);
    const incident = await packable(request);
    const text = await packIncident(context, incident, {
      by: personOf(request),
      isWhole: reachOf(request) === undefined,
      redact,
    });
    return reply
      .type("application/x-ndjson")
      .header("content-disposition", `attachment; filename="incident-${incident.number}.pack"`)
      .send(text);
  });

  app.get("/api/incidents/:id/export", async (request, reply) => {
    const incident = await found(context, request);
    const { as, printed } = read(exportQuery, request.query);
    const by = personOf(request);
    const { type, ending, text } = await exported(context, request, incident, as);
    const kind = "incident-exported";
    const told = printed === undefined ? `exported as ${as}` : `exported as ${printed}, printed from ${as}`;
    await decide(context, { kind, by, subject: incident.id, text: told }, async () => {});
    return reply
      .type(type)
      .header("content-disposition", `attachment; filename="incident-${incident.number}.${ending}"`)
      .send(text);
  });

  app.post("/api/incidents/:id/assign", async (request) => {
    const { assignee } = read(assignBody, request.body);
    const text = assignee === null ? "assigned to nobody" : `assigned to ${assignee}`;
    return change(context, request, { kind: "incident-assigned", text }, (tx, id) =>
      setAssignee(tx, id, assignee ?? undefined, now()),
    );
  });

  app.post("/api/incidents/:id/status", async (request) => decideStatus(context, request));

  app.post("/api/incidents/:id/comments", async (request) => {
    const { text } = read(commentBody, request.body);
    const by = personOf(request);
    return change(context, request, { kind: "incident-comment", text: `commented: ${text}` }, (tx, id) =>
      addComment(tx, id, { at: now(), by, text }),
    );
  });
}

/** With what there is, while a part of the events is away. */
async function partialDetail(context: Context, incident: IncidentRow, reach: Reach): Promise<IncidentDetail> {
  const asking = allowPartial();
  return { ...(await detailOf(context, incident, { reach, asking })), ...asking.told() };
}

/** Sets a status; a verdict also says what is watched from then on, which is stored with it. */
async function decideStatus(context: Context, request: FastifyRequest): Promise<IncidentRow> {
  const { status, verdict, reason } = read(statusBody, request.body);
  const as = verdict === undefined ? "" : ` as ${verdict.replace("-", " ")}`;
  const why = reason.trim() === "" ? "" : `: ${reason.trim()}`;
  const incident = await found(context, request);
  const doubt = verdict === "true-positive" ? await doubtOf(context, incident) : undefined;
  const text = status === "closed" ? `closed${as}${why}` : `set to ${status.replace("-", " ")}${as}${why}`;
  const kind = status === "closed" ? "incident-closed" : "incident-status";
  const decision = { kind, text: doubt === undefined ? text : `${text} (${doubt})` };
  const store = (tx: Tx, id: string) => setStatus(tx, id, { status, verdict }, context.now());
  const watch = status === "closed" ? await stepFor(context, incident, verdict) : undefined;
  if (watch) {
    const by = personOf(request);
    const told = watch.unknown === undefined ? decision.text : `${decision.text} (${watch.unknown})`;
    const decisions = [{ ...decision, text: told, by, subject: incident.id }];
    const also = (tx: Tx) => store(tx, incident.id);
    if (await stepWatch(context, watch.step, { by, decisions, also })) {
      context.changes.tell("incident", incident.id);
      return withBooks(context, await found(context, request));
    }
  }
  return change(context, request, decision, store);
}

/** What goes on record beside a person's word that this is a theft. Undefined where there is no doubt, and while it cannot be told. */
async function doubtOf({ db, engine }: Context, { id }: IncidentRow): Promise<string | undefined> {
  const events = await provingEvents(engine, await alertsOf(db, id)).catch(() => undefined);
  return events && doubtText(restsOn(events));
}

async function found({ db }: Context, request: FastifyRequest): Promise<IncidentRow> {
  const { id: name } = read(params, request.params);
  const id = await incidentIdOf(db, name);
  const incident = await incidentAt(db, id);
  // What lies beyond one's spaces is not there: not even that it exists is said.
  const reach = reachOf(request);
  if (!incident || (reach !== undefined && !isWithin(reach, await modelsOfIncident(db, id))))
    throw new ServerError("NOT_FOUND", `there is no incident ${name}`);
  return incident;
}

async function change(
  context: Context,
  request: FastifyRequest,
  { kind, text }: { readonly kind: string; readonly text: string },
  store: (tx: Tx, id: string) => Promise<void>,
): Promise<IncidentRow> {
  const incident = await found(context, request);
  const decision = { kind, by: personOf(request), subject: incident.id, text };
  await decide(context, decision, (tx) => store(tx, incident.id));
  context.changes.tell("incident", incident.id);
  return withBooks(context, await found(context, request));
}
