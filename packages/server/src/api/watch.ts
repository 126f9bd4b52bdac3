// The watch list: models of which a theft was confirmed. What is found about them counts for more until their time is over.
import { watchOf, watchStep, type WatchStep } from "@outweigh/pipeline";
import { reasonBody, watchDays, type IncidentRow, type Verdict, type Watched } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { isWithin, type Reach } from "../auth/rights.ts";
import { ServerError } from "../error.ts";
import type { Decision } from "../evidence/log.ts";
import { tuningOf } from "../own-rules/tuning.ts";
import { incidentNumbers } from "../store/incidents.ts";
import type { Tx } from "../store/state/state.ts";
import { loadWatchList, storeWatchList } from "../store/watch.ts";
import { personOf, reachOf, read, type Context } from "./context.ts";

const params = z.object({ name: z.string().min(1).max(200) });
const dayMs = 86_400_000;

export function watch(app: FastifyInstance, context: Context): void {
  const { changes } = context;

  app.get("/api/watched", async (request) => {
    const reach = reachOf(request);
    const all = await watchedModels(context);
    const items = all.filter((it) => isWithin(reach, [it.model])).map((it) => watchedWithin(it, reach));
    return { items, total: items.length };
  });

  app.post("/api/models/:name/watch/end", async (request) => {
    const { name } = read(params, request.params);
    const { reason } = read(reasonBody, request.body);
    const missing = new ServerError("NOT_FOUND", `the model ${name} is not watched`);
    if (!isWithin(reachOf(request), [name])) throw missing;
    const decision = {
      kind: "watch-ended",
      by: personOf(request),
      subject: name,
      text: `not watched any more: ${reason}`,
    };
    if (!(await stepWatch(context, { kind: "ended", model: name }, [decision]))) throw missing;
    changes.tell("model", name);
    return { ended: name };
  });
}

/** An incident may concern models of other spaces too: who sees only some models is not told which it was. */
export function watchedWithin(it: Watched, reach: Reach): Watched {
  return reach === undefined ? it : { ...it, thefts: [] };
}

/** Those that are watched now. */
export async function watchedModels({ db, now }: Pick<Context, "db" | "now">): Promise<Watched[]> {
  const list = watchStep(await loadWatchList(db), { kind: "passed", now: now() });
  const numbers = await incidentNumbers(db, [
    ...new Set([...list.values()].flatMap((it) => it.map((one) => one.incident))),
  ]);
  return [...list].flatMap(([model, thefts]) => {
    const span = watchOf(list, model);
    const told = thefts.map((it) => {
      const number = numbers.get(it.incident);
      return { ...it, ...(number !== undefined && { number }) };
    });
    return span ? [{ model, thefts: told, ...span }] : [];
  });
}

/** What a person's verdict means for the models of an incident: of a theft that is confirmed, they are watched. */
export function stepFor(incident: IncidentRow, verdict: Verdict | undefined, now: number): WatchStep | undefined {
  if (verdict === undefined) return undefined;
  if (verdict !== "true-positive") return { kind: "withdrawn", incident: incident.id };
  // Without an act nothing was taken: a log that was switched off is true, and no theft.
  if (incident.act === undefined || incident.models.length === 0) return undefined;
  const theft = { incident: incident.id, from: now, until: now + watchDays * dayMs };
  return { kind: "confirmed", models: incident.models, theft };
}

/** What goes on record of each model, for a person's verdict on an incident of it. */
export function watchDecisions(step: WatchStep, { models }: IncidentRow, by: string): Decision[] {
  const [kind, text] =
    step.kind === "confirmed"
      ? [
          "watch-began",
          `watched for ${watchDays} days after a confirmed theft: what is found about it counts one step more`,
        ]
      : ["watch-withdrawn", "this incident is no reason to watch it any more"];
  return models.map((subject) => ({ kind, by, subject, text }));
}

/** Takes a step, in the stores and in the line at once, with what goes with it. @returns False, and nothing is done, where it changes nothing. */
export async function stepWatch(
  { db, config, worker, changes, now }: Context,
  step: WatchStep,
  decisions: readonly Decision[],
  also: (tx: Tx) => Promise<void> = async () => undefined,
): Promise<boolean> {
  const before = watchStep(await loadWatchList(db), { kind: "passed", now: now() });
  if (watchStep(before, step) === before) return false;
  await worker.decide(async () => {
    const list = watchStep(watchStep(await loadWatchList(db), { kind: "passed", now: now() }), step);
    return {
      told: { tuning: await tuningOf(db, config, { watch: list }) },
      decisions,
      async store(tx) {
        await storeWatchList(tx, list);
        await also(tx);
      },
    };
  });
  for (const it of step.kind === "confirmed" ? step.models : []) changes.tell("model", it);
  changes.tell("evidence");
  return true;
}
