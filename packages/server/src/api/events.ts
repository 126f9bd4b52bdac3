import { listQuery } from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { findEvents } from "../store/events.ts";
import { hangUp, reachOf, read, type Context } from "./context.ts";

/** Hunting: events by filter, under the hunter's limits; whoever goes away stops the query. */
export function events(app: FastifyInstance, { engine, now }: Context): void {
  app.get("/api/events", async (request, reply) => {
    const query = read(listQuery, request.query);
    return findEvents(engine, { ...query, now: now(), reach: reachOf(request) }, hangUp(request, reply));
  });
}
