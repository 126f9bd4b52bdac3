import type { GatewayClient, Retest } from "@outweigh/schema";
import type { Client } from "../front/clients.ts";
import type { Surroundings } from "../front/surroundings.ts";
import type { TestedSlots } from "../detect/protocol.ts";
import { namedLinks } from "../record/teller.ts";
import type { Readings } from "../tap/readings.ts";

/** Where rows come from: counters, readings of the detectors, linked groups by slot. */
interface RowSources extends Pick<Surroundings, "clients" | "orders" | "tap"> {
  readonly readings: Readings;
  readonly groups: ReadonlyMap<number, TestedSlots>;
  /** Bits a day that a principal may be told; undefined without such a budget. */
  readonly bitsPerDay: (principal: string) => number | undefined;
}

/** What is known of each client, the busiest first. */
export function clientRows(from: RowSources): GatewayClient[] {
  const all = from.clients.all();
  return all.map((it) => rowOf(it, all, from)).sort((a, b) => b.requests - a.requests);
}

function rowOf(it: Client, all: readonly Client[], { orders, groups, ...from }: RowSources): GatewayClient {
  const reading = readingOf(it, from);
  const bitsPerDay = from.bitsPerDay(it.principal);
  const used = it.account.informationUsed(Date.now());
  return {
    principal: it.principal,
    ...(it.tenant !== undefined && { tenant: it.tenant }),
    requests: it.requests,
    denied: it.denied,
    inputTokens: it.inputTokens,
    outputTokens: it.outputTokens,
    informationBits: Math.round(it.informationBits),
    ...(bitsPerDay !== undefined &&
      used !== undefined && { budget: { bitsPerDay, used: Math.round(used * 1000) / 1000 } }),
    ...(it.lastAt > 0 && { lastAt: it.lastAt }),
    ...(reading && { reading }),
    ...linkedOf(it, all, groups.get(it.slot)),
    orders: orders.all().flatMap((order) => (order.principal === it.principal ? [order.id] : [])),
  };
}

/** Its group, and of the links its own: those of the others stand in their rows. */
function linkedOf(
  { slot }: Client,
  all: readonly Client[],
  group: TestedSlots | undefined,
): Pick<GatewayClient, "group" | "linked"> {
  if (!group) return { group: [] };
  const name = (it: number) => all[it]?.principal ?? "unknown";
  const own = group.links.filter((it) => it.a === slot || it.b === slot);
  return {
    group: group.members.filter((it) => it !== slot).map(name),
    linked: { ...namedLinks({ ...group, links: own }, name), retests: toldRetests(group.retests) },
  };
}

/** Most models of which a group's test is told, and the longest name of one: clients name as many as they like. As the schema has it. */
const maxRetests = 64;
const maxModelName = 128;
const weight: Readonly<Record<Retest["state"], number>> = { evidence: 2, "link-only": 1, calibrating: 0 };

/** What may be acted on first. */
export function toldRetests(all: readonly Retest[]): Retest[] {
  return all
    .toSorted((x, y) => weight[y.state] - weight[x.state] || (y.most ?? 0) - (x.most ?? 0))
    .slice(0, maxRetests)
    .map(({ model, most, ...it }) => ({
      ...it,
      model: model.slice(0, maxModelName),
      ...(most !== undefined && Number.isFinite(most) && { most }),
    }));
}

function readingOf(
  { slot }: Client,
  { readings, tap }: Pick<RowSources, "readings" | "tap">,
): GatewayClient["reading"] {
  const read = readings.read(slot);
  if (!read) return undefined;
  const { queries, novelty, learning, progress, ready } = read;
  const model = tap.modelName(read.model);
  // NaN in the table: nothing to say, which is not zero.
  return {
    queries,
    state: ready === 1 ? "ready" : "calibrating",
    ...(model !== undefined && { model }),
    ...(!Number.isNaN(novelty) && { novelty }),
    ...(!Number.isNaN(learning) && { learning }),
    ...(!Number.isNaN(progress) && { progress }),
  };
}
