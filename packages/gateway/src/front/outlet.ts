import type { ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { maxStallMs } from "../limits.ts";
import type { Flow } from "../upstream/plain-pool.ts";

/** What is up to this long is sent as one Latin-1 text with its head or its frame, in one write, not a gathered two: Node copies it on the stack. */
export const maxOneWriteBytes = 12 * 1024;
/** Bytes to send; small ones as Latin-1 text, which is byte for byte the same. */
export type Sendable = string | Buffer;

const lineEnd = Buffer.from("\r\n");

/** Where an answer that is passed on as it comes leaves to its client. */
export class Outlet {
  readonly #res: ServerResponse;
  readonly #isOver: () => boolean;
  #isFramed = false;
  #hasBegun = false;
  #stall: NodeJS.Timeout | undefined;

  /** @param isOver Whether the exchange has ended: then nobody waits for the client any more. */
  constructor(res: ServerResponse, isOver: () => boolean) {
    this.#res = res;
    this.#isOver = isOver;
  }

  /** From now on chunks are framed here, after a head that says so: Node sends each in four parts. */
  frame(): void {
    this.#isFramed = true;
    this.#res.chunkedEncoding = false;
  }

  /** A client that reads slower than the model writes makes the model wait, for a while. */
  write(it: Sendable, flow: Flow | undefined): void {
    if (it.length === 0) return;
    // A stream's further events go straight to the connection: Node corks it for each otherwise.
    const to = this.#isFramed && this.#hasBegun ? (this.#res.socket ?? this.#res) : this.#res;
    this.#hasBegun = true;
    if (this.#writeTo(to, it) || !flow || this.#stall) return;
    flow.pause();
    this.#stall = setTimeout(() => this.#res.destroy(), maxStallMs);
    to.once("drain", () => {
      this.closed();
      if (!this.#isOver()) flow.resume();
    });
  }

  #writeTo(to: Writable, it: Sendable): boolean {
    if (!this.#isFramed) return typeof it === "string" ? to.write(it, "latin1") : to.write(it);
    const size = `${it.length.toString(16)}\r\n`;
    // One plain write for size, event and end.
    if (typeof it === "string") return to.write(`${size}${it}\r\n`, "latin1");
    return to.write(Buffer.concat([Buffer.from(size), it, lineEnd]));
  }

  end(): void {
    if (this.#isFramed) this.#res.end("0\r\n\r\n", "latin1");
    else this.#res.end();
  }

  /** Nobody waits for the client any more. */
  closed(): void {
    clearTimeout(this.#stall);
    this.#stall = undefined;
  }
}
