// Posture: which controls hold, what proves it, how models could be taken, and what is looked at.
import { checkControls, coverage, type Control, type ControlResult, type LogSources } from "@outweigh/pipeline";
import type { ControlRow, Posture } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { isWithin, type Reach } from "../auth/rights.ts";
import { controlHistory, noteControls } from "../store/controls.ts";
import { agentSource } from "./agents.ts";
import { reachOf, type Context } from "./context.ts";
import { kindsOf } from "./sources.ts";

/** Most theft paths that are sent: a person reads ten, a program asks /api/scan. */
const maxPaths = 300;
/** A source that sent within this time sends, in ms. */
const dayMs = 86_400_000;

/** Controls and where their facts come from, as the content tells. */
export interface Controls {
  readonly controls: readonly Control[];
  readonly logSources: LogSources;
}

export function controls(app: FastifyInstance, context: Context): void {
  app.get("/api/posture", async (request): Promise<Posture> => {
    const reach = reachOf(request);
    const told = await postureOf(context, reach);
    if (reach === undefined) return told;
    // What a control rests on, and its fix, name and count models, files, people and hosts of all spaces.
    const rows = told.controls.map((row) => {
      const { minutes: _, fix: __, ...it } = row;
      return { ...it, why: elsewhere, evidence: [] };
    });
    return { ...told, controls: rows, scans: [] };
  });
}

/** Instead of what a control rests on, to whoever sees some models alone. */
const elsewhere = "it is about all models: what it rests on is told to who sees them all";

/** @param reach Of the paths: a path of another space must neither be told nor take the place of one that is. */
async function postureOf(context: Context, reach: Reach): Promise<Posture> {
  const { db, worker, agents, scanned, config, now } = context;
  const { reports } = await scanned.latest();
  const known = [...worker.sources()].flatMap(([name, it]) => kindsOf(it).kinds.map((kind) => ({ name, kind, it })));
  const sources = known.map(({ name, kind, it }) => ({
    name,
    kind,
    isSilent: it.silentFrom !== undefined,
    ...(it.lastEventAt !== undefined && { lastEventAt: it.lastEventAt }),
  }));
  const results = checkControls(context.controls.controls, {
    register: config.models,
    scans: reports,
    sources,
    rules: worker.rules().map((it) => it.id),
    agents: agents
      .list()
      .filter((it) => it.revokedAt === undefined)
      .map(({ host, health, lastSeenAt }) => ({
        host: host.name,
        ...(health && { tier: health.tier }),
        reports: lastSeenAt !== undefined && worker.sources().get(agentSource({ host }).name)?.silentFrom === undefined,
      })),
    now: now(),
  });
  const rows = await withHistory(db, results, now());
  const paths = reports
    .flatMap(({ host, paths: of }) => of.map((it) => ({ ...it, ...(host !== undefined && { host }) })))
    .filter((it) => isWithin(reach, [it.model]))
    .toSorted((a, b) => (a.minutes ?? Infinity) - (b.minutes ?? Infinity));
  const sending = sources.filter(
    (it) => !it.isSilent && it.lastEventAt !== undefined && now() - it.lastEventAt < dayMs,
  );
  return {
    controls: rows,
    paths: paths.slice(0, maxPaths),
    pathCount: paths.length,
    coverage: coverage(
      worker.rules(),
      context.controls.logSources,
      sending.map((it) => it.kind),
    ),
    mitigations: mitigationsOf(results),
    scans: reports.map(({ host, finishedAt }) => ({ ...(host !== undefined && { host }), finishedAt })),
  };
}

/** Notes what changed since it was asked last: a history has the times at which somebody looked. */
async function withHistory(db: Context["db"], all: readonly ControlResult[], at: number): Promise<ControlRow[]> {
  const history = await controlHistory(db);
  const changed = all.filter((it) => history.get(it.control.name)?.[0]?.state !== it.state);
  await noteControls(
    db,
    changed.map(({ control, state, why }) => ({ name: control.name, state, why })),
    at,
  );
  return all.map((it) => {
    const known = history.get(it.control.name) ?? [];
    return rowOf(it, changed.includes(it) ? [{ at, state: it.state }, ...known] : known);
  });
}

function rowOf(
  { control, state, why, evidence, minutes, fix }: ControlResult,
  history: ControlRow["history"],
): ControlRow {
  const { name, title, stage, plane, about, mitigations, blindspots } = control;
  return {
    name,
    title,
    stage,
    plane,
    about,
    mitigations: [...mitigations],
    blindspots: [...blindspots],
    state,
    why,
    evidence: [...evidence],
    ...(minutes !== undefined && { minutes }),
    ...(fix !== undefined && { fix }),
    history,
  };
}

/** What concerns nothing here is not counted. */
function mitigationsOf(results: readonly ControlResult[]): Posture["mitigations"] {
  const found = new Map<string, { id: string; passed: number; tested: number }>();
  for (const { control, state } of results) {
    if (state === "none") continue;
    for (const id of control.mitigations) {
      const it = found.get(id) ?? { id, passed: 0, tested: 0 };
      it.tested++;
      if (state === "pass") it.passed++;
      found.set(id, it);
    }
  }
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
