import type { FastifyInstance } from "fastify";
import { ServerError } from "../error.ts";
import type { Context } from "./context.ts";

/** The latest scan report. */
export function scans(app: FastifyInstance, { scanned }: Context): void {
  app.get("/api/scan", async () => {
    const [latest] = (await scanned.latest()).reports;
    if (!latest) throw new ServerError("NOT_FOUND", "there is no scan report yet");
    return latest;
  });
}
