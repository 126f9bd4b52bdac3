/** Power steps towards the largest directions; 20 separate them to a percent. */
const steps = 20;

/**
 * How much of a matrix's energy (sum of squares) lies in its largest quarter of directions: 1 for a matrix of rank R/4 or less, about 0.6 for
 * independent entries. By orthogonal iteration on its Gram matrix from fixed starting vectors.
 *
 * @param values Row by row.
 */
export function lowRankShare(values: Float32Array, cols: number): number {
  const rows = values.length / cols;
  const kept = Math.max(1, rows >> 2);
  const gram = gramOf(values, rows, cols);
  let trace = 0;
  for (let i = 0; i < rows; i++) trace += gram[i * rows + i] ?? 0;
  if (trace === 0) return 0;
  const vectors = Array.from({ length: kept }, (_, k) => startingVector(rows, k));
  for (let step = 0; step < steps; step++) {
    for (const [k, vector] of vectors.entries()) vectors[k] = times(gram, vector);
    makeOrthonormal(vectors);
  }
  const energy = vectors.reduce((sum, it) => sum + inner(it, times(gram, it)), 0);
  return Math.min(1, energy / trace);
}

function gramOf(values: Float32Array, rows: number, cols: number): Float64Array {
  const gram = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < cols; k++) sum += (values[i * cols + k] ?? 0) * (values[j * cols + k] ?? 0);
      gram[i * rows + j] = sum;
      gram[j * rows + i] = sum;
    }
  }
  return gram;
}

/** Cosines of different frequency: independent of each other, and aligned with nothing. */
function startingVector(length: number, k: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.cos(((i + 0.5) * (k + 0.37) * Math.PI) / length) + 0.01 * i);
}

function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const length = vector.length;
  const out = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    let sum = 0;
    for (let j = 0; j < length; j++) sum += (matrix[i * length + j] ?? 0) * (vector[j] ?? 0);
    out[i] = sum;
  }
  return out;
}

/** Gram-Schmidt, in place; a vector that depends on those before becomes 0. */
function makeOrthonormal(vectors: Float64Array[]): void {
  for (const [k, vector] of vectors.entries()) {
    for (const before of vectors.slice(0, k)) {
      const share = inner(vector, before);
      for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] ?? 0) - share * (before[i] ?? 0);
    }
    const size = Math.sqrt(inner(vector, vector));
    for (let i = 0; i < vector.length; i++) vector[i] = size > 0 ? (vector[i] ?? 0) / size : 0;
  }
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
