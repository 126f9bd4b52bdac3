// Hosts with an agent: who they are, what they see, and what people ask of them.
import { randomUUID } from "node:crypto";
import { subjectKey } from "@outweigh/pipeline";
import {
  changingVerbs,
  hostChange,
  orderAnswer,
  listQuery,
  orderRequestBody,
  reasonBody,
  type Enrolment,
  type HostChange,
  type HostDetail,
  type HostRow,
} from "@outweigh/schema";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { newSecret } from "../auth/tokens.ts";
import { ServerError } from "../error.ts";
import { addEnrolment, addOrder, ordersOf, revokeAgent, type StoredAgent } from "../store/agents.ts";
import { pageOfRows, type RowFields } from "../store/filter-rows.ts";
import { orderIdOf } from "../actions/order-host.ts";
import { actionById } from "../store/actions.ts";
import { wantingOf } from "./actions.ts";
import { agentSource, enrolmentId } from "./agents.ts";
import { enrolmentBody } from "./routes.ts";
import { watchedNow, watchedOf } from "./watch.ts";
import { decide, personOf, read, sessionOf, type Context } from "./context.ts";
import { checkNeeds } from "../auth/rights.ts";

/** How long a token to enrol with is good, in ms: long enough to paste it into another terminal. */
const enrolmentMs = 15 * 60_000;
/** How long an order waits for its agent, in ms: an agent that comes back tomorrow shall not do what was wanted today. */
const orderMs = 60 * 60_000;
/** The same of one that changes the host: what was true of its files and processes is not for long. */
const changeMs = 10 * 60_000;
/** Most orders shown. */
const maxShown = 50;

const params = z.object({ id: z.string().max(64) });

const fields: RowFields<HostRow> = {
  name: { kind: "text", of: (it) => it.name },
  state: { kind: "text", of: (it) => it.state },
  tier: { kind: "text", of: (it) => it.tier ?? "" },
  system: { kind: "text", of: (it) => it.system },
  watched: { kind: "flag", of: (it) => it.watched !== undefined },
  seen: { kind: "time", of: (it) => it.lastSeenAt },
};

export function hosts(app: FastifyInstance, context: Context): void {
  const { agents, worker, changes, db, config, now } = context;

  app.get("/api/hosts", async (request) => {
    const query = { ...read(listQuery, request.query), now: now() };
    const watched = new Map((await watchedNow(context, undefined)).map((it) => [subjectKey(it), it]));
    const rows = agents.list().map((it): HostRow => {
      const found = watched.get(subjectKey({ kind: "host", name: it.host.name }));
      return { ...rowOf(it, context), ...(found && { watched: found }) };
    });
    return pageOfRows(rows, query, fields, (it) => `${it.name} ${it.system} ${it.problems.join(" ")}`);
  });

  app.get("/api/hosts/:id", async (request): Promise<HostDetail> => {
    const agent = required(context, read(params, request.params).id);
    const orders = await ordersOf(db, agent.id, maxShown);
    const watching = await watchedOf(context, { kind: "host", name: agent.host.name }, undefined);
    return {
      host: { ...rowOf(agent, context), ...watching },
      facts: agent.host,
      source: agentSource(agent).name,
      orders,
    };
  });

  app.post("/api/hosts/enrolments", async (request): Promise<Enrolment> => {
    const by = personOf(request);
    const { host } = read(enrolmentBody, request.body);
    const token = newSecret();
    const expiresAt = now() + enrolmentMs;
    const text = `made a token to enrol ${host === undefined ? "one host" : `the host ${host}`} with`;
    await decide(context, { kind: "enrolment-made", by, text }, (tx) =>
      addEnrolment(tx, { id: enrolmentId(token, host), by, expiresAt }),
    );
    return { token, expiresAt };
  });

  app.post("/api/hosts/:id/orders", async (request): Promise<OrderAnswer> => {
    const by = personOf(request);
    const agent = required(context, read(params, request.params).id);
    const { order, reason, incident } = read(orderRequestBody, request.body);
    const isChange = order.verb === "undo" || changingVerbs.some((it) => it === order.verb);
    if (isChange) checkNeeds(sessionOf(request), { role: "lead", inSpace: false, person: true }, config.spaces);
    if (agent.revokedAt !== undefined) throw new ServerError("CONFLICT", `${agent.host.name} is not enrolled any more`);
    const change = hostChange.safeParse(order).data;
    // The policy says who must agree, whichever way it is asked for.
    if (change) return changeHost(context, request, { agent: agent.id, change, reason, incident });
    if (order.verb === "undo" && (await undoAction(context, request, { order: order.order, reason })))
      return { id: order.order };
    const id = randomUUID();
    const at = now();
    const stored = {
      id,
      agent: agent.id,
      order,
      by,
      reason,
      at,
      expiresAt: at + (isChange ? changeMs : orderMs),
      state: "waiting" as const,
    };
    const text = `asked ${agent.host.name} to ${order.verb}: ${reason}`;
    const decision = {
      kind: "order-given",
      by,
      subject: incident ?? `host:${agent.host.name}`,
      text,
      fields: { order: id },
    };
    await decide(context, decision, (tx) => addOrder(tx, { ...stored, ...(incident !== undefined && { incident }) }));
    changes.tell("host", agent.id);
    return { id };
  });

  app.post("/api/hosts/:id/revoke", async (request): Promise<HostRow> => {
    const by = personOf(request);
    const agent = required(context, read(params, request.params).id);
    const { reason } = read(reasonBody, request.body);
    // Its host may have enrolled again, under the same source.
    if (agent.revokedAt !== undefined) throw new ServerError("CONFLICT", `${agent.host.name} was revoked before`);
    const at = now();
    const text = `revoked the agent of ${agent.host.name}: ${reason}`;
    await decide(context, { kind: "agent-revoked", by, subject: `host:${agent.host.name}`, text }, (tx) =>
      revokeAgent(tx, agent.id, at),
    );
    const revoked = { ...agent, revokedAt: at };
    agents.know(revoked);
    worker.forget(agentSource(agent).name);
    changes.tell("host", agent.id);
    return rowOf(revoked, context);
  });
}

/** What came of asking: the order's id, and for a change of a host the action that it is. */
type OrderAnswer = z.infer<typeof orderAnswer>;

async function changeHost(
  context: Context,
  request: FastifyRequest,
  it: {
    readonly agent: string;
    readonly change: HostChange;
    readonly reason: string;
    readonly incident: string | undefined;
  },
): Promise<OrderAnswer> {
  const { actions } = context;
  const who = wantingOf(request, context);
  const wanted = {
    verb: it.change.verb,
    target: `host:${it.agent}`,
    terms: { order: it.change },
    incident: it.incident,
  };
  const { refused, digest } = await actions.preview(wanted, who);
  if (refused !== undefined) throw new ServerError("ACTION_REFUSED", refused);
  const action = await actions.apply({ ...wanted, digest, reason: it.reason }, who);
  return { id: orderIdOf(action.id), action };
}

/** False for an order that no action gave: those of before there were any. */
async function undoAction(
  context: Context,
  request: FastifyRequest,
  { order, reason }: { readonly order: string; readonly reason: string },
): Promise<boolean> {
  const id = `action-${order}`;
  if (!(await actionById(context.db, id))) return false;
  await context.actions.undo(id, reason, wantingOf(request, context));
  return true;
}

function required({ agents }: Context, id: string): StoredAgent {
  const found = agents.get(id);
  if (!found) throw new ServerError("NOT_FOUND", "there is no such host");
  return found;
}

function rowOf(
  { id, host, enrolledAt, enrolledBy, lastSeenAt, health, revokedAt }: StoredAgent,
  { worker }: Context,
): HostRow {
  const silent = worker.sources().get(agentSource({ host }).name)?.silentFrom !== undefined;
  return {
    id,
    name: host.name,
    system: host.system,
    state: revokedAt !== undefined ? "revoked" : lastSeenAt === undefined ? "waiting" : silent ? "silent" : "reporting",
    enrolledAt,
    enrolledBy,
    problems: health?.problems ?? [],
    ...(lastSeenAt !== undefined && { lastSeenAt }),
    ...(health && { tier: health.tier, watchedFiles: health.watchedFiles, dropped: health.dropped }),
    ...(health?.scan && { scan: health.scan }),
    ...(health?.may && { may: health.may }),
  };
}
