import { hash } from "node:crypto";
import { existsSync } from "node:fs";
import { open, readFile, rename, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { GatewayRecord } from "@outweigh/schema";
import { batchMs, maxBatchBytes, maxSpoolBytes } from "../limits.ts";

/** Where records go. */
export interface Receiver {
  readonly url: string;
  readonly token: string | undefined;
}

/** How long the server may take for one batch, in ms. */
const answerMs = 10_000;
/** Records that wait in memory for the disk: a broken disk must not fill the memory. */
const maxUnwritten = 10_000;

/**
 * Records on their way to the server. They are on disk before they are sent, sent at least once and in order, each batch under a
 * name of its own so that the server counts it once. A server that is away costs disk, up to `maxSpoolBytes`, and nothing else.
 */
export class Outbox {
  readonly #spool: string;
  readonly #mark: string;
  readonly #origin: string;
  #receiver: Receiver | undefined;
  #unwritten: string[] = [];
  #size = 0;
  #sent = 0;
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #failedSince: number | undefined;

  constructor(dataDir: string, origin: string, receiver: Receiver | undefined) {
    this.#spool = join(dataDir, "spool.ndjson");
    this.#mark = join(dataDir, "spool.sent");
    this.#origin = origin;
    this.#receiver = receiver;
  }

  /** Continues what an earlier run left. */
  async start(): Promise<void> {
    this.#size = existsSync(this.#spool) ? (await stat(this.#spool)).size : 0;
    const mark = existsSync(this.#mark) ? Number(await readFile(this.#mark, "utf8")) : 0;
    this.#sent = Number.isSafeInteger(mark) && mark >= 0 && mark <= this.#size ? mark : 0;
    this.#timer = setInterval(() => void this.flush(), batchMs);
    this.#timer.unref();
  }

  set receiver(it: Receiver | undefined) {
    this.#receiver = it;
  }

  add(record: GatewayRecord): void {
    if (this.#unwritten.length >= maxUnwritten || this.#size - this.#sent > maxSpoolBytes) this.#lost++;
    else this.#unwritten.push(`${JSON.stringify(record)}\n`);
  }

  /** What waits, what was lost for want of room, and since when the server does not answer. */
  get state(): { readonly waitingBytes: number; readonly lost: number; readonly failedSince: number | undefined } {
    return { waitingBytes: this.#size - this.#sent, lost: this.#lost, failedSince: this.#failedSince };
  }

  /** Writes and sends what there is. Never fails: what could not be done is done next time. */
  flush(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#flush().catch(() => undefined));
    return this.#turn;
  }

  async #flush(): Promise<void> {
    await this.#write();
    while (this.#receiver && this.#sent < this.#size) {
      const batch = await this.#nextBatch();
      if (batch.length === 0 || !(await this.#send(this.#receiver, batch))) return;
      this.#sent += batch.length;
      if (this.#sent >= this.#size) await this.#startOver();
      else await this.#writeMark();
    }
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

  async #send({ url, token }: Receiver, batch: Buffer): Promise<boolean> {
    const name = hash("sha256", `${this.#origin}\n${batch.toString("latin1")}`, "hex");
    try {
      const answer = await fetch(`${url.replace(/\/$/, "")}/api/ingest/gateway`, {
        method: "POST",
        headers: {
          "content-type": "application/x-ndjson",
          "idempotency-key": name,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: new Uint8Array(batch),
        signal: AbortSignal.timeout(answerMs),
      });
      await answer.arrayBuffer();
      this.#failedSince = answer.ok ? undefined : (this.#failedSince ?? Date.now());
      return answer.ok;
    } catch {
      this.#failedSince ??= Date.now();
      return false;
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
    await this.flush();
  }
}
