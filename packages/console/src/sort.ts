/** How a list is ordered, as the URL writes it: `severity`, or `-severity` for falling. */
export interface Order {
  readonly column: string;
  readonly falling: boolean;
}

export function parseOrder(text: string | undefined): Order | undefined {
  if (!text || text === "-") return undefined;
  return text.startsWith("-") ? { column: text.slice(1), falling: true } : { column: text, falling: false };
}

/** What a click on a column's head leads to: its own first direction, then the other, then the server's order. */
export function nextOrder(now: Order | undefined, column: string, firstFalling: boolean): string | undefined {
  if (now?.column !== column) return `${firstFalling ? "-" : ""}${column}`;
  if (now.falling === firstFalling) return `${firstFalling ? "" : "-"}${column}`;
  return undefined;
}

/** What a column is ordered by: numbers and text; undefined is always last. */
export type SortKey = number | string | undefined;

/** Rows in a new order; equal ones stay in the server's order. Text is compared as people do: `key-9` before `key-10`. */
export function sortRows<Row>(rows: readonly Row[], key: (row: Row) => SortKey, falling: boolean): Row[] {
  const sign = falling ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
    return sign * compare(x, y);
  });
}

const collator = new Intl.Collator("en", { numeric: true });

function compare(x: number | string, y: number | string): number {
  return typeof x === "number" && typeof y === "number" ? x - y : collator.compare(String(x), String(y));
}
