// What an agent saw on its host: a tree of processes, and what can have left by them.
import {
  hostActivityQuery,
  leavingMount,
  listQuery,
  type EgressRow,
  type Facts,
  type HostActivity,
  type HostProcess,
  type ModelRow,
} from "@outweigh/schema";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { ServerError } from "../error.ts";
import { ordersOf } from "../store/agents.ts";
import { readCursor, writeCursor } from "../store/cursor.ts";
import { eventCondition, type Condition } from "../store/events.ts";
import { gapsWithin } from "../store/gaps.ts";
import { carriedTo, egressOf, processesOf, readOf, sightsOf, writtenOnto } from "../store/host-activity.ts";
import { exactly, summarise } from "../store/summary.ts";
import { agentSource } from "./agents.ts";
import { hangUp, read, type Context } from "./context.ts";
import { modelRows } from "./models.ts";
import { fileOf, processTree } from "./process-tree.ts";

/** Orders looked through for the latest facts of mounts. */
const maxOrders = 50;

const params = z.object({ id: z.string().max(64) });

export function hostActivity(app: FastifyInstance, context: Context): void {
  const { engine, now } = context;
  const trees = new Map<string, KeptTree>();

  app.get("/api/hosts/:id/processes", async (request, reply) => {
    const { id } = read(params, request.params);
    const { filter, after, limit } = read(listQuery, request.query);
    const signal = hangUp(request, reply);
    const of = sourceOf(context, id, eventCondition(filter, now()));
    const key = JSON.stringify([id, filter]);
    const known = after === undefined ? undefined : trees.get(key);
    const { tree, left } = known && now() - known.at < treeMs ? known : await treeOf(context, { id, of }, signal);
    if (after === undefined) keep(trees, key, { at: now(), tree, left });
    const start = after === undefined ? 0 : readCursor(after, ["number"])[0];
    const items = tree.slice(start, start + limit);
    const end = start + items.length;
    return { items, total: tree.length, left, ...(end < tree.length && { next: writeCursor([end]) }) };
  });

  app.get("/api/hosts/:id/activity", async (request, reply): Promise<HostActivity> => {
    const { id } = read(params, request.params);
    const { filter } = read(hostActivityQuery, request.query);
    const signal = hangUp(request, reply);
    const of = sourceOf(context, id, eventCondition(filter, now()));
    const mounts = await mountsOf(context, id);
    const [summary, sent, written, opened, sights, carried, models] = await Promise.all([
      summarise(engine, { of, by: "operation" }, signal),
      egressOf(engine, of, signal),
      writtenOnto(engine, of, signal),
      readOf(engine, of, signal),
      sightsOf(engine, of, signal),
      carriedTo(engine, of, mounts?.rows.map((it) => it.path) ?? [], signal),
      modelRows(context, undefined),
    ]);
    const { events, firstAt, lastAt } = summary;
    const onto = ontoOf(mounts?.rows ?? []);
    return {
      events,
      ...(firstAt !== undefined && { firstAt }),
      ...(lastAt !== undefined && { lastAt }),
      gaps: await ownGaps(context, id, firstAt),
      sights: sights.map((it) => ({ at: Number(it.at), sensor: it.sensor })),
      egress: egressRows({ sent, written, opened, models }),
      ...(mounts && { mounts }),
      carried: carried.map((it) => fileOf(it, onto)),
    };
  });
}

interface Left {
  readonly sent: Awaited<ReturnType<typeof egressOf>>;
  readonly written: Awaited<ReturnType<typeof writtenOnto>>;
  readonly opened: Awaited<ReturnType<typeof readOf>>;
  readonly models: readonly ModelRow[];
}

/** What was sent, and what was written to disks that leave, the most first, each beside what was read of it and its model's size. */
function egressRows({ sent, written, opened, models }: Left): EgressRow[] {
  const bytesOf = new Map(models.map((it) => [it.name, it.bytes]));
  const readAtMost = new Map(opened.map((it) => [it.model === "" ? it.artifact : it.model, it.bytes]));
  const common = ({ model, artifact, processes, first, last }: (typeof sent | typeof written)[number]) => {
    const modelBytes = bytesOf.get(model);
    return {
      ...(model !== "" && { model }),
      artifact,
      readAtMost: readAtMost.get(model === "" ? artifact : model) ?? 0,
      ...(modelBytes !== undefined && { modelBytes }),
      processes: Number(processes),
      firstAt: Number(first),
      lastAt: Number(last),
    };
  };
  const connections = sent.map((it): EgressRow => ({
    ...common(it),
    address: it.to_address,
    port: Number(it.to_port),
    atMost: it.atMost,
    ...(it.counted !== null && { counted: it.counted }),
    uncounted: Number(it.uncounted),
  }));
  const disks = written.map((it): EgressRow => {
    const { onto_mount: mount, onto_kind: kind, onto_type: type, onto_source: source } = it;
    const onto = leavingMount.safeParse({ mount, kind, type, source }).data;
    return { ...common(it), address: source, ...(onto && { onto }), atMost: it.bytes, counted: it.bytes, uncounted: 0 };
  });
  return [...connections, ...disks].toSorted((a, b) => b.atMost - a.atMost);
}

/** A tree as its first page was cut from it: what is read on is the same tree, whatever happens meanwhile. */
interface KeptTree {
  readonly at: number;
  readonly tree: readonly HostProcess[];
  readonly left: number;
}

/** How long a tree is kept for its further pages, in ms, and how many are. */
const treeMs = 60_000;
const maxTrees = 2;

function keep(trees: Map<string, KeptTree>, key: string, it: KeptTree): void {
  trees.delete(key);
  trees.set(key, it);
  for (const oldest of [...trees.keys()].slice(0, -maxTrees)) trees.delete(oldest);
}

async function treeOf(
  context: Context,
  { id, of }: { readonly id: string; readonly of: Condition },
  signal: AbortSignal,
): Promise<Omit<KeptTree, "at">> {
  const [{ rows, total }, mounts] = await Promise.all([processesOf(context.engine, of, signal), mountsOf(context, id)]);
  return { tree: processTree(rows, ontoOf(mounts?.rows ?? [])), left: total - rows.length };
}

/** Silences of this host since the first of these events: a host that is quiet now is told of as well. */
async function ownGaps(context: Context, id: string, firstAt: number | undefined) {
  const source = agentSource(required(context, id)).name;
  const gaps = await gapsWithin(context.db, { from: firstAt ?? 0, to: context.now() });
  return gaps.filter((it) => it.source === source);
}

function required({ agents }: Context, id: string) {
  const found = agents.get(id);
  if (!found) throw new ServerError("NOT_FOUND", "there is no such host");
  return found;
}

/** These events, of this host's agent alone. @throws {ServerError} NOT_FOUND */
function sourceOf(context: Context, id: string, { sql, params: given }: Condition): Condition {
  const own = exactly("source", agentSource(required(context, id)).name);
  return { sql: `${own.sql} and (${sql})`, params: { ...own.params, ...given } };
}

/** File systems of other machines, by their type as the kernel names it. */
const network =
  /^(?:9p|afs|beegfs|ceph|cifs|coda|gfs2|glusterfs|lustre|ncpfs|nfs4?|ocfs2|orangefs|smb3|smbfs|virtiofs|fuse\.(?!fuse-overlayfs).+)$/;
/** Where desktops and people mount what has a plug. */
const plugged = /^\/(?:media|run\/media|mnt)\//;

type Mounts = HostActivity["mounts"];

/** What the latest answer to "which mounts?" says of file systems that leave the host. */
async function mountsOf({ db }: Context, id: string): Promise<Mounts> {
  const orders = await ordersOf(db, id, maxOrders);
  const facts = orders.flatMap((it) => it.facts ?? []).toSorted((a, b) => b.at - a.at);
  const told = facts.flatMap((it) => listOf(it));
  const [latest] = told;
  if (!latest) return undefined;
  const rows = latest.rows.flatMap(({ point, type }) => {
    if (typeof point !== "string" || typeof type !== "string" || point === "/") return [];
    return network.test(type) || plugged.test(point) ? [{ path: point, type }] : [];
  });
  return { at: latest.at, rows };
}

function listOf({ at, lists }: Facts) {
  const found = lists.find((it) => it.list === "mounts");
  return found ? [{ at, rows: found.rows }] : [];
}

function ontoOf(mounts: NonNullable<Mounts>["rows"]): (path: string) => string | undefined {
  return (path) => mounts.find((it) => path.startsWith(`${it.path.replace(/\/+$/, "")}/`))?.type;
}
