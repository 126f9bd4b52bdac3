import type { Dtype } from "../tensor.ts";
import { WeightsError } from "../error.ts";
import { elementDecoders } from "./elements.ts";
import { blockDecoders } from "./ggml-blocks.ts";
import { gridDecoders } from "./ggml-grid-blocks.ts";
import { superBlockDecoders } from "./ggml-super-blocks.ts";

/** How to turn one type's stored bytes, little-endian, into numbers. A unit is one element, one byte of nibbles, or one GGML block. */
export interface Decoder {
  /** Of one unit. */
  readonly elements: number;
  /** Of one unit. */
  readonly bytes: number;
  /** Decodes `count` units from byte `at` of `view` to `out[to]` and on. Infinities and what is no number become 0. */
  decode(view: DataView, at: number, count: number, out: Float32Array, to: number): void;
}

const decoders: ReadonlyMap<string, Decoder> = new Map(
  Object.entries({ ...elementDecoders, ...blockDecoders, ...superBlockDecoders, ...gridDecoders }),
);

/**
 * The decoder of a type; undefined for one whose values we cannot compute, which must read as "could not tell", never as "unrelated".
 *
 * Blind spot: complex and 6-bit numbers; scales that lie in other tensors (GPTQ, AWQ, MLX, NF4): their integers, or NF4's levels, are
 * what is read.
 */
export function decoderOf(dtype: Dtype): Decoder | undefined {
  return decoders.get(dtype);
}

/**
 * The values of whole units, stored little-endian; its length is the number of elements.
 * @throws {WeightsError} UNSUPPORTED for a type without decoder, TRUNCATED for bytes that are no whole units.
 */
export function dequantise(dtype: Dtype, bytes: Uint8Array): Float32Array {
  const decoder = decoderOf(dtype);
  if (!decoder) throw new WeightsError("UNSUPPORTED", `cannot dequantise ${dtype}`);
  const units = bytes.length / decoder.bytes;
  if (!Number.isInteger(units)) {
    throw new WeightsError("TRUNCATED", `${bytes.length} bytes are no whole number of ${decoder.bytes} (${dtype})`);
  }
  const out = new Float32Array(units * decoder.elements);
  decoder.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, units, out, 0);
  return out;
}
