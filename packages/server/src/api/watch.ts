// The watch list: what took part in a confirmed theft. What is found about it counts for more until its time is over.
import {
  spanOf,
  subjectKey,
  surroundingsOf,
  watchStep,
  type Subject,
  type WatchList,
  type WatchStep,
} from "@outweigh/pipeline";
import {
  endWatchBody,
  listQuery,
  theftsOf,
  watchDays,
  watchedKind,
  type IncidentRow,
  type Verdict,
  type Watched,
} from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { eventsWithin, isWithin, type Reach } from "../auth/rights.ts";
import { ServerError } from "../error.ts";
import type { Decision } from "../evidence/log.ts";
import { tuningOf } from "../own-rules/tuning.ts";
import { alertsOf } from "../store/alerts.ts";
import { pageOfRows, type RowFields } from "../store/filter-rows.ts";
import { pinsOf } from "../store/pins.ts";
import { eventsOf } from "../store/proof.ts";
import { modelsOfIncident } from "../store/spaces.ts";
import type { Tx } from "../store/state/state.ts";
import { incidentsWithin, loadWatchList, storeWatchList } from "../store/watch.ts";
import { personOf, reachOf, read, type Context } from "./context.ts";

const dayMs = 86_400_000;
/** Most hosts, places and addresses, each, that one theft has watched, those with most events first: as many as it names principals. */
const maxOfTheft = 100;

const fields: RowFields<Watched> = {
  kind: { kind: "text", of: (it) => it.kind },
  name: { kind: "text", of: (it) => it.name },
  incident: { kind: "text", of: theftsOf },
  from: { kind: "time", of: (it) => it.from },
  until: { kind: "time", of: (it) => it.until },
};

/** What the latest theft has watched, its models before all else. */
function latestFirst(a: Watched, b: Watched): number {
  const place = ({ kind }: Watched) => watchedKind.options.indexOf(kind);
  return b.until - a.until || place(a) - place(b) || (a.name < b.name ? -1 : 1);
}

export function watch(app: FastifyInstance, context: Context): void {
  app.get("/api/watched", async (request) => {
    const query = { ...read(listQuery, request.query), now: context.now() };
    const all = (await watchedNow(context, reachOf(request))).sort(latestFirst);
    return pageOfRows(all, query, fields, (it) => `${it.kind} ${it.name}`);
  });

  app.post("/api/watched/end", async (request) => {
    const { reason, ...subject } = read(endWatchBody, request.body);
    const reach = reachOf(request);
    const all = await watchedNow(context, undefined);
    const seen = (await watchedNow(context, reach)).find((it) => subjectKey(it) === subjectKey(subject));
    if (!seen) throw new ServerError("NOT_FOUND", `the ${subject.kind} ${subject.name} is not watched`);
    const whole = all.find((it) => subjectKey(it) === subjectKey(subject));
    if (subject.kind !== "model" && whole?.thefts.length !== seen.thefts.length)
      throw new ServerError("FORBIDDEN", "it is watched for more than your spaces hold: ask who sees them all");
    const by = personOf(request);
    const decision = { kind: "watch-ended", by, subject: recordedAs(subject), text: `not watched any more: ${reason}` };
    await stepWatch(context, { kind: "ended", subject }, { decisions: [decision], by });
    return { ended: subject.name };
  });
}

/**
 * What is watched now, as somebody may see it: a model within their reach; anything else where they may see an incident that it is watched
 * for. Of its incidents only those are told, and from when until when it is watched for those.
 */
export async function watchedNow({ db, now }: Pick<Context, "db" | "now">, reach: Reach): Promise<Watched[]> {
  const list = watchStep(await loadWatchList(db), { kind: "passed", now: now() });
  const ids = [...new Set([...list.values()].flatMap((it) => it.thefts.map((one) => one.incident)))];
  const numbers = await incidentsWithin(db, ids, reach);
  return [...list.values()].flatMap((it) => {
    const thefts = it.thefts.flatMap((one) => {
      const number = numbers.get(one.incident);
      return number === undefined ? [] : [{ ...one, number }];
    });
    const isModel = it.kind === "model";
    const isSeen = isModel ? isWithin(reach, [it.name]) : thefts.length > 0;
    // Of anything else not of all its thefts: from when until when it is watched for those of others would tell of them.
    return isSeen ? [{ kind: it.kind, name: it.name, thefts, ...spanOf(isModel ? it : { thefts }) }] : [];
  });
}

/** The one that is watched of these, if it is. */
export async function watchedOf(
  context: Pick<Context, "db" | "now">,
  subject: Subject,
  reach: Reach,
): Promise<{ watched?: Watched }> {
  const found = (await watchedNow(context, reach)).find((it) => subjectKey(it) === subjectKey(subject));
  return found ? { watched: found } : {};
}

/** What a person's verdict means: of a theft that is confirmed, whatever took part is watched. */
export async function stepFor(
  context: Context,
  incident: IncidentRow,
  verdict: Verdict | undefined,
): Promise<{ readonly step: WatchStep; readonly unknown?: string } | undefined> {
  if (verdict === undefined) return undefined;
  if (verdict !== "true-positive") return { step: { kind: "withdrawn", incident: incident.id } };
  // Without an act nothing was taken: a log that was switched off is true, and no theft.
  if (incident.act === undefined || incident.models.length === 0) return undefined;
  const at = context.now();
  const theft = { incident: incident.id, from: at, until: at + watchDays * dayMs };
  const named = [
    ...incident.models.map((name) => ({ kind: "model" as const, name })),
    ...incident.principals.map((name) => ({ kind: "principal" as const, name })),
  ];
  try {
    const around = await surroundingsIn(context, incident.id);
    // A scan's principal is its host: one watch, so that whoever ends the host's has ended it.
    const hosts = new Set(around.flatMap((it) => (it.kind === "host" ? [`host:${it.name}`.toLowerCase()] : [])));
    const own = named.filter((it) => it.kind !== "principal" || !hosts.has(it.name.toLowerCase()));
    return { step: { kind: "confirmed", subjects: [...own, ...around], theft } };
  } catch (cause) {
    if (!(cause instanceof ServerError)) throw cause;
    // A verdict waits for no engine; what is then not watched is said.
    const unknown = `its hosts, places and addresses are not watched, because its events cannot be read: ${cause.message}`;
    return { step: { kind: "confirmed", subjects: named, theft }, unknown };
  }
}

/** Where it happened: hosts, places and addresses of the events that prove it, and of those that people pinned to it. */
async function surroundingsIn({ db, engine }: Context, incident: string): Promise<Subject[]> {
  const [alerts, pins] = await Promise.all([alertsOf(db, incident), pinsOf(db, incident)]);
  const counts = new Map<string, { readonly subject: Subject; events: number }>();
  // Somebody may have pinned an event about a model that the incident is not about: it proves nothing of this theft.
  const own = eventsWithin(new Set(await modelsOfIncident(db, incident)), await eventsOf(engine, alerts, pins));
  for (const subject of own.flatMap(surroundingsOf)) {
    const known = counts.get(subjectKey(subject)) ?? { subject, events: 0 };
    known.events++;
    counts.set(subjectKey(subject), known);
  }
  const all = [...counts.values()].sort((a, b) => b.events - a.events).map((it) => it.subject);
  return (["host", "place", "address"] as const).flatMap((kind) =>
    all.filter((it) => it.kind === kind).slice(0, maxOfTheft),
  );
}

interface Decided {
  readonly by: string;
  /** What goes on record beside which watches began and ended. */
  readonly decisions: readonly Decision[];
  /** Stored with it. */
  also?(tx: Tx): Promise<void>;
}

/** Takes a step, in the stores and in the line at once, with what goes with it. @returns False, and nothing is done, where it changes nothing. */
export async function stepWatch(
  { db, config, worker, changes, now }: Context,
  step: WatchStep,
  { by, decisions, also }: Decided,
): Promise<boolean> {
  const before = watchStep(await loadWatchList(db), { kind: "passed", now: now() });
  if (watchStep(before, step) === before) return false;
  await worker.decide(async () => {
    const standing = watchStep(await loadWatchList(db), { kind: "passed", now: now() });
    const list = watchStep(standing, step);
    return {
      told: { tuning: await tuningOf(db, config, { watch: list }) },
      decisions: [...decisions, ...recordOf(step, standing, by)],
      async store(tx) {
        await storeWatchList(tx, list);
        await also?.(tx);
      },
    };
  });
  for (const { kind, name } of touchedBy(step, before)) if (kind === "model") changes.tell("model", name);
  changes.tell("watch");
  changes.tell("evidence");
  return true;
}

/** What goes on record of each subject that a verdict concerns. */
function recordOf(step: WatchStep, before: WatchList, by: string): Decision[] {
  if (step.kind !== "confirmed" && step.kind !== "withdrawn") return [];
  const said =
    step.kind === "confirmed"
      ? {
          kind: "watch-began",
          text: `watched until ${new Date(step.theft.until).toISOString()}, after a confirmed theft: what is found about it counts one step more`,
        }
      : { kind: "watch-withdrawn", text: "this incident is no reason to watch it any more" };
  return touchedBy(step, before).map((it) => ({ ...said, by, subject: recordedAs(it) }));
}

function touchedBy(step: WatchStep, before: WatchList): readonly Subject[] {
  switch (step.kind) {
    case "confirmed":
      return step.subjects;
    case "withdrawn":
      return [...before.values()].filter((it) => it.thefts.some(({ incident }) => incident === step.incident));
    case "ended":
      return [step.subject];
    case "passed":
      return [];
  }
}

/** How the evidence names one: a model by its name, as everywhere. */
function recordedAs({ kind, name }: Subject): string {
  return kind === "model" ? name : `${kind}:${name}`;
}
