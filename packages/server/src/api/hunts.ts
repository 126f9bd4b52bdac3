import { draftProof, draftRule } from "@outweigh/pipeline";
import {
  draftQuery,
  huntBody,
  huntNameBody,
  pinBody,
  printFilter,
  summaryQuery,
  unpinBody,
  type EventSummary,
  type FilterTerm,
  type Hunt,
  type RuleDraft,
} from "@outweigh/schema";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { isWithin, type Reach } from "../auth/rights.ts";
import { ServerError } from "../error.ts";
import { recordedFields, recordOf } from "../evidence/records.ts";
import { eventCondition, eventFields, eventsById, findEvents } from "../store/events.ts";
import { fieldOf, readFilter, readNumber } from "../store/filter.ts";
import { allHunts, countHunts, keepHunt, removeHunt } from "../store/hunts.ts";
import { incidentById } from "../store/incidents.ts";
import { addPin, pinsOf, removePin } from "../store/pins.ts";
import { modelsOfIncident } from "../store/spaces.ts";
import { summarise } from "../store/summary.ts";
import { decide, hangUp, personOf, reachOf, read, type Context } from "./context.ts";

/** Most hunts that are kept: a menu of more is not read. */
const maxHunts = 200;
/** Most events that people pin to one incident: each stands in its timeline and its pack. */
const maxPins = 500;

/** Events of each kind in a proof to begin with: what a person reads. */
const maxProving = 3;
/** Events among which others are looked for. */
const maxNear = 200;

const params = z.object({ id: z.string().min(1).max(200) });

/** Hunting beyond the list of events: counts over time and by value, filters that are kept, pins, and the step to a rule. */
export function hunts(app: FastifyInstance, context: Context): void {
  const { db, engine, now } = context;

  app.get("/api/events/summary", async (request, reply): Promise<EventSummary> => {
    const { filter, by } = read(summaryQuery, request.query);
    const of = eventCondition(filter, now(), reachOf(request));
    return summarise(engine, { of, by }, hangUp(request, reply));
  });

  app.get("/api/events/rule", async (request): Promise<RuleDraft> => {
    const { filter } = read(draftQuery, request.query);
    const draft = draftRule(readFilter(filter, eventFields).map((it) => inPlainNumbers(it, now())));
    const proof = await proofOf(context, filter, reachOf(request));
    return { ...draft, ...(proof !== undefined && { proof }) };
  });

  app.get("/api/hunts", async () => {
    const items = await allHunts(db);
    return { items, total: items.length };
  });

  app.post("/api/hunts", async (request): Promise<Hunt> => {
    const { name, filter } = read(huntBody, request.body);
    readFilter(filter, eventFields);
    const kept: Hunt = { name, filter, by: personOf(request), at: now() };
    const text = `kept the hunt ${name}: ${filter}`;
    await decide(context, { kind: "hunt-kept", by: kept.by, subject: name, text }, async (tx) => {
      await keepHunt(tx, kept);
      if ((await countHunts(tx)) > maxHunts)
        throw new ServerError("TOO_LARGE", `at most ${maxHunts} hunts are kept: remove one first`);
    });
    return kept;
  });

  app.post("/api/hunts/remove", async (request) => {
    const { name } = read(huntNameBody, request.body);
    const decision = { kind: "hunt-removed", by: personOf(request), subject: name, text: `removed the hunt ${name}` };
    await decide(context, decision, async (tx) => {
      if (!(await removeHunt(tx, name))) throw new ServerError("NOT_FOUND", `there is no hunt ${name}`);
    });
    return { removed: name };
  });

  app.post("/api/incidents/:id/pins", async (request) => {
    const { event: id, time, reason } = read(pinBody, request.body);
    const incident = await incidentOf(context, request);
    const [found] = await eventsById(engine, [id], { from: time, to: time });
    if (!found || !isWithin(reachOf(request), found.model === undefined ? [] : [found.model]))
      throw new ServerError("NOT_FOUND", `there is no event ${id} at that time`);
    const by = personOf(request);
    const [fields] = recordedFields(new Map([recordOf("event", found.id, found, context.evidence.saltKey)]));
    const text = `pinned an event of ${found.principal}: ${reason}`;
    await decide(context, { kind: "event-pinned", by, subject: incident, text, fields }, async (tx) => {
      await addPin(tx, incident, { event: found.id, time: found.time, by, at: now(), reason });
      if ((await pinsOf(tx, incident)).length > maxPins)
        throw new ServerError("TOO_LARGE", `at most ${maxPins} events are pinned to one incident`);
    });
    context.changes.tell("incident", incident);
    return { pinned: found.id };
  });

  app.post("/api/incidents/:id/pins/remove", async (request) => {
    const { event, reason } = read(unpinBody, request.body);
    const incident = await incidentOf(context, request);
    const text = `took the pin from an event: ${reason}`;
    const decision = { kind: "event-unpinned", by: personOf(request), subject: incident, text };
    await decide(context, decision, async (tx) => {
      if (!(await removePin(tx, incident, event))) throw new ServerError("NOT_FOUND", `${event} is not pinned`);
    });
    context.changes.tell("incident", incident);
    return { removed: event };
  });
}

/** A proof to begin with: the latest events that the filter finds, and the latest others of the first one's source. */
async function proofOf({ engine, config, ownRules, now }: Context, filter: string, reach: Reach) {
  const asked = { limit: maxProving, now: now(), reach };
  const { items: attack } = await findEvents(engine, { ...asked, filter });
  const [first] = attack;
  if (!first) return undefined;
  const found = new Set(attack.map((it) => it.id));
  const source = printFilter([{ field: "source", op: "=", values: [first.source], excluded: false }]);
  const { items: near } = await findEvents(engine, { ...asked, filter: source, limit: maxNear });
  const matching = await findEvents(engine, { ...asked, filter: `${filter} ${source}`, limit: maxNear });
  for (const it of matching.items) found.add(it.id);
  const clean = near.filter((it) => !found.has(it.id)).slice(0, maxProving);
  return draftProof({ attack, clean, models: config.models, kindOf: (it) => ownRules.kindOf(it) });
}

async function incidentOf({ db }: Context, request: FastifyRequest): Promise<string> {
  const { id } = read(params, request.params);
  if (!(await incidentById(db, id)) || !isWithin(reachOf(request), await modelsOfIncident(db, id)))
    throw new ServerError("NOT_FOUND", `there is no incident ${id}`);
  return id;
}

/** `bytes:>=1GB` with the number that it means, for a rule knows no units. */
function inPlainNumbers(term: FilterTerm, now: number): FilterTerm {
  const { field: name, values } = term;
  if (name === undefined || fieldOf(eventFields, name).kind !== "number") return term;
  return { ...term, values: values.map((it) => String(readNumber("number", it, now, name))) };
}
