// What the lists of all nouns share.

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

/** Rows of one statement: far below the 65,535 parameters that PostgreSQL's protocol has, for the widest table. */
const chunkRows = 500;

export function inChunks<Item>(items: readonly Item[], size = chunkRows): Item[][] {
  const chunks: Item[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}
