import { WeightsError } from "./error.ts";
import { maxDimensions } from "./limits.ts";
import type { Dtype } from "./tensor.ts";

/** Bits of one element, for types that are stored element by element. Source: safetensors, `Dtype`. */
const elementBits: ReadonlyMap<string, number> = mapOf({
  f4: 4,
  i4: 4,
  u4: 4,
  nf4: 4,
  i2: 2,
  u2: 2,
  f6_e2m3: 6,
  f6_e3m2: 6,
  bool: 8,
  u8: 8,
  i8: 8,
  f8_e5m2: 8,
  f8_e4m3: 8,
  f8_e8m0: 8,
  f8_e4m3fnuz: 8,
  f8_e5m2fnuz: 8,
  i16: 16,
  u16: 16,
  f16: 16,
  bf16: 16,
  i32: 32,
  u32: 32,
  f32: 32,
  i64: 64,
  u64: 64,
  f64: 64,
  c64: 64,
  c128: 128,
});

/** One GGML block type: `elements` weights in `bytes` bytes; `halves` are the offsets of its 16-bit fields, for byte order. */
export interface Block {
  readonly elements: number;
  readonly bytes: number;
  readonly halves: readonly number[];
}

/** GGML's block types by name, in lower case. Source: ggml-org/ggml d99724f, `ggml-common.h`. */
const blocks: ReadonlyMap<string, Block> = mapOf({
  q4_0: { elements: 32, bytes: 18, halves: [0] },
  q4_1: { elements: 32, bytes: 20, halves: [0, 2] },
  q5_0: { elements: 32, bytes: 22, halves: [0] },
  q5_1: { elements: 32, bytes: 24, halves: [0, 2] },
  q8_0: { elements: 32, bytes: 34, halves: [0] },
  q8_1: { elements: 32, bytes: 36, halves: [0, 2] },
  q2_k: { elements: 256, bytes: 84, halves: [80, 82] },
  q3_k: { elements: 256, bytes: 110, halves: [108] },
  q4_k: { elements: 256, bytes: 144, halves: [0, 2] },
  q5_k: { elements: 256, bytes: 176, halves: [0, 2] },
  q6_k: { elements: 256, bytes: 210, halves: [208] },
  q8_k: { elements: 256, bytes: 292, halves: [] },
  iq2_xxs: { elements: 256, bytes: 66, halves: [0] },
  iq2_xs: { elements: 256, bytes: 74, halves: [0] },
  iq3_xxs: { elements: 256, bytes: 98, halves: [0] },
  iq1_s: { elements: 256, bytes: 50, halves: [0] },
  iq4_nl: { elements: 32, bytes: 18, halves: [0] },
  iq3_s: { elements: 256, bytes: 110, halves: [0] },
  iq2_s: { elements: 256, bytes: 82, halves: [0] },
  iq4_xs: { elements: 256, bytes: 136, halves: [0, 2] },
  iq1_m: { elements: 256, bytes: 56, halves: [] },
  tq1_0: { elements: 256, bytes: 54, halves: [52] },
  tq2_0: { elements: 256, bytes: 66, halves: [64] },
  mxfp4: { elements: 32, bytes: 17, halves: [] },
  nvfp4: { elements: 64, bytes: 36, halves: [] },
  q1_0: { elements: 128, bytes: 18, halves: [0] },
  q2_0: { elements: 64, bytes: 18, halves: [0] },
});

/** The block that a GGML type name stands for; undefined for types stored element by element and for unknown ones. */
export function blockOf(dtype: Dtype): Block | undefined {
  return blocks.get(dtype);
}

/** Bits of one element; undefined for block types and for unknown ones. */
export function bitsOf(dtype: Dtype): number | undefined {
  return elementBits.get(dtype);
}

/**
 * How many elements a shape has; 1 for a scalar.
 * @throws {WeightsError} TOO_MANY above `maxDimensions` axes, TOO_LARGE above 2^53 - 1 elements, MALFORMED for a dimension
 * that is no count.
 */
export function countElements(shape: readonly number[], what: string): number {
  if (shape.length > maxDimensions) throw new WeightsError("TOO_MANY", `${what} has ${shape.length} dimensions`);
  let count = 1;
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) {
      throw new WeightsError("MALFORMED", `${what} has a dimension of ${dimension}`);
    }
    count *= dimension;
    if (count > Number.MAX_SAFE_INTEGER) throw new WeightsError("TOO_LARGE", `${what} has more than 2^53 elements`);
  }
  return count;
}

/**
 * Bytes that a tensor of this type and shape takes when stored contiguously.
 * @throws {WeightsError} UNSUPPORTED for an unknown type; MALFORMED if its innermost axis holds no
 * whole GGML blocks; else as `countElements`.
 */
export function sizeOf(dtype: Dtype, shape: readonly number[], what: string): number {
  const elements = countElements(shape, what);
  const block = blocks.get(dtype);
  if (block) {
    const row = shape.at(-1) ?? 1;
    if (row % block.elements !== 0) {
      throw new WeightsError("MALFORMED", `${what} has rows of ${row}, not a multiple of ${block.elements} (${dtype})`);
    }
    return checkedSize((elements / block.elements) * block.bytes, what);
  }
  const bits = elementBits.get(dtype);
  if (bits === undefined) throw new WeightsError("UNSUPPORTED", `${what} has the unknown type ${dtype}`);
  if (bits >= 8) return checkedSize(elements * (bits / 8), what);
  return checkedSize(Math.ceil((elements * bits) / 8), what);
}

function checkedSize(bytes: number, what: string): number {
  if (!Number.isSafeInteger(bytes)) throw new WeightsError("TOO_LARGE", `${what} has ${bytes} bytes`);
  return bytes;
}

/** A table whose lookups never meet `Object.prototype`. */
function mapOf<T>(table: Record<string, T>): Map<string, T> {
  return new Map(Object.entries(table));
}
