import { gatewayRecord, type GatewayRecord, type OcsfEvent } from "@outweigh/schema";
import { problemOf, readJson } from "./json-records.ts";
import { activity, clientEndpoint, essentials, idOf } from "./ocsf.ts";
import { skip, type Ingested, type Origin, type Source } from "./source.ts";
import { z } from "zod";

/**
 * What the gateway before the model servers tells: findings of its detectors, requests that were refused and say something, orders
 * that were carried out, and intervals in which it did not see everything. It counts and judges; here it only becomes events.
 */
export const gateway: Source = {
  id: "gateway",
  title: "Outweigh gateway",
  cannotSee: [
    "Requests that reach the model server around the gateway",
    "Blind intervals: what was asked while its detectors were away or its ring was full",
    "What was asked and answered: records hold numbers and names alone",
    "Theft with inputs like everybody's, below the metered budgets; accounts that share nothing",
  ],
  requires: [
    "The gateway is enrolled: outweigh up enrols the one that it starts, outweigh gateway enrol any other",
    "A signed calibration for each model: without one its detectors read, and page nobody",
  ],
  logsources: [{ product: "outweigh", service: "gateway" }],

  read: (record, from) =>
    readJson(
      record,
      () => undefined,
      (value, raw) => {
        if (alive.safeParse(value).success) return skip("a sign of life");
        const read = gatewayRecord.safeParse(value);
        if (!read.success) return problemOf(read.error, "record");
        return { ok: true, events: [toEvent(read.data, raw(), from)], raw: [value] } satisfies Ingested;
      },
    ),
};

/** A sign of life: nothing happened, and the gateway is seen. */
const alive = z.object({ kind: z.literal("alive"), id: z.string().max(200), time: z.int().nonnegative() });

function toEvent(it: GatewayRecord, raw: string, from: Origin): OcsfEvent {
  switch (it.kind) {
    case "finding":
      return findingEvent(it, raw, from);
    case "denied":
      return deniedEvent(it, raw, from);
    case "order":
      return orderEvent(it, raw, from);
    case "blind":
      return blindEvent(it, raw, from);
  }
}

type Of<Kind extends GatewayRecord["kind"]> = Extract<GatewayRecord, { kind: Kind }>;

function common(it: GatewayRecord, raw: string, from: Origin, as: readonly [number, number], principal: string) {
  return essentials({
    id: idOf("gateway", it.gateway, it.id),
    from,
    time: it.time,
    activity: as,
    product: "Outweigh gateway",
    principal,
    uid: it.id,
    raw,
  });
}

/** Who and from where, as the gateway's keys vouch for it. */
function whose(it: Of<"finding"> | Of<"denied">) {
  return {
    ...(it.credential !== undefined && { credential: it.credential }),
    ...(it.model !== undefined && { model: it.model, artifact: `gateway:${it.model}` }),
    src_endpoint: clientEndpoint(it.address),
    ...(it.userAgent !== undefined && { http_request: { user_agent: it.userAgent } }),
  };
}

/** OCSF 2004: a finding. What it means is the rules' business. */
function findingEvent(it: Of<"finding">, raw: string, from: Origin): OcsfEvent {
  return {
    ...common(it, raw, from, activity.findingCreate, it.principal),
    operation: "finding",
    ...whose(it),
    finding_info: { title: it.finding, uid: it.id, first_seen_time: it.since, last_seen_time: it.time },
    unmapped: {
      finding: it.finding,
      queries: it.queries,
      value: it.value,
      epoch: it.epoch,
      // A finding without a promise is a reading, and a reading pages nobody.
      promised: it.alpha !== undefined,
      ...(it.level !== undefined && { level: it.level }),
      ...(it.alpha !== undefined && { alpha: it.alpha }),
      ...(it.watched === true && { watched: true }),
      ...(it.fidelity !== undefined && { fidelity: it.fidelity }),
      ...(it.group !== undefined && { group: it.group, accounts: it.group.length }),
      ...(it.linked && { linked: it.linked }),
    },
  };
}

function deniedEvent(it: Of<"denied">, raw: string, from: Origin): OcsfEvent {
  return {
    ...common(it, raw, from, activity.apiOther, it.principal),
    operation: "refused",
    status_id: 2,
    ...whose(it),
    actor: { user: { uid: it.principal, ...(it.credential !== undefined && { credential_uid: it.credential }) } },
    api: { operation: it.route, service: { name: "outweigh gateway" } },
    unmapped: { code: it.code, route: it.route, count: it.count },
  };
}

function orderEvent(it: Of<"order">, raw: string, from: Origin): OcsfEvent {
  return {
    ...common(it, raw, from, activity.apiUpdate, it.principal),
    operation: "order",
    status_id: 1,
    actor: { user: { uid: it.by } },
    api: { operation: `${it.verb} ${it.what}`, service: { name: "outweigh gateway" } },
    src_endpoint: clientEndpoint(undefined),
    unmapped: { verb: it.verb, what: it.what, reason: it.reason, until: it.until },
  };
}

/** OCSF 0: the base event; no class is about what was not seen. */
function blindEvent(it: Of<"blind">, raw: string, from: Origin): OcsfEvent {
  return {
    ...common(it, raw, from, [0, 99], it.gateway),
    operation: "blind",
    vouched: false,
    unmapped: {
      since: it.from,
      until: it.to,
      cause: it.cause,
      dropped: it.dropped,
      principals: it.principals,
      ...(it.upstream !== undefined && { upstream: it.upstream }),
    },
  };
}
