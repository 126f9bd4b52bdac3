// How many bytes connections carried, as the kernel counts them: through the helper, which needs no right for it.
import { spawn, type ChildProcess } from "node:child_process";
import { maxFileBytes, maxFollowed } from "./limits.ts";

/** A TCP connection as the kernel's tables name it: protocol, its own end and the other one. Forty bytes in hexadecimal. */
export type Connection = string;

/** What was counted of one. */
export interface Counted {
  readonly connection: Connection;
  /** Data that the other side has acknowledged, since it was opened. */
  readonly bytes: number;
  /** `over`: it has ended and that is all; `gone`: it has ended unseen, and may have carried more. */
  readonly how: "lasts" | "over" | "gone";
}

const connectionBytes = 40;
const recordBytes = connectionBytes + 16;
const hows: Readonly<Record<number, Counted["how"]>> = { 1: "lasts", 2: "over", 3: "gone" };

interface SocketBytesOptions {
  /** The compiled helper. */
  readonly path: string;
  see(it: Counted): void;
  /** It failed, or left a connection out: what, in a sentence. */
  problem(text: string): void;
}

/** Follows connections, from its start to when it is stopped. */
export class SocketBytes {
  readonly #options: SocketBytesOptions;
  readonly #followed = new Set<Connection>();
  readonly #child: ChildProcess;
  #rest: Buffer = Buffer.alloc(0);
  #isStopped = false;

  constructor(options: SocketBytesOptions) {
    this.#options = options;
    this.#child = this.#start();
  }

  /** The helper's own process. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** False when it is followed already, or cannot be. */
  follow(connection: Connection): boolean {
    if (this.#isStopped || this.#followed.has(connection)) return false;
    if (this.#followed.size >= maxFollowed) return false;
    this.#followed.add(connection);
    this.#child.stdin?.write(Buffer.from(connection, "hex"));
    return true;
  }

  #start(): ChildProcess {
    const child = spawn(this.#options.path, ["sockets"], {
      stdio: ["pipe", "pipe", "ignore"],
      env: {},
      detached: true,
    });
    child.stdin.on("error", () => {}); // it ended: said below
    child.stdout.on("data", (it: Buffer) => {
      const { counted, rest } = countedIn(Buffer.concat([this.#rest, it]));
      this.#rest = rest;
      for (const one of counted) this.#see(one);
    });
    const over = (): void => {
      if (this.#isStopped) return;
      this.#isStopped = true;
      this.#options.problem("bytes of connections are not counted any more: the helper ended");
      for (const connection of this.#followed) this.#options.see({ connection, bytes: 0, how: "gone" });
      this.#followed.clear();
    };
    child.once("error", over);
    child.once("exit", over);
    return child;
  }

  #see(it: Counted): void {
    if (!this.#followed.has(it.connection)) return;
    if (it.how !== "lasts") this.#followed.delete(it.connection);
    this.#options.see(it);
  }

  stop(): void {
    this.#isStopped = true;
    this.#child.stdin?.end();
    this.#child.kill();
  }
}

/** Whole records, and what is left of the last one. What no helper of ours writes is left out. */
export function countedIn(bytes: Buffer): { readonly counted: Counted[]; readonly rest: Buffer } {
  const counted: Counted[] = [];
  let at = 0;
  for (; bytes.length - at >= recordBytes; at += recordBytes) {
    const connection = bytes.toString("hex", at, at + connectionBytes);
    const count = bytes.readBigUInt64LE(at + connectionBytes);
    const how = hows[Number(bytes.readBigUInt64LE(at + connectionBytes + 8))];
    const most = BigInt(maxFileBytes);
    if (how) counted.push({ connection, bytes: Number(count < most ? count : most), how });
  }
  return { counted, rest: Buffer.from(bytes.subarray(at)) };
}

/** Families of addresses by how long an address is in the kernel's tables. */
const families: Readonly<Record<number, number>> = { 8: 2, 32: 10 };

/**
 * The connection of a row of `/proc/net/tcp` or `tcp6`, whose ends it writes as `0100007F:1F90`: each 32 bits of the address as a number of
 * the machine, the port as one that people read. Undefined for what is none.
 */
export function connectionOf(local: string, peer: string): Connection | undefined {
  const bytes = Buffer.alloc(connectionBytes);
  for (const [i, end] of [local, peer].entries()) {
    const [address = "", port = ""] = end.split(":");
    const family = families[address.length];
    if (family === undefined || !/^[0-9A-F]+$/.test(address) || !/^[0-9A-F]{4}$/.test(port)) return undefined;
    bytes.writeUInt32LE(family, 0);
    bytes.writeUInt16BE(Number.parseInt(port, 16), 4 + i * 2);
    for (let at = 0; at < address.length; at += 8)
      bytes.writeUInt32LE(Number.parseInt(address.slice(at, at + 8), 16), 8 + i * 16 + at / 2);
  }
  return bytes.toString("hex");
}
