import type { TensorRecord } from "./record.ts";
import { sketchOf } from "./sketch.ts";
import { centredCodes } from "./tile.ts";

/** What the index keeps of a matrix. */
interface Sketch {
  /** The shape class; an embedding's extra tile has 0 rows, for it is the same at any length. */
  readonly rows: number;
  readonly cols: number;
  readonly rest: number;
  /** Its place among the usable matrices of its class, from 0. */
  readonly place: number;
  readonly sketch: Uint32Array;
  /** Of the transpose, for square matrices. */
  readonly turned?: Uint32Array;
}

/**
 * One sketch for each usable matrix, and one for each embedding's extra tile.
 * @param turned Whether square matrices get the sketch of their transpose too, which takes longer than all the rest.
 */
export function sketchesOf(tensors: readonly TensorRecord[], turned: boolean): Sketch[] {
  const counts = new Map<string, number>();
  const next = (shapeClass: string): number => {
    const place = counts.get(shapeClass) ?? 0;
    counts.set(shapeClass, place + 1);
    return place;
  };
  return tensors
    .toSorted((a, b) => a.order - b.order)
    .flatMap((record) => {
      const { rows, cols, shapeClass, tokens, unusable } = record;
      const [tile] = record.tiles;
      const [extra] = record.extraTiles;
      if (!tile || unusable !== undefined) return [];
      const rest = Number(shapeClass.split("x")[2] ?? 1);
      const square = turned && rows === cols && tile.rows === tile.cols;
      const own = { rows, cols, rest, place: next(shapeClass), sketch: tile.sketch };
      const whole = square ? { ...own, turned: turnedSketch(centredCodes(tile), tile.cols) } : own;
      if (!tokens || !extra) return [whole];
      return [whole, { rows: 0, cols, rest: 1, place: next(`tokens x${cols}`), sketch: extra.sketch }];
    });
}

function turnedSketch(values: Float32Array, side: number): Uint32Array {
  return sketchOf(values.map((_, i) => values[(i % side) * side + Math.floor(i / side)] ?? 0));
}
