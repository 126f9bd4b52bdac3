import { sourceOf, sources as manifests } from "@outweigh/pipeline";
import { listQuery, type SourceHealth } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { eventsPerSource } from "../store/events.ts";
import { pageOfRows, type RowFields } from "../store/filter-rows.ts";
import { gapsWithin } from "../store/gaps.ts";
import type { SourceState } from "../worker/source-state.ts";
import { read, type Context } from "./context.ts";

const dayMs = 86_400_000;

const fields: RowFields<SourceHealth> = {
  name: { kind: "text", of: (it) => it.name },
  kind: { kind: "text", of: (it) => it.kind },
  state: { kind: "text", of: (it) => it.state },
  records: { kind: "number", of: (it) => it.records },
  events: { kind: "number", of: (it) => it.events },
  rejects: { kind: "number", of: (it) => it.rejects },
  last: { kind: "time", of: (it) => it.lastSeenAt },
};

/** Sources: whether each can be seen through, and what it cannot show. */
export function sources(app: FastifyInstance, context: Context): void {
  app.get("/api/sources", async (request) => {
    const query = { ...read(listQuery, request.query), now: context.now() };
    return pageOfRows(await sourceRows(context), query, fields, (it) => `${it.name} ${it.kind} ${it.problem ?? ""}`);
  });
}

export async function sourceRows({ db, engine, worker, log, now }: Context): Promise<SourceHealth[]> {
  const [gaps, recent] = await Promise.all([
    gapsWithin(db),
    eventsPerSource(engine, now() - dayMs).catch((error: unknown) => {
      log.warn({ err: error }, "events of the last day could not be counted");
      return new Map<string, number>();
    }),
  ]);
  return [...worker.sources()]
    .map(([name, it]): SourceHealth => {
      const problem = worker.problemOf(name);
      return {
        name,
        kind: it.told ?? it.kind,
        state: stateOf(it, problem),
        ...(it.lastSeenAt !== undefined && { lastSeenAt: it.lastSeenAt }),
        ...(it.lastEventAt !== undefined && { lastEventAt: it.lastEventAt }),
        records: it.records,
        events: it.events,
        events24h: recent.get(name) ?? 0,
        rejects: it.rejects,
        samples: it.samples.toReversed(),
        ...(problem !== undefined && { problem }),
        ...manifestOf(it),
        gaps: gaps.filter(({ source }) => source === name),
      };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

function stateOf(it: SourceState, problem: string | undefined): SourceHealth["state"] {
  if (problem !== undefined) return "failing";
  if (it.silentFrom !== undefined) return "silent";
  return it.records === 0 ? "waiting" : "sending";
}

/** What the kind of a source cannot show; of one whose kind is not told, what none of them can is all we know. */
function manifestOf({ kind: configured, told }: SourceState) {
  const kind = told ?? configured;
  if (kind === "auto") {
    const kinds = manifests.map((it) => it.id).join(", ");
    return { cannotSee: [`What it is: its kind is told from its records, one of ${kinds}`], requires: [] };
  }
  const { cannotSee, requires } = sourceOf(kind);
  return { cannotSee: [...cannotSee], requires: [...requires] };
}
