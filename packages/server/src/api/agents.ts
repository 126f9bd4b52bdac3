// What agents say to us: they enrol once, then report. Every request is checked before anything of it is believed.
import { createHash, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { IncomingMessage } from "node:http";
import rateLimit from "@fastify/rate-limit";
import {
  agentReport,
  enrolBody,
  type AgentReport,
  type EnrolAnswer,
  type OrderResult,
  type ReportAnswer,
  type SourceEntry,
} from "@outweigh/schema";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import { digestOf } from "../auth/tokens.ts";
import { ServerError } from "../error.ts";
import { self } from "../evidence/log.ts";
import { memberKey } from "../auth/members.ts";
import { addAgent, agentSeen, finishOrder, ordersOf, useEnrolment, type StoredAgent } from "../store/agents.ts";
import { unnamedHost } from "../store/copies.ts";
import type { Tx } from "../store/state/state.ts";
import { Admission, readBody, type Upload } from "./admission.ts";
import { decide, read, tooMany, type Context } from "./context.ts";
import { asTaken, keepSigned } from "./signed-scan.ts";

/** Reports of one agent in a minute: it sends twice a second at most. */
const maxReportsPerMinute = 240;
/** Tries to enrol in a minute, of all hosts together: a token is 192 random bits, so this only bounds work. */
const maxEnrolmentsPerMinute = 60;
/** An agent that is quiet for longer is silent, in ms: it reports every 15 seconds. */
const silenceMs = 50_000;
/** Most orders given in one answer. */
const maxOrders = 20;
/** What a host may be called: what hosts are called, so that no name passes for another one or does anything where it is shown. */
const hostNamed = /^[A-Za-z0-9][\w.-]{0,252}$/;
/** Bytes of reports of one agent that are read in a minute: a scan of a large host, and all that happens on it. */
const maxBytesPerMinute = 96 * 1024 * 1024;
/** The path that is signed. */
const reportPath = "/api/agents/report";

/** The source of what we say of requests refused in agents' names. No host's source is called so. */
export const refusedSource = "agents-refused";

/** The source under which a host's activity is read. */
export function agentSource({ host }: { readonly host: { readonly name: string } }): SourceEntry {
  const name = host.name.toLowerCase().replace(/[^a-z0-9._-]/g, "-");
  return { name: `agent-${name}`.slice(0, 64), kind: "agent", silenceMs };
}

export async function agents(app: FastifyInstance, context: Context): Promise<void> {
  await app.register(async (inside) => {
    await inside.register(rateLimit, {
      max: maxEnrolmentsPerMinute,
      timeWindow: "1 minute",
      keyGenerator: () => "enrol",
      errorResponseBuilder: tooMany,
    });
    inside.post("/api/agents/enrol", { config: { forPrograms: true } }, (request) => enrol(context, request.body));
  });
  await app.register((inside) => reports(inside, context));
}

/** What is stored of a token: one made for a host is worth nothing under another name. */
export function enrolmentId(token: string, host?: string): string {
  return digestOf(host === undefined ? token : JSON.stringify([token, host]));
}

/** Who made the token, if it is good for this host. It is not any more. @throws {ServerError} NOT_SIGNED_IN, CONFLICT */
async function useToken(
  tx: Tx,
  { now, agents: known, sourceTokens }: Context,
  { token, host, isKnown }: { readonly token: string; readonly host: string; readonly isKnown: boolean },
): Promise<string> {
  const forIt = await useEnrolment(tx, enrolmentId(token, host), now());
  const by = forIt ?? (await useEnrolment(tx, enrolmentId(token), now()));
  if (by === undefined)
    throw new ServerError("NOT_SIGNED_IN", "the token is used, has expired or is for another host: make another one");
  // A host's scans replace each other: whoever takes its name could make its copies vanish, and have others moved.
  if (forIt === undefined && isKnown)
    throw new ServerError("CONFLICT", `what lies on ${host} is known here: make a token with --host ${host}`);
  // Two names of one source would lend each other their signs of life.
  const { name } = agentSource({ host: { name: host } });
  const taken = known.list().find((it) => agentSource(it).name === name && it.revokedAt === undefined);
  if (taken)
    throw new ServerError("CONFLICT", `a host named ${taken.host.name} is enrolled: revoke it first if this is it`);
  if (sourceTokens.list().some((it) => it.source === name))
    throw new ServerError("CONFLICT", `a token sends as ${name}, the source of this host: revoke it first`);
  return by;
}

/** Whether this is our own host, or one of which there is a scan. Host names are the same in any case. */
async function isHostKnown({ scanned }: Context, host: string): Promise<boolean> {
  const hosts = (await scanned.latest()).reports.map((it) => it.host ?? unnamedHost);
  return [hostname(), ...hosts].some((it) => it.toLowerCase() === host.toLowerCase());
}

/** A host shows a token once; from then on its key is what it is known by. */
async function enrol(context: Context, body: unknown): Promise<EnrolAnswer> {
  const { token, publicKey, host } = read(enrolBody, body);
  if (!hostNamed.test(host.name))
    throw new ServerError("BAD_REQUEST", "host.name: expected letters, digits and ._- alone");
  if (!memberKey(publicKey)) throw new ServerError("BAD_REQUEST", "publicKey: expected an Ed25519 key");
  const { name } = agentSource({ host });
  if (enrolling.has(name)) throw new ServerError("CONFLICT", `a host named ${host.name} is being enrolled`);
  enrolling.add(name);
  try {
    return await enrolHost(context, { token, publicKey, host });
  } finally {
    enrolling.delete(name);
  }
}

/** Sources of hosts that are being enrolled: two requests at once must not both find the name free. One server works on a database. */
const enrolling = new Set<string>();

async function enrolHost(
  context: Context,
  { token, publicKey, host }: z.infer<typeof enrolBody>,
): Promise<EnrolAnswer> {
  const { agents: known, worker, now } = context;
  const isKnown = await isHostKnown(context, host.name);
  const agent = { id: randomUUID(), host, publicKey, enrolledAt: now() };
  let enrolledBy = "";
  await decide(
    context,
    async (tx) => {
      const by = await useToken(tx, context, { token, host: host.name, isKnown });
      enrolledBy = by;
      const fields = { agent: agent.id, publicKey, host: { ...host } };
      return {
        kind: "agent-enrolled",
        by,
        subject: `host:${host.name}`,
        text: `enrolled the host ${host.name}`,
        fields,
      };
    },
    (tx) => addAgent(tx, { ...agent, enrolledBy }),
  );
  const stored = { ...agent, enrolledBy };
  known.know(stored);
  worker.expect(agentSource(stored));
  context.changes.tell("host", agent.id);
  return { agent: agent.id, serverKey: known.serverKey };
}

async function reports(app: FastifyInstance, context: Context): Promise<void> {
  const admission = new Admission();
  const uploads = new WeakMap<FastifyRequest, Upload>();
  const spent: Spent = new Map();
  app.addHook("onRequest", async (request, reply) => {
    if (!context.agents.mayKnock(request.headers)) throw notEnrolled();
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
    if (!upload) throw new ServerError("INTERNAL", "a body came before its agent was known");
    return readBody(body, upload);
  });
  app.post(reportPath, { config: { forPrograms: true } }, async (request): Promise<ReportAnswer> => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const agent = await context.agents.check(reportPath, request.headers, body);
    if ("why" in agent) {
      await refuse(context, agent.member, agent.why);
      throw agent.why === "stale" ? stale() : notEnrolled();
    }
    spend(spent, agent.id, body.length, context.now());
    await take(context, agent, read(agentReport, parse(body)));
    const orders = await ordersOf(context.db, agent.id, maxOrders, context.now());
    return {
      orders: orders.map(({ id, at, expiresAt, order }) =>
        context.agents.sign({ id, agent: agent.id, issuedAt: at, expiresAt, order }),
      ),
    };
  });
}

/** What each agent has sent since when: reading a report holds everybody else up. */
type Spent = Map<string, { from: number; bytes: number }>;

/** @throws {ServerError} TOO_MANY for more than an agent may send in a minute: it keeps it, and sends it later. */
function spend(spent: Spent, agent: string, bytes: number, now: number): void {
  const known = spent.get(agent);
  const it = known && now - known.from < 60_000 ? known : { from: now, bytes: 0 };
  if (it.bytes > 0 && it.bytes + bytes > maxBytesPerMinute) throw tooMany();
  it.bytes += bytes;
  spent.set(agent, it);
}

/** What the report holds is on disk when this resolves. An agent speaks for its own host alone, whatever it writes. */
async function take(context: Context, agent: StoredAgent, report: AgentReport): Promise<void> {
  const { db, worker, changes, now } = context;
  const source = agentSource(agent).name;
  const host = agent.host.name;
  // Its signature was checked before anything of it was read.
  const way = "agent-key";
  const alive = { alive: 1, id: `${agent.id}:${report.sentAt}`, host, time: now(), tier: report.health.tier };
  const lines = report.lines.map((it) => ({ ...it, id: `${agent.id}:${it.id}`.slice(0, 200), host }));
  const body = Buffer.from([...lines, alive].map((it) => JSON.stringify(it)).join("\n"));
  await worker.accept({ source, body, at: now(), way });
  const signed = report.signedScan && (await keepSigned(context, agent, report.signedScan));
  const scans = [signed, report.scan, ...report.results.map((it) => it.scan)].filter((it) => it !== undefined);
  for (const it of scans) {
    const scan = asTaken(it, context, host);
    await worker.accept({ source: "scan", body: Buffer.from(JSON.stringify(scan)), at: now(), way });
  }
  for (const it of report.results) await finish(context, agent, it);
  // In its turn: an undoing may wait for this very report.
  if (report.results.length > 0) void context.actions.lookAgain().catch(() => undefined);
  await agentSeen(db, agent.id, now(), report.health);
  context.agents.seen(agent.id, now(), report.health);
  changes.tell("host", agent.id);
}

/** What came of an order goes on record, with the digest of the facts it brought. */
async function finish({ db, evidence, now }: Context, agent: StoredAgent, result: OrderResult): Promise<void> {
  const { id, state, message, facts } = result;
  await db.transaction().execute(async (tx) => {
    if (!(await finishOrder(tx, { id, agent: agent.id, at: now(), state, message, facts }))) return;
    const digest = facts && createHash("sha256").update(JSON.stringify(facts)).digest("hex");
    const text = `${agent.host.name} answered order ${id}: ${state}${message === undefined ? "" : `, ${message}`}`;
    const fields = { order: id, state, ...(digest !== undefined && { factsDigest: digest }) };
    await evidence.append(
      tx,
      [{ kind: "order-answered", by: self, subject: `host:${agent.host.name}`, text, fields }],
      now(),
    );
  });
}

/** A request in an agent's name that is not its own, or is an old one: who else has its key or its disk? It becomes an event. */
async function refuse(context: Context, agent: StoredAgent | undefined, why: string): Promise<void> {
  if (!agent || why === "revoked") return;
  const said = {
    forged: "its signature is not of the agent's key",
    stale: "its number is not newer than the last one: a copy of the agent, an old disk, or a repeated request",
  };
  context.log.warn({ agent: agent.id, why }, "a report was refused");
  const text = why === "forged" ? said.forged : said.stale;
  await tellImpostor(context, { id: agent.id, host: agent.host.name, why, text });
}

/** Somebody sent in the name of one who enrolled. `why` is a short word for the kind, `text` what people read. */
export async function tellImpostor(
  { worker, now }: Context,
  it: { readonly id: string; readonly host: string; readonly why: string; readonly text: string },
): Promise<void> {
  const at = now();
  // One a minute is enough to be seen, and no sender can fill the events with it.
  const id = `${it.id}:${it.why}:${Math.floor(at / 60_000)}`;
  const record = { refused: 1, id, host: it.host, agent: it.id, time: at, why: it.text };
  // Not as the host's own source: whoever silenced an agent must not keep up its signs of life with requests that are refused.
  worker.expect({ name: refusedSource, kind: "agent" });
  await worker.accept({ source: refusedSource, body: Buffer.from(JSON.stringify(record)), at, way: "server", key: id });
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new ServerError("BAD_REQUEST", "the report is not JSON");
  }
}

function notEnrolled(): ServerError {
  return new ServerError("NOT_SIGNED_IN", "this agent is not enrolled here, or was revoked: enrol its host again");
}

function stale(): ServerError {
  return new ServerError("CONFLICT", "this report is not newer than the last one");
}
