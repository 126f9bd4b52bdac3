import { centreTwice, clipRangeOf, smoothnessOf, statsOf } from "./condition.ts";
import type { Tile } from "./record.ts";
import { sketchOf } from "./sketch.ts";

/** Largest code of a tile's values: entries at it were clipped. */
export const largestCode = { 8: 127, 16: 32_767 } as const;

/** A tile, and how smooth it is. */
export interface MadeTile {
  readonly tile: Tile;
  readonly smoothness: number;
}

/**
 * Clips, rounds and sketches one tile.
 * @param values Row by row; not changed. @param alongRows Whether neighbours in the file are neighbours in a row.
 * @returns undefined if all entries are equal.
 */
export function makeTile(
  values: Float32Array,
  { cols, alongRows, bits }: { cols: number; alongRows: boolean; bits: 8 | 16 },
): MadeTile | undefined {
  const range = clipRangeOf(values);
  if (!range) return undefined;
  const most = largestCode[bits];
  const scale = Math.fround(range.reach / most);
  if (scale === 0) return undefined;
  const centre = Math.fround(range.centre);
  const codes = bits === 8 ? new Int8Array(values.length) : new Int16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    codes[i] = Math.max(-most, Math.min(most, Math.round(((values[i] ?? 0) - centre) / scale)));
  }
  const centred = Float32Array.from(codes);
  centreTwice(centred, cols);
  if (centred.every((it) => it === 0)) return undefined;
  const tile = {
    rows: values.length / cols,
    cols,
    values: codes,
    centre,
    scale,
    sketch: sketchOf(centred),
    stats: statsOf(values, cols, alongRows),
  };
  return { tile, smoothness: smoothnessOf(centred, cols) };
}

/** The codes as numbers, rows and columns centred: all that is needed where scale does not matter. */
export function centredCodes({ values, cols }: Tile): Float32Array {
  const centred = Float32Array.from(values);
  centreTwice(centred, cols);
  return centred;
}

/** The entries themselves. */
export function entriesOf({ values, centre, scale }: Tile): Float32Array {
  return Float32Array.from(values, (it) => centre + scale * it);
}
