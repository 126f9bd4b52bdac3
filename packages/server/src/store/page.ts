// What the lists of all nouns share.
import type { RawBuilder } from "kysely";
import type { Db } from "./state/state.ts";

/** What a list is asked for; `after` is the `next` of the page before, `now` in ms. */
export interface ListQuery {
  readonly filter: string;
  /** A column's name, with a dash before it for falling; the list's own order, if undefined. */
  readonly sort?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
  readonly now: number;
  /** The models that whoever asks may see; undefined: all, and what belongs to none. */
  readonly reach?: ReadonlySet<string> | undefined;
}

export interface Page<Item> {
  items: Item[];
  total: number;
  next?: string;
}

/** A page's rows and how many there are in all, as both stand at one moment: what is stored in between must not be in one of them alone. */
export function pageAndCount<Row>(
  db: Db,
  rows: (at: Db) => Promise<Row[]>,
  count: (at: Db) => Promise<number>,
): Promise<[Row[], number]> {
  const read = async (at: Db): Promise<[Row[], number]> => [await rows(at), await count(at)];
  return db.transaction().setIsolationLevel("repeatable read").setAccessMode("read only").execute(read);
}

/** How many rows of a table match. */
export async function countOf(
  at: Db,
  table: "alert" | "action" | "evidence",
  matches: RawBuilder<boolean>,
): Promise<number> {
  const counting = at.selectFrom(table).select((eb) => eb.fn.countAll<number>().as("count"));
  return (await counting.where(matches).executeTakeFirstOrThrow()).count;
}

/** Rows of one statement: far below the 65,535 parameters that PostgreSQL's protocol has, for the widest table. */
const chunkRows = 500;

export function inChunks<Item>(items: readonly Item[], size = chunkRows): Item[][] {
  const chunks: Item[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}
