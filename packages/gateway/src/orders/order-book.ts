import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import {
  gatewayMarks,
  gatewayOrder,
  maxCaptureMs,
  maxOrderMs,
  type AnswerDial,
  type GatewayMarks,
  type GatewayOrder,
} from "@outweigh/schema";
import { z } from "zod";
import { Bucket } from "../admission/gcra.ts";
import { GatewayError } from "../error.ts";
import { maxOrders } from "../limits.ts";

/** All that orders do to one principal and model at this moment. */
export interface Restriction {
  readonly suspended: GatewayOrder | undefined;
  readonly challenge: GatewayOrder | undefined;
  readonly throttle: { readonly order: GatewayOrder; readonly bucket: Bucket } | undefined;
  readonly stripLogprobs: boolean;
  readonly stripReasoning: boolean;
  readonly dial: AnswerDial;
  readonly decimals: number | undefined;
  /** How many of the largest probabilities are left, for `top-k`. */
  readonly top: number | undefined;
  readonly marks: GatewayMarks | undefined;
  readonly capture: GatewayOrder | undefined;
}

interface Standing {
  readonly order: GatewayOrder;
  readonly bucket: Bucket | undefined;
}

const minuteMs = 60_000;
/** How far the server's clock may be ahead of ours where it says how long something lasts, in ms. */
const clockMs = 300_000;
/** Requests a minute under a throttle that names no number: a person's pace. */
export const usualThrottle = 6;
const stored = z.strictObject({ version: z.literal(1), orders: z.array(gatewayOrder).max(maxOrders) });

/** What changed in the book. */
export interface OrderChange {
  readonly order: GatewayOrder;
  readonly what: "applied" | "undone" | "expired";
  readonly by: string;
}

/**
 * The standing orders. Each ends by itself, can be undone, and is on disk before it holds: a restart forgets none, so that
 * who was restricted stays restricted.
 */
export class OrderBook {
  readonly #path: string;
  readonly #tell: (change: OrderChange) => void;
  #byTarget = new Map<string, Standing[]>();

  /** @throws {GatewayError} BAD_STATE when the stored orders cannot be read: then nobody would be restricted. */
  constructor(dataDir: string, tell: (change: OrderChange) => void) {
    this.#path = join(dataDir, "orders.json");
    this.#tell = tell;
    if (existsSync(this.#path)) this.#load();
  }

  #load(): void {
    try {
      this.#put(stored.parse(JSON.parse(readFileSync(this.#path, "utf8"))).orders);
    } catch (cause) {
      throw new GatewayError("BAD_STATE", `${this.#path}: ${cause instanceof Error ? cause.message : ""}`, { cause });
    }
  }

  #put(orders: readonly GatewayOrder[]): void {
    const next = new Map<string, Standing[]>();
    const known = new Map([...this.#byTarget.values()].flat().map((it) => [it.order.id, it]));
    for (const order of orders) {
      const bucket =
        order.verb === "throttle" ? new Bucket(order.requestsPerMinute ?? usualThrottle, minuteMs) : undefined;
      const list = next.get(order.principal) ?? [];
      next.set(order.principal, [...list, known.get(order.id) ?? { order, bucket }]);
    }
    this.#byTarget = next;
  }

  /** All orders, the newest first. */
  all(): GatewayOrder[] {
    return [...this.#byTarget.values()]
      .flat()
      .map((it) => it.order)
      .sort((a, b) => b.from - a.from || (a.id < b.id ? -1 : 1));
  }

  /**
   * @param knows Whether a principal is anybody's here: an order about nobody would restrict nobody, and look as if it did.
   * @throws {GatewayError} BAD_ORDER for what is malformed, over already, too long, about nobody, or known by this id.
   */
  apply(given: unknown, now: number, knows: (principal: string) => boolean = () => true): GatewayOrder {
    const read = gatewayOrder.safeParse(given);
    if (!read.success) {
      const [issue] = read.error.issues;
      throw new GatewayError("BAD_ORDER", `${issue?.path.join(".") || "order"}: ${issue?.message ?? "not an order"}`);
    }
    const order = read.data;
    if (order.until <= now) throw new GatewayError("BAD_ORDER", "until: the order is over already");
    if (order.until - now > maxOrderMs)
      throw new GatewayError("BAD_ORDER", `until: an order holds at most ${maxOrderMs} ms`);
    if (order.verb === "capture") checkCapture(order, now);
    if (!knows(order.principal)) {
      const who = JSON.stringify(order.principal);
      throw new GatewayError(
        "BAD_ORDER",
        `principal: ${who} never asked anything and holds no key here: is it spelt right?`,
      );
    }
    const orders = this.all();
    if (orders.some((it) => it.id === order.id)) throw new GatewayError("BAD_ORDER", `id: ${order.id} stands already`);
    if (orders.length >= maxOrders) throw new GatewayError("BAD_ORDER", `more than ${maxOrders} orders`);
    this.#store([...orders, order]);
    this.#tell({ order, what: "applied", by: order.by });
    return order;
  }

  /** Takes an order back. @throws {GatewayError} BAD_ORDER if there is none of this id. */
  undo(id: string, by: string): GatewayOrder {
    const orders = this.all();
    const order = orders.find((it) => it.id === id);
    if (!order) throw new GatewayError("BAD_ORDER", `there is no order ${JSON.stringify(id)}`);
    this.#store(orders.filter((it) => it !== order));
    this.#tell({ order, what: "undone", by });
    return order;
  }

  /** Ends what is over. Orders stop by their own time whether this is called or not. */
  expire(now: number): void {
    const orders = this.all();
    const over = orders.filter((it) => it.until <= now);
    if (over.length === 0) return;
    this.#store(orders.filter((it) => it.until > now));
    for (const order of over) this.#tell({ order, what: "expired", by: "gateway" });
  }

  #store(orders: readonly GatewayOrder[]): void {
    const next = `${this.#path}.${randomBytes(6).toString("hex")}`;
    const file = openSync(next, "wx", 0o600);
    try {
      writeSync(file, JSON.stringify({ version: 1, orders }));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(next, this.#path);
    this.#put(orders);
  }

  /** Whether an order of this id holds now. */
  holds(id: string, now: number): boolean {
    return this.all().some((it) => it.id === id && it.until > now);
  }

  /** What holds for a principal now. Undefined for almost everybody, after one look-up. */
  restriction(
    principal: string,
    tenant: string | undefined,
    model: string | undefined,
    now: number,
  ): Restriction | undefined {
    if (this.#byTarget.size === 0) return undefined;
    const own = this.#byTarget.get(principal);
    const shared = tenant === undefined ? undefined : this.#byTarget.get(`tenant:${tenant}`);
    if (!own && !shared) return undefined;
    const standing = [...(own ?? []), ...(shared ?? [])].filter(
      ({ order }) =>
        order.until > now &&
        order.from <= now &&
        (order.model === undefined || model === undefined || order.model === model),
    );
    return standing.length === 0 ? undefined : restrictionOf(standing);
  }
}

/** @throws {GatewayError} BAD_ORDER for a capture without a key to seal to, of more than a day, or whose name is no name of a folder. */
function checkCapture({ id, sealTo, until }: GatewayOrder, now: number): void {
  if (sealTo === undefined) throw new GatewayError("BAD_ORDER", "sealTo: a capture is sealed to a key");
  if (until - now > maxCaptureMs + clockMs)
    throw new GatewayError("BAD_ORDER", `until: a capture lasts at most ${maxCaptureMs} ms`);
  if (!/^ORD-[0-9a-f]{8,32}$/.test(id)) throw new GatewayError("BAD_ORDER", "id: expected ORD- and hexadecimal digits");
}

function restrictionOf(standing: readonly Standing[]): Restriction {
  const of = (verb: GatewayOrder["verb"]) => standing.find((it) => it.order.verb === verb);
  const throttle = of("throttle");
  const round = of("round");
  const largest = of("top-k");
  const mark = of("mark");
  return {
    suspended: of("suspend")?.order,
    challenge: of("challenge")?.order,
    throttle: throttle?.bucket && { order: throttle.order, bucket: throttle.bucket },
    stripLogprobs: of("strip-logprobs") !== undefined || of("label-only") !== undefined,
    stripReasoning: of("strip-reasoning") !== undefined,
    dial: of("label-only") ? "label-only" : largest ? "top-k" : round ? "rounded" : "full",
    decimals: least(round?.order.decimals, largest?.order.decimals),
    top: largest?.order.top,
    marks: mark && gatewayMarks.parse({ share: mark.order.share, pull: mark.order.pull }),
    capture: of("capture")?.order,
  };
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
