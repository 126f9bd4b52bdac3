import { buildConnector, Pool, type Dispatcher } from "undici";
import type { Upstream } from "../policy/routes.ts";
import { inOneWrite } from "./one-write.ts";

/** How long an idle connection to a model server is kept, in ms: below the 5 s after which uvicorn closes its side. */
const idleMs = 4_000;
/** Largest header of an answer, in bytes. */
const maxAnswerHeader = 64 * 1024;
/** Time for a connection to be made, in ms. */
const connectMs = 5_000;

const connector = buildConnector({ timeout: connectMs, noDelay: true });

const connectInOneWrite: buildConnector.connector = (options, done) =>
  connector(options, (...it) => (it[0] === null ? done(null, inOneWrite(it[1])) : done(it[0], null)));

/**
 * Keep-alive connections to each model server, one request in flight on each. A socket whose answer was broken off is closed, not
 * used again; nothing is sent twice, because asking a model costs.
 */
export class Pools {
  readonly #pools = new Map<string, Pool>();
  /** The same by object: what every request asks for. */
  readonly #found = new WeakMap<Upstream, Pool>();

  /** The pool of an upstream; a changed one gets a new pool, and the old one ends with its last answer. */
  of(upstream: Upstream): Dispatcher {
    const found = this.#found.get(upstream);
    if (found) return found;
    const pool = this.#make(upstream);
    this.#found.set(upstream, pool);
    return pool;
  }

  #make(upstream: Upstream): Pool {
    const key = JSON.stringify([upstream.origin, upstream.settings]);
    const known = this.#pools.get(key);
    if (known) return known;
    const { connections, answerMs, idleMs: silence } = upstream.settings;
    const pool = new Pool(upstream.origin, {
      connections,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: 600_000,
      headersTimeout: answerMs,
      bodyTimeout: silence,
      maxHeaderSize: maxAnswerHeader,
      connect: connectInOneWrite,
    });
    this.#pools.set(key, pool);
    return pool;
  }

  /** Closes pools that no upstream uses any more. */
  keepOnly(upstreams: readonly Upstream[]): void {
    const used = new Set(upstreams.map((it) => JSON.stringify([it.origin, it.settings])));
    for (const [key, pool] of this.#pools) {
      if (used.has(key)) continue;
      this.#pools.delete(key);
      pool.close().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((it) => it.destroy()));
  }
}
