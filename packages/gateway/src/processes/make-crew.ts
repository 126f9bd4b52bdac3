import type { Lender } from "../admission/lender.ts";
import type { Client } from "../front/clients.ts";
import type { Surroundings } from "../front/surroundings.ts";
import type { BlindBook } from "../record/blind.ts";
import type { RingWriter } from "../tap/ring.ts";
import { Crew } from "./crew.ts";
import type { ClientCount } from "./protocol.ts";

/** What the processes that carry requests are tied to. */
interface CrewParts {
  readonly around: Surroundings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
  readonly ring: RingWriter;
  readonly blind: BlindBook;
  readonly lender: Lender;
  readonly dataDir: string;
}

/** The processes that carry requests; undefined where one does everything. */
export function makeCrew({ around, environment, say, ring, blind, lender, dataDir }: CrewParts): Crew | undefined {
  const { processes } = around.policy.section;
  if (processes === 1) return undefined;
  return new Crew({
    processes,
    environment,
    say,
    intake: { ring, tap: around.tap, slotOf: (it, tenant) => clientOf(around, it, tenant)?.slot },
    makeStart: () => {
      const { section, epoch } = around.policy;
      return { section, epoch, dataDir, isBlind: blind.isBlind };
    },
    lender: () => lender,
    denied: around.denied,
    dropped: (principal, count) => {
      for (let i = 0; i < count; i++) around.dropped(principal);
    },
    sent: around.sent,
    counted: (it) => addCounts(around, it),
    gone(why, slots) {
      say(`a process ended (${why}) with ${slots.length} running requests; the others go on, and it is started again`);
      const now = Date.now();
      blind.begin("process-away", now);
      const clients = around.clients.all();
      for (const it of slots) blind.drop("process-away", clients[it]?.principal ?? "", now);
    },
    back: () => blind.end("process-away", Date.now()),
  });
}

function clientOf(
  { clients, keys, policy }: Surroundings,
  principal: string,
  tenant: string | undefined,
): Client | undefined {
  const known = clients.find(principal);
  if (known) return known;
  const plan = keys.planOf(principal);
  return clients.of(principal, tenant, plan, policy.plan(plan).limits, policy.section.tenantLimits);
}

/** What a process counted, added to what is known of each client. */
function addCounts(around: Surroundings, counts: readonly ClientCount[]): void {
  for (const it of counts) {
    const client = clientOf(around, it.principal, it.tenant);
    if (!client) continue;
    client.requests += it.requests;
    client.denied += it.denied;
    client.inputTokens += it.inputTokens;
    client.outputTokens += it.outputTokens;
    client.informationBits += it.informationBits;
    client.lastAt = Math.max(client.lastAt, it.lastAt);
  }
}
