// Merging and splitting incidents: what people decide of how alerts stand together, and the way back.
import { createHash, randomUUID } from "node:crypto";
import { maxAlerts, regroupingOf } from "@outweigh/pipeline";
import { mergeBody, splitBody, undoBody, type AlertRow, type IncidentRow } from "@outweigh/schema";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { isWithin, type Reach } from "../auth/rights.ts";
import { ServerError } from "../error.ts";
import type { Decision } from "../evidence/log.ts";
import { alertsOf } from "../store/alerts.ts";
import {
  addGrouping,
  groupingById,
  groupingsAbout,
  setMergedInto,
  setUndone,
  type StoredGrouping,
} from "../store/groupings.ts";
import { incidentAt, incidentById, mergedAmong, setStatus } from "../store/incidents.ts";
import { modelsOfIncident } from "../store/spaces.ts";
import type { Tx } from "../store/state/state.ts";
import type { Prepared } from "../worker/decisions.ts";
import { personOf, reachOf, read, type Context } from "./context.ts";
import { withBooks } from "./incident-detail.ts";

const params = z.object({ id: z.string().min(1).max(200) });
const undoParams = params.extend({ grouping: z.string().min(1).max(200) });

/** One incident as it stands: which alerts it holds, and what people made of it. */
interface Whole {
  readonly row: IncidentRow;
  readonly alerts: readonly AlertRow[];
}

export function groupings(app: FastifyInstance, context: Context): void {
  app.post("/api/incidents/:id/merge", async (request): Promise<IncidentRow> => {
    const { id } = read(params, request.params);
    const body = read(mergeBody, request.body);
    const who = { by: personOf(request), reach: reachOf(request) };
    await context.worker.decide(() => merge(context, { id, ...body, ...who }));
    return shown(context, request, id);
  });

  app.post("/api/incidents/:id/split", async (request): Promise<IncidentRow> => {
    const { id } = read(params, request.params);
    const body = read(splitBody, request.body);
    const who = { by: personOf(request), reach: reachOf(request) };
    const made = `incident-${createHash("sha256").update(randomUUID()).digest("hex").slice(0, 24)}`;
    await context.worker.decide(() => split(context, { id, made, ...body, ...who }));
    return shown(context, request, made);
  });

  app.post("/api/incidents/:id/groupings/:grouping/undo", async (request): Promise<IncidentRow> => {
    const { id, grouping } = read(undoParams, request.params);
    const { reason } = read(undoBody, request.body);
    const who = { by: personOf(request), reach: reachOf(request) };
    await context.worker.decide(() => undo(context, { id, grouping, reason, ...who }));
    return shown(context, request, id);
  });
}

interface Deciding {
  readonly id: string;
  readonly by: string;
  readonly reason: string;
  readonly reach: Reach;
}

async function merge(
  context: Context,
  { id, incidents, by, reason, reach }: Deciding & { readonly incidents: readonly string[] },
): Promise<Prepared> {
  const into = await whole(context, id, reach);
  const named = [...new Set(incidents)].filter((it) => it !== into.row.id);
  if (named.length === 0) throw new ServerError("BAD_REQUEST", "incidents: name others than the incident itself");
  const others = await Promise.all(named.map((it) => whole(context, it, reach)));
  const all = [into, ...others];
  const alerts = all.flatMap((it) => it.alerts);
  if (alerts.length > maxAlerts)
    throw new ServerError(
      "TOO_LARGE",
      `together they hold ${alerts.length} alerts, and one holds at most ${maxAlerts}`,
    );
  const numbers = others.map((it) => `INC-${it.row.number}`).join(", ");
  const decided = `${by} merged ${numbers} into it: ${withStop(reason)}`;
  const spanFrom = Math.max(...all.map((it) => it.row.firstAt));
  const grouping: StoredGrouping = {
    id: `grouping-${randomUUID()}`,
    kind: "merge",
    incident: into.row.id,
    others: others.map((it) => it.row.id),
    before: all.map(heldBy),
    by,
    at: context.now(),
    reason,
  };
  return {
    told: {
      regrouping: regroupingOf([
        { id: into.row.id, alerts, decided, spanFrom },
        ...others.map((it) => ({ id: it.row.id, alerts: [] })),
      ]),
    },
    decisions: [
      about(into.row, "incident-merged", by, `took in ${numbers}: ${reason}`, grouping),
      ...others.map(({ row }) =>
        about(row, "incident-merged", by, `merged into INC-${into.row.number}: ${reason}`, grouping),
      ),
    ],
    async store(tx) {
      await addGrouping(tx, grouping);
      await leadTo(tx, grouping.others, into.row.id, context.now());
      tell(context, [into.row.id, ...grouping.others]);
    },
  };
}

async function split(
  context: Context,
  {
    id,
    made,
    alerts: chosen,
    by,
    reason,
    reach,
  }: Deciding & { readonly made: string; readonly alerts: readonly string[] },
): Promise<Prepared> {
  const from = await whole(context, id, reach);
  const out = from.alerts.filter((it) => chosen.includes(it.id));
  const stay = from.alerts.filter((it) => !chosen.includes(it.id));
  if (out.length < new Set(chosen).size)
    throw new ServerError("NOT_FOUND", "an alert is not of this incident: look again");
  if (stay.length === 0) throw new ServerError("BAD_REQUEST", "alerts: an incident keeps at least one of its alerts");
  const grouping: StoredGrouping = {
    id: `grouping-${randomUUID()}`,
    kind: "split",
    incident: from.row.id,
    others: [made],
    before: [heldBy(from)],
    by,
    at: context.now(),
    reason,
  };
  const said = withStop(reason);
  const count = out.length === 1 ? "an alert" : `${out.length} alerts`;
  return {
    told: {
      regrouping: regroupingOf([
        { id: from.row.id, alerts: stay, decided: `${by} took ${count} out of it: ${said}` },
        { id: made, alerts: out, decided: `${by} took ${count} out of INC-${from.row.number}: ${said}` },
      ]),
    },
    decisions: [
      about(from.row, "incident-split", by, `took ${count} out of it: ${reason}`, grouping),
      {
        ...about(from.row, "incident-split", by, `made of ${count} of INC-${from.row.number}: ${reason}`, grouping),
        subject: made,
      },
    ],
    async store(tx) {
      await addGrouping(tx, grouping);
      tell(context, [from.row.id, made]);
    },
  };
}

/** The way back: each alert goes where it was; what came later stays where it came to. */
async function undo(
  context: Context,
  { id, grouping: name, by, reason, reach }: Deciding & { readonly grouping: string },
): Promise<Prepared> {
  const { db, now } = context;
  const it = await groupingById(db, name);
  const parts = it ? [it.incident, ...it.others] : [];
  const asked = await incidentAt(db, id);
  const holding = it && (await incidentAt(db, it.incident));
  if (
    !it ||
    !asked ||
    !holding ||
    !(await isSeen(context, holding, reach)) ||
    ![asked.id, id].some((one) => parts.includes(one))
  )
    throw new ServerError("NOT_FOUND", `there is no decision ${name} on this incident`);
  if (it.undone) throw new ServerError("CONFLICT", "it is undone already");
  const later = (await groupingsAbout(db, parts)).find((one) => one.id !== it.id && !one.undone && one.at >= it.at);
  if (later)
    throw new ServerError("CONFLICT", `${later.by} decided something later on these incidents: undo that first`);
  const undone = { at: now(), by, reason };
  const base = { by, reason, undone, it };
  return it.kind === "merge" ? unmerge(context, base) : unsplit(context, { ...base, reach });
}

interface Undoing {
  readonly it: StoredGrouping;
  readonly by: string;
  readonly reason: string;
  readonly undone: NonNullable<StoredGrouping["undone"]>;
}

async function unmerge(context: Context, { it, by, reason, undone }: Undoing): Promise<Prepared> {
  const { db, now } = context;
  const alerts = await alertsOf(db, it.incident);
  const back = it.before.filter(({ incident }) => incident !== it.incident);
  const stories = back.map((held) => ({
    id: held.incident,
    alerts: alerts.filter((one) => held.alerts.includes(one.id)),
  }));
  const gone = new Set(stories.flatMap((one) => one.alerts.map((alert) => alert.id)));
  const into = await incidentById(db, it.incident);
  if (!into) throw new ServerError("NOT_FOUND", "the incident is gone");
  return {
    told: {
      regrouping: regroupingOf([{ id: it.incident, alerts: alerts.filter((one) => !gone.has(one.id)) }, ...stories]),
    },
    decisions: [it.incident, ...it.others].map((subject) => ({
      ...about(into, "incident-grouping-undone", by, `merging was undone: ${reason}`, it),
      subject,
    })),
    async store(tx) {
      await setUndone(tx, it.id, undone);
      await setMergedInto(tx, it.others, undefined);
      for (const { incident, status, verdict } of back)
        await setStatus(tx, incident, { status: status ?? "new", verdict }, now());
      tell(context, [it.incident, ...it.others]);
    },
  };
}

async function unsplit(
  context: Context,
  { it, by, reason, undone, reach }: Undoing & { readonly reach: Reach },
): Promise<Prepared> {
  const [made = ""] = it.others;
  const [from, out] = await Promise.all([whole(context, it.incident, reach), whole(context, made, reach)]);
  return {
    told: {
      regrouping: regroupingOf([
        { id: from.row.id, alerts: [...from.alerts, ...out.alerts] },
        { id: out.row.id, alerts: [] },
      ]),
    },
    decisions: [from.row, out.row].map((row) =>
      about(row, "incident-grouping-undone", by, `splitting was undone: ${reason}`, it),
    ),
    async store(tx) {
      await setUndone(tx, it.id, undone);
      await leadTo(tx, [out.row.id], from.row.id, context.now());
      tell(context, [from.row.id, out.row.id]);
    },
  };
}

/** What was merged tells no story of its own any more: its address leads on. */
async function leadTo(tx: Tx, ids: readonly string[], into: string, now: number): Promise<void> {
  await setMergedInto(tx, ids, into);
  for (const id of ids) await setStatus(tx, id, { status: "closed", verdict: "duplicate" }, now);
}

/** @throws {ServerError} NOT_FOUND, also for what lies beyond somebody's spaces; CONFLICT for what was merged. */
async function whole(context: Context, id: string, reach: Reach): Promise<Whole> {
  const { db } = context;
  const row = await incidentById(db, id);
  if (!row || !(await isSeen(context, row, reach))) throw new ServerError("NOT_FOUND", `there is no incident ${id}`);
  if ((await mergedAmong(db, [id])).length > 0)
    throw new ServerError("CONFLICT", `INC-${row.number} was merged into another incident: name that one`);
  return { row, alerts: await alertsOf(db, id) };
}

/** By all of its alerts: its own list of models ends after some hundred. */
async function isSeen({ db }: Context, { id }: IncidentRow, reach: Reach): Promise<boolean> {
  return reach === undefined || isWithin(reach, await modelsOfIncident(db, id));
}

function heldBy({ row, alerts }: Whole): StoredGrouping["before"][number] {
  const { id, status, verdict } = row;
  return { incident: id, alerts: alerts.map((it) => it.id), status, ...(verdict !== undefined && { verdict }) };
}

function about(
  { id }: IncidentRow,
  kind: string,
  by: string,
  text: string,
  { id: grouping, before }: StoredGrouping,
): Decision {
  const held = before.map(({ incident, alerts }) => ({ incident, alerts: [...alerts] }));
  return { kind, by, subject: id, text, fields: { grouping, before: held } };
}

function tell({ changes }: Context, ids: readonly string[]): void {
  for (const id of ids) changes.tell("incident", id);
  changes.tell("alert");
  changes.tell("evidence");
}

function withStop(reason: string): string {
  return /[.!?]$/.test(reason) ? reason : `${reason}.`;
}

async function shown(context: Context, request: FastifyRequest, id: string): Promise<IncidentRow> {
  const row = await incidentAt(context.db, id);
  // Who merged it with others saw all of them; it may be beyond who asked for something else meanwhile.
  if (!row || !(await isSeen(context, row, reachOf(request))))
    throw new ServerError("NOT_FOUND", `there is no incident ${id}`);
  return withBooks(context, row);
}
