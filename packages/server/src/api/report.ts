import { reportQuery, restsOn, watchedKind, type Gap, type Report } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { gapsWithin } from "../store/gaps.ts";
import { actionCounts, incidentCounts, permitCounts, ruleCounts } from "../store/report.ts";
import { read, type Context } from "./context.ts";
import { modelRows } from "./models.ts";
import { sourceRows } from "./sources.ts";
import { watchedNow } from "./watch.ts";

const dayMs = 86_400_000;
/** Models whose books do not balance that are named. */
const maxUnaccounted = 10;

/** What happened in the last days, counted. */
export function report(app: FastifyInstance, context: Context): void {
  const { db, now } = context;

  app.get("/api/report", async (request): Promise<Report> => {
    const { days } = read(reportQuery, request.query);
    const span = { from: now() - days * dayMs, to: now() };
    const [incidents, actions, rules, models, sources, gaps, watching, permits] = await Promise.all([
      incidentCounts(db, span),
      actionCounts(db, span),
      ruleCounts(db, span),
      modelRows(context, undefined),
      sourceRows(context),
      gapsWithin(db, span),
      watchedNow(context, undefined),
      permitCounts(db, span),
    ]);
    const booked = models.filter((it) => it.balanced !== undefined);
    const unaccounted = models.flatMap((it) => (it.coalition && it.coalition.readers > 0 ? [it.coalition] : []));
    return {
      ...span,
      incidents,
      actions,
      rules,
      watched: watchedKind.options.flatMap((name) => {
        const count = watching.filter((it) => it.kind === name).length;
        return count === 0 ? [] : [{ name, count }];
      }),
      permits,
      models: {
        registered: models.filter((it) => it.registered).length,
        balanced: booked.filter((it) => it.balanced === true).length,
        booked: booked.length,
        unaccounted: unaccounted
          .toSorted((a, b) => (b.fraction ?? 0) - (a.fraction ?? 0) || b.bytes - a.bytes)
          .slice(0, maxUnaccounted),
      },
      sight: {
        sources: sources.length,
        sending: sources.filter((it) => it.state === "sending").length,
        grades: restsOn(sources.filter((it) => it.records > 0).map(({ grades: [weakest] }) => weakest ?? {})),
        unseen: unseenOf(gaps, span),
      },
    };
  });
}

/** How long each source was not seen within a time: what overlaps counts once. */
export function unseenOf(gaps: readonly Gap[], span: { readonly from: number; readonly to: number }) {
  const bySource = Map.groupBy(gaps, (it) => it.source);
  const told = [...bySource].map(([source, list]) => {
    let ms = 0;
    let upTo = span.from;
    for (const it of list.toSorted((a, b) => a.from - b.from)) {
      const from = Math.max(it.from, upTo);
      const to = Math.min(it.to ?? span.to, span.to);
      if (to > from) ms += to - from;
      upTo = Math.max(upTo, to);
    }
    return { source, ms };
  });
  return told.filter((it) => it.ms > 0).toSorted((a, b) => b.ms - a.ms);
}
