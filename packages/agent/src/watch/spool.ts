// What the server has not acknowledged yet, on disk: the server may be away for days, and the agent may be killed at any moment.
import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { OrderBook } from "../orders/book.ts";
import { activityRecord, type ActivityRecord } from "@outweigh/schema";

/** Most bytes of lines that wait: some hundred thousand. The oldest go first, and are counted. */
const maxSpoolBytes = 256 * 1024 * 1024;

/** Room on the disk that is kept for deleting what was sent, in bytes: a few hundred pages of the database. */
const roomBytes = 1024 * 1024;

/** Numbers of requests that are reserved at a time: four hours of reports. */
const reservedCounters = 1000;

/** Most of one report's lines, in UTF-16 units: with all else, a report stays below what a server reads. */
const maxNextLength = 4 * 1024 * 1024;

/** Lines of activity in the order in which they happened, and the number of the last request. */
export class Spool {
  readonly #db: DatabaseSync;
  readonly #maxBytes: number;
  #bytes: number;
  /** Lines dropped because the spool was full, since it was made. */
  dropped = 0;
  /** Why lines cannot be kept at the moment, in a sentence. */
  problem: string | undefined;
  /** Lines up to this one are on the server's disk. */
  #acknowledged = 0;
  readonly #unreadable = new Set<number>();
  readonly #room: Room;
  /** The number of the last request, and the last one that is reserved on the disk. */
  #counter: number;
  #reserved: number;
  /** Orders that were received. */
  readonly orders: OrderBook;

  /** @param path A file, or `:memory:`. */
  constructor(path: string, maxBytes = maxSpoolBytes) {
    this.#maxBytes = maxBytes;
    // Paths and commands of others stand in it: for its owner alone, whatever folder it lies in.
    if (path !== ":memory:") closeSync(openSync(path, "a", 0o600));
    this.#room = new Room(path === ":memory:" ? undefined : `${path}.room`);
    this.#room.take();
    this.#db = new DatabaseSync(path);
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA journal_size_limit = ${roomBytes};
      CREATE TABLE IF NOT EXISTS line (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS number (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
    `);
    this.orders = new OrderBook(this.#db);
    const held = this.#db.prepare("SELECT coalesce(sum(length(text)), 0) AS bytes FROM line").get();
    this.#bytes = Number(held?.["bytes"] ?? 0);
    this.dropped = this.#number("dropped");
    this.#counter = this.#reserved = this.#number("counter");
  }

  /** Keeps a line. What the disk does not take, because it is full or fails, is counted as dropped: the watch goes on. */
  add(record: ActivityRecord): void {
    const text = JSON.stringify(record);
    try {
      this.#db.prepare("INSERT INTO line (text) VALUES (?)").run(text);
      this.#bytes += text.length;
      while (this.#bytes > this.#maxBytes && this.#dropOldest());
      this.problem = undefined;
    } catch (error) {
      this.dropped++;
      this.problem = `what is seen cannot be kept: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  #dropOldest(): boolean {
    const row = this.#db.prepare("DELETE FROM line WHERE id = (SELECT min(id) FROM line) RETURNING text").get();
    if (!row) return false;
    this.#bytes -= String(row["text"]).length;
    this.#setNumber("dropped", ++this.dropped);
    return true;
  }

  /** Counts an unreadable line once, also where the disk is too full to delete it. */
  #drop(id: number, length: number): void {
    if (!this.#unreadable.has(id)) this.dropped++;
    this.#unreadable.add(id);
    try {
      this.#db.prepare("DELETE FROM line WHERE id = ?").run(id);
      this.#bytes -= length;
      this.#unreadable.delete(id);
      this.#setNumber("dropped", this.dropped);
    } catch {
      // It is deleted with what was sent, once there is room.
    }
  }

  /**
   * The oldest lines, at most `most`, and what to say when they have arrived. A line that no server would read is dropped and counted:
   * it must not keep back those behind it.
   */
  next(most: number): { readonly lines: readonly ActivityRecord[]; readonly last: number } {
    const rows = this.#db
      .prepare("SELECT id, text FROM line WHERE id > ? ORDER BY id LIMIT ?")
      .all(this.#acknowledged, most);
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

  /** Forgets all lines up to `last`: they are on the server's disk. Where ours is full, they are passed over until there is room. */
  acknowledge(last: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, last);
    try {
      this.#forget();
    } catch {
      // To delete takes room too: that is what was kept for it.
      this.#room.give();
      try {
        this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
        this.#forget();
      } catch (error) {
        this.problem = `what was sent cannot be forgotten: ${error instanceof Error ? error.message : String(error)}`;
        return;
      }
      this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    this.#room.take();
  }

  #forget(): void {
    const rows = this.#db
      .prepare("DELETE FROM line WHERE id <= ? RETURNING length(text) AS bytes")
      .all(this.#acknowledged);
    for (const it of rows) this.#bytes -= Number(it["bytes"]);
  }

  waiting(): number {
    const row = this.#db.prepare("SELECT count(*) AS n FROM line WHERE id > ?").get(this.#acknowledged);
    return Number(row?.["n"] ?? 0);
  }

  /**
   * The number of the next request. Numbers are reserved on the disk before they are used, so that none is used twice; many at a time, so
   * that an agent whose disk is full can still say so.
   */
  nextCounter(): number {
    if (this.#counter >= this.#reserved) {
      const reserved = this.#counter + reservedCounters;
      this.#setNumber("counter", reserved);
      this.#reserved = reserved;
    }
    return ++this.#counter;
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

/** A file that takes up room on the disk, to be given back when nothing else is left. */
class Room {
  readonly #path: string | undefined;
  #taken = false;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  take(): void {
    if (this.#path === undefined || this.#taken) return;
    try {
      writeFileSync(this.#path, Buffer.alloc(roomBytes), { mode: 0o600 });
      this.#taken = true;
    } catch {
      rmSync(this.#path, { force: true }); // half of it is no use
    }
  }

  give(): void {
    if (this.#path !== undefined) rmSync(this.#path, { force: true });
    this.#taken = false;
  }
}

function readLine(text: string): ActivityRecord | undefined {
  try {
    return activityRecord.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
