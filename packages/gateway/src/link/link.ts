import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  gatewayClient,
  maxGatewayClients,
  maxListedKeys,
  type ClientKey,
  type GatewayAsk,
  type GatewayClient,
  type GatewayOrder,
  type GatewayReport,
  type GatewayResult,
  type GatewaySettings,
  type GatewayStatus,
  type SignedOrder,
  type WatchedModel,
} from "@outweigh/schema";
import { GatewayError } from "../error.ts";
import { gatewayOrigin } from "../record/journal.ts";
import type { Batch, Outbox } from "../record/outbox.ts";
import { readAsk, readIdentity, writeIdentity, type Identity } from "./identity.ts";
import { enrolAt, LinkError, sendReport } from "./requests.ts";

/** What the link tells of, and whom it asks to do what the server wants. */
export interface LinkDesk {
  health(): GatewayStatus;
  clients(): readonly GatewayClient[];
  orders(): readonly GatewayOrder[];
  keys(): readonly ClientKey[];
  settings(): GatewaySettings;
  /** Models that are watched here now. */
  watched(): readonly WatchedModel[];
  /** Puts on record that the server asks this; answers with the entry's place in the gateway's evidence. */
  noted(ask: GatewayAsk, signed: SignedOrder): { readonly seq: number; readonly hash: string };
  /** Does it; resolves once it is so in every process. @throws what a person may read. */
  carryOut(ask: GatewayAsk): Promise<void>;
  /** The server went away, or came back. */
  serverAway(since: number | undefined): void;
}

export interface LinkOptions {
  readonly dataDir: string;
  readonly name: string;
  readonly origin: string;
  /** From whoever started us: where the server is now, and a token to enrol with if it does not know us. */
  readonly server?: { readonly url: string; readonly token?: string | undefined } | undefined;
  readonly outbox: Outbox;
  readonly desk: LinkDesk;
  readonly say: (line: string) => void;
}

/** Waits between tries while the server is away, in ms; the last one stays. */
const againMs = [500, 1000, 2000, 5000, 10_000] as const;
/** How long after a report went out news may recall it, in ms: by then the server has it, and holds it. */
const settledMs = 250;
/** Clients are told of at most this often, in ms: their counters move with every request. */
const clientsMs = 2_000;
/** Orders that may be under way at once; the server says the others again. */
const maxUnderWay = 100;
/** How long a report waits after an answer that holds nothing but orders under way, in ms, unless one of them ends. */
const circleMs = 1_000;
/** How long a last report waits for orders that are under way, in ms. */
const lastMs = 2_000;
/** Results and answers remembered, by id: an order that comes again is answered, not done, again. */
const maxRemembered = 1000;

/**
 * The line to the server: tells it what happens here, and carries out what it signed. It holds no request of a client: a server
 * that is away costs disk, and orders that stand go on standing.
 */
export class Link {
  readonly #options: LinkOptions;
  #beside: LinkOptions["server"];
  readonly #done = new Map<string, GatewayResult>();
  readonly #sent = new Map<string, string>();
  /** Clients whose rows the server would not take; said once. */
  readonly #unfit = new Set<string>();
  /** Orders that have begun and not ended, by id: no report waits for them. */
  readonly #underWay = new Map<string, Promise<void>>();
  #results: GatewayResult[] = [];
  #identity: Identity | undefined;
  #counter: number;
  #sentSettings = "";
  #sentKeys = "";
  #wants = true;
  #news = new AbortController();
  #startedAt = 0;
  /** Whether the report under way tells nothing: then the server holds it, and news recall it. */
  #isIdle = false;
  #clientsAt = 0;
  #recall: NodeJS.Timeout | undefined;
  #awaySince: number | undefined;
  #closing = false;
  #runs = false;
  /** A token is good once. */
  #enrolled = false;
  #loop: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  /** @throws {GatewayError} BAD_STATE for an identity that cannot be read. */
  constructor(options: LinkOptions) {
    this.#options = options;
    this.#beside = options.server;
    const known = readIdentity(options.dataDir);
    this.#identity = known && { ...known, server: options.server?.url ?? known.server };
    this.#counter = Math.max(readCounter(options.dataDir), Date.now());
  }

  /** Where it reports to; undefined for a gateway that never enrolled. */
  get server(): string | undefined {
    return this.#identity?.server ?? this.#beside?.url;
  }

  get awaySince(): number | undefined {
    return this.#awaySince;
  }

  start(): void {
    if (this.server === undefined || this.#runs) return;
    this.#runs = true;
    this.#loop = this.#run();
  }

  /** The server is elsewhere now; with a token to enrol with, should it not know us. */
  moveTo(server: NonNullable<LinkOptions["server"]>): void {
    this.#beside = server;
    this.#enrolled = false;
    if (this.#identity) this.#identity = { ...this.#identity, server: server.url };
    this.#wants = true;
    this.#news.abort();
    this.#wake();
    this.start();
  }

  /** Takes over an enrolment that was made beside it. @throws {GatewayError} BAD_STATE */
  renew(): void {
    const known = readIdentity(this.#options.dataDir);
    if (!known || known.id === this.#identity?.id) return;
    this.#identity = known;
    this.#wants = true;
    this.#wake();
    this.start();
  }

  /** Something happened that the server should hear soon. */
  tell(): void {
    // Whoever reads of a finding looks at its client next.
    this.#clientsAt = 0;
    if (this.#recall) return;
    const wait = Math.max(0, this.#startedAt + settledMs - Date.now());
    this.#recall = setTimeout(() => {
      this.#recall = undefined;
      if (this.#isIdle) this.#news.abort();
    }, wait);
    this.#recall.unref();
  }

  /** A last report, if the server is there, so that nothing waits on disk without need. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#news.abort();
    this.#wake();
    await this.#loop;
    const over = new Promise((done) => setTimeout(done, lastMs).unref());
    await Promise.race([Promise.all(this.#underWay.values()), over]);
    clearTimeout(this.#recall);
    if (this.#identity && this.#awaySince === undefined) {
      await this.#report(this.#identity, AbortSignal.timeout(2_000)).catch(() => undefined);
    }
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#closing) {
      try {
        this.#identity ??= await this.#enrol();
        this.#news = new AbortController();
        await this.#report(this.#identity, this.#news.signal);
        failures = 0;
        this.#away(false);
      } catch (error) {
        if (this.#news.signal.aborted) continue;
        if (error instanceof LinkError && error.why === "stale") {
          this.#counter = Math.max(this.#counter + 1000, Date.now());
        } else this.#failed(error, failures);
        await this.#pause(againMs[Math.min(failures++, againMs.length - 1)] ?? 10_000);
      }
    }
  }

  #failed(error: unknown, failures: number): void {
    this.#away(true);
    if (error instanceof LinkError && error.why === "unknown" && this.#beside?.token !== undefined && !this.#enrolled) {
      this.#identity = undefined;
      return;
    }
    const isNews = failures === 0 || (error instanceof LinkError && error.why !== "away" && failures < 3);
    if (isNews) this.#options.say(error instanceof Error ? error.message : String(error));
  }

  #away(isAway: boolean): void {
    const before = this.#awaySince;
    if (isAway === (before !== undefined)) return;
    this.#awaySince = isAway ? Date.now() : undefined;
    this.#options.desk.serverAway(this.#awaySince);
  }

  async #enrol(): Promise<Identity> {
    const { name, origin, dataDir } = this.#options;
    const server = this.#beside;
    if (server?.token === undefined)
      throw new LinkError("refused", "this gateway is not enrolled: outweigh gateway enrol");
    const identity = await enrolAt({ server: server.url, token: server.token, name, origin });
    writeIdentity(dataDir, identity);
    this.#enrolled = true;
    this.#wants = true;
    return identity;
  }

  async #report(identity: Identity, news: AbortSignal): Promise<void> {
    const { outbox, dataDir } = this.#options;
    const batch = await outbox.next();
    const { report, clients, settings, keys } = this.#compose(batch);
    this.#counter = Math.max(this.#counter + 1, Date.now());
    writeFileSync(join(dataDir, "link.counter"), String(this.#counter), { mode: 0o600 });
    this.#startedAt = Date.now();
    const { records, results } = report;
    this.#isIdle = records.length + results.length + clients.length === 0 && !report.keys && !report.settings;
    const answer = await sendReport(identity, this.#counter, report, news);
    if (batch) await outbox.taken(batch);
    this.#results = this.#results.filter((it) => !report.results.includes(it));
    for (const [principal, text] of clients) this.#sent.set(principal, text);
    this.#sentSettings = settings;
    this.#sentKeys = keys;
    this.#wants = answer.all;
    if (answer.all) this.#sent.clear();
    // Each begins in its turn. That it holds in every process may take a while, which no report waits for.
    const begun = answer.orders.map((it) => this.#obey(it, identity));
    // The server answers at once while it waits for a result: it is not asked in a circle.
    if (begun.length > 0 && begun.every((it) => it === "under way")) await this.#pause(circleMs);
    // More than one batch waits: go on at once.
    if (batch && outbox.state.waitingBytes > 0) this.tell();
  }

  #compose(batch: Batch | undefined) {
    const { desk } = this.#options;
    if (this.#wants) this.#sent.clear();
    const isDue = this.#wants || Date.now() - this.#clientsAt >= clientsMs;
    if (isDue) this.#clientsAt = Date.now();
    const changed = (isDue ? desk.clients() : [])
      .map((it) => ({ it, text: JSON.stringify(it) }))
      .filter(({ it, text }) => this.#sent.get(it.principal) !== text)
      .filter(({ it }) => this.#fits(it))
      .slice(0, maxGatewayClients);
    const settings = desk.settings();
    const keys = desk.keys().slice(-maxListedKeys);
    const texts = { settings: JSON.stringify(settings), keys: JSON.stringify(keys) };
    const report: GatewayReport = {
      sentAt: Date.now(),
      status: desk.health(),
      records: [...(batch?.records ?? [])],
      clients: changed.map((it) => it.it),
      orders: [...desk.orders()],
      watched: [...desk.watched()],
      results: this.#results.slice(0, 50),
      ...(batch && { batch: batch.name }),
      ...((this.#wants || texts.settings !== this.#sentSettings) && { settings }),
      ...((this.#wants || texts.keys !== this.#sentKeys) && { keys: [...keys] }),
    };
    return { report, clients: changed.map(({ it, text }) => [it.principal, text] as const), ...texts };
  }

  /** The server takes a report whole or not at all: a row that it would not take must not keep it from hearing the rest. */
  #fits(it: GatewayClient): boolean {
    const { error } = gatewayClient.safeParse(it);
    if (error && !this.#unfit.has(it.principal)) {
      this.#unfit.add(it.principal);
      this.#options.say(
        `the server is not told of ${it.principal}: ${error.issues[0]?.path.join(".") ?? ""} does not fit`,
      );
    }
    return !error;
  }

  #obey(signed: SignedOrder, identity: Identity): "under way" | undefined {
    const read = readAsk(signed, identity, Date.now());
    if ("refused" in read) {
      this.#options.say(`an order of the server was refused: ${read.refused}`);
      return undefined;
    }
    const { id } = read;
    const known = this.#done.get(id);
    if (known) this.#answer(known);
    else if (this.#underWay.has(id) || this.#underWay.size >= maxUnderWay) return "under way";
    else this.#underWay.set(id, this.#carryThrough(id, read.order, signed));
    return undefined;
  }

  /** Never fails: what cannot be put on record is not done, and the server says it again. */
  async #carryThrough(id: string, ask: GatewayAsk, signed: SignedOrder): Promise<void> {
    try {
      this.#answer(await this.#carryOut(id, ask, signed));
    } catch (error) {
      this.#options.say(
        `an order of the server is not done: ${error instanceof Error ? error.message : String(error)}`,
      );
      // The server says it again at once.
      await new Promise((done) => setTimeout(done, circleMs).unref());
    }
    this.#underWay.delete(id);
    this.tell();
    this.#wake();
  }

  /** Has it told with the next report. */
  #answer(result: GatewayResult): void {
    this.#done.set(result.id, result);
    if (this.#done.size > maxRemembered) {
      const [oldest] = this.#done.keys();
      if (oldest !== undefined) this.#done.delete(oldest);
    }
    if (!this.#results.includes(result)) this.#results.push(result);
  }

  async #carryOut(id: string, ask: GatewayAsk, signed: SignedOrder): Promise<GatewayResult> {
    const { desk } = this.#options;
    const evidence = desk.noted(ask, signed);
    try {
      await desk.carryOut(ask);
      return { id, state: "done", evidence };
    } catch (error) {
      const message = (error instanceof Error ? error.message : String(error)).slice(0, 2000);
      const state = error instanceof GatewayError && error.code === "BAD_STATE" ? "failed" : "refused";
      return { id, state, message, evidence };
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        done();
      };
      if (this.#closing) this.#wake();
    });
  }
}

/** Enrols the gateway of a data folder, whether it runs or not. @throws {LinkError} */
export async function enrolGateway(
  dataDir: string,
  { server, token, name }: { readonly server: string; readonly token: string; readonly name: string },
): Promise<{ readonly id: string }> {
  const identity = await enrolAt({ server, token, name, origin: gatewayOrigin(dataDir) });
  writeIdentity(dataDir, identity);
  return { id: identity.id };
}

function readCounter(dataDir: string): number {
  const path = join(dataDir, "link.counter");
  const value = existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
