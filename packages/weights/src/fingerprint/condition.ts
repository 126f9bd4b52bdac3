// Makes tiles comparable: without outliers, rows and columns centred; and says which tiles tell nothing.

/** What a tile looks like before anything is done to it. */
export interface TileStats {
  readonly mean: number;
  readonly sd: number;
  /** Of a normal distribution: 3. */
  readonly kurtosis: number;
  /** Share of entries that are exactly 0. */
  readonly zeroFraction: number;
  /** Median number of different values in 32 neighbours along the line: 2^b for weights that once had b bits, about 32 otherwise. */
  readonly levels: number;
}

/** Where a tile is cut off. */
interface ClipRange {
  readonly centre: number;
  /** Entries further from the centre are moved to this distance. */
  readonly reach: number;
}

/** Neighbours in 32 tell 4 bits (16 values) from 5 and more; GGML's blocks have as many. */
const run = 32;

/** Runs looked at for `levels`: enough for a median. */
const maxRuns = 32;

/** Mean absolute deviation to standard deviation, and median to it, under normality. */
const perMeanDeviation = 1.2533;
const perMedianDeviation = 1.4826;

/** In standard deviations. One shared outlier of 30 made two independent tiles correlate at .18; cut here, at .1 at most. */
const clipAt = 3;

/** Above this correlation of neighbours a tensor is a filter bank or a table of coordinates, and rows are not exchangeable. */
export const maxSmoothness = 0.3;

/** @param alongRows Whether neighbours in the file are neighbours in a row of the tile. */
export function statsOf(values: Float32Array, cols: number, alongRows: boolean): TileStats {
  const count = values.length;
  let sum = 0;
  let zeros = 0;
  for (const it of values) {
    sum += it;
    if (it === 0) zeros++;
  }
  const mean = sum / count;
  let second = 0;
  let fourth = 0;
  for (const it of values) {
    const square = (it - mean) ** 2;
    second += square;
    fourth += square * square;
  }
  const variance = second / count;
  return {
    mean,
    sd: Math.sqrt(variance),
    kurtosis: variance > 0 ? fourth / count / variance ** 2 : 0,
    zeroFraction: zeros / count,
    levels: levelsOf(values, cols, alongRows),
  };
}

function levelsOf(values: Float32Array, cols: number, alongRows: boolean): number {
  const rows = values.length / cols;
  const [lines, length] = alongRows ? [rows, cols] : [cols, rows];
  const [lineStep, step] = alongRows ? [cols, 1] : [1, cols];
  if (length < run) return new Set(values).size;
  const counts: number[] = [];
  for (let line = 0; line < lines && counts.length < maxRuns; line++) {
    const seen = new Set<number>();
    for (let k = 0; k < run; k++) seen.add(values[line * lineStep + k * step] ?? 0);
    counts.push(seen.size);
  }
  return counts.sort((a, b) => a - b)[counts.length >> 1] ?? 0;
}

/** Share of the entries that are not 0, of 32 neighbours, that differ from each other in weights that were never rounded to few levels. */
const minDistinct = 0.8;

/** Most levels that can be told from none with 32 neighbours: 4 bits. */
const maxLevels = 16;

/** How many levels weights were rounded to, 16 or fewer; undefined for weights that were not. Zeros of pruning are set aside. */
export function roundedTo({ levels, zeroFraction }: TileStats): number | undefined {
  const distinct = levels - Math.min(1, zeroFraction * run);
  return levels <= maxLevels && distinct < minDistinct * run * (1 - zeroFraction) ? levels : undefined;
}

/**
 * Median plus and minus 3 standard deviations, estimated from the median absolute deviation, both over entries that are not 0 (a pruned
 * tile keeps its scale). Undefined for a constant tile.
 */
export function clipRangeOf(values: Float32Array): ClipRange | undefined {
  const filled = values.filter((it) => it !== 0);
  if (filled.length === 0) return undefined;
  const constant = values.every((it) => it === values[0]);
  if (constant) return undefined;
  const centre = medianOf(filled);
  const distances = filled.map((it) => Math.abs(it - centre));
  const mean = distances.reduce((sum, it) => sum + it, 0) / distances.length;
  // Few levels make the median deviation 0; equal entries among zeros make both 0.
  const spread = perMedianDeviation * medianOf(distances) || perMeanDeviation * mean || Math.abs(centre);
  return { centre, reach: clipAt * spread };
}

/** The middle element, the upper of two; sorts `values` in part. Quickselect, pivot in the middle. */
export function medianOf(values: Float32Array): number {
  const wanted = values.length >> 1;
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1] ?? 0;
    let i = low;
    let j = high;
    while (i <= j) {
      while ((values[i] ?? 0) < pivot) i++;
      while ((values[j] ?? 0) > pivot) j--;
      if (i > j) break;
      const kept = values[i] ?? 0;
      values[i++] = values[j] ?? 0;
      values[j--] = kept;
    }
    if (wanted <= j) high = j;
    else if (wanted >= i) low = i;
    else break;
  }
  return values[wanted] ?? 0;
}

/** Removes the means of rows and columns, in place; afterwards each row and column sums to 0. */
export function centreTwice(values: Float32Array, cols: number): void {
  const rows = values.length / cols;
  const columnMeans = new Float64Array(cols);
  let total = 0;
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    for (let c = 0; c < cols; c++) {
      const value = values[r * cols + c] ?? 0;
      sum += value;
      columnMeans[c] = (columnMeans[c] ?? 0) + value / rows;
    }
    total += sum;
    for (let c = 0; c < cols; c++) values[r * cols + c] = (values[r * cols + c] ?? 0) - sum / cols;
  }
  const mean = total / values.length;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      values[r * cols + c] = (values[r * cols + c] ?? 0) - ((columnMeans[c] ?? 0) - mean);
    }
  }
}

/** The larger of the two correlations of neighbours, along rows and along columns, in a tile that was centred. From 0 to about 1. */
export function smoothnessOf(values: Float32Array, cols: number): number {
  const rows = values.length / cols;
  let along = 0;
  let down = 0;
  let square = 0;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const value = values[r * cols + c] ?? 0;
      square += value * value;
      if (c + 1 < cols) along += value * (values[r * cols + c + 1] ?? 0);
      if (r + 1 < rows) down += value * (values[(r + 1) * cols + c] ?? 0);
    }
  }
  if (square === 0) return 1;
  const mean = square / values.length;
  return Math.max(Math.abs(along) / (rows * (cols - 1)) / mean, Math.abs(down) / ((rows - 1) * cols) / mean);
}
