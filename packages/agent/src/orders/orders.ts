// Carries out what the server signed: each order once, booked before it is begun, verified after, and taken back on demand.
import {
  blockedEgress,
  quarantined,
  stoppedProcess,
  type ChangingVerb,
  type Order,
  type OrderResult,
} from "@outweigh/schema";
import type { Proc } from "../watch/proc.ts";
import type { Booked, OrderBook } from "./book.ts";
import { blockEgress } from "./egress.ts";
import { Refused, type Change } from "./outcome.ts";
import { stopProcess } from "./process.ts";
import { quarantineFile } from "./quarantine.ts";

interface OrdersOptions {
  readonly book: OrderBook;
  readonly proc: Proc;
  /** Our own folder, and where our server is. */
  readonly dataDir: string;
  readonly server: string;
  /** Changes of the host that whoever started us allows. */
  readonly may: ReadonlySet<ChangingVerb>;
  scan(roots: readonly string[]): Promise<void>;
  /** Ends the scan that runs. False if none does. */
  stopScan(): boolean;
  collect(order: Extract<Order, { verb: "collect" }>, id: string): OrderResult;
}

/** A change with the shape of its record, so that what comes back from the disk is looked at. */
interface Kept {
  plan(order: Order, id: string): Promise<object>;
  apply(record: unknown): Promise<void>;
  verify(record: unknown): Promise<string | undefined>;
  undo(record: unknown): Promise<void>;
}

export class Orders {
  readonly #options: OrdersOptions;
  readonly #changes: ReadonlyMap<string, Kept>;

  constructor(options: OrdersOptions) {
    this.#options = options;
    this.#changes = new Map([
      ["quarantine-file", kept("quarantine-file", quarantined, quarantineFile(options.dataDir))],
      ["stop-process", kept("stop-process", stoppedProcess, stopProcess(options.proc))],
      ["block-egress", kept("block-egress", blockedEgress, blockEgress(options.server))],
    ]);
  }

  /** Does a booked order and books what came of it. Never rejects: what goes wrong is the result. */
  async carryOut(id: string, order: Order): Promise<void> {
    this.#options.book.end(await this.#resultOf(id, order));
  }

  /** Says of orders that were begun when we were ended what became of them. Nothing is done a second time, but for taking back. */
  async recover(): Promise<void> {
    for (const it of this.#options.book.interrupted()) {
      if (it.order.verb === "undo") await this.carryOut(it.id, it.order);
      else this.#options.book.end(await this.#interrupted(it));
    }
  }

  async #interrupted({ id, order, record }: Booked): Promise<OrderResult> {
    const change = this.#changes.get(order.verb);
    const ended = "the agent was ended while it did this";
    if (!change || record === undefined) return { id, state: "failed", message: `${ended}: nothing was changed` };
    const wrong = await change.verify(record).catch((error: unknown) => messageOf(error));
    if (wrong === undefined) return { id, state: "done", message: `${ended}; it is done` };
    return { id, state: "failed", message: `${ended}: ${wrong}` };
  }

  async #resultOf(id: string, order: Order): Promise<OrderResult> {
    const { scan, stopScan, collect } = this.#options;
    try {
      switch (order.verb) {
        case "scan":
          await scan(order.roots);
          return { id, state: "done" };
        case "stop-scan":
          return stopScan() ? { id, state: "done" } : { id, state: "refused", message: "no scan runs" };
        case "collect":
          return collect(order, id);
        case "undo":
          return await this.#undo(id, order.order);
        default:
          return await this.#change(id, order);
      }
    } catch (error) {
      return { id, state: error instanceof Refused ? "refused" : "failed", message: messageOf(error) };
    }
  }

  async #change(id: string, order: Extract<Order, { verb: ChangingVerb }>): Promise<OrderResult> {
    const { book, may } = this.#options;
    const change = this.#changes.get(order.verb);
    if (!change) throw new Refused(`this agent does not know how to ${order.verb}`);
    if (!may.has(order.verb)) throw new Refused(`this agent may not: start it with --may ${order.verb}`);
    const record = await change.plan(order, id);
    book.plan(id, record);
    await change.apply(record);
    const wrong = await change.verify(record);
    return wrong === undefined ? { id, state: "done", message: "verified" } : { id, state: "failed", message: wrong };
  }

  async #undo(id: string, of: string): Promise<OrderResult> {
    const { book } = this.#options;
    const found = book.find(of);
    const change = found && this.#changes.get(found.order.verb);
    if (!found || !change || found.record === undefined)
      throw new Refused(`there is no order ${of} here that changed this host`);
    if (found.state === "undone") throw new Refused(`the order ${of} was taken back before`);
    await change.undo(found.record);
    book.undone(of);
    return { id, state: "done", message: `${found.order.verb} was taken back` };
  }
}

function kept<Verb extends ChangingVerb, Record extends object>(
  verb: Verb,
  shape: { parse(value: unknown): Record },
  change: Change<Extract<Order, { verb: Verb }>, Record>,
): Kept {
  return {
    plan: async (order, id) => {
      if (order.verb !== verb) throw new Refused(`${order.verb} is not ${verb}`);
      // The edge of types: the verb says which order it is.
      return change.plan(order as Extract<Order, { verb: Verb }>, id);
    },
    apply: async (record) => change.apply(shape.parse(record)),
    verify: async (record) => change.verify(shape.parse(record)),
    undo: async (record) => change.undo(shape.parse(record)),
  };
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 2000);
}
