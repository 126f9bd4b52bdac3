// Blocks of 256 with scales of their parts. Source: ggml-org/ggml d99724f, `ggml-common.h` and `ggml-quants.c`; d and m are
// binary16, fields in byte order, i the element.
import type { Decoder } from "./decoder.ts";
import { finite, halfValue } from "./elements.ts";
import { iq4Levels } from "./ggml-blocks.ts";

/** By type name. */
export const superBlockDecoders: Readonly<Record<string, Decoder>> = {
  q2_k: superBlocks(84, q2k),
  q3_k: superBlocks(110, q3k),
  q4_k: superBlocks(144, (view, at, out, to) => q45k(view, at, out, to, undefined)),
  q5_k: superBlocks(176, (view, at, out, to) => q45k(view, at, out, to, at + 16)),
  q6_k: superBlocks(210, q6k),
  iq4_xs: superBlocks(136, iq4xs),
  tq2_0: superBlocks(66, tq2),
  tq1_0: superBlocks(54, tq1),
  q8_k: superBlocks(292, q8k),
};

type Block = (view: DataView, at: number, out: Float32Array, to: number) => void;

function superBlocks(bytes: number, block: Block): Decoder {
  return {
    elements: 256,
    bytes,
    decode(view, at, count, out, to) {
      for (let i = 0; i < count; i++) block(view, at + i * bytes, out, to + i * 256);
    },
  };
}

/** s16 qs64 d m: d (s & 15) v - m (s >> 4), a scale for 16 elements. */
function q2k(view: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(view, at + 80);
  const m = half(view, at + 82);
  for (let i = 0; i < 256; i++) {
    const scales = view.getUint8(at + (i >> 4));
    out[to + i] = d * (scales & 15) * twoBits(view, at + 16, i) - m * (scales >> 4);
  }
}

/** hm32 qs64 s12 d: d sc (v - 4 where its mask bit is 0), a 6-bit scale, less 32, for 16 elements. */
function q3k(view: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(view, at + 108);
  const s = at + 96;
  for (let i = 0; i < 256; i++) {
    const k = i >> 4;
    const low = (view.getUint8(s + (k & 7)) >> (4 * (k >> 3))) & 15;
    const high = (view.getUint8(s + 8 + (k & 3)) >> (2 * (k >> 2))) & 3;
    const masked = (view.getUint8(at + (i & 31)) >> (i >> 5)) & 1;
    out[to + i] = d * ((low | (high << 4)) - 32) * (twoBits(view, at + 32, i) - (masked ? 0 : 4));
  }
}

/** d m s12 (qh32) qs128: d sc q - m mn, two 6-bit scales for 32 elements; Q5_K has bit 4 of q in qh. */
function q45k(view: DataView, at: number, out: Float32Array, to: number, highAt: number | undefined): void {
  const d = half(view, at);
  const m = half(view, at + 2);
  const qs = at + (highAt === undefined ? 16 : 48);
  for (let j = 0; j < 8; j++) {
    const [scale, least] = sixBitScales(view, at + 4, j);
    for (let i = 0; i < 32; i++) {
      const q = (view.getUint8(qs + 32 * (j >> 1) + i) >> (4 * (j & 1))) & 15;
      const high = highAt === undefined ? 0 : (view.getUint8(highAt + i) >> j) & 1;
      out[to + 32 * j + i] = d * scale * (q | (high << 4)) - m * least;
    }
  }
}

/** Eight scales and eight minima of 6 bits in 12 bytes. */
function sixBitScales(view: DataView, s: number, j: number): [scale: number, least: number] {
  if (j < 4) return [view.getUint8(s + j) & 63, view.getUint8(s + j + 4) & 63];
  const pair = view.getUint8(s + j + 4);
  return [(pair & 15) | ((view.getUint8(s + j - 4) >> 6) << 4), (pair >> 4) | ((view.getUint8(s + j) >> 6) << 4)];
}

/** ql128 qh64 i8 s16 d: d s (q - 32), a scale for 16 elements. */
function q6k(view: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(view, at + 208);
  for (let i = 0; i < 256; i++) {
    const h = i >> 7;
    const r = i & 127;
    const low = (view.getUint8(at + 64 * h + (r & 63)) >> (4 * (r >> 6))) & 15;
    const high = (view.getUint8(at + 128 + 32 * h + (r & 31)) >> (2 * (r >> 5))) & 3;
    out[to + i] = d * view.getInt8(at + 192 + (i >> 4)) * ((low | (high << 4)) - 32);
  }
}

/** d sh16 sl4 qs128: d (sc - 32) T[q], a 6-bit scale for 32 elements, each as nibbles of one kind, then of the other. */
function iq4xs(view: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(view, at);
  const high = view.getUint16(at + 2, true);
  for (let i = 0; i < 256; i++) {
    const j = i >> 5;
    const low = (view.getUint8(at + 4 + (j >> 1)) >> (4 * (j & 1))) & 15;
    const scale = (low | (((high >> (2 * j)) & 3) << 4)) - 32;
    const q = (view.getUint8(at + 8 + 16 * j + (i & 15)) >> (4 * ((i >> 4) & 1))) & 15;
    out[to + i] = d * scale * (iq4Levels[q] ?? 0);
  }
}

/** qs64 d: d (v - 1). */
function tq2(view: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(view, at + 64);
  for (let i = 0; i < 256; i++) out[to + i] = d * (twoBits(view, at, i) - 1);
}

/** qs48 qh4 d: d (v - 1), v digits to the base 3, five to a byte, four in the last bytes; each byte is that fraction of 256, rounded up. */
function tq1(view: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(view, at + 52);
  let element = to;
  for (const [from, bytes, digits] of [
    [0, 32, 5],
    [32, 16, 5],
    [48, 4, 4],
  ] as const) {
    for (let n = 0; n < digits; n++) {
      for (let i = 0; i < bytes; i++) {
        const rest = (view.getUint8(at + from + i) * 3 ** n) & 255;
        out[element++] = d * (((rest * 3) >> 8) - 1);
      }
    }
  }
}

/** d (a single) qs256: dq. */
function q8k(view: DataView, at: number, out: Float32Array, to: number): void {
  const d = view.getFloat32(at, true);
  for (let i = 0; i < 256; i++) out[to + i] = finite(Math.fround(d * view.getInt8(at + 4 + i)));
}

/** Four elements 32 apart in each byte, in two halves of 128. */
function twoBits(view: DataView, qs: number, i: number): number {
  return (view.getUint8(qs + 32 * (i >> 7) + (i & 31)) >> (2 * ((i >> 5) & 3))) & 3;
}

function half(view: DataView, at: number): number {
  return halfValue(view.getUint16(at, true));
}
