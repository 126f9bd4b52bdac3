// Events in the event engine: written in batches by the worker, read under the hunter's limits by everybody else.
import { randomUUID } from "node:crypto";
import type { ClickHouseClient, ClickHouseSettings } from "@clickhouse/client";
import { event, type FilterTerm, type OcsfEvent } from "@outweigh/schema";
import { ServerError } from "../error.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import type { EventEngine } from "./engine/engine.ts";
import { tableIn } from "./event-tables.ts";
import { readOrder } from "./order.ts";
import { reasonOf } from "./reason.ts";
import { inChunks, type ListQuery } from "./page.ts";
import { equalOnly, fieldOf, isPrefix, readFilter, readFlag, readNumber, type FilterFields } from "./filter.ts";
import { fieldIn } from "../values.ts";

/** Most events that a count goes to: beyond it, "more than a million" says enough, and counting on would take a hunt's time. */
const maxCounted = 1_000_000;
/** Ids of one query: they stand in its address. */
const idsAtOnce = 1000;

/** Longest insert of a batch, in ms: a disk that takes longer is broken, and the worker tries again. */
const insertMs = 60_000;

/**
 * Stores events; on disk when it resolves, on every server that they belong to. The same event may be stored again: it counts once.
 *
 * @throws {ServerError} EVENTS_UNAVAILABLE when the engine, or a server of it, did not take them: some may be stored all the same. What
 * the engine says about the rows themselves is thrown as it is.
 */
export async function insertEvents(engine: EventEngine, events: readonly OcsfEvent[], now: number): Promise<void> {
  if (events.length === 0) return;
  // Without it nothing is stored that must be stored again.
  if (engine.cluster?.isKnownAway() === true && (await engine.cluster.isPartAway()))
    throw new ServerError("EVENTS_UNAVAILABLE", `the event engine stores nothing now: ${engine.problem}`);
  try {
    await engine.app.insert({
      table: tableIn(engine, "event"),
      values: events.map((it) => toRow(it, now)),
      format: "JSONEachRow",
      abort_signal: AbortSignal.timeout(insertMs),
    });
  } catch (cause) {
    if (cause instanceof ServerError || aboutRows.test(typeOf(cause))) throw cause;
    // Whoever answers is asked the next time.
    await engine.cluster?.isPartAway();
    throw new ServerError("EVENTS_UNAVAILABLE", `the event engine did not store a batch: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

/** Names of the engine's errors for "such a row cannot be": all others are its own trouble, and what was sent must wait for its end. */
const aboutRows =
  /^(CANNOT_(PARSE|CONVERT)|CANNOT_READ_ALL_DATA|INCORRECT_DATA|TYPE_MISMATCH|ILLEGAL_|ARGUMENT_OUT_OF|VALUE_IS_OUT)/;

function typeOf(cause: unknown): string {
  return String(fieldIn(cause, "type") ?? "");
}

function toRow(it: OcsfEvent, now: number) {
  const endpoint = it["src_endpoint"];
  const request = it["http_request"];
  return {
    id: plain(it.id),
    time: it.time,
    received: now,
    source: plain(it.source),
    class_uid: it.class_uid >>> 0,
    activity_id: it.activity_id >>> 0,
    status_id: (it.status_id ?? 0) & 0xff,
    principal: plain(it.principal),
    credential: plain(it.credential),
    model: plain(it.model),
    place: plain(it.place),
    part: plain(it.part),
    artifact: plain(it.artifact),
    operation: plain(it.operation),
    bytes: it.bytes ?? 0,
    address: plain(fieldIn(endpoint, "ip")),
    agent: plain(fieldIn(request, "user_agent")),
    external: it.src_external ? 1 : 0,
    grade: plain(it.grade),
    doc: JSON.stringify(it),
  };
}

/** Text that the engine's JSON reader takes: no half surrogate pairs. */
function plain(text: unknown): string {
  return typeof text === "string" ? text.toWellFormed() : "";
}

export const eventFields: FilterFields = {
  id: { kind: "text", column: "id" },
  source: { kind: "text", column: "source" },
  time: { kind: "time", column: "time" },
  class: { kind: "number", column: "class_uid" },
  activity: { kind: "number", column: "activity_id" },
  status: { kind: "number", column: "status_id" },
  principal: { kind: "text", column: "principal" },
  credential: { kind: "text", column: "credential" },
  model: { kind: "text", column: "model" },
  place: { kind: "text", column: "place" },
  part: { kind: "text", column: "part" },
  artifact: { kind: "text", column: "artifact" },
  operation: { kind: "text", column: "operation" },
  bytes: { kind: "number", column: "bytes" },
  address: { kind: "text", column: "address" },
  agent: { kind: "text", column: "agent" },
  external: { kind: "flag", column: "external" },
  grade: { kind: "text", column: "if(grade = '', 'none', grade)" },
  pid: { kind: "number", column: "JSONExtractUInt(doc, 'actor', 'process', 'pid')" },
};

export interface Condition {
  readonly sql: string;
  readonly params: Readonly<Record<string, string | number | readonly string[]>>;
}

/** A filter as a condition of the event engine. Every value of it is a parameter; every column is ours. */
export function eventCondition(filter: string, now: number, reach?: ReadonlySet<string>): Condition {
  const params: Record<string, string | number> = {};
  const bind = (type: "String" | "Int64", value: string | number) => {
    const name = `p${Object.keys(params).length}`;
    params[name] = value;
    return `{${name}:${type}}`;
  };
  const parts = readFilter(filter, eventFields).map((term) => {
    const any = term.values.map((value) => conditionOf(term, value, now, bind)).join(" or ");
    return term.excluded ? `not (${any})` : `(${any})`;
  });
  if (reach !== undefined) {
    const names = [...reach].map((it) => bind("String", it));
    parts.push(names.length === 0 ? "0" : `model in (${names.join(", ")})`);
  }
  return { sql: parts.length === 0 ? "1" : parts.join(" and "), params };
}

function conditionOf(
  { field: name, op }: FilterTerm,
  value: string,
  now: number,
  bind: (type: "String" | "Int64", value: string | number) => string,
): string {
  if (name === undefined) return `positionCaseInsensitiveUTF8(doc, ${bind("String", value)}) > 0`;
  const field = fieldOf(eventFields, name);
  switch (field.kind) {
    case "flag":
      equalOnly(op, name);
      return `${field.column} = ${readFlag(value, name) ? 1 : 0}`;
    case "number":
    case "severity":
    case "time":
      return `${field.column} ${op} ${bind("Int64", readNumber(field.kind, value, now, name))}`;
    case "text":
    case "list":
    case "status":
      equalOnly(op, name);
      if (isPrefix(value)) return `startsWith(${field.column}, ${bind("String", value.slice(0, -1))})`;
      return `${field.column} = ${bind("String", value)}`;
  }
}

interface EventPage {
  readonly items: OcsfEvent[];
  readonly total: number;
  readonly next?: string;
  /** Servers that hold some of the events were away: there may be more. */
  readonly partial?: true;
}

/** What a hunt may be ordered by: `time` costs nothing, being how events lie; `bytes` reads all that match. */
const orders = { time: "time", bytes: "bytes" } as const;

/** Events that match, newest first or as the reader asks. @throws {ServerError} BAD_FILTER, BAD_REQUEST, EVENTS_UNAVAILABLE, TOO_LARGE (beyond a hunt's limits). */
export async function findEvents(engine: EventEngine, query: ListQuery, signal?: AbortSignal): Promise<EventPage> {
  const { sql, params } = eventCondition(query.filter, query.now, query.reach);
  const from = `from ${tableIn(engine, "event")} final where ${sql}`;
  const { by, falling } = readOrder(query.sort ?? "-time", orders);
  const [end, id] = query.after === undefined ? [] : readCursor(query.after, ["number", "string"]);
  const direction = falling ? "desc" : "asc";
  const asking = allowPartial(signal);
  const beyond = end === undefined ? "" : ` and (${by}, id) ${falling ? "<" : ">"} ({end:Int64}, {id:String})`;
  const [rows, counted] = await Promise.all([
    hunt<{ doc: string }>(
      engine,
      `select doc ${from}${beyond} order by ${by} ${direction}, id ${direction} limit {limit:UInt32}`,
      { ...params, limit: query.limit, ...(end !== undefined && { end, id }) },
      asking,
    ),
    hunt<{ total: string }>(
      engine,
      `select count() as total from (select 1 ${from} limit {most:UInt32})`,
      { ...params, most: maxCounted },
      asking,
    ),
  ]);
  const items = rows.map(({ doc }) => event.parse(JSON.parse(doc)));
  const last = items.length === query.limit ? items.at(-1) : undefined;
  return {
    items,
    // Both were asked of an engine that has no moment for two questions: what is on the page is counted in any case.
    total: Math.max(Number(counted[0]?.total ?? 0), items.length),
    ...(last && { next: writeCursor([last[by] ?? 0, last.id]) }),
    ...asking.told(),
  };
}

/** The events with these ids that happened between two times (ms, both included), oldest first. All of them, unless `asking` takes less. */
export async function eventsById(
  engine: EventEngine,
  ids: readonly string[],
  { from, to }: { readonly from: number; readonly to: number },
  asking: Asking = {},
): Promise<OcsfEvent[]> {
  const found: OcsfEvent[] = [];
  for (const chunk of inChunks(ids, idsAtOnce)) {
    const rows = await hunt<{ doc: string }>(
      engine,
      `select doc from ${tableIn(engine, "event")} final where time between {from:Int64} and {to:Int64} and id in {ids:Array(String)}`,
      { from, to, ids: chunk.map((it) => it.toWellFormed()) },
      asking,
    );
    found.push(...rows.map(({ doc }) => event.parse(JSON.parse(doc))));
  }
  return found.sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1));
}

/** Of these events, those between two times (ms, both included) with their grades: without reading what they hold. */
export async function gradesWithin(
  engine: EventEngine,
  ids: readonly string[],
  { from, to }: { readonly from: number; readonly to: number },
  signal?: AbortSignal,
): Promise<[id: string, { readonly grade: string }][]> {
  const found: [string, { readonly grade: string }][] = [];
  for (const chunk of inChunks(ids, idsAtOnce)) {
    const rows = await hunt<{ id: string; grade: string }>(
      engine,
      `select id, grade from ${tableIn(engine, "event")} final where time between {from:Int64} and {to:Int64} and id in {ids:Array(String)}`,
      { from, to, ids: chunk.map((it) => it.toWellFormed()) },
      signal,
    );
    found.push(...rows.map(({ id, grade }) => [id, { grade }] as const satisfies [string, object]));
  }
  return found;
}

/** Events read at once where many are gone through: their records are up to 256 KiB each. */
const eventsAtOnce = 500;

/** All events of a filter between two times (ms, both included), oldest first, however many. @throws as `findEvents`. */
export async function* eventsInOrder(
  engine: EventEngine,
  {
    from,
    to,
    filter,
    now,
  }: { readonly from: number; readonly to: number; readonly filter: string; readonly now: number },
  signal?: AbortSignal,
): AsyncGenerator<OcsfEvent> {
  const { sql, params } = eventCondition(filter, now);
  let after: { readonly time: number; readonly id: string } = { time: from - 1, id: "" };
  for (let whole = true; whole;) {
    const rows = await hunt<{ doc: string }>(
      engine,
      `select doc from ${tableIn(engine, "event")} final where ${sql} and time between {from:Int64} and {to:Int64} ` +
        `and (time, id) > ({time:Int64}, {id:String}) order by time, id limit {limit:UInt32}`,
      { ...params, from: Math.max(from, after.time), to, ...after, limit: eventsAtOnce },
      signal,
    );
    for (const { doc } of rows) {
      const it = event.parse(JSON.parse(doc));
      after = { time: it.time, id: it.id.toWellFormed() };
      yield it;
    }
    whole = rows.length === eventsAtOnce;
  }
}

/** How an answer is asked for. */
export interface Asking {
  /** When nobody waits for it any more. */
  readonly signal?: AbortSignal;
  /** Called when the answer lacks what servers that are away hold. Without it, such an answer is an error. */
  readonly onPartial?: () => void;
}

/** Takes what there is while a part of the events is away, and tells of it. */
interface PartialAsking extends Asking {
  told(): { readonly partial?: true };
}

export function allowPartial(signal?: AbortSignal): PartialAsking {
  let isPartial = false;
  return {
    ...(signal && { signal }),
    onPartial: () => {
      isPartial = true;
    },
    told: () => (isPartial ? { partial: true } : {}),
  };
}

/**
 * A query of a person; every value from outside is in `params`. The whole answer, or an error; with `onPartial`, of a cluster of which
 * some servers are away, the answer of the others.
 *
 * @throws {ServerError} EVENTS_UNAVAILABLE, TOO_LARGE (beyond a hunt's limits).
 */
export async function hunt<Row>(
  engine: EventEngine,
  query: string,
  params: Readonly<Record<string, unknown>>,
  asking: AbortSignal | Asking = {},
): Promise<Row[]> {
  const { signal, onPartial }: Asking = asking instanceof AbortSignal ? { signal: asking } : asking;
  const ask = (settings?: ClickHouseSettings) => askOnce<Row>(engine, { query, params, signal, settings });
  const { cluster } = engine;
  try {
    // Whoever takes less does not have to wait until it is found out again who is away.
    if (onPartial === undefined || cluster?.isKnownAway() !== true || !(await cluster.isPartAway())) return await ask();
    onPartial();
  } catch (cause) {
    const error = refused(cause);
    const isLess = onPartial !== undefined && error.code === "EVENTS_UNAVAILABLE" && signal?.aborted !== true;
    if (!isLess || !(await cluster?.isPartAway())) throw error;
    onPartial();
  }
  return ask({ skip_unavailable_shards: 1 }).catch((cause: unknown) => {
    throw refused(cause);
  });
}

interface Question {
  readonly query: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal | undefined;
  readonly settings: ClickHouseSettings | undefined;
}

/** When nobody waits for it any more, the engine is told to stop: closing the connection alone does not. */
async function askOnce<Row>(engine: EventEngine, { query, params, signal, settings }: Question): Promise<Row[]> {
  const id = randomUUID();
  const { app, hunter } = engine;
  const stop = () => void kill(app, id);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const answer = await hunter.query({
      query,
      query_params: { ...params },
      format: "JSONEachRow",
      query_id: id,
      ...(signal && { abort_signal: signal }),
      ...(settings && { clickhouse_settings: settings }),
    });
    return await answer.json<Row>();
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

async function kill(app: ClickHouseClient, id: string): Promise<void> {
  const params = { query: "kill query where query_id = {id:String} async", query_params: { id } };
  await app.command(params).catch(() => undefined); // It ended by itself, or the engine did.
}

/** Names of the engine's errors for "this takes more than a hunt may". */
const overLimit = new Set(["TIMEOUT_EXCEEDED", "MEMORY_LIMIT_EXCEEDED", "TOO_MANY_ROWS_OR_BYTES"]);

function refused(cause: unknown): ServerError {
  if (cause instanceof ServerError) return cause;
  if (overLimit.has(typeOf(cause))) {
    return new ServerError("TOO_LARGE", "this takes longer than a hunt may: narrow the time or add a field", { cause });
  }
  return new ServerError("EVENTS_UNAVAILABLE", "the event engine did not answer this query", { cause });
}
