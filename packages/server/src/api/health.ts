import type { FastifyInstance } from "fastify";
import { isReady } from "../store/state/state.ts";
import type { Context } from "./context.ts";

/** How long an answer is given again, in ms: anybody on this machine may ask, and asking must not become the work. */
const heldMs = 1000;

/** For whoever watches us: says whether we work, never what we hold. */
export function health(app: FastifyInstance, { db, engine, worker, metrics, gauges, version }: Context): void {
  let held: { readonly state: string; readonly until: number } | undefined;
  const stateNow = async (): Promise<string> => {
    if (held && held.until > performance.now()) return held.state;
    const state = (await isReady(db)) ? "ok" : "does not answer";
    held = { state, until: performance.now() + heldMs };
    return state;
  };

  app.get("/healthz", async (_, reply) => {
    const parts = { state: await stateNow(), events: engine.problem ?? "ok", worker: worker.problem ?? "ok" };
    const ok = Object.values(parts).every((it) => it === "ok");
    return reply.code(ok ? 200 : 503).send({ ok, version, ...parts });
  });

  app.get("/metrics", async (_, reply) => {
    await gauges.refresh();
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
}
