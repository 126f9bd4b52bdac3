// Where the worker stands: how far each stream was read, what the detectors knew then, and how the sources fared.
import type { Db, Tx } from "./state/state.ts";
import { storableJson } from "./text.ts";
import { inChunks } from "./page.ts";

/** What the line remembers. */
export interface StoredMemory {
  /** The line's snapshot as JSON text; undefined before the first one. */
  readonly snapshot: string | undefined;
  /** What it took since, one JSON text per batch, in order. */
  readonly journal: readonly string[];
}

/** All of it is as of one moment: that is what makes a restart count nothing twice and lose nothing. */
export interface WorkerState {
  /** Stream → position, as its reader wrote it. */
  readonly positions: ReadonlyMap<string, unknown>;
  readonly memory: StoredMemory;
  /** Source → how it fared, as the worker wrote it. */
  readonly sources: ReadonlyMap<string, unknown>;
}

export async function loadWorkerState(db: Db): Promise<WorkerState> {
  const [positions, line, journal, sources] = await Promise.all([
    db.selectFrom("position").selectAll().execute(),
    db.selectFrom("line").select("body").executeTakeFirst(),
    db.selectFrom("journal").select("body").orderBy("id").execute(),
    db.selectFrom("source").selectAll().execute(),
  ]);
  return {
    positions: new Map(positions.map((it) => [it.stream, it.body])),
    memory: { snapshot: line?.body, journal: journal.map((it) => it.body) },
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

/** What one batch gave the line to take. `body` is JSON text. */
export async function addToJournal(tx: Tx, body: string): Promise<void> {
  await tx.insertInto("journal").values({ body }).execute();
}

/** Replaces the snapshot; what was taken before it is in it. JSON text, kept as it is: parsing it would cost time and buy nothing. */
export async function storeLine(tx: Tx, body: string, now: number): Promise<void> {
  await tx
    .insertInto("line")
    .values({ id: 1, at: now, body })
    .onConflict((conflict) => conflict.column("id").doUpdateSet({ at: now, body }))
    .execute();
  await tx.deleteFrom("journal").execute();
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
