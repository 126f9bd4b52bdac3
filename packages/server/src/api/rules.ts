import { listQuery, type OwnRule, type RulePage, type RuleRow } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { ruleUse } from "../store/alerts.ts";
import { pageOfRows, type RowFields } from "../store/filter-rows.ts";
import { reachOf, read, type Context } from "./context.ts";

const fields: RowFields<RuleRow> = {
  id: { kind: "text", of: (it) => it.id },
  title: { kind: "text", of: (it) => it.title },
  kind: { kind: "text", of: (it) => it.kind },
  status: { kind: "text", of: (it) => it.status },
  level: { kind: "severity", of: (it) => it.level },
  technique: { kind: "text", of: (it) => it.techniques },
  playbook: { kind: "text", of: (it) => it.playbook },
  alerts: { kind: "number", of: (it) => it.alerts },
  exceptions: { kind: "number", of: (it) => it.exceptions },
  hidden: { kind: "number", of: (it) => it.hidden },
  last: { kind: "time", of: (it) => it.lastAlertAt },
};

/** Rules and detectors, with how often each spoke. */
export function rules(app: FastifyInstance, { db, worker, ownRules, now }: Context): void {
  app.get("/api/rules", async (request): Promise<RulePage> => {
    const query = { ...read(listQuery, request.query), now: now() };
    const use = await ruleUse(db, reachOf(request));
    // An exception may name what lies beyond somebody's spaces: they hear of none.
    const own = reachOf(request) === undefined ? await ownRules.list() : [];
    const rows = worker.rules().map((it): RuleRow => {
      const { alerts = 0, lastAt } = use.get(it.id) ?? {};
      const { id, kind, title, level, status, playbook } = it;
      const lists = { techniques: [...it.techniques], blindspots: [...it.blindspots] };
      return {
        id,
        kind,
        title,
        level,
        status,
        ...lists,
        playbook,
        alerts,
        ...exceptionsOf(id, own),
        ...(lastAt !== undefined && { lastAlertAt: lastAt }),
      };
    });
    const refused = worker.refusedRules().map(({ rule, reason }) => ({ rule, reason }));
    const page = pageOfRows(rows, query, fields, (it) => `${it.id} ${it.title}`);
    return { ...page, inUse: inUse(worker.rules()), refused };
  });
}

function exceptionsOf(id: string, own: readonly OwnRule[]): Pick<RuleRow, "exceptions" | "hidden"> {
  const used = own.filter(
    ({ kind, rules, stage }) =>
      kind === "exception" && rules.includes(id) && (stage === "trial" || stage === "published"),
  );
  const published = used.filter((it) => it.stage === "published");
  return { exceptions: used.length, hidden: published.reduce((sum, it) => sum + it.count.matches, 0) };
}

/** A file of several documents is one rule. */
function inUse(all: ReturnType<Context["worker"]["rules"]>): NonNullable<RulePage["inUse"]> {
  const parts = all.filter((it) => it.kind === "sigma");
  const rules = new Set(parts.map((it) => it.text ?? it.id)).size;
  return { rules, parts: parts.length, detectors: all.length - parts.length };
}
