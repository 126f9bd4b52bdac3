// What an incident offers to do on hosts whose agents saw a part of it.
import { hostChange, type ActionOption, type Facts, type OcsfEvent } from "@outweigh/schema";
import { ordersOf, type StoredAgent } from "../store/agents.ts";
import { fieldIn } from "../values.ts";
import { agentSource } from "./agents.ts";
import type { Context } from "./context.ts";

/** How long connections are blocked that are blocked from an incident, in minutes: time to decide what comes after. */
const blockMinutes = 60;
/** Most hosts, and most processes of one host, that are offered: more is a list to read, not a decision. */
const maxHosts = 10;
const maxProcesses = 10;
/** Orders of an agent among which its latest facts of processes are looked for. */
const maxLooked = 50;

type Rows = Facts["lists"][number]["rows"];

interface SeenHost {
  readonly agent: StoredAgent;
  readonly events: readonly OcsfEvent[];
  /** Its processes as they were last collected; none if they never were. */
  readonly processes: Rows;
}

/** By the agents that sent events of the incident, and are still enrolled. */
export async function hostOptions(
  { agents, db }: Pick<Context, "agents" | "db">,
  events: readonly OcsfEvent[],
): Promise<ActionOption[]> {
  const seen = Map.groupBy(events, (it) => it.source);
  const concerned = agents.list().filter((it) => it.revokedAt === undefined && seen.has(agentSource(it).name));
  const offered = concerned.slice(0, maxHosts).map(async (agent) => {
    const processes = processesIn(await ordersOf(db, agent.id, maxLooked));
    return optionsOn({ agent, processes, events: seen.get(agentSource(agent).name) ?? [] });
  });
  return (await Promise.all(offered)).flat();
}

/**
 * Held is a process that an event names and that was still there, with the same name, when the host was last asked for its processes:
 * an order says by the digest of its program which one is meant. An agent whose leave is not known is offered to; its preview says.
 */
export function optionsOn({ agent: { id, host, health }, events, processes }: SeenHost): ActionOption[] {
  const may = (verb: "stop-process" | "block-egress") => health?.may === undefined || health.may.includes(verb);
  const target = `host:${id}`;
  const named = new Set(events.map((it) => processOf(fieldIn(it["actor"], "process"))));
  const held = processes
    .filter((it) => named.has(processOf(it)))
    .flatMap((it): ActionOption[] => {
      const change = { verb: "stop-process", process: it["key"], program: it["program"], how: "hold" };
      const order = hostChange.safeParse(change).data;
      const label = `Hold ${String(it["name"])} (${String(it["pid"])}) on ${host.name}`;
      return order ? [{ verb: "stop-process", target, label, terms: { order } }] : [];
    });
  const order = { verb: "block-egress", whose: { of: "host" }, minutes: blockMinutes } as const;
  const label = `Block what ${host.name} opens to outside, for ${blockMinutes} minutes`;
  return [
    ...(may("stop-process") ? held.slice(0, maxProcesses) : []),
    ...(may("block-egress") ? [{ verb: "block-egress" as const, target, label, terms: { order } }] : []),
  ];
}

function processOf(it: unknown): string {
  return JSON.stringify([fieldIn(it, "pid"), fieldIn(it, "name")]);
}

function processesIn(orders: Awaited<ReturnType<typeof ordersOf>>): Rows {
  for (const { facts } of orders) {
    const found = facts?.lists.find((it) => it.list === "processes");
    if (found) return found.rows;
  }
  return [];
}
