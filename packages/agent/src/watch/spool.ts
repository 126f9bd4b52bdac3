// What the server has not acknowledged yet, on disk: the server may be away for days, and the agent may be killed at any moment.
import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { OrderBook } from "../orders/book.ts";
import { activityRecord, type ActivityRecord } from "@outweigh/schema";

/** Most bytes of lines that wait: some hundred thousand. The oldest go first, and are counted. */
const maxSpoolBytes = 256 * 1024 * 1024;

/** Most of one report's lines, in UTF-16 units: with all else, a report stays below what a server reads. */
const maxNextLength = 4 * 1024 * 1024;

/** Lines of activity in the order in which they happened, and the number of the last request. */
export class Spool {
  readonly #db: DatabaseSync;
  readonly #maxBytes: number;
  #bytes: number;
  /** Lines dropped because the spool was full, since it was made. */
  dropped = 0;
  /** Orders that were received. */
  readonly orders: OrderBook;

  /** @param path A file, or `:memory:`. */
  constructor(path: string, maxBytes = maxSpoolBytes) {
    this.#maxBytes = maxBytes;
    // Paths and commands of others stand in it: for its owner alone, whatever folder it lies in.
    if (path !== ":memory:") closeSync(openSync(path, "a", 0o600));
    this.#db = new DatabaseSync(path);
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS line (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS number (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
    `);
    this.orders = new OrderBook(this.#db);
    const held = this.#db.prepare("SELECT coalesce(sum(length(text)), 0) AS bytes FROM line").get();
    this.#bytes = Number(held?.["bytes"] ?? 0);
    this.dropped = this.#number("dropped");
  }

  add(record: ActivityRecord): void {
    const text = JSON.stringify(record);
    this.#db.prepare("INSERT INTO line (text) VALUES (?)").run(text);
    this.#bytes += text.length;
    while (this.#bytes > this.#maxBytes && this.#dropOldest());
  }

  #dropOldest(): boolean {
    const row = this.#db.prepare("DELETE FROM line WHERE id = (SELECT min(id) FROM line) RETURNING text").get();
    if (!row) return false;
    this.#bytes -= String(row["text"]).length;
    this.#setNumber("dropped", ++this.dropped);
    return true;
  }

  #drop(id: number, length: number): void {
    this.#db.prepare("DELETE FROM line WHERE id = ?").run(id);
    this.#bytes -= length;
    this.#setNumber("dropped", ++this.dropped);
  }

  /**
   * The oldest lines, at most `most`, and what to say when they have arrived. A line that no server would read is dropped and counted:
   * it must not keep back those behind it.
   */
  next(most: number): { readonly lines: readonly ActivityRecord[]; readonly last: number } {
    const rows = this.#db.prepare("SELECT id, text FROM line ORDER BY id LIMIT ?").all(most);
    const lines: ActivityRecord[] = [];
    let last = 0;
    let length = 0;
    for (const row of rows) {
      const text = String(row["text"]);
      length += text.length;
      if (lines.length > 0 && length > maxNextLength) break;
      last = Number(row["id"]);
      const record = readLine(text);
      if (record) lines.push(record);
      else this.#drop(last, text.length);
    }
    return { lines, last };
  }

  /** Forgets all lines up to `last`: they are on the server's disk. */
  acknowledge(last: number): void {
    const rows = this.#db.prepare("DELETE FROM line WHERE id <= ? RETURNING length(text) AS bytes").all(last);
    for (const it of rows) this.#bytes -= Number(it["bytes"]);
  }

  waiting(): number {
    return Number(this.#db.prepare("SELECT count(*) AS n FROM line").get()?.["n"] ?? 0);
  }

  /** The number of the next request: on disk before it is used, so that none is used twice. */
  nextCounter(): number {
    const next = this.#number("counter") + 1;
    this.#setNumber("counter", next);
    return next;
  }

  #number(name: string): number {
    return Number(this.#db.prepare("SELECT value FROM number WHERE name = ?").get(name)?.["value"] ?? 0);
  }

  #setNumber(name: string, value: number): void {
    this.#db.prepare("INSERT OR REPLACE INTO number (name, value) VALUES (?, ?)").run(name, value);
  }

  close(): void {
    this.#db.close();
  }
}

function readLine(text: string): ActivityRecord | undefined {
  try {
    return activityRecord.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
