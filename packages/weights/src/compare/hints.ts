// What was done to a copy, as far as samples tell. Phrases for people: none of them decides anything.
import { roundedTo } from "../fingerprint/condition.ts";
import type { TensorRecord, Tile } from "../fingerprint/record.ts";
import { entriesOf } from "../fingerprint/tile.ts";
import { lowRankShare } from "./low-rank.ts";
import type { Pair } from "./match.ts";
import { roundingOf } from "./rounding.ts";
import { medianRho } from "./verdict.ts";

/** Zeros beyond the original's that make a copy pruned. */
const minPruned = 0.05;

/** Change of size that makes a matrix scaled, beyond what a change that lowered the correlation to rho could do on its own: a factor of rho. */
const minScaling = 1.05;

/** From this correlation on, scaling can be told from training. */
const scalingRho = 0.95;

/** Share of a change's energy in a quarter of its directions that makes it low-rank: an adapter. Full-rank changes have about 0.6. */
const minLowRank = 0.93;

/** Matrices looked at for low rank. */
const maxLowRankTensors = 12;

/** What seems to have been done on the way from `a` to `b`. @param all All matched pairs. @param significant Those that are not chance. */
export function hintsOf(significant: readonly Pair[]): string[] {
  return [
    ...encoding(significant),
    ...levels(significant),
    ...pruning(significant),
    ...scaling(significant),
    ...lineScaling(significant),
    ...arrangement(significant),
    ...training(significant),
  ];
}

/** Whether more was done than storing otherwise: what rounding and pruning do not explain. */
export function wasTrained(significant: readonly Pair[]): boolean {
  return training(significant).length > 0;
}

function encoding(pairs: readonly Pair[]): string[] {
  const changes = new Map<string, number>();
  for (const { a, b } of pairs) {
    if (a.dtype === b.dtype) continue;
    const change = `${a.dtype} stored as ${b.dtype}`;
    changes.set(change, (changes.get(change) ?? 0) + 1);
  }
  return [...changes]
    .toSorted((x, y) => y[1] - x[1])
    .map(([change, count]) => `${change} (${count} of ${pairs.length})`);
}

function levels(pairs: readonly Pair[]): string[] {
  const rounded = pairs.filter(
    ({ a, b }) => /^b?f\d/.test(b.dtype) && levelsOf(b) !== undefined && levelsOf(a) === undefined,
  );
  if (2 * rounded.length < pairs.length) return [];
  const most = Math.max(...rounded.map(({ b }) => levelsOf(b) ?? 0));
  return [`rounded to ${most} levels or fewer in 32 neighbours, stored as floats`];
}

/** Of most of its tiles; undefined for weights that were not rounded. */
function levelsOf({ tiles }: TensorRecord): number | undefined {
  return median(tiles.map((it) => roundedTo(it.stats) ?? Infinity).filter((it) => it < Infinity));
}

function pruning(pairs: readonly Pair[]): string[] {
  const more = pairs.map(({ a, b }) => zerosOf(b) - zerosOf(a) - roundedZeros(b));
  const middle = median(more) ?? 0;
  return middle >= minPruned ? [`pruned: ${Math.round(100 * middle)} % more of its weights are 0`] : [];
}

/** Zeros that rounding alone makes: one level of a normal distribution, twice as many to be sure. */
function roundedZeros(record: TensorRecord): number {
  const found = levelsOf(record);
  return found === undefined ? 0 : 4 / found;
}

function zerosOf({ tiles }: TensorRecord): number {
  return tiles.reduce((sum, it) => sum + it.stats.zeroFraction, 0) / Math.max(1, tiles.length);
}

function scaling(pairs: readonly Pair[]): string[] {
  const close = pairs.filter((it) => Math.abs(it.rho) >= scalingRho);
  const factors = close.flatMap(({ a, b, rho }) => {
    const factor = sizeOf(b) / sizeOf(a);
    const most = minScaling / Math.abs(rho);
    return factor > most || factor < 1 / most ? [factor] : [];
  });
  if (factors.length === 0 || (medianRho(pairs) ?? 0) < scalingRho) return [];
  const integers = close.some(({ b }) => /^[iu]/.test(b.dtype)); // whose scale lies elsewhere
  if (integers) return [];
  const middle = median(factors) ?? 1;
  return [`scaled: ${factors.length} of ${pairs.length} matrices, by ${middle.toFixed(2)} in the middle`];
}

/** From this correlation of their lines on, two matrices of which some lines were rescaled are the same but for that. */
const lineRho = 0.97;

/** By how much the lines must be more alike than the whole: rounding and training make no difference there. */
const lineGain = 0.01;

/** Rows or columns with factors of their own: hidden units rescaled, which the next layer undoes. */
function lineScaling(pairs: readonly Pair[]): string[] {
  const found = pairs.filter(({ a, b, rho, transposed }) => {
    const [one, other] = [a.tiles[0], b.tiles[0]];
    if (!one || !other || transposed || Math.abs(rho) >= lineRho || one.rows !== other.rows || one.cols !== other.cols)
      return false;
    const [x, y] = [entriesOf(one), entriesOf(other)];
    const lines = Math.max(linesAlike(x, y, one.cols, 1), linesAlike(x, y, 1, one.cols));
    return lines >= lineRho && lines > Math.abs(rho) + lineGain;
  });
  return found.length > 0 ? [`rows or columns rescaled: ${found.length} of ${pairs.length} matrices`] : [];
}

/** Median |cosine| of the lines of two tiles. @param across From one line to the next. @param along From one entry of it to the next. */
function linesAlike(x: Float32Array, y: Float32Array, across: number, along: number): number {
  const length = along === 1 ? across : x.length / along;
  const count = x.length / length;
  const cosines = Array.from({ length: count }, (_, line) => {
    let [xy, xx, yy] = [0, 0, 0];
    for (let k = 0; k < length; k++) {
      const at = line * across + k * along;
      xy += (x[at] ?? 0) * (y[at] ?? 0);
      xx += (x[at] ?? 0) ** 2;
      yy += (y[at] ?? 0) ** 2;
    }
    return xx * yy > 0 ? Math.abs(xy) / Math.sqrt(xx * yy) : 0;
  });
  return median(cosines) ?? 0;
}

function sizeOf({ tiles }: TensorRecord): number {
  return Math.sqrt(tiles.reduce((sum, it) => sum + it.stats.sd ** 2, 0) / Math.max(1, tiles.length));
}

function arrangement(pairs: readonly Pair[]): string[] {
  const phrases: string[] = [];
  const turned = pairs.filter((it) => it.transposed).length;
  const negated = pairs.filter((it) => it.z < 0).length;
  const grown = pairs.find(({ a, b }) => a.tokens && b.tokens && a.rows !== b.rows);
  if (turned > 0) phrases.push(`transposed: ${turned} of ${pairs.length}`);
  if (negated > 0) phrases.push(`negated: ${negated} of ${pairs.length}`);
  if (grown) phrases.push(`vocabulary changed from ${grown.a.rows} to ${grown.b.rows}`);
  return phrases;
}

/** Only where rounding and pruning do not already explain the difference. */
function training(pairs: readonly Pair[]): string[] {
  const rho = medianRho(pairs);
  const packed = pairs.filter(({ b }) => /^[iu]\d/.test(b.dtype)).length; // levels without the scales and zeros of their groups
  if (rho === undefined || 2 * packed > pairs.length) return [];
  const rounding = median(pairs.map(({ b }) => worstRounding(b))) ?? 0;
  const zeros = median(pairs.map(({ b }) => zerosOf(b))) ?? 0;
  const explained = 1 / Math.hypot(1, 1.5 * rounding);
  if (zeros >= minPruned || rho >= Math.min(0.9998, explained)) return [];
  const ranks = pairs.slice(0, maxLowRankTensors).flatMap(({ a, b, transposed }) => (transposed ? [] : lowRank(a, b)));
  if (ranks.length > 0 && (median(ranks) ?? 0) >= minLowRank)
    return ["changed by matrices of low rank, as a merged adapter or a short training does"];
  if (rho >= 0.9) return ["fine-tuned, or lightly changed otherwise"];
  if (rho >= 0.6) return ["trained further, or strongly changed otherwise"];
  return ["merged with another model, or changed beyond most training"];
}

function worstRounding({ dtype, tiles }: TensorRecord): number {
  return Math.max(0, ...tiles.map((it) => roundingOf(dtype, it.stats)));
}

function lowRank(a: TensorRecord, b: TensorRecord): number[] {
  const [one, other] = [a.tiles[0], b.tiles[0]];
  if (!one || !other || one.rows < 64 || one.cols < 64) return [];
  const noise = codeNoise(one) ** 2 + codeNoise(other) ** 2 + (roundingOf(b.dtype, other.stats) * other.stats.sd) ** 2;
  const [x, y] = [entriesOf(one), entriesOf(other)];
  const change = x.map((it, i) => (y[i] ?? 0) - it);
  const energy = change.reduce((sum, it) => sum + it * it, 0);
  const clean = energy - noise * change.length;
  if (clean < 0.75 * energy) return []; // mostly rounding: nothing to see
  return [Math.min(1, (lowRankShare(change, one.cols) * energy) / clean)];
}

function codeNoise({ scale }: Tile): number {
  return scale / Math.sqrt(12);
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((x, y) => x - y)[values.length >> 1];
}
