// Clients as rows: what each gateway last said of them, with what holds for them there.
import type { AnswerDial, ClientRow, GatewayClient, GatewayOrder } from "@outweigh/schema";
import type { Gateways, Heard } from "../auth/gateways.ts";
import type { StoredGateway } from "../store/gateways.ts";

export type Seen = ClientRow;

/** Names a client of a gateway: ids of gateways hold no colon. */
export function clientId(gateway: string, principal: string): string {
  return `${gateway}:${principal}`;
}

export function partsOf(id: string): { readonly gateway: string; readonly principal: string } {
  const at = id.indexOf(":");
  return { gateway: id.slice(0, Math.max(0, at)), principal: id.slice(at + 1) };
}

/** All clients of the gateways that report, the busiest first. */
export function clientRows(gateways: Gateways, now: number): ClientRow[] {
  return gateways
    .reporting()
    .flatMap(({ gateway, heard }) => [...heard.clients.values()].map((it) => rowOf(gateway, heard, it, now)))
    .sort((a, b) => b.requests - a.requests);
}

function rowOf({ id, facts }: StoredGateway, heard: Heard, client: GatewayClient, now: number): ClientRow {
  const { principal, tenant } = client;
  const keys = (heard.keys ?? []).filter(
    (it) => it.principal === principal && it.revokedAt === undefined && (it.expiresAt ?? Infinity) > now,
  );
  const plan = keys.at(-1)?.plan ?? "default";
  const standing = standingOf(heard.orders, principal, tenant, now);
  return {
    ...client,
    id: clientId(id, principal),
    gateway: id,
    gatewayName: facts.name,
    plan,
    keys: keys.length,
    standing,
    dial: dialOf(heard.settings?.plans[plan]?.probabilities ?? "full", standing),
  };
}

export function standingOf(
  orders: readonly GatewayOrder[],
  principal: string,
  tenant: string | undefined,
  now: number,
): GatewayOrder[] {
  return orders.filter(
    (it) =>
      it.until > now && (it.principal === principal || (tenant !== undefined && it.principal === `tenant:${tenant}`)),
  );
}

const steps: readonly AnswerDial[] = ["full", "rounded", "top-k", "label-only"];
const stepOf: Partial<Record<GatewayOrder["verb"], AnswerDial>> = {
  round: "rounded",
  "top-k": "top-k",
  "label-only": "label-only",
};

/** The strictest of what its plan and its orders say; of an order for one model, as if it held for all. */
function dialOf(plan: AnswerDial, standing: readonly GatewayOrder[]): ClientRow["dial"] {
  if (standing.some((it) => it.verb === "suspend")) return "suspended";
  const all = [plan, ...standing.flatMap((it) => stepOf[it.verb] ?? [])];
  return steps.findLast((it) => all.includes(it)) ?? "full";
}
