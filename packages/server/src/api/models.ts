import {
  listQuery,
  type Holding,
  type ModelDetail,
  type ModelEntry,
  type ModelRow,
  type Watched,
} from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { isWithin, type Reach } from "../auth/rights.ts";
import { ServerError } from "../error.ts";
import type { FoundCopy } from "../store/copies.ts";
import { pageOfRows, type RowFields } from "../store/filter-rows.ts";
import { gapsWithin } from "../store/gaps.ts";
import { listIncidents, openIncidentsByModel } from "../store/incidents.ts";
import { permitsOf } from "../store/permits.ts";
import { reachOf, read, type Context } from "./context.ts";
import { withBooks } from "./incident-detail.ts";
import { watchedNow } from "./watch.ts";

const params = z.object({ name: z.string().min(1).max(200) });
/** Digits of a digest that name a model which nobody named. */
const shortDigest = 12;
/** Most incidents on a model's page. */
const maxIncidents = 100;

const fields: RowFields<ModelRow> = {
  name: { kind: "text", of: (it) => it.name },
  class: { kind: "text", of: (it) => it.class },
  owner: { kind: "text", of: (it) => it.owner },
  digest: { kind: "text", of: (it) => it.digest },
  format: { kind: "text", of: (it) => it.formats },
  registered: { kind: "flag", of: (it) => it.registered },
  balanced: { kind: "flag", of: (it) => it.balanced },
  watched: { kind: "flag", of: (it) => it.watched !== undefined },
  bytes: { kind: "number", of: (it) => it.bytes },
  value: { kind: "number", of: (it) => it.value },
  copies: { kind: "number", of: (it) => it.copies },
  undeclared: { kind: "number", of: (it) => it.undeclaredCopies },
  exposed: { kind: "number", of: (it) => it.exposedCopies },
  readers: { kind: "number", of: (it) => it.readers },
  unaccounted: { kind: "number", of: (it) => it.coalition?.bytes },
  incidents: { kind: "number", of: (it) => it.openIncidents },
};

/** Models: those in the register, and those that scans found and nobody registered. */
export function models(app: FastifyInstance, context: Context): void {
  const { db, config, scanned, worker, now } = context;

  app.get("/api/models", async (request) => {
    const query = { ...read(listQuery, request.query), now: now() };
    return pageOfRows(
      await modelRows(context, reachOf(request)),
      query,
      fields,
      (it) => `${it.name} ${it.owner ?? ""} ${it.digest ?? ""}`,
    );
  });

  app.get("/api/models/:name", async (request): Promise<ModelDetail> => {
    const { name } = read(params, request.params);
    const reach = reachOf(request);
    const model = (await modelRows(context, reach)).find((it) => it.name === name);
    if (!model) throw new ServerError("NOT_FOUND", `there is no model ${name}`);
    const { places = [], readers = [] } = config.models.find((it) => it.name === name) ?? {};
    const found = await scanned.latest();
    const holdings = worker.holdings().filter((it) => it.model === name);
    const coalition = worker.coalition(name);
    const filter = `model:${JSON.stringify(name)}`;
    const [incidents, gaps] = await Promise.all([
      listIncidents(db, { filter, limit: maxIncidents, now: now(), reach }),
      gapsWithin(db),
    ]);
    return {
      model,
      places,
      allowedReaders: readers,
      copies: found.copies.filter((it) => isCopyOf(it, model)),
      holdings,
      ...(coalition && { coalition }),
      gaps,
      incidents: incidents.items.map((it) => withBooks(context, it)),
      paths: found.paths.filter((it) => it.model === name || it.model === model.digest),
      // What listens on a host belongs to no model.
      listeners: reach === undefined ? [...found.listeners] : [],
      permits: await permitsOf(db, name),
    };
  });
}

/** One row per model, the registered ones first, those with something open before the rest. Of those within reach; a stranger to the register belongs to no space. */
export async function modelRows({ db, config, scanned, worker, now }: Context, reach: Reach): Promise<ModelRow[]> {
  const [found, open, watching] = await Promise.all([
    scanned.latest(),
    openIncidentsByModel(db),
    watchedNow({ db, now }, reach),
  ]);
  const watched = new Map(watching.flatMap((it) => (it.kind === "model" ? [[it.name, it] as const] : [])));
  const holdings = Map.groupBy(worker.holdings(), (it) => it.model);
  const named = config.models.map((entry): ModelRow => {
    const copies = found.copies.filter((it) => isCopyOf(it, entry));
    const digest = entry.digest ?? copies.find((it) => it.model === entry.name)?.modelDigest;
    const scanned = digest === undefined ? undefined : found.models.get(digest);
    const coalition = worker.coalition(entry.name);
    return {
      ...declaredOf(entry),
      ...(digest !== undefined && { digest }),
      ...((entry.bytes ?? scanned?.bytes) !== undefined && { bytes: entry.bytes ?? scanned?.bytes }),
      ...(scanned && { tensors: scanned.tensors }),
      ...countsOf(copies),
      ...booksOf(holdings.get(entry.name) ?? []),
      ...(coalition && { coalition }),
      openIncidents: open.get(entry.name) ?? 0,
      ...watchedIn(watched, entry.name),
    };
  });
  const digests = new Set(named.flatMap((it) => it.digest ?? []));
  const names = new Set(named.map((it) => it.name));
  const strangers = [...found.models.values()].filter(
    (it) => !digests.has(it.digest) && (it.name === undefined || !names.has(it.name)),
  );
  const others = strangers.map(({ digest, bytes, tensors }): ModelRow => {
    const copies = found.copies.filter((it) => it.modelDigest === digest);
    const name = digest.slice(0, shortDigest);
    return {
      name,
      registered: false,
      digest,
      bytes,
      tensors,
      ...countsOf(copies),
      readers: 0,
      openIncidents: open.get(name) ?? 0,
    };
  });
  const rank = (it: ModelRow) =>
    it.openIncidents * 4 + (it.balanced === false ? 2 : 0) + (it.undeclaredCopies > 0 ? 1 : 0);
  const byRank = (a: ModelRow, b: ModelRow) => rank(b) - rank(a) || a.name.localeCompare(b.name);
  return [...named.sort(byRank), ...others.sort(byRank)].filter((it) =>
    isWithin(reach, it.registered ? [it.name] : []),
  );
}

function watchedIn(watched: ReadonlyMap<string, Watched>, model: string): { watched?: Watched } {
  const found = watched.get(model);
  return found ? { watched: found } : {};
}

function declaredOf({ name, class: kind, owner, value }: ModelEntry) {
  return {
    name,
    registered: true,
    class: kind,
    ...(owner !== undefined && { owner }),
    ...(value !== undefined && { value }),
  };
}

function isCopyOf({ model, modelDigest }: FoundCopy, { name, digest }: Pick<ModelRow, "name" | "digest">): boolean {
  return model === name || (digest !== undefined && modelDigest === digest);
}

function countsOf(copies: readonly FoundCopy[]) {
  const there = copies.filter((it) => it.state === "present");
  return {
    formats: [...new Set(copies.map((it) => it.format))].sort(),
    copies: there.length,
    undeclaredCopies: there.filter((it) => it.declared === false).length,
    exposedCopies: there.filter((it) => it.readableBy.length > 0).length,
  };
}

/** The books balance when a declared copy accounts for every reader. Nothing read: there is nothing to say. */
function booksOf(holdings: readonly Holding[]) {
  return {
    readers: holdings.length,
    ...(holdings.length > 0 && { balanced: holdings.every((it) => it.declared) }),
  };
}
