import { gradeOf, sourceOf, sources as manifests } from "@outweigh/pipeline";
import { grades, listQuery, wayIn, type SourceHealth } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { pageOfRows, type RowFields } from "../store/filter-rows.ts";
import { gapsWithin } from "../store/gaps.ts";
import { eventsOfDay, type SourceState } from "../worker/source-state.ts";
import { read, type Context } from "./context.ts";

/** What needs somebody first. */
const byNeed: readonly SourceHealth["state"][] = ["failing", "silent", "waiting", "sending"];

const fields: RowFields<SourceHealth> = {
  name: { kind: "text", of: (it) => it.name },
  kind: { kind: "text", of: (it) => (it.kinds.length > 0 ? it.kinds : it.kind) },
  state: { kind: "text", of: (it) => it.state, place: (it) => byNeed.indexOf(it.state) },
  records: { kind: "number", of: (it) => it.records },
  events: { kind: "number", of: (it) => it.events },
  rejects: { kind: "number", of: (it) => it.rejects },
  events24h: { kind: "number", of: (it) => it.events24h },
  grade: { kind: "text", of: (it) => (it.grades.length > 0 ? it.grades.map((one) => one.grade) : "none") },
  gaps: { kind: "number", of: (it) => it.gaps.length },
  last: { kind: "time", of: (it) => it.lastSeenAt },
};

/** Sources: whether each can be seen through, and what it cannot show. */
export function sources(app: FastifyInstance, context: Context): void {
  app.get("/api/sources", async (request) => {
    const query = { ...read(listQuery, request.query), now: context.now() };
    return pageOfRows(await sourceRows(context), query, fields, (it) => `${it.name} ${it.kind} ${it.problem ?? ""}`);
  });
}

export async function sourceRows({ db, worker, collectors, now }: Context): Promise<SourceHealth[]> {
  const gaps = await gapsWithin(db);
  return [...worker.sources()]
    .map(([name, it]): SourceHealth => {
      const problem = worker.problemOf(name) ?? collectors.problemOf(name);
      const collector = collectors.healthOf(name);
      return {
        name,
        ...kindsOf(it),
        state: stateOf(it, problem),
        ...(it.lastSeenAt !== undefined && { lastSeenAt: it.lastSeenAt }),
        ...(it.lastEventAt !== undefined && { lastEventAt: it.lastEventAt }),
        records: it.records,
        events: it.events,
        events24h: eventsOfDay(it, now()),
        rejects: it.rejects,
        ...(it.records > 0 && { rejectShare: Math.min(1, it.rejects / it.records) }),
        samples: it.samples.toReversed(),
        ...(problem !== undefined && { problem }),
        ...(it.lastSeenAt !== undefined &&
          it.lastEventAt !== undefined && { lagMs: Math.max(0, it.lastSeenAt - it.lastEventAt) }),
        ...(collector && { collector }),
        grades: gradesOf(it),
        ...manifestOf(it),
        gaps: gaps.filter(({ source }) => source === name),
      };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** What was checked of its records, the weakest first: a source is as good as the weakest way into it. */
function gradesOf({ ways = {} }: SourceState): SourceHealth["grades"] {
  return wayIn.options
    .flatMap((way) => {
      const seen = ways[way];
      return seen ? [{ way, ...gradeOf(way), ...seen }] : [];
    })
    .sort((a, b) => grades.indexOf(b.grade) - grades.indexOf(a.grade));
}

function stateOf(it: SourceState, problem: string | undefined): SourceHealth["state"] {
  if (problem !== undefined) return "failing";
  if (it.silentFrom !== undefined) return "silent";
  return it.records === 0 ? "waiting" : "sending";
}

/** The kind a source was set up with, and those that its records turned out to be. */
export function kindsOf({ kind, told, kinds = told === undefined ? [] : [told] }: SourceState) {
  if (kind !== "auto") return { kind, kinds: [kind] };
  const [only] = kinds;
  return { kind: only !== undefined && kinds.length === 1 ? only : kind, kinds };
}

/** What its kinds cannot show; of a source whose kind is not told, what none of them can is all we know. */
function manifestOf(it: SourceState) {
  const known = kindsOf(it).kinds.flatMap((kind) => (kind === "auto" ? [] : [sourceOf(kind)]));
  if (known.length === 0) {
    const kinds = manifests.map(({ id }) => id).join(", ");
    return { cannotSee: [`What it is: its kind is told from its records, one of ${kinds}`], requires: [] };
  }
  const said = (id: string, lines: readonly string[]) =>
    known.length === 1 ? lines : lines.map((line) => `${id}: ${line}`);
  return {
    cannotSee: known.flatMap(({ id, cannotSee }) => said(id, cannotSee)),
    requires: known.flatMap(({ id, requires }) => said(id, requires)),
  };
}
