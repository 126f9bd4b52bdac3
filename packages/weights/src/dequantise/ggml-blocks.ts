// Short blocks with one scale or a few, most of 32. Source: ggml-org/ggml d99724f, `ggml-common.h`; d and m are binary16, fields in byte order.
import type { Decoder } from "./decoder.ts";
import { e2m1Values, e4m3Values, finite, halfValue } from "./elements.ts";

/** The 16 levels of IQ4_NL and IQ4_XS. Source: `kvalues_iq4nl`. */
export const iq4Levels = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113] as const;

/** By type name. */
export const blockDecoders: Readonly<Record<string, Decoder>> = {
  // d qs16: d(q - 8)
  q4_0: blocks(18, (view, at, out, to) => {
    const d = half(view, at);
    splitNibbles(view, at + 2, (i, q) => (out[to + i] = d * (q - 8)));
  }),
  // d m qs16: dq + m
  q4_1: blocks(20, (view, at, out, to) => {
    const d = half(view, at);
    const m = half(view, at + 2);
    splitNibbles(view, at + 4, (i, q) => (out[to + i] = d * q + m));
  }),
  // d qh4 qs16: bit i of qh is bit 4 of q; d(q - 16)
  q5_0: blocks(22, (view, at, out, to) => {
    const d = half(view, at);
    const high = view.getUint32(at + 2, true);
    splitNibbles(view, at + 6, (i, q) => (out[to + i] = d * ((q | (((high >>> i) & 1) << 4)) - 16)));
  }),
  // d m qh4 qs16: dq + m
  q5_1: blocks(24, (view, at, out, to) => {
    const d = half(view, at);
    const m = half(view, at + 2);
    const high = view.getUint32(at + 4, true);
    splitNibbles(view, at + 8, (i, q) => (out[to + i] = d * (q | (((high >>> i) & 1) << 4)) + m));
  }),
  // d i8[32]: dq
  q8_0: blocks(34, (view, at, out, to) => {
    const d = half(view, at);
    for (let i = 0; i < 32; i++) out[to + i] = d * view.getInt8(at + 2 + i);
  }),
  // d qs16: d T[q]
  iq4_nl: blocks(18, (view, at, out, to) => {
    const d = half(view, at);
    splitNibbles(view, at + 2, (i, q) => (out[to + i] = d * (iq4Levels[q] ?? 0)));
  }),
  // d s qs32: dq; s is the sum of what came before
  q8_1: blocks(36, (view, at, out, to) => {
    const d = half(view, at);
    for (let i = 0; i < 32; i++) out[to + i] = d * view.getInt8(at + 4 + i);
  }),
  // d qs16: a bit of d or -d; 128 elements
  q1_0: blocksOf(128, 18, (view, at, out, to) => {
    const d = half(view, at);
    for (let i = 0; i < 128; i++) out[to + i] = (view.getUint8(at + 2 + (i >> 3)) >> (i & 7)) & 1 ? d : -d;
  }),
  // d qs16: d(q - 1), q of 2 bits; 64 elements
  q2_0: blocksOf(64, 18, (view, at, out, to) => {
    const d = half(view, at);
    for (let i = 0; i < 64; i++) out[to + i] = d * (((view.getUint8(at + 2 + (i >> 2)) >> (2 * (i & 3))) & 3) - 1);
  }),
  // e4 qs32: four times an E4M3 scale and 16 E2M1 numbers, low nibbles first
  nvfp4: blocksOf(64, 36, (view, at, out, to) => {
    for (let i = 0; i < 64; i++) {
      const part = i >> 4;
      const pair = view.getUint8(at + 4 + 8 * part + (i & 7));
      const q = i & 8 ? pair >> 4 : pair & 15;
      out[to + i] = (e4m3Values[view.getUint8(at + part) & 127] ?? 0) * (e2m1Values[q] ?? 0);
    }
  }),
  // e qs16: 2^(e - 127) times an E2M1 number
  mxfp4: blocks(17, (view, at, out, to) => {
    const d = 2 ** (view.getUint8(at) - 127);
    splitNibbles(view, at + 1, (i, q) => (out[to + i] = finite(Math.fround(d * (e2m1Values[q] ?? 0)))));
  }),
};

type Block = (view: DataView, at: number, out: Float32Array, to: number) => void;

function blocks(bytes: number, block: Block): Decoder {
  return blocksOf(32, bytes, block);
}

function blocksOf(elements: number, bytes: number, block: Block): Decoder {
  return {
    elements,
    bytes,
    decode(view, at, count, out, to) {
      for (let i = 0; i < count; i++) block(view, at + i * bytes, out, to + i * elements);
    },
  };
}

function half(view: DataView, at: number): number {
  return halfValue(view.getUint16(at, true));
}

/** The 16 low nibbles are elements 0 to 15, the 16 high ones 16 to 31. */
function splitNibbles(view: DataView, at: number, put: (i: number, q: number) => void): void {
  for (let i = 0; i < 16; i++) {
    const pair = view.getUint8(at + i);
    put(i, pair & 15);
    put(i + 16, pair >> 4);
  }
}
