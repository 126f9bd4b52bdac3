import type { ServerResponse } from "node:http";
import { refusalBody, type ErrorShape, type Refusal } from "../refusal.ts";

/** Answers a request with a refusal. After the head of an answer is out, the connection is cut instead: half an answer is none. */
export function sendRefusal(res: ServerResponse, refusal: Refusal, shape: ErrorShape, contact: string): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const body = Buffer.from(refusalBody(refusal, shape, contact));
  const fields = [
    "content-type",
    "application/json",
    "content-length",
    String(body.length),
    "x-outweigh-code",
    refusal.code,
    ...(refusal.retryAfter === undefined ? [] : ["retry-after", String(Math.max(1, Math.ceil(refusal.retryAfter)))]),
    ...(refusal.shouldRetry === false ? ["x-should-retry", "false"] : []),
    ...(refusal.headers ?? []),
    // What was not read of the request must not be taken for the next one.
    ...(res.req.complete ? [] : ["connection", "close"]),
  ];
  res.writeHead(refusal.status, fields);
  res.end(body);
}
