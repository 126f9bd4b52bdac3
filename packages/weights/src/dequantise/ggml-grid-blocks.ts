// Blocks of 256 whose elements stand in groups of 4 or 8 in a codebook. Source: ggml-org/ggml 2026-11, `ggml-quants.c`,
// `dequantize_row_iq*`; fields in byte order, j one of the 8 parts of 32 elements.
import type { Decoder } from "./decoder.ts";
import { halfValue } from "./elements.ts";
import { iq1sGrid, iq2sGrid, iq2xsGrid, iq2xxsGrid, iq3sGrid, iq3xxsGrid } from "./ggml-grids.ts";

const levels2 = [8, 25, 43] as const;
const levels3 = [4, 12, 20, 28, 36, 44, 52, 62] as const;
const levels3s = [1, 3, 5, 7, 9, 11, 13, 15] as const;
const levels1 = [-1, 0, 1] as const;

/** What IQ1 adds to every element, or takes from it. */
const iq1Delta = 0.125;

/** By type name. */
export const gridDecoders: Readonly<Record<string, Decoder>> = {
  iq2_xxs: blocks(66, iq2xxs(unpackGrid(iq2xxsGrid, levels2, 8))),
  iq2_xs: blocks(74, iq2xs(unpackGrid(iq2xsGrid, levels2, 8))),
  iq2_s: blocks(82, iq2s(unpackGrid(iq2sGrid, levels2, 8))),
  iq3_xxs: blocks(98, iq3xxs(unpackGrid(iq3xxsGrid, levels3, 4))),
  iq3_s: blocks(110, iq3s(unpackGrid(iq3sGrid, levels3s, 4))),
  iq1_s: blocks(50, iq1s(unpackGrid(iq1sGrid, levels1, 8))),
  iq1_m: blocks(56, iq1m(unpackGrid(iq1sGrid, levels1, 8))),
};

type Block = (view: DataView, at: number, out: Float32Array, to: number) => void;

function blocks(bytes: number, block: Block): Decoder {
  return {
    elements: 256,
    bytes,
    decode(view, at, count, out, to) {
      for (let i = 0; i < count; i++) block(view, at + i * bytes, out, to + i * 256);
    },
  };
}

/** The levels of all groups, one after the other. */
function unpackGrid(packed: string, levels: readonly number[], groupElements: number): Float32Array {
  const words = Buffer.from(packed, "base64");
  const bits = groupElements === 8 ? 2 : 3;
  const values = new Float32Array((words.length / 2) * groupElements);
  for (const i of values.keys()) {
    const word = words.readUInt16LE(2 * Math.floor(i / groupElements));
    values[i] = levels[(word >> (bits * (i % groupElements))) & ((1 << bits) - 1)] ?? 0;
  }
  return values;
}

/** Seven signs, and an eighth that makes their number even. */
const evenSigns = Uint8Array.from({ length: 128 }, (_, code) => {
  let odd = 0;
  for (let rest = code; rest > 0; rest >>= 1) odd ^= rest & 1;
  return code | (odd << 7);
});

interface Group {
  readonly scale: number;
  readonly grid: Float32Array;
  /** Which group of the codebook. */
  readonly index: number;
  /** Bit i: element i is negative. */
  readonly signs: number;
  readonly elements: 4 | 8;
}

function put(out: Float32Array, to: number, { scale, grid, index, signs, elements }: Group): void {
  for (let i = 0; i < elements; i++) {
    const value = scale * (grid[index * elements + i] ?? 0);
    out[to + i] = (signs >> i) & 1 ? -value : value;
  }
}

/** d, then for 32 elements four codes of 8 bits, four of 7 signs, a scale of 4. */
function iq2xxs(grid: Float32Array): Block {
  return (view, at, out, to) => {
    for (let j = 0; j < 8; j++) {
      const codes = at + 2 + 8 * j;
      const word = view.getUint32(codes + 4, true);
      const scale = half(view, at) * (0.5 + (word >>> 28)) * 0.25;
      for (let k = 0; k < 4; k++) {
        const signs = evenSigns[(word >>> (7 * k)) & 127] ?? 0;
        put(out, to + 32 * j + 8 * k, { scale, grid, index: view.getUint8(codes + k), signs, elements: 8 });
      }
    }
  };
}

/** d qs64 s8: codes of 9 bits with 7 signs, a scale of 4 bits for 16 elements. */
function iq2xs(grid: Float32Array): Block {
  return (view, at, out, to) => {
    for (let j = 0; j < 32; j++) {
      const word = view.getUint16(at + 2 + 2 * j, true);
      const scale = half(view, at) * (0.5 + nibble(view, at + 66 + (j >> 2), (j >> 1) & 1)) * 0.25;
      put(out, to + 8 * j, { scale, grid, index: word & 511, signs: evenSigns[word >> 9] ?? 0, elements: 8 });
    }
  };
}

/** d qs32 signs32 qh8 s8: codes of 10 bits, a scale of 4 bits for 16 elements. */
function iq2s(grid: Float32Array): Block {
  return (view, at, out, to) => {
    for (let j = 0; j < 32; j++) {
      const high = (view.getUint8(at + 66 + (j >> 2)) >> (2 * (j & 3))) & 3;
      const scale = half(view, at) * (0.5 + nibble(view, at + 74 + (j >> 2), (j >> 1) & 1)) * 0.25;
      const index = view.getUint8(at + 2 + j) | (high << 8);
      put(out, to + 8 * j, { scale, grid, index, signs: view.getUint8(at + 34 + j), elements: 8 });
    }
  };
}

/** d qs64, then for 32 elements four times 7 signs and a scale of 4 bits; codes of 8 bits stand for 4 elements. */
function iq3xxs(grid: Float32Array): Block {
  return (view, at, out, to) => {
    for (let j = 0; j < 64; j++) {
      const word = view.getUint32(at + 66 + 4 * (j >> 3), true);
      const scale = half(view, at) * (0.5 + (word >>> 28)) * 0.5;
      const signs = (evenSigns[(word >>> (7 * ((j >> 1) & 3))) & 127] ?? 0) >> (4 * (j & 1));
      put(out, to + 4 * j, { scale, grid, index: view.getUint8(at + 2 + j), signs, elements: 4 });
    }
  };
}

/** d qs64 qh8 signs32 s4: codes of 9 bits, an odd scale for 32 elements. */
function iq3s(grid: Float32Array): Block {
  return (view, at, out, to) => {
    for (let j = 0; j < 64; j++) {
      const part = j >> 3;
      const scale = half(view, at) * (1 + 2 * nibble(view, at + 106 + (part >> 1), part & 1));
      const high = (view.getUint8(at + 66 + part) >> (j & 7)) & 1;
      const signs = view.getUint8(at + 74 + (j >> 1)) >> (4 * (j & 1));
      put(out, to + 4 * j, { scale, grid, index: view.getUint8(at + 2 + j) | (high << 8), signs, elements: 4 });
    }
  };
}

/** d qs32 qh16: for 32 elements four codes of 11 bits, an odd scale of 3 bits, and which way all of them are shifted. */
function iq1s(grid: Float32Array): Block {
  return (view, at, out, to) => {
    for (let j = 0; j < 32; j++) {
      const word = view.getUint16(at + 34 + 2 * (j >> 2), true);
      const scale = half(view, at) * (2 * ((word >> 12) & 7) + 1);
      const index = view.getUint8(at + 2 + j) | (((word >> (3 * (j & 3))) & 7) << 8);
      putShifted(out, to + 8 * j, { scale, grid, index, delta: word & 0x8000 ? -iq1Delta : iq1Delta });
    }
  };
}

/** qs32 qh16 s8: the highest 4 bits of the four scale words are d; an odd scale of 3 bits for 16 elements, a shift for 8. */
function iq1m(grid: Float32Array): Block {
  return (view, at, out, to) => {
    const word = (i: number): number => view.getUint16(at + 48 + 2 * i, true);
    const d = halfValue((word(0) >> 12) | ((word(1) >> 8) & 0xf0) | ((word(2) >> 4) & 0xf00) | (word(3) & 0xf000));
    for (let j = 0; j < 32; j++) {
      const part = j >> 2;
      const scale = d * (2 * ((word(part >> 1) >> (6 * (part & 1) + 3 * ((j >> 1) & 1))) & 7) + 1);
      const high = nibble(view, at + 32 + (j >> 1), j & 1);
      const index = view.getUint8(at + j) | ((high & 7) << 8);
      putShifted(out, to + 8 * j, { scale, grid, index, delta: high & 8 ? -iq1Delta : iq1Delta });
    }
  };
}

function putShifted(
  out: Float32Array,
  to: number,
  { scale, grid, index, delta }: { scale: number; grid: Float32Array; index: number; delta: number },
): void {
  for (let i = 0; i < 8; i++) out[to + i] = scale * ((grid[index * 8 + i] ?? 0) + delta);
}

function half(view: DataView, at: number): number {
  return halfValue(view.getUint16(at, true));
}

/** The low nibble of a byte, or the high one. */
function nibble(view: DataView, at: number, which: number): number {
  return (view.getUint8(at) >> (4 * which)) & 15;
}
