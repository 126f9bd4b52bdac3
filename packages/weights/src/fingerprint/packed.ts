// Weights packed into integer words whose scales lie in other tensors: GPTQ, AWQ, MLX and the MXFP4 of gpt-oss. A tile lies within one group of a
// row, so scales and zeros change neither the order of its rows' entries nor what is left after centring: the integers alone are enough.
import type { Tensor } from "../tensor.ts";
import { canonical, type Axis, type Matrix } from "./canonical.ts";

/** Bits of one element: what the formats are used with and we can read. */
const readable = [4, 8] as const;

/** Elements with one scale, the usual number first. */
const groupSizes = [64, 128, 32] as const;

/** AWQ keeps column (0 2 4 6 1 3 5 7)[k] in nibble k; this is where each column is. Source: casper-hansen/AutoAWQ, `packing_utils.py`. */
const awqPlaces = [0, 4, 1, 5, 2, 6, 3, 7] as const;

/**
 * The matrices that packed tensors hold, by the tensor; none for the scales and zeros that belong to them.
 *
 * Blind spot: 2 and 3 bits; NF4, whose shape is in a JSON tensor; names that do not end as the tools write them.
 */
export function packedMatrices(tensors: readonly Tensor[]): Map<Tensor, Matrix[]> {
  const byName = new Map(tensors.map((it) => [it.name, it]));
  const found = new Map<Tensor, Matrix[]>();
  for (const tensor of tensors) {
    const [stem, kind] = splitName(tensor.name);
    const parts = ["scales", "qzeros", "biases", "g_idx"].map((it) =>
      byName.get(`${stem}${kind === "_blocks" ? "_" : "."}${it}`),
    );
    const [scales, zeros, biases] = parts;
    const matrix = scales && unpack(kind, tensor, { scales, zeros, biases });
    if (!matrix) continue;
    found.set(tensor, matrix);
    for (const part of parts) if (part) found.set(part, []);
  }
  return found;
}

interface Companions {
  readonly scales: Tensor;
  readonly zeros: Tensor | undefined;
  readonly biases: Tensor | undefined;
}

function splitName(name: string): [stem: string, kind: string] {
  const kind = [".qweight", ".weight", "_blocks"].find((it) => name.endsWith(it)) ?? "";
  return [name.slice(0, name.length - kind.length), kind];
}

function unpack(kind: string, tensor: Tensor, companions: Companions): Matrix[] | undefined {
  if (tensor.strides || tensor.inline || tensor.byteOrder) return undefined;
  if (kind === ".qweight") return unpackRows(tensor, companions);
  if (kind === ".weight") return unpackStream(tensor, companions);
  return kind === "_blocks" ? unpackBlocks(tensor, companions) : undefined;
}

/** GPTQ: words of 8 (or 4) rows, in/8 x out. AWQ: words of 8 columns, in x out/8. Scales are groups x out in both, zeros packed along out. */
function unpackRows(tensor: Tensor, { scales, zeros }: Companions): Matrix[] | undefined {
  const [rows = 0, cols = 0] = tensor.shape;
  const [, out = 0] = scales.shape;
  if (tensor.shape.length !== 2 || !/^[iu]32$/.test(tensor.dtype) || out === 0) return undefined;
  const bits = zeros ? (32 * (zeros.shape[1] ?? 0)) / out : 4;
  const dtype = dtypeOf(bits);
  if (!dtype) return undefined;
  const perWord = 32 / bits;
  if (cols === out) {
    const inputs = {
      length: rows * perWord,
      stride: cols * perWord,
      inWord: Array.from({ length: perWord }, (_, i) => i),
    };
    return one(tensor, dtype, [inputs, { length: out, stride: perWord }]);
  }
  if (cols * perWord !== out || bits !== 4) return undefined;
  return one(tensor, dtype, [
    { length: rows, stride: out },
    { length: out, stride: perWord, inWord: awqPlaces },
  ]);
}

/** MLX: a stream of bits along each row of out x in; scales and biases are out x groups. */
function unpackStream(tensor: Tensor, { scales, biases }: Companions): Matrix[] | undefined {
  const [out = 0, words = 0] = tensor.shape;
  const groups = scales.shape[1] ?? 0;
  if (tensor.dtype !== "u32" || tensor.shape.length !== 2 || !biases || scales.shape[0] !== out) return undefined;
  for (const size of groupSizes) {
    const width = groups * size;
    const dtype = dtypeOf((32 * words) / width);
    if (dtype) {
      return one(tensor, dtype, [
        { length: out, stride: width },
        { length: width, stride: 1 },
      ]);
    }
  }
  return undefined;
}

/** gpt-oss: experts x out x groups x 16 bytes of two E2M1 numbers; scales are experts x out x groups. */
function unpackBlocks(tensor: Tensor, { scales }: Companions): Matrix[] | undefined {
  const [experts = 0, out = 0, groups = 0, bytes = 0] = tensor.shape;
  const fits = scales.shape.length === 3 && scales.shape.every((it, i) => it === tensor.shape[i]);
  if (tensor.dtype !== "u8" || tensor.shape.length !== 4 || bytes !== 16 || !fits) return undefined;
  const width = groups * 32;
  return Array.from({ length: Math.min(experts, 1024) }, (_, part) =>
    canonical({ tensor, dtype: "f4", part, start: part * out * width }, [
      { length: out, stride: width },
      { length: width, stride: 1 },
    ]),
  ).filter((it) => it !== undefined);
}

function dtypeOf(bits: number): string | undefined {
  return readable.find((it) => it === bits) && `u${bits}`;
}

function one(tensor: Tensor, dtype: string, axes: readonly Axis[]): Matrix[] {
  const matrix = canonical({ tensor, dtype, start: 0 }, axes);
  return matrix ? [matrix] : [];
}
