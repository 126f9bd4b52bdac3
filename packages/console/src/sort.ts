/** How a list is ordered, as the URL and the server write it: `severity`, or `-severity` for falling. */
export interface Order {
  readonly column: string;
  readonly falling: boolean;
}

export function parseOrder(text: string | undefined): Order | undefined {
  if (!text || text === "-") return undefined;
  return text.startsWith("-") ? { column: text.slice(1), falling: true } : { column: text, falling: false };
}

/** What a click on a column's head leads to: its own first order, then the other way round, then the list's own. */
export function nextOrder(now: Order | undefined, first: string): string | undefined {
  const { column, falling } = parseOrder(first) ?? { column: first, falling: false };
  if (now?.column !== column) return first;
  if (now.falling === falling) return `${falling ? "" : "-"}${column}`;
  return undefined;
}
