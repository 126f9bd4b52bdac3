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

    async preview(target, _, { order: _order, ...given } = {}): Promise<Planned> {
      const { gateway: id, principal } = partsOf(target);
      const terms = {
        ...given,
        forMs: given.forMs ?? (verb === "capture" ? usualCaptureMs : usualMs),
        tell: given.tell ?? usualTell,
      };
      const title = `${words[verb].title(principal, terms)} for ${spanText(terms.forMs)}`;
      const gateway = gateways.get(id);
      const heard = gateways.heard(id);
      if (verb === "capture" && terms.forMs > maxCaptureMs)
        return { ok: false, title, refused: "what a client asks and is answered is captured for a day at most" };
      const refused = whyNot(gateway, heard, { gateways, principal, verb, now: now() });
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
      const { forMs, tell, ...strength } = it.terms;
      const from = now();
      const order = { id: orderId(action), verb, principal: it.principal, reason: tell, by, from, until: from + forMs };
      const sealed = verb === "capture" ? { sealTo: await captureKeys.make(action) } : {};
      const ask = { verb: "apply", order: { ...order, ...strength, ...sealed } } as const;
      const { evidence } = await gateways.ask(it.gateway, ask, by);
      return { ...it, order: order.id, until: order.until, ...(evidence && { evidence }) };
    },

    async verify(it) {
      const read = record.safeParse(it);
      if (!read.success) return notDone("the gateway never said that it holds");
      const { gateway, order, until } = read.data;
      if (until <= now()) return done(`${order} is over by itself`);
      const stands = gateways.heard(gateway)?.orders.some((it) => it.id === order) === true;
      return stands
        ? done(`the gateway lists ${order} among its orders`)
        : notDone(`the gateway does not list ${order} among its orders`);
    },

    async undo(it, by) {
      const { gateway, order, until } = record.parse(it);
      // Over by itself: nothing is left to take back, whether the gateway is there or not.
      if (until <= now()) return;
      await gateways.ask(gateway, { verb: "undo", order, by }, by);
      if (gateways.heard(gateway)?.orders.some((it) => it.id === order))
        throw new ServerError("ACTION_REFUSED", `the gateway still lists ${order}`);
    },
  };
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
  readonly principal: string;
  readonly verb: OrderVerb;
  readonly now: number;
}

function whyNot(
  gateway: StoredGateway | undefined,
  heard: Heard | undefined,
  { gateways, principal, verb, now }: Asked,
): string | undefined {
  if (!gateway) return "there is no such gateway";
  const { name } = gateway.facts;
  if (!heard || !gateways.isReporting(gateway))
    return `the gateway ${name} does not report: nothing can be ordered there`;
  if (!isKnown(heard, principal)) return `${principal} never asked the gateway ${name} anything and holds no key there`;
  const same = standingOf(heard.orders, principal, undefined, now).find((it) => it.verb === verb);
  return same && `it stands already: ${same.id}, by ${same.by}; undo that one first`;
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
  { verb, terms: { model, tell = usualTell } }: { readonly verb: OrderVerb; readonly terms: OrderTerms },
): string[] {
  const tenant = tenantIn(principal);
  const keys = (heard.keys ?? []).filter(
    (it) => it.revokedAt === undefined && (tenant === undefined ? it.principal === principal : it.tenant === tenant),
  );
  const group = heard.clients.get(principal)?.group ?? [];
  return [
    `At the gateway ${facts.name}: ${countText(keys.length, "key")} of ${principal}, ${model === undefined ? "all models" : `the model ${model} alone`}`,
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
      : `It is told: "${tell}", the order's number, and to ask ${heard.settings?.contact ?? "the owner"}`,
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
