import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { Server } from "node:http";
import { resolve } from "node:path";
import { makeAdmin } from "./admin/admin.ts";
import { Desk } from "./admin/desk.ts";
import { Lender } from "./admission/lender.ts";
import { Captures } from "./capture/captures.ts";
import { lookAfterCaptures } from "./capture/ended.ts";
import { Detection } from "./detect/detection.ts";
import { Clients, type Client } from "./front/clients.ts";
import { closeServer, drain } from "./front/draining.ts";
import { assertFree, listen, makeFront } from "./front/front.ts";
import { Strangers } from "./front/strangers.ts";
import type { Surroundings } from "./front/surroundings.ts";
import { CountersFile } from "./kept/counters-file.ts";
import type { Runs } from "./kept/detectors-file.ts";
import { Keeper } from "./kept/keeper.ts";
import { keyPath, readKeys } from "./keys/key-file.ts";
import { KeyRing } from "./keys/key-ring.ts";
import { Link } from "./link/link.ts";
import { maxBytesInFlight } from "./limits.ts";
import { Marks, marksSecret } from "./marks/marks.ts";
import type { GatewayOptions, RunningGateway } from "./options.ts";
import { Challenges } from "./orders/challenge.ts";
import { OrderBook } from "./orders/order-book.ts";
import { WatchedModels } from "./orders/watched-models.ts";
import { compilePolicy, type Policy } from "./policy/policy.ts";
import { policyFields, Reload } from "./policy/reload.ts";
import type { Crew } from "./processes/crew.ts";
import { makeCrew } from "./processes/make-crew.ts";
import { BlindBook } from "./record/blind.ts";
import { Denials } from "./record/denials.ts";
import { Journal } from "./record/journal.ts";
import { Outbox } from "./record/outbox.ts";
import { findEarlier, removeNote, touchNote, writeNote } from "./record/running.ts";
import { secretFile } from "./record/secrets.ts";
import { Teller } from "./record/teller.ts";
import { Counts, type WentAround } from "./upstream/counts.ts";
import { Pools } from "./upstream/pools.ts";
import { look, watchFile } from "./watch-file.ts";

export type { GatewayOptions, RunningGateway } from "./options.ts";

/** Looks over orders, captures, blind intervals and counted denials this often, in ms. */
const tickMs = 1_000;
/** Ticks between two records of denials. */
const denialTicks = 10;
/** How long detectors may take, at a stop, to read what came before and write what they remember, in ms. */
const readOutMs = 20_000;
/** How often counters and budgets are written, in ms: what a crash makes the gateway forget. */
const usualKeepMs = 10_000;

/** Starts a gateway. @throws {GatewayError} BAD_CONFIG, BAD_KEY_FILE, BAD_STATE: then nothing listens. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const section = options.section();
  const dataDir = resolve(section.data);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const earlier = findEarlier(dataDir);
  const house = new House(options, compilePolicy(section, options.environment, 1), dataDir);
  await house.open(earlier !== undefined);
  // It ended without a word: from then on until now nothing here saw anything, and what came last was not kept.
  if (earlier) house.wasAway(earlier.aliveAt);
  return house;
}

/** All parts of one gateway, tied together: made, opened, looked after, closed. */
class House implements RunningGateway {
  readonly dataDir: string;
  readonly adminToken: string;
  url = "";
  adminUrl = "";
  readonly #options: GatewayOptions;
  readonly #secret: Buffer;
  readonly #journal: Journal;
  readonly #runs: Runs;
  readonly #keeper: Keeper;
  readonly #outbox: Outbox;
  readonly #link: Link;
  readonly #teller: Teller;
  readonly #blind: BlindBook;
  readonly #denials = new Denials();
  readonly #counts = new Counts(
    (it) => this.#wentAround(it),
    () => this.#around.running,
  );
  readonly #detection: Detection;
  readonly #lender: Lender;
  /** Where there are several processes; else requests are carried here. */
  readonly #crew: Crew | undefined;
  readonly #around: Surroundings;
  readonly #reload: Reload;
  readonly #desk: Desk;
  readonly #watched: WatchedModels;
  #front: Server | undefined;
  #admin: Server | undefined;
  /** How the files that are watched looked before they were read: who revokes a key during a long start is heard. */
  readonly #looked: ReadonlyMap<string, string>;
  #watches: { stop(): void }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #keeping: NodeJS.Timeout | undefined;
  #ticks = 0;
  #dropped = 0;
  #closed: Promise<void> | undefined;

  constructor(options: GatewayOptions, policy: Policy, dataDir: string) {
    this.#options = options;
    this.dataDir = dataDir;
    this.adminToken = secretFile(dataDir, "admin.token", () => randomBytes(24).toString("base64url"));
    this.#secret = Buffer.from(
      secretFile(dataDir, "gateway.secret", () => randomBytes(32).toString("hex")),
      "hex",
    );
    this.#journal = new Journal(dataDir);
    this.#runs = { began: this.#journal.head.size, last: this.#journal.lastBegan };
    this.#outbox = new Outbox(dataDir, this.#journal.origin);
    this.#watched = new WatchedModels(dataDir);
    this.#desk = this.#makeDesk();
    this.#link = new Link({
      dataDir,
      name: policy.section.name,
      origin: this.#journal.origin,
      server: options.server,
      outbox: this.#outbox,
      desk: this.#desk,
      say: options.say,
    });
    this.#teller = new Teller(
      this.#journal,
      this.#outbox,
      () => this.#around,
      () => this.#link.tell(),
    );
    this.#blind = new BlindBook((it) => this.#teller.blind(it));
    this.#detection = this.#makeDetection();
    const files = [keyPath(dataDir), ...(options.file === undefined ? [] : [options.file])];
    this.#looked = new Map(files.map((it) => [it, look(it)]));
    const entries = readKeys(dataDir);
    this.#around = this.#makeAround(policy, new KeyRing(entries));
    this.#lender = new Lender(
      policy.section.processes,
      () => Date.now(),
      (process, name, limits) => this.#crew?.recall(process, name, limits) ?? Promise.resolve([]),
    );
    this.#crew = makeCrew({
      around: this.#around,
      environment: options.environment,
      say: options.say,
      ring: this.#detection.ring,
      blind: this.#blind,
      lender: this.#lender,
      dataDir,
    });
    this.#reload = new Reload(
      {
        options,
        dataDir,
        journal: this.#journal,
        around: this.#around,
        crew: this.#crew,
        counts: this.#counts,
        detection: this.#detection,
      },
      entries,
    );
    this.#keeper = new Keeper({
      file: new CountersFile(dataDir, this.#secret, this.#runs),
      lender: this.#lender,
      clients: this.#around.clients,
      clientOf: (it) => this.#clientOf(it),
      forgot: (problem) => this.#detection.forgot(problem),
    });
  }

  /** The client of a principal that has or had a key; undefined for any other. */
  #clientOf(principal: string): Client | undefined {
    const { clients, keys, policy } = this.#around;
    const known = clients.find(principal);
    if (known) return known;
    const entry = this.#reload.entries.findLast((it) => it.principal === principal);
    if (!entry) return undefined;
    const plan = keys.planOf(principal);
    return clients.of(principal, entry.tenant, plan, policy.plan(plan).limits, policy.section.tenantLimits);
  }

  #makeDesk(): Desk {
    return new Desk(
      () => ({
        dataDir: this.dataDir,
        journal: this.#journal,
        outbox: this.#outbox,
        blind: this.#blind,
        around: this.#around,
        detection: this.#detection,
        reload: this.#reload,
        watched: this.#watched,
        url: () => this.url,
        heeded: async () => this.#crew?.heeded(),
        dropped: () => this.#dropped,
      }),
      () => this.#link,
    );
  }

  #makeDetection(): Detection {
    const { say, linkMs, ringBytes, keepMs, hangMs, startMs } = this.#options;
    return new Detection({
      dataDir: this.dataDir,
      secret: this.#secret,
      journal: this.#journal,
      policy: () => this.#around.policy,
      say,
      ...(linkMs !== undefined && { linkMs }),
      ...(ringBytes !== undefined && { ringBytes }),
      ...(keepMs !== undefined && { keepMs }),
      ...(hangMs !== undefined && { hangMs }),
      ...(startMs !== undefined && { startMs }),
      runs: this.#runs,
      clock: this.#options.clock,
      watched: () => this.#watched.now(Date.now()),
      clients: () => this.#around.clients.all(),
      slotOf: (it) => this.#clientOf(it)?.slot,
      refused: ({ at }) => {
        const now = Date.now();
        this.#teller.blind({ from: Math.min(at, now), to: now, cause: "state-refused", dropped: 0, principals: 0 });
      },
      found: (it, group) => this.#teller.found(it, group),
      gone: (from) => {
        this.#blind.begin("detector-away", from);
        this.#crew?.tell({ tell: "blind", isBlind: true });
      },
      back: () => this.#blind.end("detector-away", Date.now()),
    });
  }

  #makeAround(policy: Policy, keys: KeyRing): Surroundings {
    return {
      policy,
      keys,
      orders: new OrderBook(this.dataDir, (it) => {
        this.#crew?.tell({ tell: "orders" });
        this.#teller.order(it);
      }),
      challenges: new Challenges(this.#secret),
      marks: new Marks(marksSecret(this.dataDir)),
      captures: new Captures(this.dataDir, this.#journal.origin, 1, this.#options.say),
      clients: new Clients(
        (it) => this.#detection.name(it),
        (name, limits) => this.#lender.account(name, limits),
      ),
      strangers: new Strangers(),
      pools: new Pools(),
      tap: this.#detection.tap,
      isBlind: () => this.#blind.isBlind,
      denied: (it) => this.#denials.add(it, Date.now()),
      sent: (upstream, count) => this.#counts.sent(upstream, count),
      dropped: (principal) => {
        this.#dropped++;
        this.#blind.drop("ring-full", principal, Date.now());
      },
      maxBytesInFlight,
      bytesInFlight: 0,
      running: 0,
      draining: false,
    };
  }

  /** @param mayShare Whether processes of an earlier run may still listen: they end when this one serves. */
  async open(mayShare: boolean): Promise<void> {
    const { section } = this.#around.policy;
    // Several processes may share a port; so might somebody else's, unseen.
    if (this.#crew && !mayShare) await assertFree(section.host, section.port);
    await this.#outbox.start();
    await this.#keeper.recall();
    await this.#detection.start();
    if (!this.#crew) this.#front = makeFront(this.#around);
    const at = this.#front
      ? await listen(this.#front, section.host, section.port)
      : ((await this.#crew?.start(section.port)) ?? { host: section.host, port: section.port });
    this.url = `${section.tls ? "https" : "http"}://${at.host.includes(":") ? `[${at.host}]` : at.host}:${at.port}`;
    this.#admin = makeAdmin(this.#desk, this.adminToken);
    const admin = await listen(this.#admin, "127.0.0.1", 0);
    this.adminUrl = `http://127.0.0.1:${admin.port}`;
    writeNote(this.dataDir, { url: this.url, adminUrl: this.adminUrl });
    const text = `serving on ${this.url}`;
    const fields = { ...policyFields(this.#around.policy), began: this.#runs.began };
    this.#journal.add({ kind: "gateway-started", by: "gateway", text, fields }, Date.now());
    this.#watches = [...this.#looked].map(([it, last]) => watchFile(it, () => this.#reloadQuietly(), last));
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
    this.#keeping = setInterval(() => void this.#keeper.keep(), this.#options.keepMs ?? usualKeepMs);
    this.#keeping.unref();
    this.#counts.compare(this.#around.policy.upstreams);
    this.#link.start();
  }

  /** From then on until now no gateway worked here. */
  wasAway(from: number): void {
    const now = Date.now();
    // What was seen after it was last kept was forgotten as well.
    const since = Math.min(from, this.#detection.remembersFrom ?? now, now);
    this.#teller.blind({ from: since, to: now, cause: "gateway-away", dropped: 0, principals: 0 });
  }

  /** A model server answered more than went through here. */
  #wentAround({ upstream, from, to, count }: WentAround): void {
    this.#options.say(`${upstream} answered at least ${count} requests that did not come through the gateway`);
    this.#teller.blind({ from, to, cause: "around-gateway", upstream, dropped: count, principals: 0 });
  }

  #tick(): void {
    const now = Date.now();
    touchNote(this.dataDir, now);
    if (this.#crew) {
      this.#around.running = this.#crew.running;
      this.#crew.tell({ tell: "blind", isBlind: this.#blind.isBlind });
    }
    this.#around.orders.expire(now);
    for (const { model } of this.#watched.expire(now))
      this.#journal.add(
        { kind: "watch-over", by: "gateway", text: `${model} is not watched any more: its time is over` },
        now,
      );
    this.#settleCaptures(now);
    this.#blind.settle(now);
    this.#detection.settle();
    if (++this.#ticks % denialTicks === 0) this.#tellDenials();
  }

  #tellDenials(): void {
    for (const it of this.#denials.take(this.#journal.origin)) this.#outbox.add(it);
  }

  #settleCaptures(now: number): void {
    const holds = (order: string) => this.#around.orders.holds(order, now);
    this.#around.captures.settle(now, holds);
    try {
      lookAfterCaptures(this.dataDir, this.#journal, now, holds);
    } catch (error) {
      this.#options.say(`captures: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  reload(): void {
    this.#desk.renew();
  }

  #reloadQuietly(): void {
    try {
      this.#desk.renew();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#options.say(`the old policy and keys hold: ${why}`);
    }
  }

  killDetector(): void {
    this.#detection.kill();
  }

  get pids(): readonly number[] {
    return this.#crew?.pids ?? [];
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#around.draining = true;
    for (const it of this.#watches) it.stop();
    clearInterval(this.#timer);
    clearInterval(this.#keeping);
    this.#counts.stop();
    await Promise.all([drain(this.#front, this.#around), this.#crew?.close(), closeServer(this.#admin)]);
    if (!(await this.#detection.stop(readOutMs))) this.#blind.begin("detector-away", this.#detection.keptAt);
    this.#blind.endAll(Date.now());
    await this.#keeper.keep();
    this.#tellDenials();
    await this.#link.close();
    await this.#outbox.close();
    this.#around.pools.close();
    this.#around.captures.close();
    this.#journal.add({ kind: "gateway-stopped", by: "gateway", text: "stopped" }, Date.now());
    this.#journal.close();
    removeNote(this.dataDir);
  }
}
