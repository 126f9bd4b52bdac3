// Gateways that enrolled: what each last said of itself, and how it is told to do something.
import { randomUUID, type KeyObject } from "node:crypto";
import type {
  ClientKey,
  GatewayAsk,
  GatewayClient,
  GatewayOrder,
  GatewayReport,
  GatewayResult,
  GatewaySettings,
  GatewayStatus,
  SourceEntry,
} from "@outweigh/schema";
import { ServerError } from "../error.ts";
import { addAsk, allGateways, dropAsk, takeReport, type StoredAsk, type StoredGateway } from "../store/gateways.ts";
import type { Db } from "../store/state/state.ts";
import { Members } from "./members.ts";

/** A gateway that is quiet for longer is silent, in ms: it reports at least every ten seconds. */
const gatewaySilenceMs = 30_000;
/** How long a gateway has to answer, in ms. It asks all the time, so only one that fails takes longer than a second. */
const answerMs = 30_000;
/** Clients of one gateway that are kept: as many as it can know itself. */
const maxClients = 65_536;

/** What a gateway told since this server started. */
export interface Heard {
  readonly at: number;
  readonly status: GatewayStatus;
  readonly settings: GatewaySettings | undefined;
  readonly clients: ReadonlyMap<string, GatewayClient>;
  readonly orders: readonly GatewayOrder[];
  readonly keys: readonly ClientKey[] | undefined;
}

/** The source under which a gateway's records are read. */
export function gatewaySource({ facts }: Pick<StoredGateway, "facts">): SourceEntry {
  return { name: `gateway-${facts.name}`, kind: "gateway", silenceMs: gatewaySilenceMs };
}

export class Gateways extends Members<StoredGateway> {
  readonly #db: Db;
  readonly #now: () => number;
  readonly #heard = new Map<string, Heard>();
  /** Reports that are held until there is something to say, by gateway. */
  readonly #held = new Map<string, () => void>();
  /** Who waits for an answer, by the id of what was asked. */
  readonly #waiting = new Map<string, (it: GatewayResult) => void>();

  private constructor(db: Db, orderKey: KeyObject, now: () => number) {
    super((id, counter) => takeReport(db, id, counter, now()), orderKey);
    this.#db = db;
    this.#now = now;
  }

  /** @param orderKey An Ed25519 private key. */
  static async open(db: Db, orderKey: KeyObject, now: () => number): Promise<Gateways> {
    const gateways = new Gateways(db, orderKey, now);
    for (const it of await allGateways(db)) gateways.know(it);
    return gateways;
  }

  heard(id: string): Heard | undefined {
    return this.#heard.get(id);
  }

  /** Those that report now. */
  reporting(): { readonly gateway: StoredGateway; readonly heard: Heard }[] {
    return this.list().flatMap((gateway) => {
      const heard = this.#heard.get(gateway.id);
      return heard && this.isReporting(gateway) ? [{ gateway, heard }] : [];
    });
  }

  isReporting({ id, revokedAt }: StoredGateway): boolean {
    const heard = this.#heard.get(id);
    return revokedAt === undefined && heard !== undefined && this.#now() - heard.at <= gatewaySilenceMs;
  }

  /** Takes what a gateway told. False when clients, keys or settings are missing: then it shall tell all. */
  take(gateway: StoredGateway, report: GatewayReport): boolean {
    const before = this.#heard.get(gateway.id);
    const clients = new Map(before?.clients);
    for (const it of report.clients) {
      if (clients.size < maxClients || clients.has(it.principal)) clients.set(it.principal, it);
    }
    const heard = {
      at: this.#now(),
      status: report.status,
      settings: report.settings ?? before?.settings,
      clients,
      orders: report.orders,
      keys: report.keys ?? before?.keys,
    };
    this.#heard.set(gateway.id, heard);
    // As it is known now: it may have been revoked while its report was read.
    const now = this.get(gateway.id);
    if (now && now.revokedAt === undefined) this.know({ ...now, lastSeenAt: heard.at });
    return before !== undefined && heard.settings !== undefined && heard.keys !== undefined;
  }

  /** A gateway that starts counts from nought: what an earlier run of it told holds no longer. */
  forget(id: string): void {
    this.#heard.delete(id);
  }

  /** Waits until there is something to say to a gateway, or so long, in ms, or until it hangs up. */
  hold(id: string, ms: number, gone: AbortSignal): Promise<void> {
    this.#held.get(id)?.();
    return new Promise((done) => {
      const end = () => {
        clearTimeout(timer);
        if (this.#held.get(id) === end) this.#held.delete(id);
        done();
      };
      const timer = setTimeout(end, ms);
      timer.unref();
      gone.addEventListener("abort", end, { once: true });
      this.#held.set(id, end);
    });
  }

  /** Lets all go that wait: the server stops. */
  releaseAll(): void {
    for (const it of this.#held.values()) it();
  }

  /** What came of something that was asked. */
  answered(result: GatewayResult): void {
    this.#waiting.get(result.id)?.(result);
  }

  /**
   * Has a gateway do something, and waits for what comes of it. What is not answered in time is never done.
   *
   * @throws {ServerError} ACTION_REFUSED when the gateway does not report, does not answer, or says no.
   */
  async ask(id: string, ask: GatewayAsk, by: string): Promise<GatewayResult> {
    const gateway = this.get(id);
    if (!gateway || !this.isReporting(gateway))
      throw new ServerError("ACTION_REFUSED", "the gateway does not report: nothing can be ordered there now");
    const at = this.#now();
    const stored: StoredAsk = { id: randomUUID(), gateway: id, ask, by, at, expiresAt: at + answerMs };
    const result = new Promise<GatewayResult>((done) => this.#waiting.set(stored.id, done));
    try {
      await this.#db.transaction().execute((tx) => addAsk(tx, stored));
      this.#held.get(id)?.();
      const answer = await Promise.race([result, this.#late(stored.id)]);
      if (answer === undefined) throw new ServerError("ACTION_REFUSED", "the gateway did not answer in time");
      if (answer.state !== "done") throw new ServerError("ACTION_REFUSED", answer.message ?? "the gateway refused it");
      return answer;
    } finally {
      this.#waiting.delete(stored.id);
    }
  }

  async #late(id: string): Promise<undefined> {
    await new Promise((done) => setTimeout(done, answerMs + 1000).unref());
    await dropAsk(this.#db, id, this.#now());
  }
}
