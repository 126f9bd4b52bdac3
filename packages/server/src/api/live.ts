import type { Change } from "@outweigh/schema";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ServerError } from "../error.ts";
import { maxLiveClients } from "../limits.ts";
import { isWithin, neededRole, type Reach } from "../auth/rights.ts";
import { alertById } from "../store/alerts.ts";
import { actionById } from "../store/actions.ts";
import { modelsOfIncident } from "../store/spaces.ts";
import type { Db } from "../store/state/state.ts";
import { admit, reachOf, type Context } from "./context.ts";
import { routes } from "./routes.ts";

/** How often an idle connection is written to, in ms: proxies cut what is quiet for a minute. */
const beatMs = 20_000;
/** Changes of one noun within this time are sent once, in ms. */
const gatherMs = 150;
/** Bytes that a page which does not read may leave with us. */
const maxUnsentBytes = 1024 * 1024;
/** Different changes in one sending; more become one "something of this noun". */
const maxGathered = 100;

/** Server-sent events: what changed, never what it is; the page reads it again with its own rights. */
export function live(app: FastifyInstance, context: Context): void {
  const { changes } = context;
  app.get("/api/live", async (request, reply) => {
    if (changes.listeners > maxLiveClients) throw new ServerError("TOO_MANY", "too many live pages are open");
    const reach = reachOf(request);
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    raw.write("retry: 1000\n\n");

    const waiting = new Map<string, Change>();
    let timer: NodeJS.Timeout | undefined;
    const send = () => {
      timer = undefined;
      // Who may hear less than before, hears nothing more.
      if (!isStillIn(request, context, reach)) return void raw.end();
      // It takes nothing any more: it connects again when it can, and reads everything anew.
      if (raw.writableLength > maxUnsentBytes) return void raw.destroy();
      const told = gathered(waiting.values());
      waiting.clear();
      void visible(context, told, reach)
        .then((them) => raw.write(them.map((it) => `data: ${JSON.stringify(it)}\n\n`).join("")))
        .catch(() => raw.destroy());
    };
    const stop = changes.listen((it) => {
      waiting.set(JSON.stringify(it), it);
      timer ??= setTimeout(send, gatherMs);
    });
    const beat = setInterval(() => {
      // Who signed out, or whose day is over, hears nothing more.
      if (isStillIn(request, context, reach)) raw.write(": still here\n\n");
      else raw.end();
    }, beatMs);
    request.raw.once("close", () => {
      stop();
      clearTimeout(timer);
      clearInterval(beat);
    });
  });
}

/** Whether who listens may still do so, and may still hear all of what they could: else the page connects again, and hears what it may now. */
function isStillIn(request: FastifyRequest, context: Context, heard: Reach): boolean {
  try {
    const needs = neededRole(routes["GET /api/live"]?.needs ?? "admin");
    if (needs) admit(request, needs, context);
  } catch {
    return false;
  }
  const now = reachOf(request);
  return now === undefined || (heard !== undefined && [...heard].every((it) => now.has(it)));
}

/** Nouns that belong to models: of others, who sees only some models is told nothing. */
const ofModels = new Set<Change["noun"]>(["incident", "alert", "model", "action", "event", "watch"]);

/** Of some changes, those that somebody may hear of. */
async function visible({ db }: Context, told: readonly Change[], reach: Reach): Promise<Change[]> {
  if (reach === undefined) return [...told];
  const kept = await Promise.all(
    told.map(async ({ noun, id }) => {
      if (!ofModels.has(noun)) return false;
      // Without a name it says that something happened somewhere: nothing else.
      if (id === undefined || noun === "event") return true;
      const models = noun === "model" ? [id] : await modelsOf(db, noun, id);
      return isWithin(reach, models);
    }),
  );
  return told.filter((_, i) => kept[i]);
}

async function modelsOf(db: Db, noun: Change["noun"], id: string): Promise<readonly string[]> {
  if (noun === "alert") return [(await alertById(db, id))?.model].filter((it) => it !== undefined);
  const incident = noun === "action" ? (await actionById(db, id))?.row.incident : id;
  return incident === undefined ? [] : modelsOfIncident(db, incident);
}

function gathered(all: Iterable<Change>): Change[] {
  const changes = [...all];
  if (changes.length <= maxGathered) return changes;
  return [...new Set(changes.map((it) => it.noun))].map((noun) => ({ noun }));
}
