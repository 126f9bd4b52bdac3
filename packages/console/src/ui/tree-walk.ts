/** A row of a tree that is told as a list, parents first. */
export interface TreeRow {
  readonly key: string;
  /** 0 at the roots. */
  readonly depth: number;
  /** How many of the rows after it belong to it. */
  readonly below: number;
}

/** Rows without those below a closed one. */
export function visibleRows<Row extends TreeRow>(rows: readonly Row[], closed: ReadonlySet<string>): Row[] {
  const shown: Row[] = [];
  for (let at = 0; at < rows.length;) {
    const row = rows[at];
    if (!row) break;
    shown.push(row);
    at += 1 + (closed.has(row.key) ? row.below : 0);
  }
  return shown;
}

interface Step {
  readonly select?: string;
  readonly turn?: { readonly key: string; readonly isClosed: boolean };
}

/** What a key does at row `at` of the visible rows (−1: none is chosen); undefined: nothing. As trees are walked everywhere (WAI-ARIA). */
export function walk(
  key: string,
  shown: readonly TreeRow[],
  at: number,
  closed: ReadonlySet<string>,
): Step | undefined {
  const row = shown[at];
  const to = (it: TreeRow | undefined) => (it ? { select: it.key } : undefined);
  switch (key) {
    case "ArrowDown":
      return to(shown[at + 1]);
    case "ArrowUp":
      return to(shown[at - 1]);
    case "Home":
      return to(shown[0]);
    case "End":
      return to(shown.at(-1));
    case "ArrowRight":
      if (!row || row.below === 0) return undefined;
      return closed.has(row.key) ? { turn: { key: row.key, isClosed: false } } : to(shown[at + 1]);
    case "ArrowLeft":
      if (!row) return undefined;
      if (row.below > 0 && !closed.has(row.key)) return { turn: { key: row.key, isClosed: true } };
      return to(shown.slice(0, at).findLast((it) => it.depth < row.depth));
    default:
      return undefined;
  }
}
