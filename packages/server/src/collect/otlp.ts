// OTLP over HTTP: what instrumented programs and OpenTelemetry's collector export, as JSON or Protocol Buffers.
import { otlpBodies, otlpRecords, otlpSignOfLife } from "@outweigh/pipeline";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServerError } from "../error.ts";
import { Turns } from "../turns.ts";
import type { Worker } from "../worker/worker.ts";
import { requests, responseBytes, statusBytes } from "./otlp-messages.ts";
import { ProtobufError, readInSlices } from "./protobuf.ts";

/** Largest request, in bytes when unpacked: what OpenTelemetry's own receiver takes. */
const maxOtlpBytes = 20 * 1024 * 1024;
/** Most values of one JSON request: each costs some hundred bytes of memory, and time in which nobody else is answered. */
const maxParts = 2_000_000;
/** Seconds after which a sender is asked to try again. */
const retryAfterSeconds = 5;
/** Reasons that an answer quotes, and rejects of one request that are counted. */
const maxQuoted = 3;
const maxCounted = 1000;

interface OtlpOptions {
  readonly worker: Worker;
  now(): number;
  /** The source that a request's token is good for, and its body, unpacked. */
  sourceOf(request: FastifyRequest): string;
  bodyOf(request: FastifyRequest, maxBytes: number): Promise<Buffer>;
}

type Signal = "traces" | "logs";

/** `POST /v1/traces` and `/v1/logs`, inside a scope that has let the sender in. */
export function otlp(app: FastifyInstance, options: OtlpOptions): void {
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply));
  for (const signal of ["traces", "logs"] as const) {
    app.post(`/v1/${signal}`, { config: { forPrograms: true } }, async (request, reply) => {
      const isBinary = isProtobuf(request);
      const document = await parse(await options.bodyOf(request, maxOtlpBytes), signal, isBinary);
      const refused = await take(document, signal, options.sourceOf(request), options);
      const message = refused.length === 0 ? "" : said(refused);
      if (isBinary) return reply.type("application/x-protobuf").send(responseBytes(refused.length, message));
      const name = signal === "traces" ? "rejectedSpans" : "rejectedLogRecords";
      // 64 bits are text in the JSON form.
      const partialSuccess = { [name]: String(refused.length), errorMessage: message };
      return reply.type("application/json").send(refused.length === 0 ? {} : { partialSuccess });
    });
  }
}

/** What can be kept is on disk when this resolves; answers with why the rest was not. */
async function take(
  document: unknown,
  signal: Signal,
  source: string,
  { worker, now }: OtlpOptions,
): Promise<readonly string[]> {
  const kind = worker.sources().get(source)?.kind ?? "auto";
  const isOtel = kind === "auto" || kind === "otel";
  if (!isOtel && (signal === "traces" || kind === "scan" || kind === "agent"))
    throw new ServerError("BAD_REQUEST", `the source ${source} is of kind ${kind}: it takes no ${signal} by OTLP`);
  const at = now();
  const items = isOtel ? otlpRecords(document, { source, offset: 0, receivedAt: at }) : otlpBodies(document);
  const records: string[] = [];
  const refused: string[] = [];
  const turns = new Turns();
  for (const it of items) {
    if (it && "record" in it) records.push(it.record);
    else if (it) refused.push(it.refused);
    await turns.give();
  }
  if (isOtel && records.length === 0 && refused.length === 0) records.push(otlpSignOfLife);
  if (records.length > 0) await worker.accept({ source, body: Buffer.from(records.join("\n")), at, way: "token" });
  for (const reason of refused.slice(0, maxCounted))
    worker.refuse(source, { offset: 0, reason: `OTLP: ${reason}`, record: "" });
  return refused;
}

/** @throws {ServerError} BAD_REQUEST. Nothing of a body is quoted: it may hold prompts. */
async function parse(body: Buffer, signal: Signal, isBinary: boolean): Promise<unknown> {
  if (!isBinary && hasMany(body))
    throw new ServerError("TOO_LARGE", `more than ${maxParts} values: send it in several requests`);
  try {
    return isBinary ? await readPolitely(body, signal) : JSON.parse(body.toString("utf8"));
  } catch (cause) {
    const why = cause instanceof ProtobufError ? cause.message : "not JSON";
    throw new ServerError("BAD_REQUEST", `the body is no export request: ${why}`, { cause });
  }
}

/** Others are answered in between: a full request takes some hundred milliseconds. */
async function readPolitely(body: Buffer, signal: Signal): Promise<unknown> {
  const turns = new Turns();
  const slices = readInSlices(body, requests[signal]);
  for (;;) {
    const { done, value } = slices.next();
    if (done === true) return value;
    await turns.give();
  }
}

/** Whether a text of JSON may hold more values than are read: counted by what stands before or behind each, before any is made. */
function hasMany(body: Buffer): boolean {
  let count = 0;
  for (const it of body) if (it === 0x2c || it === 0x5b || it === 0x7b) count++;
  return count > 2 * maxParts;
}

/** @throws {ServerError} BAD_REQUEST for another content type. */
function isProtobuf(request: FastifyRequest): boolean {
  const [type = ""] = (request.headers["content-type"] ?? "").split(";");
  if (type.trim().toLowerCase() === "application/x-protobuf") return true;
  if (type.trim().toLowerCase() === "application/json") return false;
  throw new ServerError("BAD_REQUEST", "expected content-type application/json or application/x-protobuf");
}

function said(refused: readonly string[]): string {
  const reasons = [...new Set(refused)].slice(0, maxQuoted).join("; ");
  return `${refused.length} not taken: ${reasons}`;
}

/** Codes of google.rpc.Status by the HTTP answers that we give. */
const rpcCodes: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 408: 4, 413: 8, 429: 8, 503: 14 };

/** OTLP 1.x, "Failures": a status in the request's own encoding, and when to come again. */
function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = error instanceof ServerError ? error : undefined;
  if (!known) throw error;
  const { status, message } = known;
  const code = rpcCodes[status] ?? 13;
  if (status === 429 || status === 503) reply.header("retry-after", retryAfterSeconds);
  reply.code(status);
  if (/^application\/x-protobuf/i.test(request.headers["content-type"] ?? ""))
    return reply.type("application/x-protobuf").send(statusBytes(code, message));
  return reply.type("application/json").send({ code, message });
}
