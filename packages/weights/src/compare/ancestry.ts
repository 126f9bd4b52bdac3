// What two descendants of one base share beyond it: the same test on what each added.
import type { Tile, TensorRecord } from "../fingerprint/record.ts";
import { centreTwice } from "../fingerprint/condition.ts";
import { likeness, prepareValues, type Likeness, type PreparedTile } from "../fingerprint/statistic.ts";
import { entriesOf, largestCode } from "../fingerprint/tile.ts";
import { roundingOf } from "./rounding.ts";

/** How alike two matrices are once a third, which both resemble, is taken away from both. */
export type Remainder =
  | ({
      readonly told: true;
      /** How much of what `a` added is in `b`: 1 in a copy, 0 in a stranger. */ readonly slope: number;
    } & Likeness)
  | { readonly told: false };

/** Own additions must be this many times what rounding alone could make two descendants share. */
const minResolution = 4;

/**
 * Takes `base` away from `a` and `b` at the same cells, by least squares, and tests what remains for independence.
 *
 * Entries that were clipped in any of the three are left out; so are those that `b` has set to 0 (pruning is not an addition).
 * `told: false` where what `a` added is not well above the rounding that all three share: quantising two neighbours of one base to the
 * same levels leaves the same errors in both, which is no kinship.
 *
 * @param turned Whether `b` is to be transposed. @param baseTurned Whether `base` is.
 */
export function compareRemainders(
  a: TensorRecord,
  b: TensorRecord,
  base: TensorRecord,
  { turned = false, baseTurned = false } = {},
): Remainder {
  const count = Math.min(a.tiles.length, b.tiles.length, base.tiles.length);
  const ours: PreparedTile[] = [];
  const theirs: PreparedTile[] = [];
  let [own, cross, noise] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const [one, other, origin] = [a.tiles[i], b.tiles[i], base.tiles[i]];
    if (!one || !other || !origin) continue;
    const tiles = [face(one, false), face(other, turned), face(origin, baseTurned)] as const;
    const [left, right] = remaindersOf(tiles);
    noise += left.length * sharedNoise([a, b, base], [one, other, origin]) ** 2;
    for (let k = 0; k < left.length; k++) {
      own += (left[k] ?? 0) ** 2;
      cross += (left[k] ?? 0) * (right[k] ?? 0);
    }
    ours.push(prepareValues(left, one.cols));
    theirs.push(prepareValues(right, one.cols));
  }
  const found = likeness(ours, theirs);
  if (!found || own === 0 || Math.sqrt(own) < minResolution * Math.sqrt(noise)) return { told: false };
  return { told: true, ...found, slope: cross / own };
}

/** A tile's entries, row by row, and which of them count. */
export interface Face {
  readonly entries: Float32Array;
  readonly cols: number;
  readonly counts: Uint8Array;
}

/** @param turned Whether the tile is to be read as that of the transposed matrix. */
export function face(tile: Tile, turned: boolean): Face {
  const most = tile.values instanceof Int8Array ? largestCode[8] : largestCode[16];
  const zero = Math.round(-tile.centre / tile.scale);
  const pruned = tile.stats.zeroFraction > 0.02; // more zeros than rounding makes
  const entries = entriesOf(tile);
  const counts = Uint8Array.from(tile.values, (it) => Number(Math.abs(it) < most && !(pruned && it === zero)));
  if (!turned) return { entries, cols: tile.cols, counts };
  const { rows, cols } = tile;
  const at = Array.from(entries, (_, i) => (i % rows) * cols + Math.floor(i / rows));
  return {
    entries: Float32Array.from(at, (it) => entries[it] ?? 0),
    cols: rows,
    counts: Uint8Array.from(at, (it) => counts[it] ?? 0),
  };
}

/** What `a` and `b` have beyond their multiples of `base`, in units of `base`'s scale, rows and columns centred. */
function remaindersOf([a, b, base]: readonly [Face, Face, Face]): [Float32Array, Float32Array] {
  const counts = a.counts.map((it, i) => it & (b.counts[i] ?? 0) & (base.counts[i] ?? 0));
  const masked = ({ entries, cols }: Face): Float32Array => {
    const kept = entries.map((it, i) => (counts[i] ? it : 0));
    centreTwice(kept, cols);
    return kept;
  };
  const origin = masked(base);
  const remainder = (it: Face): Float32Array => {
    const values = masked(it);
    const share = inner(values, origin) / inner(origin, origin);
    const rest = values.map((value, i) => (counts[i] ? value / share - (origin[i] ?? 0) : 0));
    centreTwice(rest, it.cols);
    return rest;
  };
  return [remainder(a), remainder(b)];
}

function inner(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, it, i) => sum + it * (b[i] ?? 0), 0);
}

/**
 * Root mean square of the error that rounding may put into both remainders alike: the base's own, and that of `a` and `b` where both are
 * coarser than the base, so that entries close together fall on one level.
 */
function sharedNoise(
  records: readonly [TensorRecord, TensorRecord, TensorRecord],
  tiles: readonly [Tile, Tile, Tile],
): number {
  const [a, b, base] = records.map((record, i) => {
    const tile = tiles[i];
    if (!tile) return { stored: 0, code: 0 };
    return { stored: roundingOf(record.dtype, tile.stats) * tile.stats.sd, code: tile.scale / Math.sqrt(12) };
  });
  if (!a || !b || !base) return Infinity;
  const stored = a.stored > base.stored && b.stored > base.stored ? Math.min(a.stored, b.stored) : 0;
  const inexactBase = base.stored > Math.max(a.stored, b.stored) ? base.stored : 0;
  const codes = Math.min(a.code, b.code);
  return Math.hypot(stored, inexactBase, codes, base.code);
}
