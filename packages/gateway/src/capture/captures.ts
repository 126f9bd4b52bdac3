import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { usualCaptureMegabytes, type GatewayOrder } from "@outweigh/schema";
import { maxTappedBytes } from "../limits.ts";
import { Pieces } from "../pieces.ts";
import { Sealer } from "./sealed.ts";

/** Exchanges of captures that are held at once in this process: each holds up to 2 MiB until its answer ends. */
const maxHeld = 64;
const megabyte = 1_000_000;
/** What a sealed record is longer by, and how long the one is that ends a file: its length, one byte, and the tag. */
const frameBytes = 4 + 1 + 16;

/** What is known of an exchange before its answer. */
export interface Asked {
  readonly principal: string;
  readonly model: string;
  readonly route: string;
  readonly at: number;
}

/** One exchange under capture. */
export interface Taking {
  /** A part of the answer, as the client gets it. */
  answer(bytes: Buffer): void;
  end(status: number, complete: boolean): void;
}

interface Writing {
  readonly file: number;
  readonly sealer: Sealer;
  readonly until: number;
  /** Bytes that may still be written. */
  left: number;
}

/** Where captures lie in a gateway's data folder. */
export function capturesIn(dataDir: string): string {
  return join(dataDir, "captures");
}

/**
 * What principals ask and are answered, sealed as it comes, for as long as an order says so. Prompts and answers are in memory until their
 * answer ends, as always; on disk there is nothing that this process could read again. Nothing of it is sent anywhere.
 *
 * Blind spot: beyond 64 exchanges at once, beyond the order's size, and where the disk takes nothing, exchanges go on and are not captured.
 */
export class Captures {
  readonly #dataDir: string;
  readonly #gateway: string;
  readonly #processes: number;
  readonly #say: (line: string) => void;
  /** Undefined: it came to an end here, full or broken. */
  readonly #writing = new Map<string, Writing | undefined>();
  #held = 0;

  /** @param processes Among how many an order's size is shared. */
  constructor(dataDir: string, gateway: string, processes: number, say: (line: string) => void) {
    this.#dataDir = dataDir;
    this.#gateway = gateway;
    this.#processes = processes;
    this.#say = say;
  }

  /** Begins to take an exchange; undefined where it is not captured. */
  begin(order: GatewayOrder, asked: Asked, body: Buffer): Taking | undefined {
    if (this.#held >= maxHeld || !this.#open(order)) return undefined;
    this.#held++;
    const answer = new Pieces();
    let length = 0;
    return {
      answer(bytes) {
        const room = maxTappedBytes - length;
        length += bytes.length;
        if (room > 0) answer.add(Buffer.from(bytes.subarray(0, room)));
      },
      end: (status, complete) => {
        this.#held--;
        const record = {
          ...asked,
          status,
          complete,
          request: body.subarray(0, maxTappedBytes).toString("base64"),
          answer: answer.whole().toString("base64"),
          requestBytes: body.length,
          answerBytes: length,
        };
        this.#write(order.id, Buffer.from(JSON.stringify(record)));
      },
    };
  }

  /** Ends the files of orders that no longer hold. @param holds Whether an order of this id still does. */
  settle(now: number, holds: (order: string) => boolean): void {
    for (const [order, it] of this.#writing) {
      if (holds(order) && (it === undefined || it.until > now)) continue;
      this.#end(order, it);
      this.#writing.delete(order);
    }
  }

  close(): void {
    for (const [order, it] of this.#writing) this.#end(order, it);
    this.#writing.clear();
  }

  #open({ id, sealTo, until, megabytes = usualCaptureMegabytes }: GatewayOrder): boolean {
    if (this.#writing.has(id)) return this.#writing.get(id) !== undefined;
    if (sealTo === undefined) return false;
    try {
      const folder = join(capturesIn(this.#dataDir), id);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const before = readdirSync(folder).reduce((sum, it) => sum + statSync(join(folder, it)).size, 0);
      const sealer = new Sealer(sealTo, { order: id, gateway: this.#gateway });
      const left = Math.floor((megabytes * megabyte - before) / this.#processes) - sealer.head.length;
      if (left <= 0) throw new Error("it is full");
      const name = `${Date.now()}-${process.pid}-${randomBytes(4).toString("hex")}.sealed`;
      const file = openSync(join(folder, name), "wx", 0o600);
      writeSync(file, sealer.head);
      this.#writing.set(id, { file, sealer, until, left });
      return true;
    } catch (error) {
      this.#broke(id, undefined, error);
      return false;
    }
  }

  #write(order: string, record: Buffer): void {
    const it = this.#writing.get(order);
    // It ended while the answer was under way: what came later is not in it.
    if (!it) return;
    try {
      // Asked before it is sealed: each record has a number, and none may be missing.
      if (record.length + 2 * frameBytes > it.left) {
        this.#say(`the capture of ${order} is full: what follows is not in it`);
        this.#end(order, it);
        this.#writing.set(order, undefined);
        return;
      }
      const sealed = it.sealer.seal(record);
      it.left -= sealed.length;
      writeWhole(it.file, sealed);
    } catch (error) {
      this.#broke(order, it, error);
    }
  }

  #end(order: string, it: Writing | undefined): void {
    if (!it) return;
    try {
      writeWhole(it.file, it.sealer.end());
      closeSync(it.file);
    } catch (error) {
      this.#broke(order, undefined, error);
    }
  }

  /** A capture must not cost an answer. */
  #broke(order: string, it: Writing | undefined, error: unknown): void {
    this.#writing.set(order, undefined);
    this.#say(`the capture of ${order} ended: ${error instanceof Error ? error.message : String(error)}`);
    if (it) closeSync(it.file);
  }
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}
