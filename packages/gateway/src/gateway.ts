import { hash, randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { Server } from "node:http";
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { GatewayAsk, GatewayClient, GatewayOrder, GatewaySection, GatewayStatus } from "@outweigh/schema";
import { makeAdmin, type AdminDesk } from "./admin/admin.ts";
import { at } from "./adapters/reading.ts";
import { adapters } from "./adapters/adapters.ts";
import type { FromWorker, WorkerStart } from "./detect/protocol.ts";
import { GatewayError } from "./error.ts";
import { Supervisor } from "./detect/supervisor.ts";
import { Captures } from "./capture/captures.ts";
import { lookAfterCaptures } from "./capture/ended.ts";
import { clientRows } from "./admin/client-rows.ts";
import { settingsOf, shownKey } from "./admin/settings.ts";
import { Lender } from "./admission/lender.ts";
import { Clients } from "./front/clients.ts";
import { closeServer, drain } from "./front/draining.ts";
import { assertFree, listen, makeFront } from "./front/front.ts";
import { Strangers } from "./front/strangers.ts";
import type { Surroundings } from "./front/surroundings.ts";
import { addKey, keyChanges, keyPath, readKeys, replaceKey, revokeKey, type KeyEntry } from "./keys/key-file.ts";
import { KeyRing } from "./keys/key-ring.ts";
import { Link, type LinkDesk, type LinkOptions } from "./link/link.ts";
import { maxBytesInFlight, ringBytes } from "./limits.ts";
import { Marks, marksSecret } from "./marks/marks.ts";
import { Challenges } from "./orders/challenge.ts";
import { OrderBook } from "./orders/order-book.ts";
import { compilePolicy, type Policy } from "./policy/policy.ts";
import { BlindBook } from "./record/blind.ts";
import { Denials } from "./record/denials.ts";
import { Journal } from "./record/journal.ts";
import { Outbox } from "./record/outbox.ts";
import { findEarlier, removeNote, touchNote, writeNote } from "./record/running.ts";
import { secretFile } from "./record/secrets.ts";
import { Teller } from "./record/teller.ts";
import type { Crew } from "./processes/crew.ts";
import { makeCrew } from "./processes/make-crew.ts";
import { Readings } from "./tap/readings.ts";
import { ringMemory, RingWriter } from "./tap/ring.ts";
import { Tap } from "./tap/tap.ts";
import { Counts, type WentAround } from "./upstream/counts.ts";
import { Pools } from "./upstream/pools.ts";
import { watchFile } from "./watch-file.ts";

export interface GatewayOptions {
  /** Read anew at each reload: throws for a bad one, and the old policy holds. */
  readonly section: () => GatewaySection;
  /** The file that `section` comes from; watched for changes. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where messages for people go. */
  readonly say: (line: string) => void;
  /** From whoever starts it beside a server: where that is, and a token to enrol with. */
  readonly server?: LinkOptions["server"];
  /** Length of one interval of activity for linking accounts, in ms; default a minute. */
  readonly linkMs?: number;
  /** Size of the ring between the two threads, in bytes, a power of two; default 32 MiB. */
  readonly ringBytes?: number;
}

/** A gateway that serves. */
export interface RunningGateway {
  /** Where clients ask. */
  readonly url: string;
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly dataDir: string;
  reload(): void;
  /** Ends the detector's thread as a crash would: what follows is what follows a crash. */
  killDetector(): void;
  /** The processes that carry requests, where there are several. */
  readonly pids: readonly number[];
  /** Stops: no new connections, running exchanges get 30 s, then the tap, the spool and the evidence are written. */
  close(): Promise<void>;
}

/** A server that starts us, or finds us running. */
const besideServer = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  token: z.string().min(16).max(128).optional(),
});

/** Looks over orders, blind intervals and counted denials this often, in ms. */
const tickMs = 1_000;
/** Ticks between two records of denials. */
const denialTicks = 10;
const usualLinkMs = 60_000;

/** Starts a gateway. @throws {GatewayError} BAD_CONFIG, BAD_KEY_FILE, BAD_STATE: then nothing listens. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const section = options.section();
  const dataDir = resolve(section.data);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const earlier = findEarlier(dataDir);
  const house = new House(options, compilePolicy(section, options.environment, 1), dataDir);
  await house.open(earlier !== undefined);
  // It ended without a word: from then on until now nothing here saw anything, and what detectors had counted is gone.
  if (earlier) house.wasAway(earlier.aliveAt);
  return house;
}

/** All parts of one gateway, tied together. */
class House implements RunningGateway, AdminDesk, LinkDesk {
  readonly dataDir: string;
  readonly adminToken: string;
  url = "";
  adminUrl = "";
  readonly #options: GatewayOptions;
  readonly #journal: Journal;
  readonly #outbox: Outbox;
  readonly #link: Link;
  readonly #startedAt = Date.now();
  readonly #teller: Teller;
  readonly #blind: BlindBook;
  readonly #denials = new Denials();
  readonly #counts = new Counts(
    (it) => this.#wentAround(it),
    () => this.#around.running,
  );
  readonly #memory: SharedArrayBuffer;
  readonly #ring: RingWriter;
  readonly #lender: Lender;
  /** Where there are several processes; else requests are carried here. */
  readonly #crew: Crew | undefined;
  readonly #readings = new Readings();
  readonly #supervisor: Supervisor;
  readonly #around: Surroundings;
  readonly #secret: Buffer;
  #front: Server | undefined;
  #admin: Server | undefined;
  #watches: { stop(): void }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #groups = new Map<number, readonly number[]>();
  #unread = 0;
  /** Records that found no room, over all processes. */
  #dropped = 0;
  #closed: Promise<void> | undefined;
  #problems: readonly string[] = [];
  #entries: readonly KeyEntry[];

  constructor(options: GatewayOptions, policy: Policy, dataDir: string) {
    this.#options = options;
    this.#memory = ringMemory(options.ringBytes ?? ringBytes);
    this.#ring = new RingWriter(this.#memory);
    this.dataDir = dataDir;
    this.adminToken = secretFile(dataDir, "admin.token", () => randomBytes(24).toString("base64url"));
    this.#secret = Buffer.from(
      secretFile(dataDir, "gateway.secret", () => randomBytes(32).toString("hex")),
      "hex",
    );
    this.#journal = new Journal(dataDir);
    this.#outbox = new Outbox(dataDir, this.#journal.origin);
    this.#link = new Link({
      dataDir,
      name: policy.section.name,
      origin: this.#journal.origin,
      server: options.server,
      outbox: this.#outbox,
      desk: this,
      say: options.say,
    });
    this.#entries = readKeys(dataDir);
    this.#teller = new Teller(
      this.#journal,
      this.#outbox,
      () => this.#around,
      () => this.#link.tell(),
    );
    this.#blind = new BlindBook((it) => this.#teller.blind(it));
    const tap = new Tap(this.#ring, (it) => this.#supervisor.tell(it));
    this.#supervisor = new Supervisor(
      () => this.#workerStart(),
      {
        heard: (it) => this.#heard(it),
        gone: (why) => this.#detectorGone(why),
        back: () => this.#blind.end("detector-away", Date.now()),
      },
      () => tap.tellAll(),
    );
    this.#around = {
      policy,
      keys: new KeyRing(this.#entries),
      orders: new OrderBook(dataDir, (it) => {
        this.#crew?.tell({ tell: "orders" });
        this.#teller.order(it);
      }),
      challenges: new Challenges(this.#secret),
      marks: new Marks(marksSecret(dataDir)),
      captures: new Captures(dataDir, this.#journal.origin, 1, options.say),
      clients: new Clients(
        () => undefined,
        (name, limits) => this.#lender.account(name, limits),
      ),
      strangers: new Strangers(),
      pools: new Pools(),
      tap,
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
    this.#lender = new Lender(
      policy.section.processes,
      () => Date.now(),
      (process, name, limits) => this.#crew?.recall(process, name, limits) ?? Promise.resolve([]),
    );
    this.#crew = makeCrew({
      around: this.#around,
      environment: options.environment,
      say: options.say,
      ring: this.#ring,
      blind: this.#blind,
      lender: this.#lender,
      dataDir,
    });
  }

  /** A model server answered more than went through here. */
  #wentAround({ upstream, from, to, count }: WentAround): void {
    this.#options.say(`${upstream} answered at least ${count} requests that did not come through the gateway`);
    this.#teller.blind({ from, to, cause: "around-gateway", upstream, dropped: count, principals: 0 });
  }

  #workerStart(): WorkerStart {
    const { policy } = this.#around;
    return {
      ring: this.#memory,
      readings: this.#readings.memory,
      dataDir: this.dataDir,
      routes: routesOf(policy),
      models: policy.section.models,
      encoder: policy.section.encoder,
      secret: this.#secret,
      linkMs: this.#options.linkMs ?? usualLinkMs,
    };
  }

  /** @param mayShare Whether processes of an earlier run may still listen: they end when this one serves. */
  async open(mayShare: boolean): Promise<void> {
    const { section } = this.#around.policy;
    // Several processes may share a port; so might somebody else's, unseen.
    if (this.#crew && !mayShare) await assertFree(section.host, section.port);
    await this.#outbox.start();
    await this.#supervisor.start();
    if (!this.#crew) this.#front = makeFront(this.#around);
    const at = this.#front
      ? await listen(this.#front, section.host, section.port)
      : ((await this.#crew?.start(section.port)) ?? { host: section.host, port: section.port });
    this.url = `${section.tls ? "https" : "http"}://${at.host.includes(":") ? `[${at.host}]` : at.host}:${at.port}`;
    this.#admin = makeAdmin(this, this.adminToken);
    const admin = await listen(this.#admin, "127.0.0.1", 0);
    this.adminUrl = `http://127.0.0.1:${admin.port}`;
    writeNote(this.dataDir, { url: this.url, adminUrl: this.adminUrl });
    this.#journal.add(
      { kind: "gateway-started", by: "gateway", text: `serving on ${this.url}`, fields: this.#policyFields() },
      Date.now(),
    );
    const files = [keyPath(this.dataDir), ...(this.#options.file === undefined ? [] : [this.#options.file])];
    this.#watches = files.map((it) => watchFile(it, () => this.#reloadQuietly()));
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
    this.#counts.compare(this.#around.policy.upstreams);
    this.#link.start();
  }

  /** From then on until now no gateway worked here. */
  wasAway(from: number): void {
    const now = Date.now();
    this.#teller.blind({ from: Math.min(from, now), to: now, cause: "gateway-away", dropped: 0, principals: 0 });
  }

  #policyFields() {
    const { epoch, section } = this.#around.policy;
    return { epoch, policy: hash("sha256", JSON.stringify(section), "hex") };
  }

  #tick(): void {
    const now = Date.now();
    touchNote(this.dataDir, now);
    if (this.#crew) {
      this.#around.running = this.#crew.running;
      this.#crew.tell({ tell: "blind", isBlind: this.#blind.isBlind });
    }
    this.#around.orders.expire(now);
    this.#settleCaptures(now);
    this.#blind.settle(now);
    if (++this.#ticks % denialTicks === 0)
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

  #heard(it: FromWorker): void {
    if (it.say === "ready") {
      this.#problems = it.problems;
      for (const problem of it.problems) this.#options.say(`detectors: ${problem}`);
    } else if (it.say === "unread") this.#unread += it.count;
    else if (it.say === "groups")
      this.#groups = new Map(it.groups.flatMap((group) => group.map((slot) => [slot, group] as const)));
    else if (it.say === "drifted") this.#heardDrift(it.problem);
    else this.#teller.found(it.found);
  }

  /** A calibration that holds no more is a matter of record: its alarms rest until there is another. */
  #heardDrift(problem: string): void {
    this.#problems = [...this.#problems, problem];
    this.#options.say(`detectors: ${problem}`);
    this.#journal.add({ kind: "calibration-drifted", by: "gateway", text: problem }, Date.now());
  }

  #detectorGone(why: string): void {
    this.#options.say(`the detector ended (${why}); requests go on, unseen, until it is back`);
    this.#blind.begin("detector-away", Date.now());
    this.#crew?.tell({ tell: "blind", isBlind: true });
  }

  reload(): object {
    this.#link.renew();
    const policy = compilePolicy(this.#section(), this.#options.environment, this.#around.policy.epoch + 1);
    const entries = readKeys(this.dataDir);
    const keys = new KeyRing(entries);
    const changes = keyChanges(this.#entries, entries);
    if (changes) {
      const { text, keys: names } = changes;
      this.#journal.add({ kind: "keys-changed", by: "gateway", text, fields: { keys: names } }, Date.now());
    }
    this.#entries = entries;
    const { section: old } = this.#around.policy;
    this.#around.keys = keys;
    this.#crew?.tell({ tell: "keys" });
    if (isDeepStrictEqual(policy.section, old)) return { epoch: this.#around.policy.epoch, keys: keys.size };
    if (policy.section.processes !== old.processes)
      this.#options.say("processes: as many as at the start go on; others take effect at the next start");
    this.#around.policy = policy;
    this.#around.pools.keepOnly(policy.upstreams);
    this.#counts.compare(policy.upstreams);
    this.#crew?.tell({ tell: "policy", section: policy.section, epoch: policy.epoch });
    this.#supervisor.tell({ tell: "routes", routes: routesOf(policy), models: policy.section.models });
    if (!isDeepStrictEqual([policy.section.plans, policy.section.tenantLimits], [old.plans, old.tenantLimits])) {
      this.#around.clients.relimit((it) => policy.plan(keys.planOf(it)).limits, policy.section.tenantLimits);
    }
    // Detectors of other models, or with other calibrations, begin anew; what they miss meanwhile is a blind interval.
    if (!isDeepStrictEqual(policy.section.models, old.models)) this.#supervisor.kill();
    this.#journal.add(
      { kind: "policy-loaded", by: "gateway", text: `policy ${policy.epoch}`, fields: this.#policyFields() },
      Date.now(),
    );
    return { epoch: policy.epoch, keys: keys.size };
  }

  #section(): GatewaySection {
    try {
      return this.#options.section();
    } catch (cause) {
      throw new GatewayError("BAD_CONFIG", cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  #reloadQuietly(): void {
    try {
      this.reload();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#options.say(`the old policy and keys hold: ${why}`);
    }
  }

  moveServer(to: unknown): object {
    const read = besideServer.safeParse(to);
    if (!read.success) throw new GatewayError("BAD_CONFIG", "expected the address of a server and a token");
    this.#link.moveTo(read.data);
    return { server: read.data.url };
  }

  killDetector(): void {
    this.#supervisor.kill();
  }

  get pids(): readonly number[] {
    return this.#crew?.pids ?? [];
  }

  status(): GatewayStatus & { readonly [more: string]: unknown } {
    const { policy, keys, running, clients } = this.#around;
    const { awaySince, server } = this.#link;
    return {
      ...this.health(),
      origin: this.#journal.origin,
      epoch: policy.epoch,
      keys: keys.size,
      clients: clients.all().length,
      running,
      unread: this.#unread,
      ...(server !== undefined && { server }),
      ...(awaySince !== undefined && { awaySince }),
    };
  }

  /** What the server hears of it. */
  health(): GatewayStatus {
    const { lost, waitingBytes } = this.#outbox.state;
    return {
      url: this.url,
      startedAt: this.#startedAt,
      running: this.#around.running,
      blind: this.#blind.isBlind,
      dropped: this.#dropped,
      evidence: this.#journal.head.size,
      waitingBytes,
      lost,
      problems: this.#problems.slice(0, 50).map((it) => it.slice(0, 500)),
    };
  }

  clients(): GatewayClient[] {
    const { policy, keys } = this.#around;
    return clientRows({
      ...this.#around,
      readings: this.#readings,
      groups: this.#groups,
      bitsPerDay: (it) => policy.plan(keys.planOf(it)).limits.informationBitsPerDay,
    });
  }

  orders(): readonly GatewayOrder[] {
    return this.#around.orders.all();
  }

  apply(order: unknown, unknown = false, isSigned = false): GatewayOrder {
    if (!isSigned && at(order, "verb") === "capture")
      throw new GatewayError("BAD_ORDER", "two people decide on a capture: it is proposed and approved at the server");
    return this.#around.orders.apply(order, Date.now(), (it) => unknown || this.#knows(it));
  }

  /** Whether a principal asked anything, or holds a key; a tenant, whether one of its principals does. */
  #knows(principal: string): boolean {
    if (this.#around.clients.find(principal)) return true;
    const tenant = principal.startsWith("tenant:") ? principal.slice("tenant:".length) : undefined;
    return this.#entries.some((it) => it.principal === principal || (tenant !== undefined && it.tenant === tenant));
  }

  undo(id: string, by: string): object {
    return this.#around.orders.undo(id, by.slice(0, 128));
  }

  keys() {
    return this.#entries.map(shownKey);
  }

  settings() {
    return settingsOf(this.#around.policy);
  }

  noted(ask: GatewayAsk, { text, signature }: { readonly text: string; readonly signature: string }) {
    const by = "by" in ask ? ask.by : ask.order.by;
    const entry = {
      kind: "order-received",
      by,
      text: `the server ordered: ${ask.verb}`,
      fields: { order: text, signature },
    };
    const { seq } = this.#journal.add(entry, Date.now());
    return { seq, hash: this.#journal.head.last };
  }

  /** What the server signed. Doing it twice is doing it once. */
  carryOut(ask: GatewayAsk): void {
    const now = Date.now();
    const { orders } = this.#around;
    switch (ask.verb) {
      case "apply":
        // By the server's clock, which may be ahead of ours: it holds from now on.
        if (!orders.all().some((it) => it.id === ask.order.id))
          this.apply({ ...ask.order, from: Math.min(ask.order.from, now) }, false, true);
        return;
      case "undo":
        if (orders.all().some((it) => it.id === ask.order)) this.undo(ask.order, ask.by);
        return;
      case "add-key":
        addKey(this.dataDir, ask.key, ask, now);
        break;
      case "rotate-key":
        replaceKey(this.dataDir, { id: ask.id, given: ask.key, graceMs: ask.graceMs }, now);
        break;
      case "revoke-key":
        revokeKey(this.dataDir, ask.id, now);
    }
    this.reload();
  }

  serverAway(since: number | undefined): void {
    const kind = since === undefined ? "server-back" : "server-away";
    const text = since === undefined ? "the server answers again" : "the server does not answer; records wait on disk";
    this.#journal.add({ kind, by: "gateway", text }, Date.now());
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#around.draining = true;
    for (const it of this.#watches) it.stop();
    clearInterval(this.#timer);
    this.#counts.stop();
    await Promise.all([drain(this.#front, this.#around), this.#crew?.close(), closeServer(this.#admin)]);
    await this.#supervisor.stop(this.#ring, 5_000);
    this.#blind.endAll(Date.now());
    for (const it of this.#denials.take(this.#journal.origin)) this.#outbox.add(it);
    await this.#link.close();
    await this.#outbox.close();
    this.#around.pools.close();
    this.#around.captures.close();
    this.#journal.add({ kind: "gateway-stopped", by: "gateway", text: "stopped" }, Date.now());
    this.#journal.close();
    removeNote(this.dataDir);
  }
}

/** Routes as the worker finds them: by protocol and place in its adapter's list. */
function routesOf({ routes }: Policy): WorkerStart["routes"] {
  return routes.all.map(({ upstream: { adapter }, route }) => ({
    protocol: adapter.protocol,
    route: adapters[adapter.protocol].routes.indexOf(route),
  }));
}
