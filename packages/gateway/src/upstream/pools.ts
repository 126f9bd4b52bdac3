import { Pool } from "undici";
import type { Upstream } from "../policy/routes.ts";
import { PlainPool, type Asker, type Outgoing } from "./plain-pool.ts";

/** How long an idle connection to a model server is kept, in ms: below the 5 s after which uvicorn closes its side. */
const idleMs = 4_000;
/** Largest header of an answer, in bytes. */
const maxAnswerHeader = 64 * 1024;
/** Time for a connection to be made, in ms. */
const connectMs = 5_000;

/** Connections to one model server. */
interface ServerPool {
  dispatch(request: Outgoing, asker: Asker): void;
  close(): void;
  destroy(): void;
}

/**
 * Keep-alive connections to each model server, one request in flight on each. A socket whose answer was broken off is closed, not
 * used again; nothing is sent twice, because asking a model costs.
 */
export class Pools {
  readonly #pools = new Map<string, ServerPool>();
  /** The same by object: what every request asks for. */
  readonly #found = new WeakMap<Upstream, ServerPool>();

  /** The pool of an upstream; a changed one gets a new pool, and the old one ends with its last answer. */
  of(upstream: Upstream): ServerPool {
    const found = this.#found.get(upstream);
    if (found) return found;
    const pool = this.#make(upstream);
    this.#found.set(upstream, pool);
    return pool;
  }

  #make(upstream: Upstream): ServerPool {
    const key = JSON.stringify([upstream.origin, upstream.settings]);
    const known = this.#pools.get(key);
    if (known) return known;
    const pool = upstream.origin.startsWith("https:") ? secure(upstream) : plain(upstream);
    this.#pools.set(key, pool);
    return pool;
  }

  /** Closes pools that no upstream uses any more. */
  keepOnly(upstreams: readonly Upstream[]): void {
    const used = new Set(upstreams.map((it) => JSON.stringify([it.origin, it.settings])));
    for (const [key, pool] of this.#pools) {
      if (used.has(key)) continue;
      this.#pools.delete(key);
      pool.close();
    }
  }

  close(): void {
    for (const it of this.#pools.values()) it.destroy();
  }
}

function plain({ origin, settings }: Upstream): ServerPool {
  const { hostname, host, port } = new URL(origin);
  return new PlainPool({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? 80 : Number(port),
    authority: host,
    connections: settings.connections,
    headMs: settings.answerMs,
    silenceMs: settings.idleMs,
    connectMs,
    idleMs,
  });
}

/** Over TLS by undici, which knows sessions, names and certificates. */
function secure({ origin, settings }: Upstream): ServerPool {
  const pool = new Pool(origin, {
    connections: settings.connections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: 600_000,
    headersTimeout: settings.answerMs,
    bodyTimeout: settings.idleMs,
    maxHeaderSize: maxAnswerHeader,
    connect: { timeout: connectMs, noDelay: true },
  });
  return {
    dispatch({ method, path, fields, body }, asker) {
      pool.dispatch({ method, path, headers: flat(fields), body: body ?? null }, asker);
    },
    close: () => void pool.close().catch(() => undefined),
    destroy: () => void pool.destroy().catch(() => undefined),
  };
}

/** Names and values, one after the other, as undici takes them. */
function flat(lines: string): string[] {
  const out: string[] = [];
  for (const line of lines.split("\r\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) out.push(line.slice(0, colon), line.slice(colon + 2));
  }
  return out;
}
