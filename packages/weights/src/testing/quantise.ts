// Our own encoders of GGML block types, plain rounding without search: what a thief's converter does, a little worse.
import { halfValue } from "../dequantise/elements.ts";

export type Encoded = "f32" | "f16" | "bf16" | "i8" | "q8_0" | "q6_k" | "q5_k" | "q4_k" | "q4_0";

/** Stored bytes of `values`, in C order. Block types want multiples of their block. `i8` has one scale for all, which is not stored. */
export function encode(values: Float32Array, dtype: Encoded): Uint8Array {
  switch (dtype) {
    case "f32":
      return new Uint8Array(
        values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength) as ArrayBuffer,
      );
    case "f16":
      return halves(values, (view, at, value) => view.setFloat16(at, value, true));
    case "bf16":
      return halves(values, (view, at, value) => view.setUint16(at, bfloat16(value), true));
    case "i8": {
      const scale = largest(values) / 127;
      return new Uint8Array(Int8Array.from(values, (it) => Math.round(it / scale)).buffer);
    }
    case "q8_0":
      return blocks(values, 32, 34, q8);
    case "q4_0":
      return blocks(values, 32, 18, q4);
    case "q4_k":
      return blocks(values, 256, 144, (...block) => q45k(...block, 4));
    case "q5_k":
      return blocks(values, 256, 176, (...block) => q45k(...block, 5));
    case "q6_k":
      return blocks(values, 256, 210, q6k);
  }
}

function halves(values: Float32Array, put: (view: DataView, at: number, value: number) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * values.length));
  for (const [i, value] of values.entries()) put(view, 2 * i, value);
  return new Uint8Array(view.buffer);
}

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** To the nearest, ties to even. */
function bfloat16(value: number): number {
  single[0] = value;
  const word = bits[0] ?? 0;
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}

type Block = (values: Float32Array, view: DataView, at: number) => void;

function blocks(values: Float32Array, elements: number, bytes: number, block: Block): Uint8Array {
  if (values.length % elements !== 0) throw new RangeError(`${values.length} values, not a multiple of ${elements}`);
  const view = new DataView(new ArrayBuffer((values.length / elements) * bytes));
  for (let i = 0; i < values.length / elements; i++)
    block(values.subarray(i * elements, (i + 1) * elements), view, i * bytes);
  return new Uint8Array(view.buffer);
}

/** d i8[32] */
function q8(values: Float32Array, view: DataView, at: number): void {
  const d = putHalf(view, at, largest(values) / 127);
  for (const [i, it] of values.entries()) view.setInt8(at + 2 + i, code(it / d, -127, 127));
}

/** d qs16: the entry of largest size becomes level -8. */
function q4(values: Float32Array, view: DataView, at: number): void {
  const extreme = values.reduce((best, it) => (Math.abs(it) > Math.abs(best) ? it : best), 0);
  const d = putHalf(view, at, extreme / -8);
  for (let i = 0; i < 16; i++) {
    const [low, high] = [values[i] ?? 0, values[i + 16] ?? 0].map((it) => code(it / d + 8, 0, 15));
    view.setUint8(at + 2 + i, (low ?? 0) | ((high ?? 0) << 4));
  }
}

/** d m s12 (qh32) qs128: each 32 elements between a minimum and 15 or 31 steps above it. */
function q45k(values: Float32Array, view: DataView, at: number, depth: 4 | 5): void {
  const most = depth === 4 ? 15 : 31;
  const parts = Array.from({ length: 8 }, (_, j) => values.subarray(32 * j, 32 * j + 32));
  const least = parts.map((it) => Math.max(0, -Math.min(...it)));
  const steps = parts.map((it, j) => (Math.max(...it) + (least[j] ?? 0)) / most);
  const d = putHalf(view, at, Math.max(...steps) / 63);
  const m = putHalf(view, at + 2, Math.max(...least) / 63);
  const scales = steps.map((it) => code(it / d, 0, 63));
  const minima = least.map((it) => code(it / m, 0, 63));
  for (let j = 0; j < 8; j++) putSixBits(view, at + 4, j, scales[j] ?? 0, minima[j] ?? 0);
  const [highAt, lowAt] = [at + 16, at + (depth === 4 ? 16 : 48)];
  for (const [i, it] of values.entries()) {
    const j = i >> 5;
    const q = code((it + m * (minima[j] ?? 0)) / (d * (scales[j] ?? 0)), 0, most);
    const place = lowAt + 32 * (j >> 1) + (i & 31);
    view.setUint8(place, view.getUint8(place) | ((q & 15) << (4 * (j & 1))));
    if (depth === 5) view.setUint8(highAt + (i & 31), view.getUint8(highAt + (i & 31)) | ((q >> 4) << j));
  }
}

function putSixBits(view: DataView, s: number, j: number, scale: number, least: number): void {
  const or = (at: number, value: number): void => view.setUint8(at, view.getUint8(at) | value);
  if (j < 4) {
    or(s + j, scale);
    or(s + j + 4, least);
    return;
  }
  or(s + j + 4, (scale & 15) | ((least & 15) << 4));
  or(s + j - 4, (scale >> 4) << 6);
  or(s + j, (least >> 4) << 6);
}

/** ql128 qh64 i8 s16 d: a signed scale for 16 elements of 6 bits. */
function q6k(values: Float32Array, view: DataView, at: number): void {
  const parts = Array.from({ length: 16 }, (_, k) => values.subarray(16 * k, 16 * k + 16));
  const steps = parts.map((it) => largest(it) / 31);
  const d = putHalf(view, at + 208, Math.max(...steps) / 127);
  const scales = steps.map((it) => code(it / d, 0, 127));
  for (const [k, it] of scales.entries()) view.setInt8(at + 192 + k, it);
  for (const [i, it] of values.entries()) {
    const q = code(it / (d * (scales[i >> 4] ?? 0)) + 32, 0, 63);
    const [h, r] = [i >> 7, i & 127];
    const low = at + 64 * h + (r & 63);
    const high = at + 128 + 32 * h + (r & 31);
    view.setUint8(low, view.getUint8(low) | ((q & 15) << (4 * (r >> 6))));
    view.setUint8(high, view.getUint8(high) | ((q >> 4) << (2 * (r >> 5))));
  }
}

/** Stores a half, and returns it as it will be read. */
function putHalf(view: DataView, at: number, value: number): number {
  view.setFloat16(at, value, true);
  return halfValue(view.getUint16(at, true));
}

/** The nearest whole number in a range; 0 where a scale of 0 makes none. */
function code(value: number, least: number, most: number): number {
  return Number.isFinite(value) ? Math.max(least, Math.min(most, Math.round(value))) : Math.max(0, least);
}

function largest(values: Float32Array): number {
  return values.reduce((most, it) => Math.max(most, Math.abs(it)), 0);
}
