// What gateways say to us, on the agents' signed channel: they enrol once, then report, and hear in the answer what they shall do.
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import rateLimit from "@fastify/rate-limit";
import {
  gatewayEnrolBody,
  gatewayReport,
  reasonBody,
  type EnrolAnswer,
  type Enrolment,
  type GatewayReport,
  type GatewayReportAnswer,
  type GatewayResult,
  type GatewayRow,
} from "@outweigh/schema";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { gatewaySource } from "../auth/gateways.ts";
import { memberKey, type Refusal } from "../auth/members.ts";
import { digestOf, newSecret } from "../auth/tokens.ts";
import { ServerError } from "../error.ts";
import { self } from "../evidence/log.ts";
import { addEnrolment, useEnrolment } from "../store/agents.ts";
import {
  addGateway,
  addPoints,
  dropPoints,
  finishAsk,
  revokeGateway,
  waitingAsks,
  type StoredGateway,
} from "../store/gateways.ts";
import { tellImpostor } from "./agents.ts";
import { Admission, readBody, type Upload } from "./admission.ts";
import { History } from "./gateway-history.ts";
import { decide, hangUp, personOf, read, tooMany, type Context } from "./context.ts";

/** Tries to enrol in a minute, of all gateways together. */
const maxEnrolmentsPerMinute = 60;
/** Reports of one gateway in a minute: one each ten seconds, and one more for each thing that it is told to do. */
const maxReportsPerMinute = 600;
/** How long a report is held while there is nothing to say, in ms. */
const holdMs = 5_000;
/** Most that a gateway is told in one answer. */
const maxAsks = 20;
/** How long a token to enrol with is good, in ms: long enough to paste it into another terminal. */
const enrolmentMs = 15 * 60_000;
/** How long points of clients are kept, in ms. */
const keepPointsMs = 30 * 86_400_000;
/** The path that is signed. */
const reportPath = "/api/gateways/report";

const params = z.object({ id: z.string().max(64) });

/** What is stored of a token that enrols a gateway: worth nothing for an agent, and the other way round. */
function enrolmentId(token: string): string {
  return digestOf(JSON.stringify(["gateway", token]));
}

/** For programs: enrolling and reporting. */
export async function gatewayLink(app: FastifyInstance, context: Context): Promise<void> {
  await app.register(async (inside) => {
    await inside.register(rateLimit, {
      max: maxEnrolmentsPerMinute,
      timeWindow: "1 minute",
      keyGenerator: () => "enrol-gateway",
      errorResponseBuilder: tooMany,
    });
    inside.post("/api/gateways/enrol", { config: { forPrograms: true } }, (request) => enrol(context, request.body));
  });
  await app.register((inside) => reports(inside, context));
}

/** For people. */
export function gateways(app: FastifyInstance, context: Context): void {
  const { gateways: all, worker, changes, now } = context;

  app.get("/api/gateways", async () => {
    const items = all.list().map((it) => rowOf(it, context));
    return { items, total: items.length };
  });

  app.post("/api/gateways/enrolments", async (request): Promise<Enrolment> => {
    const by = personOf(request);
    const token = newSecret();
    const expiresAt = now() + enrolmentMs;
    await decide(context, { kind: "enrolment-made", by, text: "made a token to enrol a gateway with" }, (tx) =>
      addEnrolment(tx, { id: enrolmentId(token), by, expiresAt }),
    );
    return { token, expiresAt };
  });

  app.post("/api/gateways/:id/revoke", async (request): Promise<GatewayRow> => {
    const by = personOf(request);
    const gateway = required(context, read(params, request.params).id);
    const { reason } = read(reasonBody, request.body);
    if (gateway.revokedAt !== undefined) throw new ServerError("CONFLICT", `${gateway.facts.name} was revoked before`);
    const at = now();
    const text = `revoked the gateway ${gateway.facts.name}: ${reason}`;
    await decide(context, { kind: "gateway-revoked", by, subject: subjectOf(gateway), text }, (tx) =>
      revokeGateway(tx, gateway.id, at),
    );
    all.know({ ...gateway, revokedAt: at });
    worker.forget(gatewaySource(gateway).name);
    changes.tell("client");
    return rowOf({ ...gateway, revokedAt: at }, context);
  });
}

/** A token for the gateway that this very program starts. It replaces the one of that name, if there is one. */
export async function ownEnrolment(context: Context): Promise<string> {
  const token = newSecret();
  const expiresAt = context.now() + enrolmentMs;
  await context.db.transaction().execute((tx) => addEnrolment(tx, { id: enrolmentId(token), by: self, expiresAt }));
  return token;
}

function required({ gateways: all }: Context, id: string): StoredGateway {
  const found = all.get(id);
  if (!found) throw new ServerError("NOT_FOUND", "there is no such gateway");
  return found;
}

const subjectOf = ({ facts }: Pick<StoredGateway, "facts">) => `gateway:${facts.name}`;

function rowOf(it: StoredGateway, { gateways: all }: Pick<Context, "gateways">): GatewayRow {
  const heard = all.heard(it.id);
  return {
    id: it.id,
    name: it.facts.name,
    host: it.facts.host,
    state:
      it.revokedAt !== undefined
        ? "revoked"
        : all.isReporting(it)
          ? "reporting"
          : it.lastSeenAt === undefined
            ? "waiting"
            : "silent",
    enrolledAt: it.enrolledAt,
    enrolledBy: it.enrolledBy,
    source: gatewaySource(it).name,
    ...(it.lastSeenAt !== undefined && { lastSeenAt: it.lastSeenAt }),
    ...(heard && { status: heard.status }),
    ...(heard?.settings && { settings: heard.settings }),
  };
}

/** A gateway shows a token once; from then on its key is what it is known by. */
async function enrol(context: Context, body: unknown): Promise<EnrolAnswer> {
  const { token, publicKey, gateway: facts } = read(gatewayEnrolBody, body);
  if (!memberKey(publicKey)) throw new ServerError("BAD_REQUEST", "publicKey: expected an Ed25519 key");
  const { gateways: all, worker, sourceTokens, changes, now } = context;
  const source = gatewaySource({ facts });
  const made = { id: randomUUID(), facts, publicKey, enrolledAt: now() };
  const named = () => all.list().find((it) => it.facts.name === facts.name && it.revokedAt === undefined);
  let enrolledBy = "";
  let replaced: StoredGateway | undefined;
  await decide(
    context,
    async (tx) => {
      const by = await useEnrolment(tx, enrolmentId(token), now());
      if (by === undefined)
        throw new ServerError("NOT_SIGNED_IN", "the token is used or has expired: make another one");
      replaced = named();
      // Our own gateway comes back with another key when its data folder is gone; nobody else takes a name over.
      if (replaced && by !== self)
        throw new ServerError("CONFLICT", `a gateway named ${facts.name} is enrolled: revoke it first if this is it`);
      if (sourceTokens.list().some((it) => it.source === source.name))
        throw new ServerError("CONFLICT", `a token sends as ${source.name}, its source: revoke it first`);
      enrolledBy = by;
      const fields = { gateway: made.id, publicKey, origin: facts.origin, host: facts.host };
      const text = `enrolled the gateway ${facts.name}`;
      return { kind: "gateway-enrolled", by, subject: subjectOf({ facts }), text, fields };
    },
    async (tx) => {
      if (replaced) await revokeGateway(tx, replaced.id, now());
      await addGateway(tx, { ...made, enrolledBy });
    },
  );
  if (replaced) all.know({ ...replaced, revokedAt: now() });
  all.know({ ...made, enrolledBy });
  worker.expect(source);
  changes.tell("client");
  return { agent: made.id, serverKey: all.serverKey };
}

async function reports(app: FastifyInstance, context: Context): Promise<void> {
  const { gateways: all, now, db } = context;
  const admission = new Admission();
  const uploads = new WeakMap<FastifyRequest, Upload>();
  const history = new History();
  // Whoever is held would hold the stop up.
  app.addHook("preClose", async () => all.releaseAll());
  app.addHook("onRequest", async (request, reply) => {
    if (!all.mayKnock(request.headers)) throw notEnrolled();
    const upload = admission.enter(String(request.headers["outweigh-agent"]));
    uploads.set(request, upload);
    reply.raw.once("close", upload.leave);
  });
  await app.register(rateLimit, {
    max: maxReportsPerMinute,
    timeWindow: "1 minute",
    keyGenerator: (request) => String(request.headers["outweigh-agent"]),
    errorResponseBuilder: tooMany,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (request: FastifyRequest, body: IncomingMessage) => {
    const upload = uploads.get(request);
    if (!upload) throw new ServerError("INTERNAL", "a body came before its gateway was known");
    return readBody(body, upload);
  });
  app.post(reportPath, { config: { forPrograms: true } }, async (request, reply): Promise<GatewayReportAnswer> => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const gateway = await all.check(reportPath, request.headers, body);
    if ("why" in gateway) {
      await refuse(context, gateway);
      throw gateway.why === "stale"
        ? new ServerError("CONFLICT", "this report is not newer than the last one")
        : notEnrolled();
    }
    uploads.get(request)?.leave();
    const report = read(gatewayReport, parse(body));
    const isWhole = await take(context, gateway, report, history);
    const waiting = () => waitingAsks(db, gateway.id, now(), maxAsks);
    let asks = await waiting();
    if (asks.length === 0 && isWhole && isIdle(report)) {
      await all.hold(gateway.id, holdMs, hangUp(request, reply));
      asks = await waiting();
    }
    const orders = asks.map(({ id, at, expiresAt, ask }) =>
      all.sign({ id, agent: gateway.id, issuedAt: at, expiresAt, order: ask }),
    );
    return { orders, all: !isWhole };
  });
}

/**
 * A report that was not signed by the gateway's key becomes an event: who else speaks in its name? One that is not newer is logged
 * alone: a gateway lets go of a report that is held when there is news, and the two may arrive in the other order.
 */
async function refuse(context: Context, { member, why }: Refusal<StoredGateway>): Promise<void> {
  context.log.warn({ gateway: member?.facts.name, why }, "a gateway's report was refused");
  if (!member || why !== "forged") return;
  const text = "its signature is not of the gateway's key";
  await tellImpostor(context, { id: member.id, host: gatewaySource(member).name, why, text });
}

/** A report that tells nothing waits for news; one that does is answered, so that its sender can forget it. */
function isIdle({ records, results, clients: told, keys, settings }: GatewayReport): boolean {
  return records.length + results.length + told.length === 0 && !keys && !settings;
}

/** What the report holds is on disk when this resolves. @returns Whether this server knows all of the gateway. */
async function take(
  context: Context,
  gateway: StoredGateway,
  report: GatewayReport,
  history: History,
): Promise<boolean> {
  const { gateways: all, db, worker, changes, now } = context;
  const source = gatewaySource(gateway).name;
  const { records, batch, status, results } = report;
  // A gateway speaks for itself alone, whatever it writes.
  const lines = records.map((it) => JSON.stringify({ ...it, gateway: gateway.facts.origin }));
  if (history.isAliveDue(gateway.id, now())) {
    const id = `alive:${now()}`;
    lines.push(JSON.stringify({ kind: "alive", id, time: now(), gateway: gateway.facts.origin }));
  }
  const key = batch === undefined ? undefined : `${gateway.id}:${batch}`;
  // The report's signature was checked before anything of it was read.
  const way = "gateway-key";
  if (lines.length > 0) await worker.accept({ source, body: Buffer.from(lines.join("\n")), at: now(), way, key });
  if (all.heard(gateway.id)?.status.startedAt !== status.startedAt) all.forget(gateway.id);
  const isWhole = all.take(gateway, report);
  rewatch(context, gateway, report, history);
  // After it was taken: whoever hears that an order is done looks for it among those that stand.
  for (const it of results) await finish(context, gateway, it);
  await addPoints(db, gateway.id, history.of(gateway.id, report, now()));
  if (history.isPruneDue(now())) await dropPoints(db, now() - keepPointsMs);
  if (report.clients.length > 0 || results.length > 0 || report.keys) changes.tell("client");
  return isWhole;
}

/** Has a gateway watch those of its models that are watched here. One that says nothing of any is of an earlier version. */
function rewatch(context: Context, { id }: StoredGateway, { watched }: GatewayReport, history: History): void {
  const { gateways: all, worker, now, log } = context;
  const own = all.heard(id)?.settings?.models;
  if (watched === undefined || own === undefined) return;
  const names = new Set(own.map((it) => it.register ?? it.name));
  const models = worker.watching
    .models(now())
    .filter((it) => names.has(it.model))
    .sort((a, b) => (a.model < b.model ? -1 : 1));
  const wanted = JSON.stringify(models);
  if (JSON.stringify(watched) === wanted || !history.isWatchDue(id, wanted, now())) return;
  const ask = { verb: "watch", models, by: self } as const;
  all
    .ask(id, ask, self)
    .catch((err: unknown) => log.warn({ err }, "a gateway does not know yet which models are watched"));
}

/** What came of an order goes on record, with the entry of the gateway's own chain that says the same. */
async function finish(
  { db, evidence, now, gateways: all, changes }: Context,
  gateway: StoredGateway,
  result: GatewayResult,
) {
  const { id, state, message, evidence: theirs } = result;
  const isNew = await db.transaction().execute(async (tx) => {
    if (!(await finishAsk(tx, { gateway: gateway.id, at: now(), result }))) return false;
    const text = `the gateway ${gateway.facts.name} answered order ${id}: ${state}${message === undefined ? "" : `, ${message}`}`;
    const fields = { order: id, state, ...(theirs && { theirSeq: theirs.seq, theirHash: theirs.hash }) };
    await evidence.append(tx, [{ kind: "order-answered", by: self, subject: subjectOf(gateway), text, fields }], now());
    return true;
  });
  if (!isNew) return;
  changes.tell("evidence");
  all.answered(result);
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new ServerError("BAD_REQUEST", "the report is not JSON");
  }
}

function notEnrolled(): ServerError {
  return new ServerError("NOT_SIGNED_IN", "this gateway is not enrolled here, or was revoked: enrol it again");
}
