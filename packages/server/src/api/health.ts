import type { FastifyInstance } from "fastify";
import { isReady } from "../store/state/state.ts";
import type { Context } from "./context.ts";

/** For whoever watches us: says whether we work, never what we hold. */
export function health(app: FastifyInstance, { db, engine, worker, metrics, version }: Context): void {
  app.get("/healthz", async (_, reply) => {
    const state = (await isReady(db)) ? "ok" : "does not answer";
    const parts = { state, events: engine.problem ?? "ok", worker: worker.problem ?? "ok" };
    const ok = Object.values(parts).every((it) => it === "ok");
    return reply.code(ok ? 200 : 503).send({ ok, version, ...parts });
  });

  app.get("/metrics", async (_, reply) => {
    metrics.spoolBytes.set(worker.waitingBytes);
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
}
