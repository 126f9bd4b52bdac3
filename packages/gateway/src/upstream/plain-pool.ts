import { connect, type Socket } from "node:net";
import { AnswerParser, type AnswerFields, type AnswerParts } from "./answer-parser.ts";

/** What may be done to an answer while it comes. */
export interface Flow {
  abort(reason: Error): void;
  pause(): void;
  resume(): void;
}

/** Who asked, and takes the answer. */
export interface Asker {
  /** Set when it wants no answer any more. */
  readonly isOver: boolean;
  onRequestStart(flow: Flow): void;
  onResponseStart(flow: Flow, status: number, fields: AnswerFields): void;
  /** @param bytes Lent: whoever keeps them copies them. */
  onResponseData(flow: Flow, bytes: Buffer): void;
  onResponseEnd(): void;
  onResponseError(flow: Flow, error: Error): void;
}

/** A request. `fields` are lines with their ends, and hold nothing of framing; names and values were checked where they came in. */
export interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly fields: string;
  readonly body: Buffer | undefined;
}

interface PoolOptions {
  readonly host: string;
  readonly port: number;
  /** What stands in `Host`. */
  readonly authority: string;
  readonly connections: number;
  /** Time to the head of an answer, and longest silence within it, in ms. */
  readonly headMs: number;
  readonly silenceMs: number;
  /** Time for a connection to be made, and how long an idle one is kept, in ms. */
  readonly connectMs: number;
  readonly idleMs: number;
}

/** How often connections are looked over for what takes too long, in ms. */
const lookMs = 250;
/** Requests up to this many bytes are sent as one text: Node copies those on the stack. */
const maxOneWriteBytes = 12 * 1024;

/**
 * What connections read into, one after the other. Node would make a buffer of this size for each read, and shrink it: that costs more than
 * to copy what came.
 */
const reading = Buffer.allocUnsafeSlow(64 * 1024);

/** A time that was allowed is over. */
export class LateError extends Error {
  override readonly name = "LateError";
}

/** Keep-alive connections to one server, one request in flight on each, nothing sent twice. For HTTP without TLS. */
export class PlainPool {
  readonly #options: PoolOptions;
  readonly #all = new Set<Connection>();
  readonly #idle: Connection[] = [];
  #waiting: { readonly request: Outgoing; readonly asker: Asker }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  dispatch(request: Outgoing, asker: Asker): void {
    const now = Date.now();
    let free = this.#idle.pop();
    while (free && !free.isUsable(now)) {
      free.destroy();
      free = this.#idle.pop();
    }
    const connection = free ?? (this.#all.size < this.#options.connections ? this.#open() : undefined);
    if (connection) connection.send(request, asker, now);
    else this.#waiting.push({ request, asker });
  }

  #open(): Connection {
    const connection: Connection = new Connection(this.#options, {
      free: () => this.#freed(connection),
      gone: () => {
        this.#all.delete(connection);
        const at = this.#idle.indexOf(connection);
        if (at >= 0) this.#idle.splice(at, 1);
        this.#next();
      },
    });
    this.#all.add(connection);
    this.#timer ??= setInterval(() => this.#look(), lookMs).unref();
    return connection;
  }

  /** Who waits longest and still wants an answer. */
  #wanted(): { readonly request: Outgoing; readonly asker: Asker } | undefined {
    for (let it = this.#waiting.shift(); it; it = this.#waiting.shift()) if (!it.asker.isOver) return it;
    return undefined;
  }

  #freed(connection: Connection): void {
    const next = this.#wanted();
    if (next) connection.send(next.request, next.asker, Date.now());
    else if (this.#ended) connection.destroy();
    else this.#idle.push(connection);
  }

  #next(): void {
    if (this.#all.size >= this.#options.connections) return;
    const next = this.#wanted();
    if (next) this.#open().send(next.request, next.asker, Date.now());
  }

  #look(): void {
    const now = Date.now();
    for (const it of this.#all) it.look(now);
    // Also of a pool that was closed: what runs on may still fall silent.
    if (this.#all.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** No more requests: ends when the running ones have. */
  close(): void {
    this.#ended = true;
    for (const it of this.#idle.splice(0)) it.destroy();
  }

  destroy(): void {
    this.close();
    this.#waiting = [];
    for (const it of this.#all) it.destroy();
  }
}

interface Told {
  /** May carry another request. */
  readonly free: () => void;
  readonly gone: () => void;
}

class Connection implements Flow, AnswerParts {
  readonly #options: PoolOptions;
  readonly #told: Told;
  readonly #socket: Socket;
  readonly #parser = new AnswerParser(this);
  #asker: Asker | undefined;
  #isConnected = false;
  #hasHead = false;
  #isPaused = false;
  /** Since when it waits for something, or is idle, in ms since 1970. */
  #since = Date.now();
  /** How long it may be idle: the server may say less. */
  #idleMs: number;

  constructor(options: PoolOptions, told: Told) {
    this.#options = options;
    this.#told = told;
    this.#idleMs = options.idleMs;
    const take = (length: number) => {
      this.#take(reading.subarray(0, length));
      return true;
    };
    const { host, port } = options;
    const socket = connect({ host, port, noDelay: true, onread: { buffer: reading, callback: take } });
    this.#socket = socket;
    socket.on("connect", () => {
      this.#isConnected = true;
      this.#since = Date.now();
    });
    socket.on("end", () => this.#try(() => this.#parser.close()));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => {
      this.#fail(new Error("the connection was closed"));
      told.gone();
    });
  }

  isUsable(now: number): boolean {
    return !this.#socket.destroyed && this.#socket.readyState === "open" && now - this.#since < this.#idleMs;
  }

  send({ method, path, fields, body }: Outgoing, asker: Asker, now: number): void {
    this.#asker = asker;
    this.#hasHead = false;
    this.#since = now;
    this.#parser.expect();
    asker.onRequestStart(this);
    if (this.#asker !== asker) return;
    const { authority } = this.#options;
    let head = `${method} ${path} HTTP/1.1\r\nhost: ${authority}\r\nconnection: keep-alive\r\n${fields}`;
    if (!body) {
      this.#socket.write(`${head}\r\n`, "latin1");
      return;
    }
    head += `content-length: ${body.length}\r\n\r\n`;
    // As Latin-1 text, byte for byte the same: one plain write costs less than a gathered one.
    if (body.length <= maxOneWriteBytes) {
      this.#socket.write(head + body.toString("latin1"), "latin1");
      return;
    }
    this.#socket.cork();
    this.#socket.write(head, "latin1");
    this.#socket.write(body);
    this.#socket.uncork();
  }

  #take(chunk: Buffer): void {
    // Until its head is there, an answer that trickles in is late like one that does not come.
    if (this.#hasHead) this.#since = Date.now();
    this.#try(() => this.#parser.push(chunk));
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  onHead(status: number, fields: AnswerFields): void {
    this.#hasHead = true;
    this.#since = Date.now();
    const seconds = /timeout=(\d{1,6})/.exec(String(fields["keep-alive"] ?? ""))?.[1];
    // A second less: what is on its way when the server closes would be lost.
    this.#idleMs = Math.min(this.#options.idleMs, seconds === undefined ? Infinity : Number(seconds) * 1000 - 1000);
    this.#asker?.onResponseStart(this, status, fields);
  }

  onBody(bytes: Buffer): void {
    this.#asker?.onResponseData(this, bytes);
  }

  onEnd(reusable: boolean): void {
    const asker = this.#asker;
    this.#asker = undefined;
    if (!reusable) this.destroy();
    asker?.onResponseEnd();
    // Whoever had it paused, or did so with the last of it: who comes next must not wait for that.
    if (this.#isPaused) this.resume();
    if (reusable && !this.#socket.destroyed && !this.#asker) this.#told.free();
  }

  /** Whatever takes too long ends. */
  look(now: number): void {
    const waits = now - this.#since;
    const { connectMs, headMs, silenceMs } = this.#options;
    if (!this.#isConnected) {
      if (waits > connectMs) this.#fail(new Error("the server did not take the connection"));
    } else if (!this.#asker) {
      if (waits >= this.#idleMs) this.destroy();
    } else if (!this.#isPaused && waits > (this.#hasHead ? silenceMs : headMs)) {
      this.#fail(new LateError(this.#hasHead ? "the answer fell silent" : "no answer came"));
    }
  }

  #fail(error: Error): void {
    const asker = this.#asker;
    this.#asker = undefined;
    this.#socket.destroy();
    asker?.onResponseError(this, error);
  }

  destroy(): void {
    this.#asker = undefined;
    this.#socket.destroy();
  }

  abort(reason: Error): void {
    if (this.#asker) this.#fail(reason);
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#since = Date.now();
    this.#socket.resume();
  }
}
