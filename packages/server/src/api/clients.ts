// Clients of the gateways: who asks, how much, what it learns, what holds for it, and its keys.
import {
  clientKeyId,
  listQuery,
  newKeyBody,
  reasonBody,
  rotateKeyBody,
  type ClientDetail,
  type ClientKey,
  type ClientKeyPage,
  type ClientKeyRow,
  type MadeKey,
} from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { newClientKey } from "../auth/client-keys.ts";
import { ServerError } from "../error.ts";
import { listActions } from "../store/actions.ts";
import { pageOfRows, type RowFields } from "../store/filter-rows.ts";
import { pointsOf } from "../store/gateways.ts";
import { listIncidents } from "../store/incidents.ts";
import { clientRows, partsOf, type Seen } from "./client-rows.ts";
import { decide, personOf, read, type Context } from "./context.ts";

/** Points of a client's page: twelve hours of minutes. */
const maxPoints = 720;
/** Actions and incidents of a client's page. */
const maxShown = 50;

const params = z.object({ id: z.string().min(1).max(400) });
const keyParams = z.object({ gateway: z.string().max(64), id: clientKeyId });

const fields: RowFields<Seen> = {
  principal: { kind: "text", of: (it) => it.principal },
  tenant: { kind: "text", of: (it) => it.tenant },
  gateway: { kind: "text", of: (it) => it.gatewayName },
  plan: { kind: "text", of: (it) => it.plan },
  dial: { kind: "text", of: (it) => it.dial },
  order: { kind: "text", of: (it) => it.standing.map((order) => order.verb) },
  group: { kind: "text", of: (it) => it.group },
  requests: { kind: "number", of: (it) => it.requests },
  denied: { kind: "number", of: (it) => it.denied },
  bits: { kind: "number", of: (it) => it.informationBits },
  budget: { kind: "number", of: (it) => it.budget?.used },
  novelty: { kind: "number", of: (it) => it.reading?.novelty },
  learning: { kind: "number", of: (it) => it.reading?.learning },
  progress: { kind: "number", of: (it) => it.reading?.progress },
  last: { kind: "time", of: (it) => it.lastAt },
};

const keyFields: RowFields<ClientKeyRow> = {
  id: { kind: "text", of: (it) => it.id },
  principal: { kind: "text", of: (it) => it.principal },
  tenant: { kind: "text", of: (it) => it.tenant },
  gateway: { kind: "text", of: (it) => it.gatewayName },
  plan: { kind: "text", of: (it) => it.plan },
  state: { kind: "text", of: (it) => it.state },
  model: { kind: "text", of: (it) => it.models },
  replaces: { kind: "text", of: (it) => it.replaces },
  seen: { kind: "flag", of: (it) => it.seen },
  created: { kind: "time", of: (it) => it.createdAt },
  expires: { kind: "time", of: (it) => it.expiresAt },
};

export function clients(app: FastifyInstance, context: Context): void {
  const { gateways, db, now } = context;

  app.get("/api/clients", async (request) => {
    const query = { ...read(listQuery, request.query), now: now() };
    return pageOfRows(clientRows(gateways, now()), query, fields, (it) => `${it.principal} ${it.tenant ?? ""}`);
  });

  app.get("/api/clients/:id", async (request): Promise<ClientDetail> => {
    const { id } = read(params, request.params);
    const client = clientRows(gateways, now()).find((it) => it.id === id);
    if (!client) throw new ServerError("NOT_FOUND", "there is no such client, or its gateway does not report");
    const { gateway, principal } = partsOf(id);
    const filter = (name: string, value: string) => ({
      filter: `${name}:${JSON.stringify(value)}`,
      limit: maxShown,
      now: now(),
    });
    const [points, actions, incidents] = await Promise.all([
      pointsOf(db, gateway, principal, maxPoints),
      listActions(db, filter("target", id)),
      listIncidents(db, filter("principal", principal)),
    ]);
    const heard = gateways.heard(gateway);
    return {
      client,
      points,
      actions: actions.items,
      incidents: incidents.items,
      keys: keyRows(context).filter((it) => it.gateway === gateway && it.principal === principal),
      models: [...(heard?.settings?.models ?? [])],
      contact: heard?.settings?.contact ?? "",
    };
  });

  app.get("/api/client-keys", async (request): Promise<ClientKeyPage> => {
    const query = { ...read(listQuery, request.query), now: now() };
    const page = pageOfRows(keyRows(context), query, keyFields, (it) => `${it.principal} ${it.tenant ?? ""} ${it.id}`);
    const reporting = gateways.reporting().map(({ gateway, heard }) => ({
      id: gateway.id,
      name: gateway.facts.name,
      plans: [...new Set(["default", ...Object.keys(heard.settings?.plans ?? {})])],
    }));
    return { ...page, gateways: reporting };
  });

  app.post("/api/client-keys", async (request): Promise<MadeKey> => {
    const by = personOf(request);
    const { gateway, reason, forMs, models, principal, tenant, plan } = read(newKeyBody, request.body);
    const plans = gateways.heard(gateway)?.settings?.plans ?? {};
    if (plan !== undefined && plan !== "default" && !(plan in plans))
      throw new ServerError("BAD_REQUEST", `plan: outweigh.yml names no plan ${plan}`);
    const { secret, key } = newClientKey();
    const rights = {
      principal,
      models,
      ...(tenant !== undefined && { tenant }),
      ...(plan !== undefined && { plan }),
      ...(forMs !== undefined && { expiresAt: now() + forMs }),
    };
    await onRecord(context, {
      gateway,
      kind: "client-key-created",
      by,
      text: `made ${key.id} for ${principal}: ${reason}`,
    });
    await gateways.ask(gateway, { verb: "add-key", key, by, ...rights }, by);
    return { id: key.id, principal, secret };
  });

  app.post("/api/client-keys/:gateway/:id/rotate", async (request): Promise<MadeKey> => {
    const by = personOf(request);
    const { gateway, id } = read(keyParams, request.params);
    const { graceMs, reason } = read(rotateKeyBody, request.body);
    const old = requiredKey(context, gateway, id);
    const { secret, key } = newClientKey();
    const text = `gave ${old.principal} ${key.id} for ${id}: ${reason}`;
    await onRecord(context, { gateway, kind: "client-key-rotated", by, text });
    await gateways.ask(gateway, { verb: "rotate-key", id, key, by, graceMs }, by);
    return { id: key.id, principal: old.principal, secret };
  });

  app.post("/api/client-keys/:gateway/:id/revoke", async (request): Promise<{ id: string }> => {
    const by = personOf(request);
    const { gateway, id } = read(keyParams, request.params);
    const { reason } = read(reasonBody, request.body);
    const { principal } = requiredKey(context, gateway, id);
    const text = `revoked ${id} of ${principal}: ${reason}`;
    await onRecord(context, { gateway, kind: "client-key-revoked", by, text });
    await gateways.ask(gateway, { verb: "revoke-key", id, by }, by);
    return { id };
  });
}

/** What a person decided about a key, before the gateway is asked: what became of it stands in the answer's entry. */
async function onRecord(
  context: Context,
  {
    gateway,
    kind,
    by,
    text,
  }: { readonly gateway: string; readonly kind: string; readonly by: string; readonly text: string },
): Promise<void> {
  const found = context.gateways.get(gateway);
  if (!found) throw new ServerError("NOT_FOUND", "there is no such gateway");
  await decide(context, { kind, by, subject: `gateway:${found.facts.name}`, text }, async () => {});
}

function keyRows({ gateways, now }: Context): ClientKeyRow[] {
  const at = now();
  return gateways.reporting().flatMap(({ gateway, heard }) =>
    (heard.keys ?? []).map((it): ClientKeyRow => ({
      ...it,
      gateway: gateway.id,
      gatewayName: gateway.facts.name,
      state: stateOf(it, at),
      seen: heard.clients.has(it.principal),
    })),
  );
}

function stateOf({ revokedAt, expiresAt }: ClientKey, now: number): ClientKeyRow["state"] {
  if (revokedAt !== undefined) return "revoked";
  return expiresAt !== undefined && expiresAt <= now ? "expired" : "valid";
}

function requiredKey(context: Context, gateway: string, id: string): ClientKeyRow {
  const found = keyRows(context).find((it) => it.gateway === gateway && it.id === id);
  if (!found) throw new ServerError("NOT_FOUND", `there is no key ${id} at this gateway, or it does not report`);
  return found;
}
