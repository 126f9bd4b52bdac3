import { restCount, type Matrix } from "./canonical.ts";
import { KeyedStream } from "./keyed-stream.ts";

/** Side of a tile: 64 weights lie in one 256-element GGML block, and 64! is beyond any library. */
export const tileSide = 64;

/** First row of an embedding's extra tiles: below lie special tokens and bytes, which vocabularies order differently. */
const firstExtraRow = 256;

/** Where a tile lies in its matrix; `rest` counts through the other axes in C order, the longest outermost. */
export interface Cell {
  readonly row: number;
  readonly col: number;
  readonly rest: number;
  readonly rows: number;
  readonly cols: number;
}

/**
 * The cells of a matrix that are read: at most `tiles`, drawn without replacement from its grid of tiles, from a stream keyed by `seed`
 * and by the shape alone, so that equal shapes meet equal cells; fewer tiles are the first of more. Square matrices use the diagonal, where a transpose meets the same cell.
 */
export function cellsOf(matrix: Matrix, seed: Uint8Array, tiles: number): Cell[] {
  const { rows, cols, rest } = matrix;
  const side = { rows: Math.min(tileSide, rows.length), cols: Math.min(tileSide, cols.length) };
  const [down, across] = [Math.floor(rows.length / side.rows), Math.floor(cols.length / side.cols)];
  const square = rows.length === cols.length;
  const count = square ? down : down * across;
  const depth = restCount(rest);
  const stream = new KeyedStream(seed, `ow-tile-1|${rows.length}x${cols.length}x${depth}`);
  const drawn = new Set<number>();
  const cells: Cell[] = [];
  while (cells.length < Math.min(count, tiles)) {
    const at = stream.below(count);
    if (drawn.has(at)) continue;
    drawn.add(at);
    const [row, col] = square ? [at, at] : [Math.floor(at / across), at % across];
    cells.push({ row: row * side.rows, col: col * side.cols, rest: stream.below(depth), ...side });
  }
  return cells;
}

/**
 * Cells of an embedding whose place depends on its width alone, so that they are the same in a copy with more tokens: rows from 256 on.
 * Fewer than `tiles` where the embedding ends before.
 */
export function extraCellsOf({ rows, cols }: Matrix, seed: Uint8Array, tiles: number): Cell[] {
  const side = { rows: tileSide, cols: Math.min(tileSide, cols.length) };
  const stream = new KeyedStream(seed, `ow-tile-1|tokens x${cols.length}`);
  const across = Math.floor(cols.length / side.cols);
  const cells = Array.from({ length: tiles }, (_, i) => ({
    row: firstExtraRow + i * tileSide,
    col: stream.below(across) * side.cols,
    rest: 0,
    ...side,
  }));
  return cells.filter((it) => it.row + it.rows <= rows.length);
}
