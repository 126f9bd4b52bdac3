import type { GatewayUpstream } from "@outweigh/schema";
import { adapters } from "../adapters/adapters.ts";
import type { Adapter, Denied, Route } from "../adapters/adapter.ts";
import { GatewayError } from "../error.ts";

/** A model server with all that the data path needs of it. */
export interface Upstream {
  readonly name: string;
  readonly adapter: Adapter;
  readonly origin: string;
  /** What stands before every path at the server: that of the configured URL. */
  readonly base: string;
  readonly credential: readonly [string, string] | undefined;
  readonly settings: GatewayUpstream;
}

/** A route of one upstream. `index` names it to the detectors. */
export interface Served {
  readonly index: number;
  readonly upstream: Upstream;
  readonly route: Route;
}

/** What a method and a path lead to. */
export type Found =
  | { readonly kind: "served"; readonly served: Served; readonly model: string | undefined; readonly path: string }
  | { readonly kind: "denied"; readonly upstream: Upstream; readonly denied: Denied }
  | { readonly kind: "nothing" };

interface Pattern<T> {
  readonly shape: RegExp;
  readonly it: T;
  readonly mount: string;
}

const nothing: Found = { kind: "nothing" };

/** All routes of all upstreams. What is in none of the tables does not exist. */
export class RouteTable {
  readonly all: readonly Served[];
  /** By method, then by path. */
  readonly #exact = new Map<string, Map<string, { readonly served: Served; readonly path: string }>>();
  readonly #patterns: Pattern<Served>[] = [];
  readonly #denied: Pattern<{ readonly upstream: Upstream; readonly denied: Denied }>[] = [];

  /** @throws {GatewayError} BAD_CONFIG when two upstreams answer one route. */
  constructor(upstreams: readonly Upstream[]) {
    const all: Served[] = [];
    for (const upstream of upstreams) {
      const { adapter, settings } = upstream;
      const mount = settings.mount.replace(/\/$/, "");
      for (const denied of adapter.denied) {
        this.#denied.push({ shape: shapeOf(mount + denied.path), it: { upstream, denied }, mount });
      }
      for (const route of adapter.routes) {
        if (route.closed === true && !settings.open.includes(route.path)) continue;
        const served = { index: all.length, upstream, route };
        all.push(served);
        this.#add(served, mount);
      }
    }
    this.all = all;
  }

  #add(served: Served, mount: string): void {
    const { method, path } = served.route;
    if (path.includes("{")) {
      this.#patterns.push({ shape: shapeOf(mount + path), it: served, mount });
      return;
    }
    const of = this.#exact.get(method) ?? new Map<string, { readonly served: Served; readonly path: string }>();
    const known = of.get(mount + path);
    if (known) {
      const names = `${known.served.upstream.name} and ${served.upstream.name}`;
      throw new GatewayError("BAD_CONFIG", `${method} ${mount}${path} leads to ${names}: give each a mount of its own`);
    }
    this.#exact.set(method, of.set(mount + path, { served, path }));
  }

  find(method: string, path: string): Found {
    const exact = this.#exact.get(method)?.get(path);
    if (exact) return { kind: "served", served: exact.served, model: undefined, path: exact.path };
    for (const { shape, it } of this.#denied) if (shape.test(path)) return { kind: "denied", ...it };
    for (const { shape, it, mount } of this.#patterns) {
      if (it.route.method !== method) continue;
      const match = shape.exec(path);
      if (match)
        return { kind: "served", served: it, model: decode(match.groups?.["model"]), path: path.slice(mount.length) };
    }
    return nothing;
  }
}

/** Ours, so safe: `{name}` is one segment or a part of one, a `*` at the end anything. */
function shapeOf(path: string): RegExp {
  const open = path.endsWith("*");
  const text = (open ? path.slice(0, -1) : path).replace(/[.+?^$()|[\]\\*]/g, "\\$&");
  const shape = text.replace(/\{(\w+)\}/g, "(?<$1>[^/:]+)");
  return new RegExp(`^${shape}${open ? ".*" : ""}$`);
}

function decode(name: string | undefined): string | undefined {
  if (name === undefined || !name.includes("%")) return name;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** An upstream as configured, ready for use. @throws {GatewayError} BAD_CONFIG for a variable that is not set, or counts that it does not have. */
export function upstreamOf(
  settings: GatewayUpstream,
  environment: Readonly<Record<string, string | undefined>>,
): Upstream {
  const { origin, pathname, search, username } = new URL(settings.url);
  if (search !== "" || username !== "") {
    throw new GatewayError("BAD_CONFIG", `${settings.name}: expected an address without query and user`);
  }
  const adapter = adapters[settings.protocol];
  if (settings.counts && adapter.counter === undefined) {
    const why = `servers of the protocol ${settings.protocol} are not known to count`;
    throw new GatewayError("BAD_CONFIG", `${settings.name}: counts: ${why}`);
  }
  const [field, prefix] = adapter.credential;
  const secret = settings.credential === undefined ? undefined : variable(settings.credential, environment);
  if (secret !== undefined && !/^[\x20-\x7e]+$/.test(secret))
    throw new GatewayError("BAD_CONFIG", `${settings.name}: the credential holds what no header field may`);
  return {
    name: settings.name,
    adapter,
    origin,
    base: pathname.replace(/\/$/, ""),
    credential: secret === undefined ? undefined : [field, prefix + secret],
    settings,
  };
}

/** The value behind `${NAME}`. @throws {GatewayError} BAD_CONFIG */
export function variable(reference: string, environment: Readonly<Record<string, string | undefined>>): string {
  const name = reference.slice(2, -1);
  const value = environment[name];
  if (value === undefined || value === "") throw new GatewayError("BAD_CONFIG", `the variable ${name} is not set`);
  return value;
}
