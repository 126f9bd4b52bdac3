// Orders to a gateway about one of its clients: graded, with an end, and taken back as if nothing had been.
import { countText } from "@outweigh/pipeline";
import {
  maxCaptureMs,
  orderTerms,
  orderVerb,
  usualCaptureMegabytes,
  type ActionOption,
  type OrderTerms,
  type OrderVerb,
} from "@outweigh/schema";
import { z } from "zod";
import { clientId, partsOf, standingOf } from "../api/client-rows.ts";
import type { Gateways, Heard } from "../auth/gateways.ts";
import { ServerError } from "../error.ts";
import type { StoredGateway } from "../store/gateways.ts";
import type { CaptureKeys } from "./capture.ts";
import { messageOf } from "../values.ts";
import { done, notDone, type Act, type Planned } from "./action.ts";

/** How long an order holds where nobody says, in ms: a working day and a night, so that somebody looks again. */
const usualMs = 24 * 3_600_000;
/** A capture where nobody says, in ms: as short as it may be useful. */
const usualCaptureMs = 3_600_000;
/** Orders that a client does not hear of. */
const untold: ReadonlySet<OrderVerb> = new Set<OrderVerb>(["mark", "capture"]);
/** What a client is told where nobody says. It names no suspicion. */
const usualTell = "this key is under review";

const plan = z.object({
  gateway: z.string(),
  principal: z.string(),
  verb: orderVerb,
  terms: orderTerms.required({ forMs: true, tell: true }),
});
const record = plan.extend({
  order: z.string(),
  /** Orders about the others, where it was about several: in the same order as `terms.also`. */
  others: z.array(z.string()).default([]),
  until: z.int(),
  evidence: z.object({ seq: z.int(), hash: z.string() }).optional(),
});

/** What an order does, as its title and its effect. */
const words: Readonly<
  Record<OrderVerb, { title(who: string, terms: OrderTerms): string; effect(terms: OrderTerms): string }>
> = {
  throttle: {
    title: (who, { requestsPerMinute = 6 }) => `Throttle ${who} to ${countText(requestsPerMinute, "request")} a minute`,
    effect: () => "Requests beyond that get 429, with the time to wait",
  },
  "strip-logprobs": {
    title: (who) => `Give ${who} no log-probabilities`,
    effect: () => "Answers come without scores of tokens; texts stay as they are",
  },
  round: {
    title: (who, { decimals = 2 }) => `Round probabilities for ${who} to ${decimals} decimals`,
    effect: () => "Probabilities are rounded: a change of format, no defence by itself",
  },
  "top-k": {
    title: (who, { top = 3 }) => `Give ${who} the ${top} largest probabilities alone`,
    effect: () => "The largest are left, rounded; the others are zero",
  },
  "label-only": {
    title: (who) => `Give ${who} labels without probabilities`,
    effect: () => "The label gets 1, everything else 0; log-probabilities and logits are left out",
  },
  "strip-reasoning": {
    title: (who) => `Show ${who} no reasoning`,
    effect: () => "Answers come without the model's shown reasoning",
  },
  challenge: {
    title: (who, { bits = 18 }) => `Ask ${who} for a proof of work of ${bits} bits with each request`,
    effect: () => "Requests without a proof get 403 with a puzzle; unchanged clients stop working",
  },
  suspend: { title: (who) => `Suspend ${who}`, effect: () => "Every request gets 403, and is told not to come again" },
  mark: {
    title: (who) => `Mark what ${who} is answered`,
    effect: ({ share = 0.005 }) =>
      `${share * 100} % of a classifier's answers get the runner-up for a label; embeddings of texts with secret words are turned a little`,
  },
  capture: {
    title: (who, { megabytes = usualCaptureMegabytes }) =>
      `Capture what ${who} asks and is answered, sealed, up to ${megabytes} MB`,
    effect: () =>
      "Prompts and answers are written at the gateway, encrypted: opening them is another action, for two people",
  },
};

interface OrderClientOptions {
  readonly gateways: Gateways;
  readonly captureKeys: CaptureKeys;
  now(): number;
}

/** One act for each verb of the gateway's orders. */
export function orderActs(options: OrderClientOptions): Act[] {
  return orderVerb.options.map((verb) => orderAct(verb, options));
}

function orderAct(verb: OrderVerb, { gateways, captureKeys, now }: OrderClientOptions): Act {
  return {
    verb,

    async preview(target, _, { order: _order, permit: _permit, ...given } = {}): Promise<Planned> {
      const { gateway: id, principal } = partsOf(target);
      const terms = {
        ...given,
        forMs: given.forMs ?? (verb === "capture" ? usualCaptureMs : usualMs),
        tell: given.tell ?? usualTell,
      };
      const also = terms.also ?? [];
      const whom =
        also.length === 0 ? principal : `${principal} and ${countText(also.length, "account")} linked with it`;
      const title = `${words[verb].title(whom, terms)} for ${spanText(terms.forMs)}`;
      const gateway = gateways.get(id);
      const heard = gateways.heard(id);
      if (verb === "capture" && terms.forMs > maxCaptureMs)
        return { ok: false, title, refused: "what a client asks and is answered is captured for a day at most" };
      const refused =
        whyNone(principal, also, verb) ??
        whyNot(gateway, heard, { gateways, principals: [principal, ...also], verb, now: now() });
      if (refused !== undefined || !gateway || !heard)
        return { ok: false, title, refused: refused ?? "there is no such gateway" };
      const effects = [words[verb].effect(terms), ...reach(gateway, heard, principal, { verb, terms })];
      return {
        ok: true,
        plan: {
          title,
          effects,
          undoable: true,
          models: registered(heard, terms.model),
          lasts: terms.forMs,
          plan: { gateway: id, principal, verb, terms },
        },
      };
    },

    async apply(agreed, { action, by }) {
      const it = plan.parse(agreed);
      const { forMs, tell, also = [], ...strength } = it.terms;
      const from = now();
      const until = from + forMs;
      const sealed = verb === "capture" ? { sealTo: await captureKeys.make(action) } : {};
      const give = (principal: string, id: string) => {
        const order = { id, verb, principal, reason: tell, by, from, until, ...strength, ...sealed };
        return gateways.ask(it.gateway, { verb: "apply", order }, by);
      };
      const orders = orderIds(action, it.terms);
      const whom = [it.principal, ...also];
      const { evidence } = await giveAll({
        orders,
        give: (id, i) => give(whom[i] ?? it.principal, id),
        undo: (order) => gateways.ask(it.gateway, { verb: "undo", order, by }, by),
        stands: (order) => gateways.heard(it.gateway)?.orders.some((one) => one.id === order) === true,
      });
      const [order, ...others] = orders;
      return { ...it, order, others, until, ...(evidence && { evidence }) };
    },

    async verify(it) {
      const { gateway, order, others, until } = recordOf(it);
      if (until <= now()) return done(`${order} is over by itself`);
      const listed = new Set(gateways.heard(gateway)?.orders.map((it) => it.id));
      const missing = [order, ...others].filter((it) => !listed.has(it));
      const all = others.length === 0 ? order : `${order} and ${others.length} more`;
      return missing.length === 0
        ? done(`the gateway lists ${all} among its orders`)
        : notDone(`the gateway does not list ${missing.slice(0, 5).join(", ")} among its orders`);
    },

    async undo(it, by) {
      const { gateway, order, others, until } = recordOf(it);
      // Over by itself: nothing is left to take back, whether the gateway is there or not.
      if (until <= now()) return;
      const isGone = (id: string) => gateways.heard(gateway)?.orders.every((one) => one.id !== id) === true;
      // One of several may be gone already, where an earlier undoing came half way.
      for (const id of [order, ...others])
        if (others.length === 0 || !isGone(id)) await gateways.ask(gateway, { verb: "undo", order: id, by }, by);
      const left = gateways.heard(gateway)?.orders.find((one) => one.id === order || others.includes(one.id));
      if (left) throw new ServerError("ACTION_REFUSED", `the gateway still lists ${left.id}`);
    },
  };
}

interface Giving {
  readonly orders: readonly string[];
  give(
    order: string,
    i: number,
  ): Promise<{ readonly evidence?: { readonly seq: number; readonly hash: string } | undefined }>;
  undo(order: string): Promise<unknown>;
  /** Whether the gateway lists it. */
  stands(order: string): boolean;
}

/** Gives one order after the other; where one fails, those before are taken back. @returns The first one's evidence. @throws naming what still stands. */
async function giveAll({ orders, give, undo, stands }: Giving) {
  const given: string[] = [];
  let first: Awaited<ReturnType<Giving["give"]>> = {};
  try {
    for (const [i, order] of orders.entries()) {
      // Its answer may be lost although it was done: it counts as given.
      given.push(order);
      const answer = await give(order, i);
      if (i === 0) first = answer;
    }
    return first;
  } catch (cause) {
    if (orders.length === 1) throw cause;
    for (const it of given) await undo(it).catch(() => undefined);
    const left = given.filter(stands);
    const rest = left.length === 0 ? "none of them stands" : `these still stand: ${left.join(", ")}`;
    throw new ServerError("ACTION_REFUSED", `not all could be ordered: ${messageOf(cause)}; ${rest}`, { cause });
  }
}

/** The orders of one decision, by name, the first one's first. */
function orderIds(action: string, { also = [] }: OrderTerms): [string, ...string[]] {
  const id = orderId(action);
  return [id, ...also.map((_, i) => `${id}-${i + 2}`)];
}

/** What was done; of what was begun when a server ended, what may have been done. @throws {ZodError} for anything else. */
function recordOf(it: object): z.infer<typeof record> {
  const whole = record.safeParse(it);
  if (whole.success) return whole.data;
  const begun = plan.extend({ action: z.string() }).parse(it);
  const [order, ...others] = orderIds(begun.action, begun.terms);
  return { ...begun, order, others, until: Number.POSITIVE_INFINITY };
}

/** Why these cannot be ordered about by one decision. */
function whyNone(principal: string, also: readonly string[], verb: OrderVerb): string | undefined {
  if (also.length === 0) return undefined;
  if (new Set([principal, ...also]).size <= also.length) return "an account is named twice";
  // Each capture has a key of its own, which opens what one client asked.
  return verb === "capture" ? "what several clients ask is captured one by one" : undefined;
}

/** The name under which a client hears of it: short, and found again in the action's id. */
function orderId(action: string): string {
  return `ORD-${action
    .replace(/^action-/, "")
    .replaceAll("-", "")
    .slice(0, 12)}`;
}

interface Asked {
  readonly gateways: Gateways;
  readonly principals: readonly string[];
  readonly verb: OrderVerb;
  readonly now: number;
}

function whyNot(
  gateway: StoredGateway | undefined,
  heard: Heard | undefined,
  { gateways, principals, verb, now }: Asked,
): string | undefined {
  if (!gateway) return "there is no such gateway";
  const { name } = gateway.facts;
  if (!heard || !gateways.isReporting(gateway))
    return `the gateway ${name} does not report: nothing can be ordered there`;
  const stranger = principals.find((it) => !isKnown(heard, it));
  if (stranger !== undefined) return `${stranger} never asked the gateway ${name} anything and holds no key there`;
  for (const principal of principals) {
    const same = standingOf(heard.orders, principal, undefined, now).find((it) => it.verb === verb);
    const whose = principals.length === 1 ? "it" : `for ${principal} it`;
    if (same) return `${whose} stands already: ${same.id}, by ${same.by}; undo that one first`;
  }
  return undefined;
}

/** Whether a principal asked anything or holds a key there; a tenant, whether one of its principals holds one. */
function isKnown({ clients, keys = [] }: Heard, principal: string): boolean {
  const tenant = tenantIn(principal);
  if (clients.has(principal)) return true;
  return keys.some((it) => it.principal === principal || (tenant !== undefined && it.tenant === tenant));
}

/** What the register calls a model of the gateway's; an order that names none concerns all that the client asks. */
function registered({ settings }: Heard, model: string | undefined): string[] {
  return (settings?.models ?? []).flatMap((it) =>
    it.name === model && it.register !== undefined ? [it.register] : [],
  );
}

function tenantIn(principal: string): string | undefined {
  return principal.startsWith("tenant:") ? principal.slice("tenant:".length) : undefined;
}

/** Whom it reaches, and whom not: what a person should know before. Nothing in it moves with every request. */
function reach(
  { facts }: StoredGateway,
  heard: Heard,
  principal: string,
  { verb, terms: { model, also = [], tell = usualTell } }: { readonly verb: OrderVerb; readonly terms: OrderTerms },
): string[] {
  const tenant = tenantIn(principal);
  const all = new Set([principal, ...also]);
  const keys = (heard.keys ?? []).filter(
    (it) => it.revokedAt === undefined && (all.has(it.principal) || (tenant !== undefined && it.tenant === tenant)),
  );
  const group = (heard.clients.get(principal)?.group ?? []).filter((it) => !all.has(it));
  return [
    ...(also.length > 0
      ? [`One order for each of ${countText(all.size, "account")}: ${[...all].join(", ")}; all of them, or none`]
      : []),
    `At the gateway ${facts.name}: ${countText(keys.length, "key")} of ${also.length > 0 ? "theirs" : principal}, ${model === undefined ? "all models" : `the model ${model} alone`}`,
    ...(tenant === undefined
      ? []
      : [
          `All principals of the tenant share it: ${countText(new Set(keys.map((it) => it.principal)).size, "principal")}`,
        ]),
    ...(group.length > 0
      ? [
          `Not touched: ${countText(group.length, "account")} linked with it, ${group.slice(0, 5).join(", ")}${group.length > 5 ? ", …" : ""}`,
        ]
      : []),
    untold.has(verb)
      ? "It is told nothing of it"
      : `${also.length > 0 ? "Each" : "It"} is told: "${tell}", the order's number, and to ask ${heard.settings?.contact ?? "the owner"}`,
    "It ends by itself, survives a restart of the gateway, and stands in the evidence of both",
  ];
}

/** What could be ordered about the clients among these principals, one option for each verb. */
export function orderOptions(gateways: Gateways, principals: readonly string[]): ActionOption[] {
  return gateways.reporting().flatMap(({ gateway, heard }) =>
    principals
      .filter((it) => isKnown(heard, it))
      .flatMap((principal) =>
        orderVerb.options.map((verb): ActionOption => ({
          verb,
          target: clientId(gateway.id, principal),
          label: words[verb].title(principal, {}),
        })),
      ),
  );
}

function spanText(ms: number): string {
  const units = [
    [86_400_000, "day"],
    [3_600_000, "hour"],
    [60_000, "minute"],
  ] as const;
  for (const [unit, name] of units) if (ms % unit === 0) return countText(ms / unit, name);
  return countText(Math.ceil(ms / 60_000), "minute");
}
