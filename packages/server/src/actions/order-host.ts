// Orders to an agent that change its host. The agent answers when it next reports: until then the action runs.
import { posix } from "node:path";
import { hostChange, type ActionVerb, type ChangingVerb, type HostChange, type HostOrder } from "@outweigh/schema";
import { z } from "zod";
import type { Agents } from "../auth/agents.ts";
import type { Changes } from "../changes.ts";
import { addOrder, orderById, ordersOf, type StoredAgent } from "../store/agents.ts";
import type { Db } from "../store/state/state.ts";
import { done, notDone, type Act, type Planned, type Seen } from "./action.ts";
import { refusal } from "./outside.ts";

/** How long such an order waits for its agent, in ms: what was true of its files and processes is not for long. */
const orderMs = 10 * 60_000;
/** How long undoing waits for the agent's answer, in ms: it reports every fifteen seconds. */
const undoMs = 30_000;
/** Pause between two looks meanwhile, in ms. */
const lookMs = 500;
/** An agent that was not heard for longer is not waited for, in ms. */
const heardMs = 50_000;
/** Orders among which the one that took another back is looked for. */
const maxLooked = 500;

const plan = z.object({ agent: z.string(), host: z.string(), change: hostChange });
const record = plan.extend({ action: z.string() });

interface OrderHostOptions {
  readonly db: Db;
  readonly agents: Agents;
  readonly changes: Changes;
  now(): number;
}

/** Whether an action's target is a host; `host:` and the agent's id. */
function isHost(target: string): boolean {
  return target.startsWith("host:");
}

/** The order's name at its agent, by the action that gives it. */
export function orderIdOf(action: string): string {
  return action.replace(/^action-/, "");
}

export function orderHost(verb: ChangingVerb, options: OrderHostOptions): Act {
  const { db, agents, now } = options;
  return {
    verb,

    async preview(target, _, terms): Promise<Planned> {
      const agent = agents.get(target.slice("host:".length));
      const change = terms?.order;
      const title = change && agent ? titleOf(change, agent.host.name) : "Change a host";
      const refused = whyNot(verb, agent, change);
      if (refused !== undefined || !agent || !change)
        return { ok: false, title, refused: refused ?? "there is no such host" };
      return {
        ok: true,
        plan: {
          title,
          effects: [
            ...effectsOf(change),
            "The agent checks everything anew when it is asked, within ten minutes or not at all",
          ],
          undoable: change.verb !== "stop-process" || change.how === "hold",
          touches: change.verb === "quarantine-file" ? `file:${change.path}` : `host:${agent.host.name}`,
          ...(change.verb === "block-egress" && { lasts: change.minutes * 60_000 }),
          plan: { agent: agent.id, host: agent.host.name, change },
        },
      };
    },

    async apply(agreed, { action, by, reason, incident }) {
      const it = plan.parse(agreed);
      const id = orderIdOf(action);
      if (!(await orderById(db, id)))
        await give(options, it.agent, {
          id,
          order: it.change,
          by,
          reason,
          ...(incident !== undefined && { incident }),
        });
      return { ...it, action };
    },

    async verify(it): Promise<Seen> {
      const read = record.safeParse(it);
      const found = read.success ? await orderById(db, orderIdOf(read.data.action)) : undefined;
      return found ? seenOf(found, now()) : notDone("the agent was not asked");
    },

    async undo(it, by) {
      const read = record.safeParse(it);
      const found = read.success ? await orderById(db, orderIdOf(read.data.action)) : undefined;
      // Never done, or over by itself: nothing is left to take back.
      if (!read.success || !found || found.state !== "done" || isOver(found, now())) return;
      await takeBack(options, read.data.agent, found, by);
    },
  };
}

/** One act for both kinds of copies that can be quarantined: on this machine, and on a host with an agent. */
export function eitherHost(here: Act, there: Act): Act {
  const of = (it: object) => ("agent" in it ? there : here);
  return {
    verb: here.verb,
    preview: (target, incident, terms) => (isHost(target) ? there : here).preview(target, incident, terms),
    apply: (it, agreed) => of(it).apply(it, agreed),
    verify: (it) => of(it).verify(it),
    undo: (it, by) => of(it).undo(it, by),
  };
}

function whyNot(verb: ActionVerb, agent: StoredAgent | undefined, change: HostChange | undefined): string | undefined {
  if (!agent) return "there is no such host";
  if (agent.revokedAt !== undefined) return `${agent.host.name} is not enrolled any more`;
  if (change?.verb !== verb) return "what is to be done there is not said";
  // The policy goes by how a path begins: no other spelling of it may pass.
  if (change.verb === "quarantine-file" && posix.normalize(change.path) !== change.path)
    return `${change.path} is no plain absolute path`;
  const may = agent.health?.may;
  if (may && !may.includes(change.verb))
    return `the agent on ${agent.host.name} was started without leave to ${change.verb}: see its guide`;
  return undefined;
}

function titleOf(change: HostChange, host: string): string {
  switch (change.verb) {
    case "quarantine-file":
      return `Move ${change.path} on ${host} to quarantine`;
    case "stop-process":
      return `${change.how === "hold" ? "Hold" : "End"} the process ${change.process.split(":", 1)[0]} on ${host}`;
    case "block-egress":
      return `Block what ${whoseText(change.whose)} of ${host} opens to outside for ${change.minutes} minutes`;
  }
}

function whoseText(whose: (HostChange & { verb: "block-egress" })["whose"]): string {
  if (whose.of === "uid") return `the user ${whose.uid}`;
  return whose.of === "cgroup" ? `the group ${whose.path}` : "every process but the agent";
}

function effectsOf(change: HostChange): string[] {
  switch (change.verb) {
    case "quarantine-file":
      return [
        "Its readers do not come where it lies then; its bytes, owner and times stay",
        `Only if it has the digest ${change.sha256}`,
      ];
    case "stop-process":
      return change.how === "hold"
        ? [
            "It stands still until this is undone; what it serves stops",
            `Only if its program has the digest ${change.program}`,
          ]
        : ["It is ended, and cannot be brought back", `Only if its program has the digest ${change.program}`];
    case "block-egress":
      return [
        "New and open connections to outside stop; it ends by itself",
        "What serves from this host to outside stops too",
      ];
  }
}

function seenOf({ state, message, expiresAt }: HostOrder, now: number): Seen {
  if (state === "done") return done(message ?? "the agent says that it is done, and that it looked");
  if (state !== "waiting")
    return notDone(message ?? `the agent ${state === "refused" ? "refused it" : "failed at it"}`);
  if (expiresAt > now) return { is: "waiting", says: "the agent was asked, and has not answered yet" };
  return notDone("the agent did not answer in time: it will not do it any more");
}

function isOver({ order, doneAt }: HostOrder, now: number): boolean {
  return order.verb === "block-egress" && doneAt !== undefined && doneAt + order.minutes * 60_000 <= now;
}

type Given = Pick<HostOrder, "id" | "order" | "by" | "reason" | "incident">;

async function give({ db, changes, now }: OrderHostOptions, agent: string, it: Given): Promise<void> {
  const at = now();
  const stored = { ...it, agent, at, expiresAt: at + orderMs, state: "waiting" as const };
  await db.transaction().execute((tx) => addOrder(tx, stored));
  changes.tell("host", agent);
}

/** Asks the agent to take an order back, unless it did already, and waits for what it says. */
async function takeBack(options: OrderHostOptions, agentId: string, order: HostOrder, by: string): Promise<void> {
  const { db, agents, now } = options;
  const agent = agents.get(agentId);
  if (!agent || agent.revokedAt !== undefined) throw refusal("its host is not enrolled any more: take it back there");
  const given = (await ordersOf(db, agentId, maxLooked)).filter(
    (it) => it.order.verb === "undo" && it.order.order === order.id,
  );
  if (given.some((it) => it.state === "done")) return;
  const waiting = given.find((it) => it.state === "waiting" && it.expiresAt > now());
  if (now() - (agent.lastSeenAt ?? 0) > heardMs && !waiting)
    throw refusal(`the agent on ${agent.host.name} does not report: it cannot be asked now`);
  const id = waiting?.id ?? `${order.id.slice(0, 40)}-undo-${now().toString(36)}`;
  if (!waiting) await give(options, agentId, { id, order: { verb: "undo", order: order.id }, by, reason: "undone" });
  for (const until = Date.now() + undoMs; Date.now() < until;) {
    const { state, message } = (await orderById(db, id)) ?? {};
    if (state === "done") return;
    if (state !== "waiting") throw refusal(message ?? `the agent on ${agent.host.name} could not take it back`);
    await new Promise((next) => setTimeout(next, lookMs));
  }
  throw refusal(`the agent on ${agent.host.name} was asked and has not answered yet: undo it again in a minute to see`);
}
