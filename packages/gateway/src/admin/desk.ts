import { z } from "zod";
import type { GatewayAsk, GatewayClient, GatewayOrder, GatewayStatus, WatchedModel } from "@outweigh/schema";
import { at } from "../adapters/reading.ts";
import type { Detection } from "../detect/detection.ts";
import { GatewayError } from "../error.ts";
import type { Surroundings } from "../front/surroundings.ts";
import { addKey, replaceKey, revokeKey } from "../keys/key-file.ts";
import type { Link, LinkDesk } from "../link/link.ts";
import type { WatchedModels } from "../orders/watched-models.ts";
import type { Reload } from "../policy/reload.ts";
import type { BlindBook } from "../record/blind.ts";
import type { Journal } from "../record/journal.ts";
import type { Outbox } from "../record/outbox.ts";
import type { AdminDesk } from "./admin.ts";
import { clientRows } from "./client-rows.ts";
import { settingsOf, shownKey } from "./settings.ts";

/** A server that starts us, or finds us running. */
const besideServer = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  token: z.string().min(16).max(128).optional(),
});

/** What there is to tell of, and to change. */
interface DeskParts {
  readonly dataDir: string;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly blind: BlindBook;
  readonly around: Surroundings;
  readonly detection: Detection;
  readonly reload: Reload;
  readonly watched: WatchedModels;
  /** Where clients ask. */
  readonly url: () => string;
  /** Resolves once what was changed holds in every process. @throws {GatewayError} BAD_STATE */
  readonly heeded: () => Promise<void>;
  /** Records that found no room, over all processes. */
  readonly dropped: () => number;
}

/** What the owner at this machine and the server may ask of a gateway and have it do. */
export class Desk implements AdminDesk, LinkDesk {
  readonly #parts: () => DeskParts;
  readonly #link: () => Link;
  readonly #startedAt = Date.now();

  /** Both are asked for when they are needed: the link tells what the desk knows, and the desk how the link stands. */
  constructor(parts: () => DeskParts, link: () => Link) {
    this.#parts = parts;
    this.#link = link;
  }

  /** Reads keys and configuration anew. @throws {GatewayError} BAD_CONFIG, BAD_KEY_FILE: then the old ones hold. */
  renew(): object {
    this.#link().renew();
    return this.#parts().reload.now();
  }

  /** Resolves once it holds in every process. */
  async reload(): Promise<object> {
    const done = this.renew();
    await this.#parts().heeded();
    return done;
  }

  moveServer(to: unknown): object {
    const read = besideServer.safeParse(to);
    if (!read.success) throw new GatewayError("BAD_CONFIG", "expected the address of a server and a token");
    this.#link().moveTo(read.data);
    return { server: read.data.url };
  }

  status(): GatewayStatus & { readonly [more: string]: unknown } {
    const { around, journal, detection } = this.#parts();
    const { policy, keys, running, clients } = around;
    const { awaySince, server } = this.#link();
    return {
      ...this.health(),
      origin: journal.origin,
      epoch: policy.epoch,
      keys: keys.size,
      clients: clients.all().length,
      running,
      unread: detection.unread,
      watched: this.watched(),
      ...(server !== undefined && { server }),
      ...(awaySince !== undefined && { awaySince }),
    };
  }

  /** What the server hears of it. */
  health(): GatewayStatus {
    const { around, blind, journal, outbox, detection, url, dropped } = this.#parts();
    const { lost, waitingBytes } = outbox.state;
    return {
      url: url(),
      startedAt: this.#startedAt,
      running: around.running,
      blind: blind.isBlind,
      dropped: dropped(),
      evidence: journal.head.size,
      waitingBytes,
      lost,
      problems: detection.problems.slice(0, 50).map((it) => it.slice(0, 500)),
    };
  }

  clients(): GatewayClient[] {
    const { around, detection } = this.#parts();
    const { policy, keys } = around;
    return clientRows({
      ...around,
      readings: detection.readings,
      groups: detection.groups,
      bitsPerDay: (it) => policy.plan(keys.planOf(it)).limits.informationBitsPerDay,
    });
  }

  orders(): readonly GatewayOrder[] {
    return this.#parts().around.orders.all();
  }

  /** Resolves once it holds in every process. */
  async apply(order: unknown, unknown = false, isSigned = false): Promise<GatewayOrder> {
    if (!isSigned && at(order, "verb") === "capture")
      throw new GatewayError("BAD_ORDER", "two people decide on a capture: it is proposed and approved at the server");
    const { around, heeded } = this.#parts();
    const applied = around.orders.apply(order, Date.now(), (it) => unknown || this.#knows(it));
    await heeded();
    return applied;
  }

  /** Whether a principal asked anything, or holds a key; a tenant, whether one of its principals does. */
  #knows(principal: string): boolean {
    const { around, reload } = this.#parts();
    if (around.clients.find(principal)) return true;
    const tenant = principal.startsWith("tenant:") ? principal.slice("tenant:".length) : undefined;
    return reload.entries.some((it) => it.principal === principal || (tenant !== undefined && it.tenant === tenant));
  }

  /** Resolves once it holds in no process any more. */
  async undo(id: string, by: string): Promise<object> {
    const { around, heeded } = this.#parts();
    const undone = around.orders.undo(id, by.slice(0, 128));
    await heeded();
    return undone;
  }

  keys() {
    return this.#parts().reload.entries.map(shownKey);
  }

  settings() {
    return settingsOf(this.#parts().around.policy);
  }

  watched(): readonly WatchedModel[] {
    return this.#parts().watched.now(Date.now());
  }

  noted(ask: GatewayAsk, { text, signature }: { readonly text: string; readonly signature: string }) {
    const { journal } = this.#parts();
    const by = "by" in ask ? ask.by : ask.order.by;
    const entry = {
      kind: "order-received",
      by,
      text: `the server ordered: ${ask.verb}`,
      fields: { order: text, signature },
    };
    const { seq } = journal.add(entry, Date.now());
    return { seq, hash: journal.head.last };
  }

  /** What the server signed. Doing it twice is doing it once. */
  async carryOut(ask: GatewayAsk): Promise<void> {
    const now = Date.now();
    const { around, dataDir } = this.#parts();
    const { orders } = around;
    switch (ask.verb) {
      case "apply":
        // By the server's clock, which may be ahead of ours: it holds from now on.
        if (!orders.all().some((it) => it.id === ask.order.id))
          await this.apply({ ...ask.order, from: Math.min(ask.order.from, now) }, false, true);
        return;
      case "undo":
        if (orders.all().some((it) => it.id === ask.order)) await this.undo(ask.order, ask.by);
        return;
      case "add-key":
        addKey(dataDir, ask.key, ask, now);
        break;
      case "rotate-key":
        replaceKey(dataDir, { id: ask.id, given: ask.key, graceMs: ask.graceMs }, now);
        break;
      case "watch":
        this.#parts().watched.set(ask.models);
        this.#parts().detection.rewatch();
        return;
      case "revoke-key":
        revokeKey(dataDir, ask.id, now);
    }
    await this.reload();
  }

  serverAway(since: number | undefined): void {
    const kind = since === undefined ? "server-back" : "server-away";
    const text = since === undefined ? "the server answers again" : "the server does not answer; records wait on disk";
    this.#parts().journal.add({ kind, by: "gateway", text }, Date.now());
  }
}
