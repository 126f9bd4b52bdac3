// Posture: which controls hold, what proves it, how models could be taken, and what is looked at.
import { csvOfControls, sarifOfControls, type Control, type LogSources, type Vectors } from "@outweigh/pipeline";
import { postureExportQuery, postureQuery, type Posture } from "@outweigh/schema";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Reach } from "../auth/rights.ts";
import { ServerError } from "../error.ts";
import { postureOf, resultsOf } from "../posture.ts";
import { everywhere } from "../store/controls.ts";
import { reachOf, read, sessionOf, type Context } from "./context.ts";

/** Controls and where their facts come from, as the content tells. */
export interface Controls {
  readonly controls: readonly Control[];
  readonly logSources: LogSources;
  /** Of techniques and mitigations, by id. */
  readonly names: ReadonlyMap<string, string>;
  readonly vectors: Vectors | undefined;
}

export function controls(app: FastifyInstance, context: Context): void {
  app.get("/api/posture", (request) => told(context, request, read(postureQuery, request.query).space));

  app.get("/api/posture/export", async (request, reply) => {
    const { as, space } = read(postureExportQuery, request.query);
    const posture = await told(context, request, space);
    const at = context.now();
    const name = `outweigh-controls-${new Date(at).toISOString().slice(0, 10)}.${as}`;
    reply.header("content-disposition", `attachment; filename="${name}"`);
    if (as === "json") return posture;
    const results = resultsOf(posture.controls, context.controls.controls);
    if (as === "sarif") return sarifOfControls(results, { version: context.version, at: new Date(at).toISOString() });
    return reply.type("text/csv; charset=utf-8").send(csvOfControls(posture));
  });
}

async function told(context: Context, request: FastifyRequest, wanted: string | undefined): Promise<Posture> {
  const reach = reachOf(request);
  const known = context.config.spaces;
  const granted = new Set(sessionOf(request).grants.flatMap((it) => it.space ?? []));
  const mine = reach === undefined ? known : known.filter((it) => granted.has(it.name));
  const space = wanted === undefined ? onlyOne(reach, mine) : mine.find((it) => it.name === wanted);
  if (wanted !== undefined && !space)
    throw new ServerError("NOT_FOUND", `there is no space ${wanted} that you may see`);
  const within = space ? new Set(space.models) : reach;
  const posture = await postureOf(context, within, space?.name ?? (reach === undefined ? everywhere : undefined));
  const spaces = mine.map((it) => it.name);
  const whole = { ...posture, spaces, ...(space && { space: space.name }) };
  return reach === undefined ? whole : cut(whole, context.controls.controls);
}

/** Who is in one space alone looks at that one. */
function onlyOne<Space>(reach: Reach, mine: readonly Space[]): Space | undefined {
  return reach !== undefined && mine.length === 1 ? mine[0] : undefined;
}

/** Instead of what a control rests on, to whoever sees some models alone. */
const elsewhere = "it is about more than these models: what it rests on is told to who sees them all";

/** Tests of which all that is told is of the models they were asked of. */
const ofModels: ReadonlySet<string> = new Set(["no-path", "declared", "no-format", "registered"]);

/** Hosts, sources, people and rules are of all spaces: whoever sees some models is not told of them. */
function cut(posture: Posture, known: readonly Control[]): Posture {
  const tests = new Map(known.map((it) => [it.name, it.check.test]));
  const controls = posture.controls.map((row) => {
    if (row.state === "fail" && ofModels.has(tests.get(row.name) ?? "")) return row;
    const { minutes: _, fix: __, fixIs: ___, ...it } = row;
    return { ...it, why: elsewhere, evidence: [] };
  });
  return { ...posture, controls, scans: [], change: { gone: [], fresh: [] } };
}
