// Where the worker stands: how far each stream was read, what the detectors knew then, and how the sources fared.
import { sql } from "kysely";
import { ServerError } from "../error.ts";
import type { Db, Tx } from "./state/state.ts";
import { storableJson } from "./text.ts";
import { inChunks } from "./page.ts";

/** What the line remembers. */
export interface StoredMemory {
  /** The line's snapshot as JSON text; undefined before the first one. */
  readonly snapshot: string | undefined;
  /** What it took since, one JSON text per batch, in order. */
  readonly journal: readonly string[];
  /** Names this state of it: whoever stores more says on what. */
  readonly mark: string;
}

/** The mark of a memory that was never stored. */
export const emptyMark = markOf(undefined, undefined);

function markOf(at: number | undefined, last: number | undefined): string {
  return `${at ?? 0}:${last ?? 0}`;
}

/** All of it is as of one moment: that is what makes a restart count nothing twice and lose nothing. */
interface WorkerState {
  /** Stream → position, as its reader wrote it. */
  readonly positions: ReadonlyMap<string, unknown>;
  readonly memory: StoredMemory;
  /** Source → how it fared, as the worker wrote it. */
  readonly sources: ReadonlyMap<string, unknown>;
}

export async function loadWorkerState(db: Db): Promise<WorkerState> {
  const [positions, line, journal, sources] = await Promise.all([
    db.selectFrom("position").selectAll().execute(),
    db.selectFrom("line").select(["at", "body"]).executeTakeFirst(),
    db.selectFrom("journal").select(["id", "body"]).orderBy("id").execute(),
    db.selectFrom("source").selectAll().execute(),
  ]);
  return {
    positions: new Map(positions.map((it) => [it.stream, it.body])),
    memory: {
      snapshot: line?.body,
      journal: journal.map((it) => it.body),
      mark: markOf(line?.at, journal.at(-1)?.id),
    },
    sources: new Map(sources.map((it) => [it.name, it.body])),
  };
}

/** Stores positions that changed; undefined forgets one. */
export async function storePositions(tx: Tx, positions: ReadonlyMap<string, object | undefined>): Promise<void> {
  const gone = [...positions].filter(([, it]) => it === undefined).map(([stream]) => stream);
  for (const chunk of inChunks(gone)) await tx.deleteFrom("position").where("stream", "in", chunk).execute();
  const kept = [...positions].flatMap(([stream, it]) => (it ? [{ stream, body: storableJson(it) }] : []));
  for (const chunk of inChunks(kept)) {
    await tx
      .insertInto("position")
      .values(chunk)
      .onConflict((conflict) => conflict.column("stream").doUpdateSet((eb) => ({ body: eb.ref("excluded.body") })))
      .execute();
  }
}

/**
 * Makes sure that nobody stored more since: a server that lost the database to another one, and has it again, must not go on from
 * what it knew. Nobody else stores until the transaction ends.
 *
 * @throws {ServerError} STATE_UNAVAILABLE: what is stored has to be read again.
 */
export async function requireMark(tx: Tx, mark: string): Promise<void> {
  await sql`lock table journal in exclusive mode`.execute(tx);
  const line = await tx.selectFrom("line").select("at").executeTakeFirst();
  const last = await tx.selectFrom("journal").select("id").orderBy("id", "desc").limit(1).executeTakeFirst();
  if (markOf(line?.at, last?.id) === mark) return;
  throw new ServerError(
    "STATE_UNAVAILABLE",
    "another server worked on this database meanwhile: going on from where it stands",
  );
}

/** What one batch gave the line to take. `body` is JSON text. Answers with the mark of what is stored now. */
export async function addToJournal(tx: Tx, body: string): Promise<string> {
  const { id } = await tx.insertInto("journal").values({ body }).returning("id").executeTakeFirstOrThrow();
  const line = await tx.selectFrom("line").select("at").executeTakeFirst();
  return markOf(line?.at, id);
}

/** Replaces the snapshot; what was taken before it is in it. Answers with the mark of what is stored now. JSON text, kept as it is: parsing it would cost time and buy nothing. */
export async function storeLine(tx: Tx, body: string, now: number): Promise<string> {
  await tx
    .insertInto("line")
    .values({ id: 1, at: now, body })
    .onConflict((conflict) => conflict.column("id").doUpdateSet({ at: now, body }))
    .execute();
  await tx.deleteFrom("journal").execute();
  return markOf(now, undefined);
}

export async function storeSources(tx: Tx, sources: ReadonlyMap<string, object>): Promise<void> {
  for (const [name, it] of sources) {
    const body = storableJson(it);
    await tx
      .insertInto("source")
      .values({ name, body })
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ body }))
      .execute();
  }
}
