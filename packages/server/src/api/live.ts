import type { Change } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { ServerError } from "../error.ts";
import { maxLiveClients } from "../limits.ts";
import type { Context } from "./context.ts";

/** How often an idle connection is written to, in ms: proxies cut what is quiet for a minute. */
const beatMs = 20_000;
/** Changes of one noun within this time are sent once, in ms. */
const gatherMs = 150;
/** Bytes that a page which does not read may leave with us. */
const maxUnsentBytes = 1024 * 1024;
/** Different changes in one sending; more become one "something of this noun". */
const maxGathered = 100;

/** Server-sent events: what changed, never what it is; the page reads it again with its own rights. */
export function live(app: FastifyInstance, { changes, sessions, now }: Context): void {
  app.get("/api/live", async (request, reply) => {
    if (changes.listeners > maxLiveClients) throw new ServerError("TOO_MANY", "too many live pages are open");
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
      // It takes nothing any more: it connects again when it can, and reads everything anew.
      if (raw.writableLength > maxUnsentBytes) return void raw.destroy();
      for (const it of gathered(waiting.values())) raw.write(`data: ${JSON.stringify(it)}\n\n`);
      waiting.clear();
    };
    const stop = changes.listen((it) => {
      waiting.set(JSON.stringify(it), it);
      timer ??= setTimeout(send, gatherMs);
    });
    const beat = setInterval(() => {
      // Who signed out, or whose day is over, hears nothing more.
      if (sessions.isOpen(request, now())) raw.write(": still here\n\n");
      else raw.end();
    }, beatMs);
    request.raw.once("close", () => {
      stop();
      clearTimeout(timer);
      clearInterval(beat);
    });
  });
}

function gathered(all: Iterable<Change>): Change[] {
  const changes = [...all];
  if (changes.length <= maxGathered) return changes;
  return [...new Set(changes.map((it) => it.noun))].map((noun) => ({ noun }));
}
