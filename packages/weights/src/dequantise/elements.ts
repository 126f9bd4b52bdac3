// Types stored element by element: IEEE 754 halves, singles and doubles, bfloat16, the 8- and 4-bit floats of OCP, integers.
import type { Decoder } from "./decoder.ts";

/** Sign, exponent and mantissa of a float of at most 8 bits. Codes in `nan` are not numbers and read as 0. */
interface TinyFloat {
  readonly mantissa: number;
  readonly exponent: number;
  readonly bias: number;
  readonly nan: readonly number[];
}

/** Source: OCP 8-bit Floating Point Specification 1.0; the `fnuz` kinds: Noune et al. 2022, arXiv 2206.02915. */
const e4m3: TinyFloat = { mantissa: 3, exponent: 4, bias: 7, nan: [0x7f, 0xff] };
const e5m2: TinyFloat = { mantissa: 2, exponent: 5, bias: 15, nan: [0x7c, 0x7d, 0x7e, 0x7f, 0xfc, 0xfd, 0xfe, 0xff] };
const e4m3fnuz: TinyFloat = { mantissa: 3, exponent: 4, bias: 8, nan: [0x80] };
const e5m2fnuz: TinyFloat = { mantissa: 2, exponent: 5, bias: 16, nan: [0x80] };

/** Source: OCP Microscaling Formats 1.0, E2M1. */
const e2m1: TinyFloat = { mantissa: 1, exponent: 2, bias: 1, nan: [] };

/** Values of all codes, by code. Infinities and what is no number become 0: a tile must stay finite. */
function tinyFloatValues({ mantissa, exponent, bias, nan }: TinyFloat): Float32Array {
  const magnitude = 1 << (mantissa + exponent);
  const values = new Float32Array(2 * magnitude);
  for (let code = 0; code < values.length; code++) {
    const fraction = code & ((1 << mantissa) - 1);
    const power = (code >> mantissa) & ((1 << exponent) - 1);
    const size = power === 0 ? fraction * 2 ** (1 - bias) : (fraction + (1 << mantissa)) * 2 ** (power - bias);
    const value = size / 2 ** mantissa;
    values[code] = nan.includes(code) ? 0 : code & magnitude ? -value : value;
  }
  return values;
}

export const e2m1Values = tinyFloatValues(e2m1);
export const e4m3Values = tinyFloatValues(e4m3);

/** Source: Dettmers et al. 2023, arXiv 2305.14314, appendix E: quantiles of the normal distribution, scaled to 1, with an exact 0. */
const nf4Values = Float32Array.of(
  -1,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1,
);

/** Values of all binary16 codes; what is not finite reads as 0. 256 KiB bought once, used for every half in a tile. */
const halfValues = new Float32Array(65_536);
{
  const view = new DataView(new ArrayBuffer(2));
  for (let code = 0; code < halfValues.length; code++) {
    view.setUint16(0, code);
    halfValues[code] = finite(view.getFloat16(0));
  }
}

/** The binary16 number with this code. */
export function halfValue(code: number): number {
  return halfValues[code] ?? 0;
}

/** By type name: the words of `Dtype`. */
export const elementDecoders: Readonly<Record<string, Decoder>> = {
  f64: each(8, (view, at) => finite(Math.fround(view.getFloat64(at, true)))),
  f32: each(4, (view, at) => finite(view.getFloat32(at, true))),
  f16: each(2, (view, at) => halfValues[view.getUint16(at, true)] ?? 0),
  bf16: bfloat16(),
  f8_e4m3: byTable(tinyFloatValues(e4m3)),
  f8_e5m2: byTable(tinyFloatValues(e5m2)),
  f8_e4m3fnuz: byTable(tinyFloatValues(e4m3fnuz)),
  f8_e5m2fnuz: byTable(tinyFloatValues(e5m2fnuz)),
  f4: nibbles(e2m1Values),
  nf4: nibbles(nf4Values, "high"),
  i8: each(1, (view, at) => view.getInt8(at)),
  u8: each(1, (view, at) => view.getUint8(at)),
  i16: each(2, (view, at) => view.getInt16(at, true)),
  u16: each(2, (view, at) => view.getUint16(at, true)),
  i32: each(4, (view, at) => view.getInt32(at, true)),
  i4: nibbles(Float32Array.from({ length: 16 }, (_, code) => (code < 8 ? code : code - 16))),
  u4: nibbles(Float32Array.from({ length: 16 }, (_, code) => code)),
};

function each(bytes: number, value: (view: DataView, at: number) => number): Decoder {
  return {
    elements: 1,
    bytes,
    decode(view, at, count, out, to) {
      for (let i = 0; i < count; i++) out[to + i] = value(view, at + i * bytes);
    },
  };
}

function byTable(values: Float32Array): Decoder {
  return each(1, (view, at) => values[view.getUint8(at)] ?? 0);
}

/** The upper half of a single: shifting it back gives the value. */
function bfloat16(): Decoder {
  const single = new Float32Array(1);
  const bits = new Uint32Array(single.buffer);
  return each(2, (view, at) => {
    bits[0] = view.getUint16(at, true) << 16;
    return finite(single[0] ?? 0);
  });
}

/** Two elements a byte, the low nibble first (safetensors F4, ONNX INT4), or the high one (bitsandbytes). */
function nibbles(values: Float32Array, first: "low" | "high" = "low"): Decoder {
  const [even, odd] = first === "low" ? [0, 1] : [1, 0];
  return {
    elements: 2,
    bytes: 1,
    decode(view, at, count, out, to) {
      for (let i = 0; i < count; i++) {
        const pair = view.getUint8(at + i);
        out[to + 2 * i + even] = values[pair & 15] ?? 0;
        out[to + 2 * i + odd] = values[pair >> 4] ?? 0;
      }
    },
  };
}

/** What no single can hold counts as nothing: a tile must stay finite. */
export function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
