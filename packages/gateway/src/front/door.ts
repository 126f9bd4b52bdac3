import type { IncomingMessage, ServerResponse } from "node:http";
import { Pieces } from "../pieces.ts";
import type { Found, Served } from "../policy/routes.ts";
import { refuse, type Refusal } from "../refusal.ts";
import { sendRefusal } from "./answering.ts";
import { Exchange } from "./exchange.ts";
import { readTarget, rebuildQuery } from "./path.ts";
import type { Surroundings } from "./surroundings.ts";
import { whoAsks, type Who } from "./who.ts";

/** A request that passed the door: who asks what, and where it goes. */
export interface Entered {
  readonly who: Who;
  readonly served: Served;
  /** From the path; undefined where the body names it. */
  readonly model: string | undefined;
  /** Path and query at the model server. */
  readonly target: string;
}

/** Takes one request in. Every way out of here is an answer. */
export function handle(req: IncomingMessage, res: ServerResponse, around: Surroundings): void {
  const now = Date.now();
  const entered = enter(req, around, now);
  if ("status" in entered) {
    sendRefusal(res, entered, entered.shape ?? "object", around.policy.section.contact);
    return;
  }
  const shape = entered.served.upstream.adapter.errors;
  const refused = admit(entered, around, now);
  if (refused) {
    entered.who.client.denied++;
    if (refused.telling) note(around, entered, refused);
    sendRefusal(res, refused, shape, around.policy.section.contact);
    return;
  }
  readBody(req, res, entered, around);
}

function enter(req: IncomingMessage, around: Surroundings, now: number): Entered | Refusal {
  if (req.httpVersionMajor !== 1 || req.httpVersionMinor !== 1)
    return refuse(505, "OLD_PROTOCOL", "HTTP/1.1 is spoken here");
  const target = readTarget(req.url ?? "");
  if (!target) return refuse(400, "BAD_TARGET", "the request's target has no one meaning");
  const who = whoAsks(req, around, now);
  if ("status" in who) return who;
  const found = around.policy.routes.find(req.method ?? "", target.path);
  if (found.kind !== "served") return closed(found, who, around, `${req.method} ${target.path}`);
  const query = rebuildQuery(target.query, found.served.route.query);
  if (typeof query !== "string") {
    return refuse(400, "UNKNOWN_QUERY", `the query's ${JSON.stringify(query.unknown.slice(0, 40))} is not known here`);
  }
  const path = found.served.upstream.base + found.path + (query === "" ? "" : `?${query}`);
  return { who, served: found.served, model: found.model, target: path };
}

function closed(found: Exclude<Found, { kind: "served" }>, who: Who, around: Surroundings, route: string): Refusal {
  who.client.denied++;
  if (found.kind === "nothing")
    return refuse(404, "NO_SUCH_ROUTE", "there is no such route here", { shouldRetry: false });
  const { denied, upstream } = found;
  const refusal = refuse(403, denied.grave ? "GRAVE_ROUTE" : "CLOSED_ROUTE", `this route is closed: ${denied.why}`, {
    shouldRetry: false,
    shape: upstream.adapter.errors,
  });
  around.denied({
    principal: who.holder.principal,
    credential: who.holder.id,
    model: undefined,
    address: who.address,
    agent: who.head.agent,
    code: refusal.code,
    route: route.slice(0, 200),
  });
  return refusal;
}

/** What can be decided before the body is read. */
function admit({ who: { holder } }: Entered, around: Surroundings, now: number): Refusal | undefined {
  const restriction = around.orders.restriction(holder.principal, holder.tenant, undefined, now);
  if (restriction?.suspended && restriction.suspended.model === undefined) return suspended(restriction.suspended);
  if (around.bytesInFlight > around.maxBytesInFlight)
    return refuse(503, "BUSY", "too many requests are being received", { retryAfter: 1 });
  return undefined;
}

/** What a suspended client is told: what happened, until when, and that trying again is no use. */
export function suspended({
  id,
  reason,
  until,
}: {
  readonly id: string;
  readonly reason: string;
  readonly until: number;
}): Refusal {
  const when = new Date(until).toISOString();
  return refuse(403, "SUSPENDED", `access is suspended until ${when}: ${reason}. Order ${id}`, { shouldRetry: false });
}

export function note(
  around: Surroundings,
  { who: { holder, head, address }, model, served }: Entered,
  refusal: Refusal,
  asked = model,
): void {
  around.denied({
    principal: holder.principal,
    credential: holder.id,
    model: asked,
    address,
    agent: head.agent,
    code: refusal.code,
    route: `${served.route.method} ${served.route.path}`,
  });
}

/** Reads the whole body, up to its cap: what goes on is framed anew, so no trick with chunks gets further than here. */
function readBody(req: IncomingMessage, res: ServerResponse, entered: Entered, around: Surroundings): void {
  const { maxBodyBytes, contact } = around.policy.section;
  const shape = entered.served.upstream.adapter.errors;
  const stated = req.headers["content-length"];
  const isEmpty = (stated === undefined || stated === "0") && req.headers["transfer-encoding"] === undefined;
  if (entered.served.route.body === "none" || isEmpty) {
    if (!isEmpty) return sendRefusal(res, refuse(400, "UNEXPECTED_BODY", "this route takes no body"), shape, contact);
    const exchange = new Exchange(res, entered, around);
    res.on("close", () => exchange.closed());
    return exchange.begin(Buffer.alloc(0));
  }
  const refuseLarge = () => {
    const why = `a request has at most ${maxBodyBytes} bytes here`;
    sendRefusal(res, refuse(413, "TOO_LARGE", why, { shouldRetry: false }), shape, contact);
  };
  if (Number(stated) > maxBodyBytes) return refuseLarge();
  const pieces = new Pieces();
  let length = 0;
  let exchange: Exchange | undefined;
  req.on("data", (chunk: Buffer) => {
    if (res.headersSent) return;
    length += chunk.length;
    around.bytesInFlight += chunk.length;
    pieces.add(chunk);
    if (length <= maxBodyBytes) return;
    pieces.clear();
    refuseLarge();
  });
  req.on("end", () => {
    if (res.headersSent) return;
    exchange = new Exchange(res, entered, around);
    exchange.begin(pieces.whole());
  });
  res.on("close", () => {
    around.bytesInFlight -= length;
    exchange?.closed();
  });
}
