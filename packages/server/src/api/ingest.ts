import type { IncomingMessage } from "node:http";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import rateLimit from "@fastify/rate-limit";
import { sourceEntry, type IngestAnswer } from "@outweigh/schema";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Sender } from "../auth/source-tokens.ts";
import { bearerOf } from "../auth/tokens.ts";
import { otlp } from "../collect/otlp.ts";
import { ServerError } from "../error.ts";
import { maxIngestBytes, maxIngestsPerMinute } from "../limits.ts";
import { Admission, readBody, type Upload } from "./admission.ts";
import { read, tooMany, type Context } from "./context.ts";
import { ownScan, sendsScans } from "./scan-senders.ts";

const params = z.object({ source: sourceEntry.shape.name });
/** A sender that can set no header has its token in the address. */
const addressed = z.object({ token: z.string().max(512).optional() });
/** What a sender may call a request, so that sending it again counts nothing twice. */
const headers = z.object({
  "idempotency-key": z
    .string()
    .regex(/^[\w.:-]{1,128}$/, "expected letters, digits and ._:-")
    .optional(),
});

/** What the first hook finds out about a request, for the steps after it. */
interface Admitted {
  readonly sender: Sender;
  readonly upload: Upload;
}

/** Receives records, one a line: what is counted as accepted in the answer is on disk. */
export async function ingest(app: FastifyInstance, context: Context): Promise<void> {
  const { worker, sourceTokens, now } = context;
  const admission = new Admission();
  const admitted = new WeakMap<FastifyRequest, Admitted>();

  await app.register(async (inside) => {
    // Before a byte of the body is read: who has no token for this source makes us do nothing.
    inside.addHook("onRequest", async (request, reply) => {
      const { token = bearerOf(request.headers.authorization) ?? "" } = read(addressed, request.params);
      const sender = senderOf(request, sourceTokens.sender(token, now()));
      const upload = admission.enter(sender.id);
      reply.raw.once("close", upload.leave);
      admitted.set(request, { sender, upload });
    });
    await inside.register(rateLimit, {
      max: maxIngestsPerMinute,
      timeWindow: "1 minute",
      // By token: what one sender does in excess is not held against another, wherever they sit.
      keyGenerator: (request) => admitted.get(request)?.sender.id ?? "",
      errorResponseBuilder: tooMany,
    });
    inside.removeAllContentTypeParsers();
    inside.addContentTypeParser("*", (request: FastifyRequest, body: IncomingMessage) => {
      const upload = admitted.get(request)?.upload;
      if (!upload) throw new ServerError("INTERNAL", "a body came before its token was read");
      return readBody(body, upload);
    });
    inside.addHook("onError", async (request, reply) => leaveUnread(request, reply));

    const bodyOf = (request: FastifyRequest, maxBytes: number) =>
      unpacked(request, maxBytes, admitted.get(request)?.upload);
    const take = async (request: FastifyRequest): Promise<IngestAnswer> => {
      const { source } = read(params, request.params);
      const { "idempotency-key": key } = read(headers, request.headers);
      const body = await bodyOf(request, maxIngestBytes);
      const sender = admitted.get(request)?.sender;
      const own = sender && sendsScans(context, source) ? ownScan(body, sender) : body;
      const way = sender?.isOwn === true ? "server" : "token";
      return worker.accept({ source, body: own, at: now(), way, key });
    };
    inside.post("/api/ingest/:source", { config: { forPrograms: true } }, take);
    inside.post("/api/ingest/:source/:token", { config: { forPrograms: true } }, take);
    const sourceOf = (request: FastifyRequest) => {
      const source = admitted.get(request)?.sender.source ?? "";
      if (sendsScans(context, source)) throw new ServerError("FORBIDDEN", "scans are sent to /api/ingest, as they are");
      return source;
    };
    await inside.register(async (scope) => otlp(scope, { worker, now, sourceOf, bodyOf }));
  });
}

/** A request's address for the log: of a route that has a token in it, the route alone. */
export function shownUrl({ url, routeOptions }: FastifyRequest): string {
  const route = routeOptions.url ?? "";
  return route.includes(":token") ? route : url;
}

/** The body as it was before its sender packed it. @throws {ServerError} TOO_LARGE, BAD_REQUEST, BUSY */
async function unpacked(request: FastifyRequest, maxBytes: number, upload: Upload | undefined): Promise<Buffer> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const tooLarge = () => new ServerError("TOO_LARGE", `longer than ${maxBytes} bytes: send it in several requests`);
  const encoding = (request.headers["content-encoding"] ?? "identity").toLowerCase();
  if (encoding === "identity") {
    if (body.length > maxBytes) throw tooLarge();
    return body;
  }
  if (encoding !== "gzip") throw new ServerError("BAD_REQUEST", "expected no content-encoding, or gzip");
  const plain = createGunzip();
  pipeline(Readable.from([body]), plain, () => undefined);
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of plain) {
      bytes += piece.length;
      if (bytes > maxBytes) throw tooLarge();
      // Before more is unpacked: a small body may hold a large one.
      upload?.take(piece.length);
      pieces.push(piece);
    }
  } catch (cause) {
    if (cause instanceof ServerError) throw cause;
    throw new ServerError("BAD_REQUEST", "the body cannot be unpacked: it is no gzip, or not all of it", { cause });
  }
  return Buffer.concat(pieces, bytes);
}

/** The sender, if its token is good for the source in the address. */
function senderOf(request: FastifyRequest, sender: Sender | undefined): Sender {
  if (!sender) {
    throw new ServerError(
      "NOT_SIGNED_IN",
      "expected a token of this source as a bearer: `npx outweigh token create --source NAME` makes one",
    );
  }
  // OTLP's addresses name no source: it is the token's.
  if (request.routeOptions.url?.startsWith("/v1/")) return sender;
  const { source } = read(params, request.params);
  if (sender.source === source) return sender;
  throw new ServerError("FORBIDDEN", `this token sends records of the source ${sender.source}, not of ${source}`);
}

/** A body of which the rest is not wanted: the sender is told, and the connection ends with the answer. */
function leaveUnread(request: FastifyRequest, reply: FastifyReply): void {
  if (request.raw.complete) return;
  reply.header("connection", "close");
  reply.raw.once("finish", () => request.raw.socket.destroySoon());
}
