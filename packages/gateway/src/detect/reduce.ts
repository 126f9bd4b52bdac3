import type { GatewayModel } from "@outweigh/schema";

/**
 * A row of numbers as the detectors compare it: an image averaged over blocks, anything else as it is. Undefined for a row that
 * does not have the configured shape.
 */
export function reduce(row: readonly number[], input: GatewayModel["input"]): Float32Array | undefined {
  if (!input) return Float32Array.from(row);
  const { shape, pool, scale } = input;
  const [height = 1, width = 1] = shape.slice(-2);
  const channels = shape.length > 2 ? (shape[0] ?? 1) : 1;
  const [h, w] = shape.length === 1 ? [1, height] : [height, width];
  if (row.length !== channels * h * w) return undefined;
  const [rows, columns] = [Math.ceil(h / (shape.length === 1 ? 1 : pool)), Math.ceil(w / pool)];
  const out = new Float32Array(channels * rows * columns);
  const counts = new Float32Array(out.length);
  for (let i = 0; i < row.length; i++) {
    const channel = Math.floor(i / (h * w));
    const y = Math.floor((i % (h * w)) / w);
    const x = i % w;
    const at = (channel * rows + Math.floor(y / (shape.length === 1 ? 1 : pool))) * columns + Math.floor(x / pool);
    out[at]! += (row[i] ?? 0) * scale;
    counts[at]!++;
  }
  return out.map((it, i) => it / (counts[i] ?? 1));
}
