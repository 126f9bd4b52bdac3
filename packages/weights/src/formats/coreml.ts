// Source: apple/coremltools, mlmodel/src/MILBlob/Blob/StorageFormat.hpp.
import { bitsOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { maxTensors } from "../limits.ts";
import { Pages } from "../pages.ts";
import type { Dtype, ModelFile, Reader, Tensor } from "../tensor.ts";
import { cutShort, type Format } from "./format.ts";

const sentinel = 0xdeadbeef;
const recordBytes = 64;

/** BlobDataType. Types of 1, 3 and 6 bits are listed as bytes. */
const types: ReadonlyMap<number, Dtype> = new Map([
  [1, "f16"],
  [2, "f32"],
  [3, "u8"],
  [4, "i8"],
  [5, "bf16"],
  [6, "i16"],
  [7, "u16"],
  [8, "i4"],
  [10, "u2"],
  [11, "u4"],
  [14, "i32"],
  [15, "u32"],
  [16, "f8_e4m3"],
  [17, "f8_e5m2"],
]);

/**
 * `weight.bin` of a Core ML package: a count, then records of 64 bytes, each before its blob. Names and shapes stand in the program
 * beside it; a tensor here is as long as its blob.
 */
export const coreml: Format = {
  name: "coreml-weights",
  kind: "tensors",
  mayBe,
  recognise: (head, reader) => mayBe(head, reader.size),
  read,
};

function mayBe(head: Uint8Array, size: number): boolean {
  if (head.length < 128 || size < 128 || head[64] !== 0xef) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  return view.getUint32(64, true) === sentinel && view.getUint32(4, true) === 2;
}

async function read(reader: Reader): Promise<ModelFile> {
  const pages = new Pages(reader);
  const count = await pages.u32(0);
  if (count > maxTensors) throw new WeightsError("TOO_MANY", `${count} blobs`, { at: 0 });
  const tensors: Tensor[] = [];
  for (let i = 0, at = recordBytes; i < count; i++) {
    if ((await pages.u32(at)) !== sentinel) throw new WeightsError("MALFORMED", `no record of blob ${i}`, { at });
    const dtype = types.get(await pages.u32(at + 4)) ?? "u8";
    const bytes = await pages.u64(at + 8, "a blob's size");
    const offset = await pages.u64(at + 16, "a blob's offset");
    if (offset < at) {
      throw new WeightsError("MALFORMED", `blob ${i} lies at ${offset}, before its record`, { at });
    }
    const shape = [Math.floor((bytes * 8) / (bitsOf(dtype) ?? 8))];
    tensors.push({ name: `blob.${i}`, dtype, shape, offset, bytes });
    at = Math.ceil((offset + bytes) / recordBytes) * recordBytes;
    if (at >= reader.size) break; // cut short, or the last one
  }
  const missing = count > tensors.length ? { missingBytes: recordBytes } : cutShort(tensors, reader.size);
  return { format: "coreml-weights", tensors, metadata: {}, findings: [], ...missing };
}
