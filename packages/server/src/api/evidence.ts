import { listQuery, type EvidenceCheckpoint, type EvidencePage } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { toActivity } from "../evidence/log.ts";
import { listEvidence } from "../store/evidence.ts";
import { read, type Context } from "./context.ts";

/** Everything that was decided, and whether the chain holds. */
export function evidence(app: FastifyInstance, { db, evidence: log, now }: Context): void {
  app.get("/api/evidence", async (request): Promise<EvidencePage> => {
    const query = read(listQuery, request.query);
    const [page, chain] = await Promise.all([listEvidence(db, { ...query, now: now() }), log.check(db, now())]);
    return { ...page, items: page.items.map(toActivity), chain };
  });

  app.post("/api/evidence/checkpoint", async (): Promise<EvidenceCheckpoint> => log.stands(db, now()));
}
