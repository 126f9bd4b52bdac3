import {
  connectionsOf,
  includesAddress,
  overlapsOf,
  referencesOf,
  touchedBy,
  type Config,
  type Connection,
} from "@outweigh/schema";

/** A mistake between entries that are each well formed. */
interface CrossMistake {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What no single value shows: names that stand for two things, places that belong to two models. */
export function crossChecks(config: Config): CrossMistake[] {
  const { models, sources } = config;
  const places = models.flatMap((model, i) =>
    model.places.map((it, k) => ({ it: withoutEnd(it), path: ["models", i, "places", k] })),
  );
  return [
    ...repeated(
      models.map((it, i) => ({ it: it.name, path: ["models", i, "name"] })),
      (it) => `there are two models named ${quote(it)}`,
    ),
    ...repeated(
      models.flatMap(({ digest }, i) => (digest === undefined ? [] : [{ it: digest, path: ["models", i, "digest"] }])),
      () => "another model has the same digest: one set of weights has one entry",
    ),
    ...repeated(places, (it) => `the place ${quote(it)} is declared twice: whose reads are those?`),
    ...repeated(
      sources.map((it, i) => ({ it: it.name, path: ["sources", i, "name"] })),
      (it) => `there are two sources named ${quote(it)}`,
    ),
    ...repeated(
      placedConnections(config).map(({ it, path }) => ({ it: it.name, path: [...path, "name"] })),
      (it) => `there are two connections named ${quote(it)}`,
    ),
    ...touchedTwice(config.connections),
    ...sources.flatMap(({ s3 }, i) =>
      (s3 ? overlapsOf(s3, models) : []).map(({ model, place }) => ({
        path: ["sources", i, "s3", "prefix"],
        message: `overlaps ${place}, where ${model} lies: read logs from elsewhere, or name ${model} in overlaps`,
      })),
    ),
    ...models.flatMap(({ files = [] }, i) =>
      repeated(
        files.map((it, k) => ({ it: it.path, path: ["models", i, "files", k, "path"] })),
        (it) => `the file ${quote(it)} is listed twice`,
      ),
    ),
  ];
}

/** Connections where they stand: webhooks have a form of their own. */
function placedConnections(config: Config): { readonly it: Connection; readonly path: readonly (string | number)[] }[] {
  const own = config.connections.length;
  return connectionsOf(config).map((it, i) => ({
    it,
    path: i < own ? ["connections", i] : ["policy", "webhooks", i - own],
  }));
}

/** What two connections may touch: which of them would an action take? */
function touchedTwice(connections: readonly Connection[]): CrossMistake[] {
  return connections.flatMap((it, i) => {
    const before = connections.slice(0, i);
    const twice = touchedBy(it).find((at) =>
      before.some((other) => touchedBy(other).some((to) => includesAddress(to, at) || includesAddress(at, to))),
    );
    if (twice === undefined) return [];
    return [{ path: ["connections", i, "name"], message: `another connection reaches ${twice} already` }];
  });
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that gateway, server, a connection or a cloud would need, and that are not set. */
export function unsetVariables(config: Config, environment: Environment): CrossMistake[] {
  const { gateway, sources, server } = config;
  const named = [
    ...(gateway?.upstreams ?? []).map(({ credential }, i) => ({
      it: credential,
      path: ["gateway", "upstreams", i, "credential"],
    })),
    ...sources.flatMap(({ s3 }, i) =>
      (["accessKeyId", "secretAccessKey"] as const).map((key) => ({ it: s3?.[key], path: ["sources", i, "s3", key] })),
    ),
    ...placedConnections(config).flatMap(({ it, path }) =>
      referencesOf(it).map(({ field, variable }) => ({ it: `\${${variable}}`, path: [...path, field] })),
    ),
    ...config.clouds.flatMap((it, i) =>
      referencesOf(it).map(({ field, variable }) => ({ it: `\${${variable}}`, path: ["clouds", i, field] })),
    ),
    { it: server.metrics.otlp?.token, path: ["server", "metrics", "otlp", "token"] },
    { it: server.provider?.clientSecret, path: ["server", "provider", "clientSecret"] },
  ];
  return named.flatMap(({ it, path }) => {
    const name = it?.slice(2, -1);
    if (name === undefined || (environment[name] ?? "") !== "") return [];
    return [{ path, message: `the variable ${name} is not set` }];
  });
}

interface Placed {
  readonly it: string;
  readonly path: readonly (string | number)[];
}

function repeated(list: readonly Placed[], message: (it: string) => string): CrossMistake[] {
  const seen = new Set<string>();
  return list.flatMap(({ it, path }) => {
    if (!seen.has(it)) {
      seen.add(it);
      return [];
    }
    return [{ path, message: message(it) }];
  });
}

function withoutEnd(place: string): string {
  return place.replace(/\/+$/, "");
}

function quote(text: string): string {
  return JSON.stringify(text);
}
