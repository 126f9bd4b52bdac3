// Orders that were received, on disk before they are begun: none is done twice, and none that was done is forgotten, whenever we are ended.
import type { DatabaseSync } from "node:sqlite";
import { order, orderResult, type Order, type OrderResult } from "@outweigh/schema";

/** Orders remembered. They expire within an hour; what can be undone is kept longest. */
const maxOrders = 10_000;

export interface Booked {
  readonly id: string;
  readonly order: Order;
  /** What undoing needs; undefined until it was planned, and for what changes nothing. */
  readonly record: unknown;
  readonly state: "begun" | "done" | "failed" | "undone";
}

export class OrderBook {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(`
      CREATE TABLE IF NOT EXISTS "order" (
        id TEXT PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL, record TEXT, state TEXT NOT NULL, result TEXT
      ) STRICT;
    `);
  }

  /** Books an order. False for one that was received before: it is not done again. */
  begin(id: string, it: Order): boolean {
    return this.#book(id, it);
  }

  /** Books that an order will not be done, and why, to be sent as a result is. Not for one that was received before: it has its own. */
  refuse(id: string, message: string): boolean {
    if (!this.#book(id, null)) return false;
    this.end({ id, state: "refused", message });
    return true;
  }

  #book(id: string, it: Order | null): boolean {
    const { changes } = this.#db
      .prepare(
        `INSERT INTO "order" (id, seq, body, state) SELECT ?, coalesce(max(seq), 0) + 1, ?, 'begun' FROM "order" WHERE true ON CONFLICT DO NOTHING`,
      )
      .run(id, JSON.stringify(it));
    if (Number(changes) === 0) return false;
    this.#forget();
    return true;
  }

  /** What will be done, before it is. */
  plan(id: string, record: object): void {
    this.#db.prepare(`UPDATE "order" SET record = ? WHERE id = ?`).run(JSON.stringify(record), id);
  }

  /** What came of it, to be sent until the server has it. */
  end(result: OrderResult): void {
    const state = result.state === "done" ? "done" : "failed";
    this.#db
      .prepare(`UPDATE "order" SET state = ?, result = ? WHERE id = ?`)
      .run(state, JSON.stringify(result), result.id);
  }

  undone(id: string): void {
    this.#db.prepare(`UPDATE "order" SET state = 'undone' WHERE id = ?`).run(id);
  }

  find(id: string): Booked | undefined {
    return this.#read(this.#db.prepare(`SELECT id, body, record, state FROM "order" WHERE id = ?`).all(id))[0];
  }

  /** Orders that were begun and not ended: we were ended meanwhile. */
  interrupted(): Booked[] {
    return this.#read(
      this.#db.prepare(`SELECT id, body, record, state FROM "order" WHERE state = 'begun' ORDER BY seq`).all(),
    );
  }

  /** The oldest result that the server does not have; one at a time, since facts are long. */
  next(): OrderResult | undefined {
    const row = this.#db.prepare(`SELECT id, result FROM "order" WHERE result IS NOT NULL ORDER BY seq LIMIT 1`).get();
    if (!row) return undefined;
    const read = orderResult.safeParse(json(String(row["result"])));
    if (read.success) return read.data;
    this.sent(String(row["id"]));
    return this.next();
  }

  /** The server has the result. */
  sent(id: string): void {
    this.#db.prepare(`UPDATE "order" SET result = NULL WHERE id = ?`).run(id);
  }

  #read(rows: readonly Record<string, unknown>[]): Booked[] {
    return rows.flatMap((row) => {
      const { success, data } = order.safeParse(json(String(row["body"])));
      const state = row["state"];
      if (!success || (state !== "begun" && state !== "done" && state !== "failed" && state !== "undone")) return [];
      const record = row["record"] === null ? undefined : json(String(row["record"]));
      return [{ id: String(row["id"]), order: data, record, state }];
    });
  }

  /** What cannot be undone goes first. */
  #forget(): void {
    this.#db
      .prepare(
        `DELETE FROM "order" WHERE result IS NULL AND state <> 'begun' AND id IN (SELECT id FROM "order" ORDER BY (record IS NOT NULL AND state = 'done') DESC, seq DESC LIMIT -1 OFFSET ?)`,
      )
      .run(maxOrders);
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
