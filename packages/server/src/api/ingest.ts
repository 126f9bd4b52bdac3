import type { IngestAnswer } from "@outweigh/schema";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { bearerOf, sameSecret } from "../auth/tokens.ts";
import { ServerError } from "../error.ts";
import { maxIngestBytes, maxIngestInFlight, maxIngestsPerMinute } from "../limits.ts";
import { read, type Context } from "./context.ts";

const params = z.object({
  source: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "expected lower-case letters, digits, dots, dashes"),
});
/** What a sender may call a request, so that sending it again counts nothing twice. */
const headers = z.object({
  "idempotency-key": z
    .string()
    .regex(/^[\w.:-]{1,128}$/, "expected letters, digits and ._:-")
    .optional(),
});

/** Receives records, one a line: what is counted as accepted in the answer is on disk. */
export function ingest(app: FastifyInstance, { worker, tokens, now }: Context): void {
  let inFlight = 0;
  const rateLimit = { max: maxIngestsPerMinute, timeWindow: "1 minute" };

  app.register(async (inside) => {
    inside.removeAllContentTypeParsers();
    inside.addContentTypeParser("*", { parseAs: "buffer" }, (_, body, done) => done(null, body));
    // Before a byte of the body is read: who has no token makes us do nothing.
    inside.addHook("onRequest", async (request, reply) => {
      const token = bearerOf(request.headers.authorization);
      if (token === undefined || !sameSecret(token, tokens.ingest)) {
        throw new ServerError("NOT_SIGNED_IN", "expected the token of the data folder's file ingest.token as a bearer");
      }
      inFlight += sizeOf(request);
      if (inFlight > maxIngestInFlight) {
        inFlight -= sizeOf(request);
        throw new ServerError("BUSY", "too many records are being received at once: try again in a moment");
      }
      reply.raw.once("close", () => (inFlight -= sizeOf(request)));
    });

    inside.post(
      "/api/ingest/:source",
      { bodyLimit: maxIngestBytes, config: { rateLimit, forPrograms: true } },
      async (request): Promise<IngestAnswer> => {
        const { source } = read(params, request.params);
        const { "idempotency-key": key } = read(headers, request.headers);
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        return worker.accept({ source, body, at: now(), key });
      },
    );
  });
}

function sizeOf(request: FastifyRequest): number {
  const stated = Number(request.headers["content-length"]);
  return Number.isSafeInteger(stated) && stated >= 0 ? Math.min(stated, maxIngestBytes) : maxIngestBytes;
}
