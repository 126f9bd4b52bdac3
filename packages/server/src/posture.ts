// What is known of an installation, as controls ask for it; and when they are asked although nobody looks.
import { hostname } from "node:os";
import {
  checkControls,
  coverage,
  techniqueCoverage,
  vectorCoverage,
  type Control,
  type ControlFacts,
  type ControlResult,
} from "@outweigh/pipeline";
import type { ControlRow, Posture, ScannedModel, ScanReport } from "@outweigh/schema";
import { agentSource } from "./api/agents.ts";
import type { Context } from "./api/context.ts";
import { kindsOf } from "./api/sources.ts";
import { isWithin, type Reach } from "./auth/rights.ts";
import { controlHistory, everywhere, noteControls } from "./store/controls.ts";
import { latestRuns } from "./store/scan-runs.ts";

/** Most theft paths that are sent: a person reads ten, a program asks /api/scan. */
const maxPaths = 300;
/** A source that sent within this time sends, in ms. */
const dayMs = 86_400_000;
/** How long the first scan of a host that enrolled is awaited before it counts as missing, in ms: it begins when the agent starts. */
const firstScanMs = 15 * 60_000;
/** Most theft paths told as gone or new of one host. */
const maxChanged = 20;

/**
 * @param reach Of models and paths: what belongs to another space must neither be told nor take the place of what does.
 * @param space Whose history is told and kept; undefined: none.
 */
export async function postureOf(
  context: Context,
  reach: Reach,
  space: string | undefined,
): Promise<Omit<Posture, "spaces">> {
  const { db, worker, scanned, now } = context;
  const { reports } = await scanned.latest();
  const sources = sourcesOf(context);
  const results = checkControls(context.controls.controls, await factsOf(context, reach));
  const paths = reports
    .flatMap(({ host, paths: of }) => of.map((it) => ({ ...it, ...(host !== undefined && { host }) })))
    .filter((it) => isWithin(reach, [it.model]))
    .toSorted((a, b) => (a.minutes ?? Infinity) - (b.minutes ?? Infinity));
  const sending = sources
    .filter((it) => !it.isSilent && it.lastEventAt !== undefined && now() - it.lastEventAt < dayMs)
    .map((it) => it.kind);
  const { logSources, names, vectors } = context.controls;
  const rules = worker.rules();
  const named = <Row extends { readonly id: string }>(it: Row) => {
    const name = names.get(it.id);
    return { ...it, ...(name !== undefined && { name }) };
  };
  return {
    controls: await withHistory(context, results, space),
    paths: paths.slice(0, maxPaths),
    pathCount: paths.length,
    coverage: coverage(rules, logSources, sending),
    techniques: techniqueCoverage(rules, logSources, sending).map(named),
    mitigations: mitigationsOf(results).map(named),
    ...(vectors && {
      vectors: {
        source: vectors.source,
        title: vectors.title,
        groups: vectorCoverage(vectors, { results, rules, logSources, sending }),
      },
    }),
    scans: reports.map(({ host, finishedAt }) => ({ ...(host !== undefined && { host }), finishedAt })),
    change: reach === undefined ? await changeOf(db) : { gone: [], fresh: [] },
  };
}

function sourcesOf({ worker }: Context) {
  return [...worker.sources()].flatMap(([name, it]) =>
    kindsOf(it).kinds.map((kind) => ({
      name,
      kind,
      isSilent: it.silentFrom !== undefined,
      ...(it.lastEventAt !== undefined && { lastEventAt: it.lastEventAt }),
    })),
  );
}

async function factsOf(context: Context, reach: Reach): Promise<ControlFacts> {
  const { worker, agents, scanned, config, scan, now } = context;
  const { reports } = await scanned.latest();
  const enrolled = agents.list().filter((it) => it.revokedAt === undefined);
  const isAwaited = (it: (typeof enrolled)[number]) =>
    it.health?.scan !== undefined || now() - it.enrolledAt < firstScanMs;
  return {
    register: config.models.filter((it) => isWithin(reach, [it.name])),
    scans: reports.map((it) => cutScan(it, reach)),
    sources: sourcesOf(context),
    rules: worker.rules().map((it) => it.id),
    agents: enrolled.map(({ host, health, lastSeenAt }) => ({
      host: host.name,
      ...(health && { tier: health.tier }),
      reports: lastSeenAt !== undefined && worker.sources().get(agentSource({ host }).name)?.silentFrom === undefined,
    })),
    scanning: [
      ...enrolled.filter(isAwaited).map((it) => it.host.name),
      ...(scan.state === "running" ? [hostname()] : []),
    ],
    now: now(),
  };
}

/** A scan as it is of some models alone. */
function cutScan(report: ScanReport, reach: Reach): ScanReport {
  if (reach === undefined) return report;
  const isOurs = ({ name }: ScannedModel) => name !== undefined && reach.has(name);
  return {
    ...report,
    models: report.models.filter(isOurs),
    paths: report.paths.filter((it) => isWithin(reach, [it.model])),
  };
}

/** Notes what changed since it was asked last: a history has the times at which somebody looked. */
async function withHistory(
  { db, now }: Context,
  all: readonly ControlResult[],
  space: string | undefined,
): Promise<ControlRow[]> {
  if (space === undefined) return all.map((it) => rowOf(it, []));
  const at = now();
  const history = await controlHistory(db, space);
  const changed = all.filter((it) => history.get(it.control.name)?.[0]?.state !== it.state);
  await noteControls(
    db,
    space,
    changed.map(({ control, state, why }) => ({ name: control.name, state, why })),
    at,
  );
  return all.map((it) => {
    const known = history.get(it.control.name) ?? [];
    return rowOf(it, changed.includes(it) ? [{ at, state: it.state }, ...known] : known);
  });
}

function rowOf(
  { control, state, why, evidence, minutes, fix, fixIs }: ControlResult,
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
    ...(fixIs !== undefined && { fixIs }),
    history,
  };
}

/** The same answers as results, for exports that are made from those. */
export function resultsOf(rows: readonly ControlRow[], known: readonly Control[]): ControlResult[] {
  const byName = new Map(known.map((it) => [it.name, it]));
  return rows.flatMap(({ name, state, why, evidence, minutes, fix }) => {
    const control = byName.get(name);
    if (!control) return [];
    const more = { ...(minutes !== undefined && { minutes }), ...(fix !== undefined && { fix }) };
    return [{ control, state, why, evidence, ...more }];
  });
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

async function changeOf(db: Context["db"]): Promise<Posture["change"]> {
  const runs = await latestRuns(db);
  const told = (which: "gonePaths" | "newPaths") =>
    runs.flatMap(({ host, run: { at, change } }) =>
      (change?.[which].items ?? []).slice(0, maxChanged).map((it) => ({ ...it, host, at })),
    );
  return { gone: told("gonePaths"), fresh: told("newPaths") };
}

/** How often controls are asked although nobody looks, in ms: a history is worth as much as its gaps are short. */
const lookMs = 10 * 60_000;

/** Keeps the history of controls, of all models and of each space. */
export class PostureWatch {
  readonly #context: Context;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(context: Context) {
    this.#context = context;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#looking = this.look().catch((error: unknown) => {
        this.#context.log.error({ err: error }, "controls could not be tested by the clock");
      });
    }, lookMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async look(): Promise<void> {
    const spaces = this.#context.config.spaces.map((it) => ({ name: it.name, reach: new Set(it.models) }));
    for (const { name, reach } of [{ name: everywhere, reach: undefined }, ...spaces]) {
      const results = checkControls(this.#context.controls.controls, await factsOf(this.#context, reach));
      await withHistory(this.#context, results, name);
    }
  }
}
