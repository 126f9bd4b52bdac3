import { hash } from "node:crypto";
import { usualBits } from "../orders/challenge.ts";
import type { Restriction } from "../orders/order-book.ts";
import { lookAt, type Admitted } from "../policy/request.ts";
import { refuse, type Refusal } from "../refusal.ts";
import { shortageOf } from "./clients.ts";
import { suspended, type Entered } from "./door.ts";
import { lengthIn } from "./head.ts";
import type { Surroundings } from "./surroundings.ts";

/** A request that may go on; `digest` names it where it costs information, so that a repeat costs none. */
export interface Decided {
  readonly admitted: Admitted;
  readonly digest: string | undefined;
}

/** Decides on a whole request: what it asks for, what orders say, what its budgets have left. Reserves nothing yet. */
export function decide(body: Buffer, entered: Entered, around: Surroundings, now: number): Decided | Refusal {
  const { served, holder, head, model } = entered;
  const { policy, orders } = around;
  const jsonLength = lengthOf(head.jsonLength, body.length);
  if (jsonLength === "bad") {
    return refuse(400, "BAD_JSON_LENGTH", "the JSON's length does not fit the body", { telling: true });
  }
  const look = (restriction: Restriction | undefined) =>
    lookAt({
      served,
      model,
      body,
      jsonLength,
      tier: policy.tier(holder.tier),
      restriction,
      mayAsk: (it) => holder.models === undefined || holder.models.test(it),
      models: policy.models,
    });
  const broad = orders.restriction(holder.principal, holder.tenant, model, now);
  const first = look(broad);
  if ("status" in first || served.route.operation === "look") {
    return "status" in first ? first : { admitted: first, digest: undefined };
  }
  // The body named the model; orders about another one do not concern it.
  const restriction = orders.restriction(holder.principal, holder.tenant, first.model, now);
  const admitted = broad && model === undefined ? look(restriction) : first;
  if ("status" in admitted) return admitted;
  return (
    (restriction && ordered(restriction, body, entered, around, now)) ?? withinBudget(admitted, body, entered, now)
  );
}

/** What orders leave of a request. */
function ordered(
  { suspended: suspension, challenge, throttle }: Restriction,
  body: Buffer,
  { holder, head }: Entered,
  { challenges }: Surroundings,
  now: number,
): Refusal | undefined {
  if (suspension) return suspended(suspension);
  if (challenge) {
    const bits = challenge.bits ?? usualBits;
    if (!challenges.isPaid(head.proof, holder.principal, body, bits, now)) {
      const made = challenges.make(holder.principal, bits, now);
      const how = `solve ${made} and send it as x-outweigh-proof: ${challenge.reason}. Order ${challenge.id}`;
      return refuse(403, "PROOF_REQUIRED", how, { shouldRetry: false, headers: ["x-outweigh-challenge", made] });
    }
  }
  const waitMs = throttle?.bucket.waitMs(1, now) ?? 0;
  if (throttle && waitMs > 0) {
    const { reason, id } = throttle.order;
    return refuse(429, "THROTTLED", `this key is slowed down: ${reason}. Order ${id}`, {
      retryAfter: waitMs / 1000,
      shouldRetry: false,
    });
  }
  throttle?.bucket.take(1, now);
  return undefined;
}

function withinBudget(it: Admitted, body: Buffer, { client, target }: Entered, now: number): Decided | Refusal {
  const digest = it.cost.informationBits > 0 ? hash("sha1", body, "base64") + target : undefined;
  const isRepeat = digest !== undefined && client.repeats.has(digest);
  const admitted = isRepeat ? { ...it, cost: { ...it.cost, informationBits: 0 } } : it;
  const shortage = shortageOf(client, admitted.cost, now);
  if (!shortage) return { admitted, digest };
  const { resource, waitMs } = shortage;
  if (waitMs === undefined) {
    const why = `this request alone needs more ${resource} than this key has`;
    return refuse(403, "BEYOND_BUDGET", why, { shouldRetry: false });
  }
  const isInformation = resource === "information";
  return refuse(429, isInformation ? "INFORMATION_USED_UP" : "LIMIT_REACHED", `no ${resource} left for this key`, {
    retryAfter: waitMs / 1000,
    ...(isInformation && { telling: true, shouldRetry: false }),
  });
}

/** The length of a body's JSON as the client states it. */
function lengthOf(stated: string | undefined, bodyLength: number): number | undefined | "bad" {
  if (stated === undefined) return undefined;
  const length = lengthIn(stated);
  return length !== undefined && length > 0 && length <= bodyLength ? length : "bad";
}
