// Weights as files in memory, as their formats say, and back through the product's own readers.
import { readModelFile, type ModelPart, type Reader } from "../../packages/weights/src/index.ts";
import type { Weights } from "../../packages/weights/src/testing/random-model.ts";
import { writeSafetensors } from "../../packages/weights/src/testing/safetensors.ts";
import type { TestTensor } from "../../packages/weights/src/testing/tensors.ts";
import { encode, type Encoded } from "../../packages/weights/src/testing/quantise.ts";

const types: Readonly<Record<Encoded, number>> = {
  f32: 0,
  f16: 1,
  q4_0: 2,
  q8_0: 8,
  q4_k: 12,
  q5_k: 13,
  q6_k: 14,
  i8: 24,
  bf16: 30,
};

export function safetensorsOf(weights: readonly Weights[], dtype: Encoded = "f32"): Uint8Array {
  return writeSafetensors(
    weights.map(({ name, shape, values }) => ({ name, dtype, shape, data: encode(values, dtype) })),
  );
}

/** Matrices as a packing of 4 bits stores them, vectors and the embedding as they are. */
export function packedOf(weights: readonly Weights[], pack: (it: Weights) => TestTensor[]): Uint8Array {
  return writeSafetensors(
    weights.flatMap((it) => {
      const plain = { name: it.name, dtype: "f16", shape: it.shape, data: encode(it.values, "f16") };
      return it.shape.length < 2 || it.name.includes("embed") ? [plain] : pack(it);
    }),
  );
}

/** Vectors stay f32, as llama.cpp keeps them. */
export function ggufOf(weights: readonly Weights[], dtype: Encoded): Uint8Array {
  let offset = 0;
  const infos: Buffer[] = [];
  const data: Buffer[] = [];
  for (const { name, shape, values } of weights) {
    const stored = shape.length > 1 ? dtype : "f32";
    const bytes = Buffer.from(encode(values, stored));
    infos.push(text(name), u32(shape.length), ...shape.toReversed().map(u64), u32(types[stored]), u64(offset));
    data.push(bytes, Buffer.alloc((32 - (bytes.length % 32)) % 32));
    offset += bytes.length + (data.at(-1)?.length ?? 0);
  }
  const head = Buffer.concat([Buffer.from("GGUF"), u32(3), u64(weights.length), u64(0), ...infos]);
  return Buffer.concat([head, Buffer.alloc((32 - (head.length % 32)) % 32), ...data]);
}

export function bytesReader(bytes: Uint8Array): Reader {
  return { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) };
}

/** Files of one model, read as a scan would. */
export async function partsOf(...files: readonly Uint8Array[]): Promise<ModelPart[]> {
  const parts: ModelPart[] = [];
  for (const bytes of files) {
    const reader = bytesReader(bytes);
    parts.push({ file: await readModelFile(reader), reader });
  }
  return parts;
}

/** The weights of safetensors files of singles. */
export async function weightsOf(bytes: Uint8Array): Promise<Weights[]> {
  const { tensors } = await readModelFile(bytesReader(bytes));
  return tensors.map(({ name, shape, offset, bytes: length }) => ({
    name,
    shape,
    values: new Float32Array(new Uint8Array(bytes.subarray(offset, offset + length)).buffer), // a copy, aligned
  }));
}

function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
}

function u64(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(value));
  return out;
}

function text(value: string): Buffer {
  return Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
}
