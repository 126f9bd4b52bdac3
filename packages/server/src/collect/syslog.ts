// Listens to syslog: over TCP, TLS and UDP, each where the configuration says.
import { createSocket, type Socket as Datagrams } from "node:dgram";
import { readFile } from "node:fs/promises";
import { BlockList, createServer, isIPv6, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { CollectorHealth, SyslogEntry, WayIn } from "@outweigh/schema";
import type { Collector, Intake } from "./collector.ts";
import { Gather } from "./gather.ts";
import { handshakeMs, idleMs, maxConnections, maxConnectionsPerSender, maxMessageBytes, partialMs } from "./limits.ts";
import { refused } from "./refused.ts";
import { ownerOf, SenderRates } from "./sender-rates.ts";
import { Shed } from "./shed.ts";
import { FrameCutter, sampleOf, type Frame } from "./syslog-frames.ts";
import { readMessage } from "./syslog-message.ts";
import { messageOf } from "../values.ts";

/** How often connections are looked at, in ms: for those that stopped inside a message. */
const lookMs = 5000;

interface Connection {
  readonly sender: string;
  /** What was checked of it. */
  readonly way: WayIn;
  readonly cutter: FrameCutter;
  /** Since when a message is unfinished, in ms of the steady clock. */
  insideSince: number | undefined;
}

/** One source's ports. Whoever is not heard costs one look at an address. */
export class SyslogCollector implements Collector {
  readonly source: string;
  readonly #entry: SyslogEntry;
  readonly #allowed: BlockList | undefined;
  readonly #rates = new SenderRates();
  readonly #shed = new Shed();
  readonly #connections = new Map<Socket, Connection>();
  /** All that are open, those in a handshake too. */
  readonly #open = new Map<Socket, string>();
  /** Those whose sender waits until there is room. */
  readonly #waiting = new Set<Socket>();
  readonly #servers: (Server | Datagrams)[] = [];
  readonly #at: string[] = [];
  #intake!: Intake;
  #gather!: Gather;
  #look: NodeJS.Timeout | undefined;
  #lastError: CollectorHealth["lastError"];

  constructor(source: string, entry: SyslogEntry) {
    this.source = source;
    this.#entry = entry;
    this.#allowed = entry.from && networksOf(entry.from);
  }

  async start(intake: Intake): Promise<void> {
    this.#intake = intake;
    this.#gather = new Gather(intake);
    this.#gather.onRoom = () => this.#resume();
    this.#gather.onProblem = (problem) => this.#failed(problem);
    const { tcp, tls, udp } = this.#entry;
    try {
      if (tcp !== undefined) await this.#listen("tcp", this.#watched(createServer((it) => this.#hear(it, "tcp"))), tcp);
      if (tls) await this.#listen("tls", await this.#tlsServer(tls), tls.port);
      if (udp !== undefined) await this.#listenUdp(udp);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#look = setInterval(() => this.#endStalled(), lookMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#look);
    const closed = this.#servers.map((it) => new Promise<void>((done) => it.close(() => done())));
    for (const it of this.#open.keys()) it.destroy();
    await Promise.all(closed);
    this.#servers.length = 0;
    await this.#gather?.end();
  }

  health(): CollectorHealth {
    return {
      way: "syslog",
      at: this.#at.join(", "),
      taken: this.#gather?.written ?? 0,
      waiting: 0,
      shed: this.#shed.list(),
      ...(this.#lastError && { lastError: this.#lastError }),
      failing: [],
    };
  }

  problem(): string | undefined {
    return undefined;
  }

  async #tlsServer({ cert, key, clientCa }: NonNullable<SyslogEntry["tls"]>): Promise<Server> {
    const pem = (path: string) =>
      readFile(path).catch((cause: unknown) => {
        throw refused(this.source, `${path} cannot be read: ${messageOf(cause)}`, cause);
      });
    const options = {
      cert: await pem(cert),
      key: await pem(key),
      ...(clientCa !== undefined && { ca: await pem(clientCa), requestCert: true, rejectUnauthorized: true }),
      minVersion: "TLSv1.2" as const,
      handshakeTimeout: handshakeMs,
    };
    try {
      // `authorized`: a certificate that the configured authority signed was shown, and its key used in the handshake.
      const server = createTlsServer(options, (it) => this.#hear(it, it.authorized ? "client-certificate" : "tls"));
      server.on("tlsClientError", (error) => {
        this.#shed.count("no TLS handshake");
        this.#failed(`a sender did not finish its TLS handshake: ${messageOf(error)}`);
      });
      return this.#watched(server);
    } catch (cause) {
      throw refused(this.source, `the certificate or key cannot be used: ${messageOf(cause)}`, cause);
    }
  }

  /** Lets no connection in that may not come, before anything is read of it. */
  #watched(server: Server): Server {
    return server.on("connection", (socket: Socket) => {
      const sender = senderOf(socket.remoteAddress);
      socket.on("error", () => undefined);
      if (!this.#mayCome(socket, sender)) return void socket.destroy();
      this.#open.set(socket, sender);
      socket.once("close", () => this.#open.delete(socket));
      socket.setKeepAlive(true, 60_000);
      socket.setTimeout(idleMs, () => socket.destroy());
    });
  }

  #mayCome(socket: Socket, sender: string): boolean {
    // It hung up before we looked.
    if (socket.remoteAddress === undefined || !this.#isAllowed(sender)) return false;
    const owner = ownerOf(sender);
    const own = [...this.#open.values()].filter((it) => ownerOf(it) === owner).length;
    if (this.#open.size < maxConnections && own < maxConnectionsPerSender) return true;
    this.#shed.count("too many connections");
    this.#failed(`${sender} has ${own} connections of ${this.#open.size}: another one was closed`);
    return false;
  }

  #isAllowed(sender: string): boolean {
    if (!this.#allowed || this.#allowed.check(sender, isIPv6(sender) ? "ipv6" : "ipv4")) return true;
    this.#shed.count("from an address that is not allowed");
    this.#failed(`${sender} sent, and is in none of the networks of \`from\``);
    return false;
  }

  #hear(socket: Socket, way: WayIn): void {
    const sender = senderOf(socket.remoteAddress);
    const it: Connection = { sender, way, cutter: new FrameCutter(), insideSince: undefined };
    this.#connections.set(socket, it);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      const frames = it.cutter.push(chunk);
      if (frames.length > 0 || !it.cutter.isInside) it.insideSince = undefined;
      if (it.cutter.isInside) it.insideSince ??= performance.now();
      this.#takeAll(it, frames);
      const cost = { messages: frames.length, bytes: chunk.length };
      this.#slow(socket, this.#rates.pay(ownerOf(sender), cost, performance.now()));
    });
    socket.once("end", () => this.#takeAll(it, it.cutter.end()));
    socket.once("close", () => {
      this.#connections.delete(socket);
      this.#waiting.delete(socket);
    });
  }

  /** A sender over a connection loses nothing by being too fast: it waits. */
  #slow(socket: Socket, ms: number): void {
    if (ms > 0) {
      socket.pause();
      setTimeout(() => socket.resume(), ms).unref();
    } else if (this.#gather.isFull) {
      socket.pause();
      this.#waiting.add(socket);
    }
  }

  #resume(): void {
    for (const it of this.#waiting) it.resume();
    this.#waiting.clear();
  }

  #takeAll({ sender, way }: Connection, frames: readonly Frame[]): void {
    for (const it of frames) {
      if ("message" in it) this.#take(sender, it.message, way);
      else this.#refuse(sender, it.rejected, it.record);
    }
  }

  #take(sender: string, message: Uint8Array, way: WayIn): void {
    const read = readMessage(message);
    if ("record" in read) this.#gather.add(sender, read.record, way);
    else this.#refuse(sender, read.reason, sampleOf(message));
  }

  #refuse(sender: string, reason: string, record: string): void {
    this.#intake.refuse({ offset: 0, reason: `syslog from ${sender}: ${reason}`, record });
  }

  /** A connection that stopped inside a message: the rest will not come. */
  #endStalled(): void {
    const now = performance.now();
    for (const [socket, { sender, insideSince }] of this.#connections) {
      if (insideSince === undefined || now - insideSince < partialMs || socket.isPaused()) continue;
      this.#shed.count("the connection stopped inside a message");
      this.#failed(`${sender} stopped inside a message: its connection was closed`);
      socket.destroy();
    }
  }

  async #listenUdp(port: number): Promise<void> {
    const { address } = this.#entry;
    const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
    socket.on("message", (message, { address: from }) => this.#datagram(senderOf(from), message));
    await new Promise<void>((done, failed) => {
      socket.once("error", (cause) => failed(cannotListen(this.source, "udp", address, port, cause)));
      socket.bind(port, address, () => done());
    });
    socket.on("error", (error) => this.#failed(messageOf(error)));
    this.#servers.push(socket);
    this.#at.push(`udp ${hostOf(address)}:${socket.address().port}`);
  }

  /** RFC 5426: one datagram, one message. Who sends this way cannot be made to wait: what is too much is counted and lost. */
  #datagram(sender: string, message: Buffer): void {
    if (!this.#isAllowed(sender)) return;
    if (!this.#rates.mayCome(ownerOf(sender), message.length, performance.now()))
      return this.#shed.count("sent too fast");
    if (this.#gather.isFull) return this.#shed.count("while too much waited to be read");
    if (message.length > maxMessageBytes) return this.#shed.count("too long");
    this.#take(sender, message, "udp");
  }

  async #listen(how: string, server: Server, port: number): Promise<void> {
    const { address } = this.#entry;
    await new Promise<void>((done, failed) => {
      server.once("error", (cause) => failed(cannotListen(this.source, how, address, port, cause)));
      server.listen(port, address, done);
    });
    server.on("error", (error) => this.#failed(messageOf(error)));
    this.#servers.push(server);
    const bound = server.address();
    this.#at.push(`${how} ${hostOf(address)}:${typeof bound === "object" && bound ? bound.port : port}`);
  }

  #failed(message: string): void {
    this.#lastError = { at: this.#intake.now(), message };
  }
}

/** An address of IPv4 that came over IPv6 is the same sender. */
function senderOf(address: string | undefined): string {
  return (address ?? "unknown").replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
}

function hostOf(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}

function networksOf(list: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const it of list) {
    const [address = "", bits] = it.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (bits === undefined) networks.addAddress(address, family);
    else networks.addSubnet(address, Number(bits), family);
  }
  return networks;
}

function cannotListen(source: string, how: string, address: string, port: number, cause: Error): Error {
  const code = "code" in cause ? cause.code : "";
  const why =
    code === "EADDRINUSE"
      ? "another program listens there"
      : code === "EACCES"
        ? "ports below 1024 need a right that this user has not: take another, and let the system pass it on"
        : cause.message;
  return refused(source, `cannot listen on ${how} ${hostOf(address)}:${port}: ${why}`, cause);
}
