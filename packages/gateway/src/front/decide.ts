import { hash } from "node:crypto";
import type { GatewayOrder } from "@outweigh/schema";
import { usualBits } from "../orders/challenge.ts";
import { usualThrottle, type Restriction } from "../orders/order-book.ts";
import type { Cost, Metered } from "../admission/meters.ts";
import { lookAt, type Admitted } from "../policy/request.ts";
import { refuse, type Refusal } from "../refusal.ts";
import { borrowFor, shortageOf } from "./clients.ts";
import { suspended, type Entered } from "./door.ts";
import { lengthIn } from "./head.ts";
import type { Surroundings } from "./surroundings.ts";

/** A request that may go on; `digest` names it where it costs information, so that a repeat costs none. */
interface Decided {
  readonly admitted: Admitted;
  readonly digest: string | undefined;
}

/**
 * Where units of a limit have to be borrowed first: how it is decided then. Not the decision itself: between that and what takes the
 * units no other request may be decided, or both count on the same ones.
 */
export interface Waiting {
  readonly borrowed: Promise<() => Decision>;
}

export type Decision = Decided | Refusal | Waiting;

/** Decides on a whole request: what it asks for, what orders say, what its budgets have left. Reserves nothing yet. */
export function decide(body: Buffer, entered: Entered, around: Surroundings, now: number): Decision {
  const { served, model } = entered;
  const { holder, head } = entered.who;
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
      plan: policy.plan(holder.plan),
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
  const refused = restriction && ordered(restriction, body, entered, around, now);
  if (refused) return refused;
  const budget = () => withinBudget(admitted, body, entered, Date.now());
  const throttle = restriction?.throttle?.order;
  const paced = throttle ? () => slowed(throttle, around, budget) : budget;
  return restriction?.challenge && head.proof !== undefined && around.once
    ? counted(around.once(head.proof), oneProof, () => proofUsed, paced)
    : paced();
}

/** What orders leave of a request, but for its pace. */
function ordered(
  { suspended: suspension, challenge }: Restriction,
  body: Buffer,
  { who: { holder, head } }: Entered,
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
  return undefined;
}

const oneRequest = { inputTokens: 0, outputTokens: 0, informationBits: 0 };
/** Each proof has one bit to give, over all processes. */
const oneProof = { ...oneRequest, informationBits: 1 };
const proofUsed = refuse(403, "PROOF_REQUIRED", "this proof was used before", { shouldRetry: false });

/** What an order to slow down leaves of it. */
function slowed({ id, reason, requestsPerMinute }: GatewayOrder, around: Surroundings, next: () => Decision): Decision {
  const account = around.clients.throttle(id, requestsPerMinute ?? usualThrottle);
  const refused = (waitMs: number) =>
    refuse(429, "THROTTLED", `this key is slowed down: ${reason}. Order ${id}`, {
      retryAfter: waitMs / 1000,
      shouldRetry: false,
    });
  return counted(account, oneRequest, refused, next);
}

/** Takes from an account what ends with this decision, and goes on. */
function counted(
  account: Metered,
  cost: Cost,
  refused: (waitMs: number) => Refusal,
  next: () => Decision,
  tries = maxTries,
): Decision {
  const now = Date.now();
  const shortage = account.shortage(cost, now);
  if (shortage?.unheld && tries > 0) {
    return { borrowed: account.borrow(cost).then(() => () => counted(account, cost, refused, next, tries - 1)) };
  }
  if (shortage) return refused(shortage.waitMs ?? 1000);
  account.begin(cost, now);
  account.end(cost, cost, now);
  return next();
}

/** How often a request may borrow: what was lent is there at once, so the second time is one too many already. */
const maxTries = 3;

function withinBudget(it: Admitted, body: Buffer, entered: Entered, now: number, tries = maxTries): Decision {
  const { client } = entered.who;
  const digest = it.cost.informationBits > 0 ? hash("sha1", body, "base64") + entered.target : undefined;
  const isRepeat = digest !== undefined && client.repeats.has(digest);
  const admitted = isRepeat ? { ...it, cost: { ...it.cost, informationBits: 0 } } : it;
  const shortage = shortageOf(client, admitted.cost, now);
  if (!shortage) return { admitted, digest };
  if (shortage.unheld && tries > 0) {
    const again = () => withinBudget(it, body, entered, Date.now(), tries - 1);
    return { borrowed: borrowFor(client, admitted.cost).then(() => again) };
  }
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
