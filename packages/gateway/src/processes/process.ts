// A process that carries requests: no detectors, no evidence, no orders of its own. It borrows limits from the process that started it,
// and sends it what detectors need. When that one dies, this one goes on with what it knows, until a new one serves.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import type { GatewayLimits, GatewaySection } from "@outweigh/schema";
import { LeasedAccount } from "../admission/leased-account.ts";
import { Lender, type Amounts, type Lending, type Lent } from "../admission/lender.ts";
import { Captures } from "../capture/captures.ts";
import { Clients, type Client } from "../front/clients.ts";
import { drain } from "../front/draining.ts";
import { listen, makeFront } from "../front/front.ts";
import { Strangers } from "../front/strangers.ts";
import type { Surroundings } from "../front/surroundings.ts";
import { keyPath, readKeys } from "../keys/key-file.ts";
import { KeyRing } from "../keys/key-ring.ts";
import { Challenges } from "../orders/challenge.ts";
import { Marks, marksSecret } from "../marks/marks.ts";
import { OrderBook } from "../orders/order-book.ts";
import { compilePolicy } from "../policy/policy.ts";
import { gatewayOrigin } from "../record/journal.ts";
import { secretFile } from "../record/secrets.ts";
import { maxBytesInFlight } from "../limits.ts";
import { Tap } from "../tap/tap.ts";
import { WireWriter } from "../tap/wire.ts";
import { Pools } from "../upstream/pools.ts";
import { watchFile } from "../watch-file.ts";
import { NamedSink } from "./named-sink.ts";
import type { ClientCount, FromProcess, ToProcess } from "./protocol.ts";

type Start = Extract<ToProcess, { tell: "start" }>;

/** The pipe for records, opened by who started us. */
const wireFd = 4;
/** How often counts and unused leases go back, in ms. */
const tickMs = 250;
/** How far apart processes end that hand over to another gateway, in ms: more than they find out apart, and than one takes to close its door. */
const apartMs = 1_000;

/** All parts of one process that carries requests. */
class Carrier {
  readonly #start: Start;
  readonly #wire = new WireWriter(new Socket({ fd: wireFd, readable: false, writable: true }));
  readonly #around: Surroundings;
  readonly #accounts = new Map<string, LeasedAccount>();
  /** Accounts that may hold something. */
  readonly #active = new Set<LeasedAccount>();
  readonly #waiting = new Map<number, { done: (it: Lent) => void; again: () => void }>();
  readonly #counted = new Map<string, Client>();
  readonly #sent = new Map<string, number>();
  readonly #dropped = new Map<string, number>();
  /** What could not be taken up since that was last asked. */
  #kept: string[] = [];
  #asked = 0;
  #blind = false;
  /** Set when who started us is gone. */
  #alone: Lending | undefined;
  #stop: (() => Promise<void>) | undefined;

  constructor(start: Start) {
    this.#start = start;
    this.#blind = start.isBlind;
    const { dataDir, section, epoch } = start;
    const sink = new NamedSink(this.#wire);
    const secret = Buffer.from(
      secretFile(dataDir, "gateway.secret", () => randomBytes(32).toString("hex")),
      "hex",
    );
    this.#around = {
      policy: compilePolicy(section, process.env, epoch),
      keys: new KeyRing(readKeys(dataDir)),
      orders: this.#orders(),
      challenges: new Challenges(secret),
      marks: new Marks(marksSecret(dataDir)),
      captures: new Captures(dataDir, gatewayOrigin(dataDir), start.processes, (line) =>
        this.#say({ say: "line", line }),
      ),
      clients: new Clients(
        ({ slot, principal, tenant }) => sink.tell({ tell: "principal", slot, principal, tenant }),
        (name, limits) => this.#account(name, limits),
      ),
      strangers: new Strangers(),
      pools: new Pools(),
      tap: new Tap(sink, (it) => sink.tell(it)),
      isBlind: () => this.#blind || this.#alone !== undefined,
      denied: (note) => this.#say({ say: "denied", note }),
      once: (proof) => new LeasedAccount(`proof:${proof}`, { informationBitsPerDay: 1 }, () => this.#lending()),
      sent: (upstream, count) => this.#sent.set(upstream, (this.#sent.get(upstream) ?? 0) + count),
      dropped: (principal) => this.#dropped.set(principal, (this.#dropped.get(principal) ?? 0) + 1),
      maxBytesInFlight: Math.ceil(maxBytesInFlight / start.processes),
      bytesInFlight: 0,
      running: 0,
      draining: false,
    };
  }

  /** Configured models have their numbers before clients name others: those found no room, and nobody would watch them. */
  #nameModels(): void {
    const { policy, tap } = this.#around;
    for (const { name } of policy.section.models) tap.modelNumber(name);
  }

  async open(): Promise<void> {
    const { section, port } = this.#start;
    this.#nameModels();
    const front = makeFront(this.#around);
    this.#stop = () => drain(front, this.#around);
    const at = await listen(front, section.host, port, true);
    this.#say({ say: "listening", ...at });
    setInterval(() => this.#tick(), tickMs);
  }

  hear(it: ToProcess): void {
    if (it.tell === "lent") {
      this.#waiting.get(it.id)?.done(it.answer);
      this.#waiting.delete(it.id);
    } else if (it.tell === "recall") {
      const amounts = this.#accounts.get(keyOf(it.name, it.limits))?.release() ?? [];
      this.#say({ say: "recalled", id: it.id, amounts });
    } else if (it.tell === "policy") this.#orOld("policy", () => this.#replace(it.section, it.epoch));
    else if (it.tell === "keys") this.#readKeys();
    else if (it.tell === "orders") this.#readOrders();
    else if (it.tell === "heed") this.#say({ say: "heeded", id: it.id, kept: this.#kept.splice(0) });
    else if (it.tell === "blind") this.#blind = it.isBlind;
    else if (it.tell === "drain") void this.end();
  }

  #orders(): OrderBook {
    // They are applied, undone and ended elsewhere: here they are only obeyed.
    return new OrderBook(this.#start.dataDir, () => undefined);
  }

  #readOrders(): void {
    this.#orOld("orders", () => (this.#around.orders = this.#orders()));
  }

  #readKeys(): void {
    this.#orOld("keys", () => (this.#around.keys = new KeyRing(readKeys(this.#start.dataDir))));
  }

  /** Replaces something whole, or keeps what there was. */
  #orOld(what: string, replace: () => void): void {
    try {
      replace();
    } catch (error) {
      if (!this.#kept.includes(what)) this.#kept.push(what);
      this.#say({
        say: "line",
        line: `a process keeps its old ${what}: ${error instanceof Error ? error.message : ""}`,
      });
    }
  }

  #replace(section: GatewaySection, epoch: number): void {
    const { keys, clients, pools } = this.#around;
    const policy = compilePolicy(section, process.env, epoch);
    this.#around.policy = policy;
    this.#nameModels();
    pools.keepOnly(policy.upstreams);
    clients.relimit((it) => policy.plan(keys.planOf(it)).limits, section.tenantLimits);
  }

  #account(name: string, limits: GatewayLimits): LeasedAccount {
    const key = keyOf(name, limits);
    const known = this.#accounts.get(key);
    if (known) return known;
    const account: LeasedAccount = new LeasedAccount(
      name,
      limits,
      () => this.#lending(),
      () => this.#active.add(account),
    );
    this.#accounts.set(key, account);
    return account;
  }

  #lending(): Lending {
    return (
      this.#alone ?? {
        borrow: (name, limits, needs) => this.#borrow(name, limits, needs),
        giveBack: (name, limits, amounts) => this.#say({ say: "gave", name, limits, amounts }),
      }
    );
  }

  #borrow(name: string, limits: GatewayLimits, needs: Amounts): Promise<Lent> {
    const id = ++this.#asked;
    return new Promise((done) => {
      // Who would answer may die first: then the share of one process is what there is.
      const again = () => void this.#lending().borrow(name, limits, needs).then(done);
      this.#waiting.set(id, { done, again });
      this.#say({ say: "borrow", id, name, limits, needs });
    });
  }

  #tick(): void {
    const now = Date.now();
    this.#around.captures.settle(now, (it) => this.#around.orders.holds(it, now));
    for (const it of this.#active) if (!it.settle(now)) this.#active.delete(it);
    const clients = this.#around.clients.all().flatMap((it) => this.#countOf(it));
    const dropped = [...this.#dropped];
    this.#dropped.clear();
    const sent = [...this.#sent];
    this.#sent.clear();
    this.#say({ say: "counts", running: this.#around.running, clients, dropped, sent });
  }

  /** What came since the last time, if anything. */
  #countOf(it: Client): ClientCount[] {
    const before = this.#counted.get(it.principal);
    if (before?.requests === it.requests && before.denied === it.denied && before.outputTokens === it.outputTokens)
      return [];
    this.#counted.set(it.principal, { ...it });
    const { principal, tenant, plan, lastAt } = it;
    return [
      {
        principal,
        tenant,
        plan,
        lastAt,
        requests: it.requests - (before?.requests ?? 0),
        denied: it.denied - (before?.denied ?? 0),
        inputTokens: it.inputTokens - (before?.inputTokens ?? 0),
        outputTokens: it.outputTokens - (before?.outputTokens ?? 0),
        informationBits: it.informationBits - (before?.informationBits ?? 0),
      },
    ];
  }

  #say(it: FromProcess): void {
    // Nobody may hear it any more: then it is over, or we are alone.
    if (process.connected) process.send?.(it, undefined, {}, () => undefined);
  }

  /**
   * Who started us is gone, without having told us to end. Requests go on, unseen: whoever is under an order gets 503, limits are one
   * process's share. Keys and orders are read from their files. It ends when another gateway serves from this data folder.
   */
  goOnAlone(): void {
    if (this.#around.draining) return;
    const { dataDir, number, processes } = this.#start;
    const lender = new Lender(1, Date.now, () => Promise.resolve([]));
    this.#alone = {
      borrow: (name, limits, needs) => lender.borrow(0, name, shareOf(limits, processes), needs),
      giveBack: (name, limits, amounts) => lender.giveBack(0, name, shareOf(limits, processes), amounts),
    };
    this.#wire.close();
    for (const { again } of this.#waiting.values()) again();
    this.#waiting.clear();
    watchFile(keyPath(dataDir), () => this.#readKeys());
    watchFile(join(dataDir, "orders.json"), () => this.#readOrders());
    const before = pidIn(dataDir);
    const timer = setInterval(() => {
      if (pidIn(dataDir) === before) return;
      clearInterval(timer);
      // One after the other: whose connection ends here comes back to one that listens, not to another that is about to stop.
      setTimeout(() => void this.end(), number * apartMs);
    }, tickMs);
  }

  /** No new connections; running exchanges get their time; then everything that waits is sent. */
  async end(): Promise<void> {
    if (this.#around.draining) return;
    this.#around.draining = true;
    await this.#stop?.();
    this.#tick();
    this.#around.captures.close();
    this.#wire.flush();
    await this.#wire.sent();
    process.exit(0);
  }
}

function keyOf(name: string, limits: GatewayLimits): string {
  return JSON.stringify([name, limits]);
}

/** What one of several processes may give out when nobody counts for all; at least one request. */
function shareOf(limits: GatewayLimits, processes: number): GatewayLimits {
  const part = (it: number | undefined) => (it === undefined ? undefined : it / processes);
  const whole = (it: number | undefined) => (it === undefined ? undefined : Math.max(1, Math.floor(it / processes)));
  return {
    requestsPerMinute: whole(limits.requestsPerMinute),
    inputTokensPerMinute: part(limits.inputTokensPerMinute),
    outputTokensPerMinute: part(limits.outputTokensPerMinute),
    informationBitsPerDay: part(limits.informationBitsPerDay),
    concurrent: whole(limits.concurrent),
  };
}

/** Whose note lies in the data folder. */
function pidIn(dataDir: string): string {
  try {
    return /"pid":\d+/.exec(readFileSync(join(dataDir, "gateway.json"), "utf8"))?.[0] ?? "";
  } catch {
    return "";
  }
}

let carrier: Carrier | undefined;

function begin(start: Start): void {
  const made = new Carrier(start);
  carrier = made;
  made.open().catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    process.send?.({ say: "failed", why } satisfies FromProcess, () => process.exit(1));
  });
}

process.on("message", (it: ToProcess) => {
  if (it.tell === "start") begin(it);
  else carrier?.hear(it);
});
// Who started us reads what we write there, and may be gone.
process.stderr.on("error", () => undefined);
process.on("disconnect", () => (carrier ? carrier.goOnAlone() : process.exit(0)));
// Ctrl-C reaches the whole group: who started us tells us when to end. Alone, a request to end is ours.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => {
  if (!process.connected) void carrier?.end();
});
