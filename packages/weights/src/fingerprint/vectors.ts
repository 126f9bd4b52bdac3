import { decoderOf } from "../dequantise/decoder.ts";
import { halfValue } from "../dequantise/elements.ts";
import { readExactly } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { swapper } from "../gather.ts";
import type { Reader, Tensor } from "../tensor.ts";
import type { VectorRecord } from "./record.ts";
import { inNameOrder } from "./choose.ts";

/** Longest vector that is kept, in elements. */
const maxLength = 65_536;

/** Most vectors that are kept: two norms in each of 32 layers. */
const maxVectors = 64;

/** Most vectors of which these are chosen. */
const maxConsidered = 200_000;

/** Shortest vector worth keeping. */
const minLength = 16;

/** Where the bytes of a tensor are. */
interface VectorSource {
  readerOf(tensor: Tensor): Promise<Reader | undefined>;
}

/** The vectors of a model in the order of their names, evenly spaced where there are more than 64. What can't be read is left out. */
export async function readVectors(tensors: readonly Tensor[], source: VectorSource): Promise<VectorRecord[]> {
  const all = inNameOrder(tensors.filter(isVector).slice(0, maxConsidered));
  const count = Math.min(maxVectors, all.length);
  const vectors: VectorRecord[] = [];
  for (let i = 0; i < count; i++) {
    const tensor = all[Math.floor(((i + 0.5) * all.length) / count)];
    const values = tensor && (await readVector(tensor, source));
    if (tensor && values) vectors.push({ name: tensor.name, values: values.map(toHalf) });
  }
  return vectors;
}

function isVector({ shape, strides, dtype }: Tensor): boolean {
  const lengths = shape.filter((it) => it !== 1);
  const [length = 0] = lengths;
  return lengths.length === 1 && length >= minLength && length <= maxLength && !strides && /^b?f\d/.test(dtype);
}

async function readVector(tensor: Tensor, source: VectorSource): Promise<Float32Array | undefined> {
  const decoder = decoderOf(tensor.dtype);
  const reader = await source.readerOf(tensor);
  const swap = swapper(tensor);
  if (!decoder || decoder.elements > 1 || !reader || !swap) return undefined;
  try {
    const stored = tensor.inline ?? (await readExactly(reader, tensor.offset, tensor.bytes, "a vector"));
    const bytes = swap(stored);
    const values = new Float32Array(Math.floor(bytes.length / decoder.bytes));
    decoder.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, values.length, values, 0);
    return values;
  } catch (error) {
    if (error instanceof WeightsError) return undefined;
    throw error;
  }
}

const view = new DataView(new ArrayBuffer(2));

/** To the nearest binary16 number, so that a vector reads the same before and after it was stored. */
function toHalf(value: number): number {
  view.setFloat16(0, value);
  return halfValue(view.getUint16(0));
}
