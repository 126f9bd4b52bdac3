import { ExtractionError } from "./error.ts";
import { mix } from "./hash.ts";

/** Widest vector that is rotated exactly; wider ones are first projected at random. Jacobi on 64 × 64 takes milliseconds. */
export const maxDimensions = 64;
/** Widest input that is accepted at all: a 512 × 512 image with three channels. */
const maxInputLength = 786_432;
/** Fixed point: a coordinate of one standard deviation is 1,024. The range is ±32 sd; beyond, it is cut. */
export const unit = 1024;

/**
 * The space in which distances are measured: standardise, drop what never varies, rotate to principal axes (most variance first).
 * A rotation changes no distance; the order lets a search give up on a far point after a few coordinates.
 * Coordinates are 16-bit fixed point, so that the same stream gives the same verdict on any machine.
 */
export interface Space {
  /** Length of the vectors it takes. */
  readonly inputs: number;
  /** Axes of the vectors it gives, at most `maxDimensions`: what distances are measured in. */
  readonly dimensions: number;
  readonly mean: Float64Array;
  /** 1 / sd; 0 for a coordinate that is dropped. */
  readonly scale: Float64Array;
  /** Key of the random ±1 projection; undefined where the input was narrow enough. */
  readonly projectionKey: number | undefined;
  /** `dimensions` rows of principal axes, one behind the other. */
  readonly axes: Float64Array;
  /** Of a projected input, some columns as they are, behind the axes of each point: a projection hides which column moved. */
  readonly columns: readonly Column[];
}

export interface Column {
  readonly at: number;
  readonly mean: number;
  /** 1 / sd. */
  readonly scale: number;
}

/** Columns of a projected input that are kept as they are, evenly spread over those that vary. */
const keptColumns = 16;

/** A standard deviation below this is noise of the recording, not variety: the coordinate is dropped. */
const minDeviation = 1e-3;

/**
 * Learns a space from reference vectors.
 * @throws {ExtractionError} BAD_CALIBRATION with fewer than 2 vectors, vectors longer than `maxInputLength`, or when no
 * coordinate varies.
 */
export function learnSpace(vectors: readonly ArrayLike<number>[], key = 1): Space {
  const first = vectors[0];
  if (!first || vectors.length < 2) throw new ExtractionError("BAD_CALIBRATION", "a space needs at least 2 vectors");
  const inputs = first.length;
  if (inputs > maxInputLength) {
    throw new ExtractionError("BAD_CALIBRATION", `expected at most ${maxInputLength} values, got ${inputs}`);
  }
  const projectionKey = inputs > maxDimensions ? key : undefined;
  const narrow = vectors.map((it) => (projectionKey === undefined ? it : project(it, projectionKey)));
  const width = Math.min(inputs, maxDimensions);

  const { mean, deviation } = moments(narrow, width);
  const scale = deviation.map((it) => (it > minDeviation ? 1 / it : 0));
  if (scale.every((it) => it === 0)) throw new ExtractionError("BAD_CALIBRATION", "no coordinate varies");
  const kept = scale.filter((it) => it > 0).length;

  const covariance = correlate(narrow, mean, scale);
  const axes = principalAxes(covariance).slice(0, kept);
  return {
    inputs,
    dimensions: kept,
    mean: Float64Array.from(mean),
    scale: Float64Array.from(scale),
    projectionKey,
    axes: Float64Array.from(axes.flat()),
    columns: projectionKey === undefined ? [] : columnsOf(vectors, inputs),
  };
}

/** The coordinates of a point: its axes, and the columns behind them. */
export function lengthOf({ dimensions, columns }: Space): number {
  return dimensions + columns.length;
}

function columnsOf(vectors: readonly ArrayLike<number>[], inputs: number): Column[] {
  const { mean, deviation } = moments(vectors, inputs);
  const moving = deviation.flatMap((it, at) => (it > minDeviation ? [at] : []));
  const count = Math.min(keptColumns, moving.length);
  return Array.from({ length: count }, (_, i) => {
    const at = moving[Math.floor((i * moving.length) / count)] ?? 0;
    return { at, mean: mean[at] ?? 0, scale: 1 / (deviation[at] ?? 1) };
  });
}

/**
 * A vector in the space, as fixed-point coordinates.
 * @throws {ExtractionError} BAD_QUERY when its length is wrong or a value is not finite.
 */
export function place(space: Space, vector: ArrayLike<number>): Int16Array {
  if (vector.length !== space.inputs) {
    throw new ExtractionError("BAD_QUERY", `expected ${space.inputs} values, got ${vector.length}`);
  }
  const narrow = space.projectionKey === undefined ? vector : project(vector, space.projectionKey);
  const width = space.mean.length;
  const z = new Float64Array(width);
  for (let i = 0; i < width; i++) {
    const value = narrow[i] ?? NaN;
    if (!Number.isFinite(value)) throw new ExtractionError("BAD_QUERY", `value ${i} is not finite`);
    z[i] = (value - space.mean[i]!) * space.scale[i]!;
  }
  const { axes, dimensions, columns } = space;
  const out = new Int16Array(lengthOf(space));
  for (let i = 0; i < columns.length; i++) {
    const { at, mean, scale } = columns[i]!;
    out[dimensions + i] = fixed((vector[at]! - mean) * scale);
  }
  for (let row = 0; row < dimensions; row++) {
    const at = row * width;
    let [even, odd] = [0, 0]; // two sums, so that one addition need not wait for the other
    let i = 0;
    for (; i + 1 < width; i += 2) {
      even += z[i]! * axes[at + i]!;
      odd += z[i + 1]! * axes[at + i + 1]!;
    }
    if (i < width) even += z[i]! * axes[at + i]!;
    out[row] = fixed(even + odd);
  }
  return out;
}

function fixed(value: number): number {
  return Math.max(-32768, Math.min(32767, Math.round(value * unit)));
}

/** A keyed ±1 random projection to 64 coordinates. It keeps distances to within about 18 % (Achlioptas 2003). */
function project(vector: ArrayLike<number>, key: number): Float64Array {
  const out = new Float64Array(maxDimensions);
  for (let i = 0; i < vector.length; i++) {
    const value = vector[i] ?? 0;
    if (value === 0) continue;
    const low = mix(mix(key) ^ (2 * i));
    const high = mix(mix(key) ^ (2 * i + 1));
    for (let row = 0; row < maxDimensions; row++) {
      const bit = row < 32 ? (low >>> row) & 1 : (high >>> (row - 32)) & 1;
      out[row] = (out[row] ?? 0) + (bit ? value : -value);
    }
  }
  const shrink = 1 / Math.sqrt(maxDimensions);
  return out.map((it) => it * shrink);
}

function moments(vectors: readonly ArrayLike<number>[], width: number) {
  const mean = Array.from({ length: width }, () => 0);
  const deviation = Array.from({ length: width }, () => 0);
  for (const it of vectors) for (let i = 0; i < width; i++) mean[i] = (mean[i] ?? 0) + (it[i] ?? 0) / vectors.length;
  for (const it of vectors) {
    for (let i = 0; i < width; i++)
      deviation[i] = (deviation[i] ?? 0) + ((it[i] ?? 0) - (mean[i] ?? 0)) ** 2 / vectors.length;
  }
  return { mean, deviation: deviation.map(Math.sqrt) };
}

function correlate(
  vectors: readonly ArrayLike<number>[],
  mean: readonly number[],
  scale: readonly number[],
): number[][] {
  const width = mean.length;
  const out = mean.map(() => Array.from({ length: width }, () => 0));
  for (const it of vectors) {
    const z = mean.map((m, i) => ((it[i] ?? 0) - m) * (scale[i] ?? 0));
    for (let a = 0; a < width; a++) {
      const row = out[a] ?? [];
      const za = z[a] ?? 0;
      for (let b = 0; b < width; b++) row[b] = (row[b] ?? 0) + (za * (z[b] ?? 0)) / vectors.length;
    }
  }
  return out;
}

/** Eigenvectors of a symmetric matrix as rows, largest eigenvalue first. Cyclic Jacobi (Golub and Van Loan, 8.5). */
function principalAxes(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  const v = matrix.map((_, i) => matrix.map((_, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += (a[p]?.[q] ?? 0) ** 2;
    if (off < 1e-18) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, p, q);
  }
  const order = matrix.map((_, i) => i).sort((i, j) => (a[j]?.[j] ?? 0) - (a[i]?.[i] ?? 0) || i - j);
  return order.map((i) => v.map((row) => row[i] ?? 0));
}

function rotate(a: number[][], v: number[][], p: number, q: number): void {
  const apq = a[p]?.[q] ?? 0;
  if (Math.abs(apq) < 1e-300) return;
  const theta = ((a[q]?.[q] ?? 0) - (a[p]?.[p] ?? 0)) / (2 * apq);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  const turn = (m: number[][], byRow: boolean) => {
    for (let k = 0; k < m.length; k++) {
      const [rp, cp, rq, cq] = byRow ? [p, k, q, k] : [k, p, k, q];
      const x = m[rp]?.[cp] ?? 0;
      const y = m[rq]?.[cq] ?? 0;
      (m[rp] ?? [])[cp] = c * x - s * y;
      (m[rq] ?? [])[cq] = s * x + c * y;
    }
  };
  turn(a, false);
  turn(a, true);
  turn(v, false);
}
