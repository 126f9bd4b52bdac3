// Messages gathered for a moment, so that a thousand of them cost one write; those of each sender apart.
import { setTimeout as sleep } from "node:timers/promises";
import type { WayIn } from "@outweigh/schema";
import { ServerError } from "../error.ts";
import type { Intake } from "./collector.ts";
import { batchBytes, gatherMs, maxGatheredBytes } from "./limits.ts";

/** How long is waited, in ms, before what could not be written is tried again. */
const againMs = 500;
/** How long the last write may take at the end, in ms. */
const lastMs = 2000;

/** What a message costs in memory besides its text, in bytes, and a sender besides its messages. */
const keptBytes = 100;

interface Batch {
  readonly way: WayIn;
  readonly records: string[];
  bytes: number;
}

/** One source's. What a sender wrote in a row stays in a row: lines of one event of the Linux audit log belong together. */
export class Gather {
  readonly #intake: Intake;
  readonly #senders = new Map<string, Batch>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #isEnding = false;
  /** Messages that are on disk. */
  written = 0;
  /** Called when there is room again. */
  onRoom: () => void = () => undefined;
  onProblem: (problem: string) => void = () => undefined;

  constructor(intake: Intake) {
    this.#intake = intake;
  }

  /** Whether senders should wait. */
  get isFull(): boolean {
    return this.#bytes >= maxGatheredBytes;
  }

  /** Takes a record, however full it is: whoever can make a sender wait does so before. */
  add(sender: string, record: string, way: WayIn): void {
    const name = `${way} ${sender}`;
    const batch = this.#senders.get(name) ?? { way, records: [], bytes: keptBytes };
    if (batch.records.length === 0) this.#bytes += keptBytes;
    this.#senders.set(name, batch);
    const bytes = record.length + keptBytes;
    batch.records.push(record);
    batch.bytes += bytes;
    this.#bytes += bytes;
    if (batch.bytes >= batchBytes) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), gatherMs);
  }

  /** Writes what is left. What cannot be written within a moment is lost, as it would be in the network. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#write();
    await Promise.race([this.#writing, sleep(lastMs, undefined, { ref: false })]);
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  async #writeAll(): Promise<void> {
    while (this.#senders.size > 0) {
      const batch = this.#next();
      if (!(await this.#deliver(batch))) return;
      this.#bytes -= batch.bytes;
      this.written += batch.records.length;
      if (!this.isFull) this.onRoom();
    }
  }

  /** Of one sender after another, as much as is written at once: a thousand senders of one message each must not cost a thousand writes. */
  #next(): Batch {
    const [first] = this.#senders.values();
    const all: Batch = { way: first?.way ?? "udp", records: [], bytes: 0 };
    for (const [name, { way, records, bytes }] of this.#senders) {
      if (all.bytes >= batchBytes) break;
      // What came on another way has another grade, and is written apart.
      if (way !== all.way) continue;
      this.#senders.delete(name);
      for (const it of records) all.records.push(it);
      all.bytes += bytes;
    }
    return all;
  }

  /** Until it is on disk; false when the server ends. */
  async #deliver({ way, records }: Batch): Promise<boolean> {
    const body = Buffer.from(records.join("\n"));
    for (;;) {
      try {
        if (!this.#intake.isFull() || this.#isEnding) {
          await this.#intake.deliver(body, way);
          return true;
        }
        this.onProblem("too much waits on disk to be read: senders are kept waiting");
      } catch (error) {
        if (this.#isEnding || (error instanceof ServerError && error.code === "CLOSED")) return false;
        this.onProblem(error instanceof Error ? error.message : String(error));
      }
      await sleep(againMs);
    }
  }
}
