// The order of a list: the list's own, or by one column that the reader asks for. Pages follow without gap or overlap.
import { sql, type RawBuilder } from "kysely";
import { ServerError } from "../error.ts";
import { readCursor } from "./cursor.ts";

/** What a list may be ordered by: a column or an expression of ours, never from outside. */
interface OrderColumn {
  readonly column: string;
  readonly kind: "number" | "text";
}

export type OrderColumns = Readonly<Record<string, OrderColumn>>;

/** One column of an order. */
export interface Key {
  readonly value: RawBuilder<unknown>;
  readonly kind: "number" | "text";
  readonly falling: boolean;
}

/** Characters of a text that count for its place: a page's end is written down with them. */
const orderedChars = 60;

export function key({ column, kind }: OrderColumn, falling: boolean): Key {
  return { value: sql.raw(column), kind, falling };
}

/** What a reader asks for: `severity`, or `-severity` for falling. @throws {ServerError} BAD_REQUEST naming what there is. */
export function readOrder<Known>(
  text: string,
  known: Readonly<Record<string, Known>>,
): { by: Known; falling: boolean } {
  const falling = text.startsWith("-");
  const name = falling ? text.slice(1) : text;
  const by = Object.hasOwn(known, name) ? known[name] : undefined;
  if (by !== undefined) return { by, falling };
  const names = Object.keys(known).join(", ");
  throw new ServerError("BAD_REQUEST", `there is no order by "${name}"; known: ${names}`);
}

/** A list's order as SQL. */
export class ListOrder {
  /** For `order by`. */
  readonly by: RawBuilder<unknown>;
  /** A row's place as a JSON array: to be selected, and given to `writeCursor` for the last row of a page. */
  readonly place: RawBuilder<(string | number)[]>;
  readonly #keys: readonly Key[];

  /**
   * @param sort As the reader asked; undefined for the list's own order.
   * @param usual The list's own order; its last key is different for every row.
   * @throws {ServerError} BAD_REQUEST
   */
  constructor(sort: string | undefined, columns: OrderColumns, usual: readonly [...Key[], Key]) {
    this.#keys = sort === undefined ? usual : keysOf(readOrder(sort, columns), usual);
    this.by = sql.join(this.#keys.map(({ value, falling }) => sql`${value} ${sql.raw(falling ? "desc" : "asc")}`));
    this.place = sql`jsonb_build_array(${sql.join(this.#keys.map((it) => it.value))})`;
  }

  /** A condition: rows beyond the page that ended at this place; all, if there was none. @throws {ServerError} BAD_REQUEST */
  beyond(after: string | undefined): RawBuilder<boolean> {
    if (after === undefined) return sql<boolean>`true`;
    const ends = readCursor(
      after,
      this.#keys.map(({ kind }) => (kind === "number" ? "number" : "string")),
    );
    // Equal in all keys before one, and beyond in that one.
    const cases = this.#keys.map((it, i) => {
      const equal = this.#keys.slice(0, i).map((other, k) => compare(other, "=", ends[k]));
      return sql`(${sql.join([...equal, compare(it, it.falling ? "<" : ">", ends[i])], sql` and `)})`;
    });
    return sql<boolean>`(${sql.join(cases, sql` or `)})`;
  }
}

/** Rows without a value come last in both directions; equal ones are told apart as in the list's own order. */
function keysOf({ by, falling }: { by: OrderColumn; falling: boolean }, usual: readonly Key[]): Key[] {
  const column = sql.raw(by.column);
  const value =
    by.kind === "number" ? sql`coalesce(${column}, 0)` : sql`left(coalesce(${column}, ''), ${sql.lit(orderedChars)})`;
  return [
    { value: sql`(case when ${column} is null then 1 else 0 end)`, kind: "number", falling: false },
    { value, kind: by.kind, falling },
    ...usual.slice(-1),
  ];
}

function compare({ value, kind }: Key, op: "=" | "<" | ">", end: string | number | undefined): RawBuilder<unknown> {
  return sql`${value} ${sql.raw(op)} ${end}::${sql.raw(kind === "number" ? "numeric" : "text")}`;
}
