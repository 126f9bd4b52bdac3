import { hash } from "node:crypto";
import { gatewayFindings, type AccountLinks, type GatewayFinding } from "@outweigh/schema";
import type { Found, LinkedSlots } from "../detect/protocol.ts";
import type { Surroundings } from "../front/surroundings.ts";
import type { OrderChange } from "../orders/order-book.ts";
import type { BlindInterval } from "./blind.ts";
import type { Journal } from "./journal.ts";
import type { Outbox } from "./outbox.ts";

/** Longest name of a model in a record, in UTF-16 units: a client may write a longer one, and a record that is too long is none. */
const maxModelName = 128;

/** Puts what happened on record, and tells the server: first the evidence, then the record that is sent. */
export class Teller {
  readonly #journal: Journal;
  readonly #outbox: Outbox;
  readonly #around: () => Surroundings;
  readonly #news: () => void;

  /** @param news Called when the server should hear soon. */
  constructor(journal: Journal, outbox: Outbox, around: () => Surroundings, news: () => void = () => undefined) {
    this.#news = news;
    this.#journal = journal;
    this.#outbox = outbox;
    this.#around = around;
  }

  /** What a detector found, with names for numbers. @param group Why accounts were tested as one, where they were. */
  found(found: Found, group?: LinkedSlots): void {
    const clients = this.#around().clients.all();
    const client = clients[found.slot];
    const finding = gatewayFindings.find((it) => it === found.finding);
    if (!client || finding === undefined) return;
    const name = (slot: number) => clients[slot]?.principal ?? "unknown";
    const at = this.#around().tap.origin(found.origin);
    const record: GatewayFinding = {
      kind: "finding",
      id: hash(
        "sha256",
        JSON.stringify([this.#journal.origin, found.finding, client.principal, found.model, found.since, found.time]),
        "hex",
      ).slice(0, 32),
      time: found.time,
      gateway: this.#journal.origin,
      principal: client.principal,
      model: (this.#around().policy.models.get(found.model)?.register ?? found.model).slice(0, maxModelName),
      finding,
      queries: found.queries,
      since: found.since,
      value: found.value,
      epoch: this.#around().policy.epoch,
      ...(at && { address: at.address.slice(0, 64), userAgent: at.agent.slice(0, 256) }),
      ...(found.level !== undefined && { level: found.level }),
      ...(found.alpha !== undefined && { alpha: found.alpha }),
      ...(found.watched === true && { watched: true }),
      ...(found.fidelity !== undefined && { fidelity: found.fidelity }),
      ...(found.group && { group: found.group.map(name) }),
      ...(group && { linked: namedLinks(group, name) }),
    };
    const text = `${record.finding}: ${record.queries} queries of ${record.principal} on ${record.model}`;
    this.#journal.add(
      { kind: "finding", by: "gateway", subject: record.principal, text, fields: { record: JSON.stringify(record) } },
      Date.now(),
    );
    this.#outbox.add(record);
    this.#news();
  }

  /** An interval in which detectors did not see everything. */
  blind(it: BlindInterval): void {
    const now = Date.now();
    const text = `blind from ${new Date(it.from).toISOString()} to ${new Date(it.to).toISOString()}: ${it.cause}, ${it.dropped} dropped`;
    const fields = {
      from: it.from,
      to: it.to,
      cause: it.cause,
      ...(it.upstream !== undefined && { upstream: it.upstream }),
      dropped: it.dropped,
      principals: it.principals,
      epoch: this.#around().policy.epoch,
    };
    this.#journal.add({ kind: "blind-interval", by: "gateway", text, fields }, now);
    const gateway = this.#journal.origin;
    this.#outbox.add({
      kind: "blind",
      id: hash("sha256", JSON.stringify([gateway, it]), "hex").slice(0, 32),
      time: now,
      gateway,
      ...it,
    });
    this.#news();
  }

  /** An order that was applied, undone, or ended. */
  order({ order, what, by }: OrderChange): void {
    const now = Date.now();
    const { id, principal, verb, reason, until } = order;
    const text = `${verb} for ${principal} ${what}: ${reason}`;
    this.#journal.add(
      { kind: `order-${what}`, by, subject: principal, text, fields: { order: JSON.stringify(order) } },
      now,
    );
    const gateway = this.#journal.origin;
    const uid = hash("sha256", JSON.stringify([gateway, id, what, now]), "hex").slice(0, 32);
    this.#outbox.add({ kind: "order", id: uid, time: now, gateway, principal, verb, what, by, reason, until });
    this.#news();
  }
}

/** Links with names for slots. */
export function namedLinks(
  { members, links, falseLinks, accounts, capped }: LinkedSlots,
  name: (slot: number) => string,
): AccountLinks {
  return {
    members: members.map(name),
    links: links.map(({ a, b, because, ...p }) => ({
      a: name(a),
      b: name(b),
      because: because.map((it) => ({ ...it })),
      ...p,
    })),
    falseLinks,
    accounts,
    capped,
  };
}
