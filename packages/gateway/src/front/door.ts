import type { IncomingMessage, ServerResponse } from "node:http";
import type { Holder } from "../keys/key-ring.ts";
import { Pieces } from "../pieces.ts";
import type { Found, Served } from "../policy/routes.ts";
import { refuse, type Refusal } from "../refusal.ts";
import { sendRefusal } from "./answering.ts";
import { Exchange } from "./exchange.ts";
import { readHead, type Head } from "./head.ts";
import { readTarget, rebuildQuery } from "./path.ts";
import type { Client } from "./clients.ts";
import type { Surroundings } from "./surroundings.ts";

/** A request that passed the door: who asks what, and where it goes. */
export interface Entered {
  readonly head: Head;
  readonly holder: Holder;
  readonly client: Client;
  readonly served: Served;
  /** From the path; undefined where the body names it. */
  readonly model: string | undefined;
  /** Path and query at the model server. */
  readonly target: string;
  readonly address: string;
}

/** The same for every key that is none: what it was is nobody's business. */
const unknownKey = refuse(401, "UNKNOWN_KEY", "no valid key was sent", { shouldRetry: false });
const tooManyGuesses = refuse(429, "TOO_MANY_GUESSES", "too many invalid keys from this address", {
  retryAfter: 60,
  shouldRetry: false,
});

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
    entered.client.denied++;
    if (refused.telling) note(around, entered, refused);
    sendRefusal(res, refused, shape, around.policy.section.contact);
    return;
  }
  readBody(req, res, entered, around);
}

function enter(req: IncomingMessage, around: Surroundings, now: number): Entered | Refusal {
  const address = req.socket.remoteAddress ?? "";
  if (req.httpVersionMajor !== 1 || req.httpVersionMinor !== 1)
    return refuse(505, "OLD_PROTOCOL", "HTTP/1.1 is spoken here");
  const target = readTarget(req.url ?? "");
  if (!target) return refuse(400, "BAD_TARGET", "the request's target has no one meaning");
  const head = readHead(req.rawHeaders);
  if ("status" in head) return head;
  const { policy, keys, clients } = around;
  const holder = head.secret === undefined ? undefined : keys.find(head.secret, now);
  if (!holder) return around.strangers.mayGuess(address, now) ? unknownKey : tooManyGuesses;
  const client = clients.of(
    holder.principal,
    holder.tenant,
    holder.plan,
    policy.plan(holder.plan).limits,
    policy.section.tenantLimits,
  );
  if (!client) return refuse(503, "TOO_MANY_PRINCIPALS", "no more principals can be metered", { retryAfter: 60 });
  const found = policy.routes.find(req.method ?? "", target.path);
  const who = { head, holder, client, address };
  if (found.kind !== "served") return closed(found, who, around, `${req.method} ${target.path}`);
  const query = rebuildQuery(target.query, found.served.route.query);
  if (typeof query !== "string") {
    return refuse(400, "UNKNOWN_QUERY", `the query's ${JSON.stringify(query.unknown.slice(0, 40))} is not known here`);
  }
  const path = found.served.upstream.base + found.path + (query === "" ? "" : `?${query}`);
  return { ...who, served: found.served, model: found.model, target: path };
}

type Who = Pick<Entered, "head" | "holder" | "client" | "address">;

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
function admit({ holder }: Entered, around: Surroundings, now: number): Refusal | undefined {
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
  { holder, head, address, model, served }: Entered,
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
    res.once("close", () => exchange.closed());
    return exchange.begin(Buffer.alloc(0));
  }
  const tooLarge = refuse(413, "TOO_LARGE", `a request has at most ${maxBodyBytes} bytes here`, { shouldRetry: false });
  if (Number(stated) > maxBodyBytes) return sendRefusal(res, tooLarge, shape, contact);
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
    sendRefusal(res, tooLarge, shape, contact);
  });
  req.once("end", () => {
    if (res.headersSent) return;
    exchange = new Exchange(res, entered, around);
    exchange.begin(pieces.whole());
  });
  res.once("close", () => {
    around.bytesInFlight -= length;
    exchange?.closed();
  });
}
