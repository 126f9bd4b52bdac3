import { hash } from "node:crypto";
import { existsSync } from "node:fs";
import { open, readFile, rename, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gatewayRecord, type GatewayRecord } from "@outweigh/schema";
import { batchMs, maxBatchBytes, maxSpoolBytes } from "../limits.ts";

/** Records that are sent together, in order. */
export interface Batch {
  readonly records: readonly GatewayRecord[];
  /** The same for the same records: a server counts what is sent again once. */
  readonly name: string;
  /** Bytes in the spool. */
  readonly bytes: number;
}

/** Records that wait in memory for the disk: a broken disk must not fill the memory. */
const maxUnwritten = 10_000;

/**
 * Records on their way to the server. They are on disk before they are sent, sent at least once and in order, each batch under a
 * name of its own. A server that is away costs disk, up to `maxSpoolBytes`, and nothing else. Who sends them is the link.
 */
export class Outbox {
  readonly #spool: string;
  readonly #mark: string;
  readonly #origin: string;
  #unwritten: string[] = [];
  #size = 0;
  #sent = 0;
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(dataDir: string, origin: string) {
    this.#spool = join(dataDir, "spool.ndjson");
    this.#mark = join(dataDir, "spool.sent");
    this.#origin = origin;
  }

  /** Continues what an earlier run left. */
  async start(): Promise<void> {
    this.#size = existsSync(this.#spool) ? (await stat(this.#spool)).size : 0;
    const mark = existsSync(this.#mark) ? Number(await readFile(this.#mark, "utf8")) : 0;
    this.#sent = Number.isSafeInteger(mark) && mark >= 0 && mark <= this.#size ? mark : 0;
    this.#timer = setInterval(() => void this.#inTurn(() => this.#write()).catch(() => undefined), batchMs);
    this.#timer.unref();
  }

  /** A record that the server would refuse is lost, and counted: it would hold up all that come after it. */
  add(record: GatewayRecord): void {
    if (!isFit(record) || this.#unwritten.length >= maxUnwritten || this.#size - this.#sent > maxSpoolBytes)
      this.#lost++;
    else this.#unwritten.push(`${JSON.stringify(record)}\n`);
  }

  /** What waits, and what was lost: for want of room, or because no server would take it. */
  get state(): { readonly waitingBytes: number; readonly lost: number } {
    return { waitingBytes: this.#size - this.#sent, lost: this.#lost };
  }

  /** What is to be sent next; the same until it is taken. Undefined when nothing waits. */
  next(): Promise<Batch | undefined> {
    return this.#inTurn(async () => {
      await this.#write();
      if (this.#sent >= this.#size) return undefined;
      const bytes = await this.#nextBatch();
      if (bytes.length === 0) return undefined;
      const lines = bytes.toString().split("\n").filter(Boolean);
      const name = hash("sha256", `${this.#origin}\n${bytes.toString("latin1")}`, "hex");
      return { records: lines.map((it): GatewayRecord => JSON.parse(it)).filter(isFit), name, bytes: bytes.length };
    });
  }

  /** The server has it. */
  taken({ bytes }: Batch): Promise<void> {
    return this.#inTurn(async () => {
      this.#sent += bytes;
      if (this.#sent >= this.#size) await this.#startOver();
      else await this.#writeMark();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #write(): Promise<void> {
    if (this.#unwritten.length === 0) return;
    const lines = this.#unwritten;
    const file = await open(this.#spool, "a", 0o600);
    try {
      const bytes = Buffer.from(lines.join(""));
      await file.write(bytes);
      await file.sync();
      this.#unwritten = this.#unwritten.slice(lines.length);
      this.#size += bytes.length;
    } finally {
      await file.close();
    }
  }

  /** Whole lines from what was not sent: at most one batch, or one line that is longer. */
  async #nextBatch(): Promise<Buffer> {
    const file = await open(this.#spool, "r");
    try {
      const waiting = this.#size - this.#sent;
      for (let most = maxBatchBytes; ; most *= 2) {
        const bytes = Buffer.alloc(Math.min(most, waiting));
        const { bytesRead } = await file.read(bytes, 0, bytes.length, this.#sent);
        const end = bytes.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
        if (end > 0 || most >= waiting) return bytes.subarray(0, end);
      }
    } finally {
      await file.close();
    }
  }

  async #writeMark(): Promise<void> {
    await writeFile(`${this.#mark}.next`, String(this.#sent), { mode: 0o600 });
    await rename(`${this.#mark}.next`, this.#mark);
  }

  async #startOver(): Promise<void> {
    this.#sent = 0;
    this.#size = 0;
    // The mark first: a crash between the two sends the last batch again, which the server counts once.
    await this.#writeMark();
    await truncate(this.#spool, 0);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#inTurn(() => this.#write());
  }
}

/** As JSON has it: there, what is no number is null. */
function isFit(record: GatewayRecord): boolean {
  return gatewayRecord.safeParse(JSON.parse(JSON.stringify(record))).success;
}
