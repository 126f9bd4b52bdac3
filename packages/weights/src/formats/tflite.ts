// Source: tensorflow/tensorflow, tensorflow/compiler/mlir/lite/schema/schema.fbs; google/flatbuffers, "Internals".
import { sizeOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { maxDimensions, maxNameBytes, maxTensors } from "../limits.ts";
import { Pages } from "../pages.ts";
import type { Dtype, ModelFile, Reader, Tensor } from "../tensor.ts";
import { cutShort, endsBefore, Findings, startsWith, type Format } from "./format.ts";

/** TensorType; 5 string, 13 resource and 14 variant hold no numbers. */
const types: ReadonlyMap<number, Dtype> = new Map([
  [0, "f32"],
  [1, "f16"],
  [2, "i32"],
  [3, "u8"],
  [4, "i64"],
  [6, "bool"],
  [7, "i16"],
  [8, "c64"],
  [9, "i8"],
  [10, "f64"],
  [11, "c128"],
  [12, "u64"],
  [15, "u32"],
  [16, "u16"],
  [17, "i4"],
  [18, "bf16"],
]);

/** A FlatBuffer of subgraphs whose constant tensors point to buffers: inside it or, beyond 2 GB, behind it. Also Circle. */
export const tflite: Format = {
  name: "tflite",
  kind: "tensors",
  mayBe: (head) => startsWith(head, "TFL3", 4) || startsWith(head, "CIR0", 4),
  recognise: (head) => startsWith(head, "TFL3", 4) || startsWith(head, "CIR0", 4),
  read,
};

/** Most tensors beyond the end that are counted: models have some thousands, and a hostile count has 2^32 of them in a file of 100 bytes. */
const maxLost = 10_000;

async function read(reader: Reader): Promise<ModelFile> {
  const pages = new Pages(reader);
  const findings = new Findings();
  const model = await pages.u32(0);
  const buffers = await vectorField(pages, model, 4);
  const subgraphs = await vectorField(pages, model, 2);
  const tensors: Tensor[] = [];
  let lost = 0;
  for (let i = 0; i < subgraphs.length; i++) {
    const subgraph = await element(pages, subgraphs, i);
    const list = await vectorField(pages, subgraph, 0);
    for (let k = 0; k < list.length; k++) {
      if (list.at + 4 * k >= reader.size) lost += list.length - k; // the list itself ends here
      if (lost > maxLost) {
        throw new WeightsError("TRUNCATED", `${lost} tensors lie beyond the end of the file`, { at: reader.size });
      }
      if (list.at + 4 * k >= reader.size) break;
      if (tensors.length >= maxTensors) throw new WeightsError("TOO_MANY", `more than ${maxTensors} tensors`);
      try {
        const tensor = await readTensor(pages, await element(pages, list, k), buffers, findings);
        if (tensor) tensors.push(tensor);
      } catch (error) {
        if (!endsBefore(error)) throw error;
        lost++;
      }
    }
  }
  if (lost > 0 && tensors.length === 0)
    throw new WeightsError("TRUNCATED", "all of its tensors lie beyond the end of the file", { at: reader.size });
  if (lost > 0) findings.add(`the file ends before ${lost} of its tensors`, reader.size);
  const missing = lost > 0 ? { missingBytes: 1 } : {};
  const cut = cutShort(tensors, reader.size);
  return { format: "tflite", tensors, metadata: {}, findings: findings.list, ...missing, ...cut };
}

/** Undefined for a tensor that is computed, not stored. */
async function readTensor(
  pages: Pages,
  table: number,
  buffers: Vector,
  findings: Findings,
): Promise<Tensor | undefined> {
  const bufferField = await fieldAt(pages, table, 2);
  const index = bufferField === undefined ? 0 : await pages.u32(bufferField);
  if (index === 0) return undefined; // buffer 0 is always empty
  const place = await readBuffer(pages, await element(pages, buffers, index));
  if (!place || place.bytes === 0) return undefined;

  const name = await readString(pages, await fieldAt(pages, table, 3));
  const typeField = await fieldAt(pages, table, 1);
  const type = typeField === undefined ? 0 : await pages.u8(typeField);
  const dtype = types.get(type);
  if (!dtype) return undefined;
  const shape = await readShape(pages, table);
  const bytes = sizeOf(dtype, shape, `tensor ${JSON.stringify(name)}`);
  if (bytes !== place.bytes) {
    findings.add(
      `tensor ${JSON.stringify(name)} needs ${bytes} bytes and has ${place.bytes}: sparse or packed`,
      place.offset,
    );
    return { name, dtype: "u8", shape: [place.bytes], ...place };
  }
  return { name, dtype, shape, ...place };
}

async function readShape(pages: Pages, table: number): Promise<number[]> {
  const vector = await vectorField(pages, table, 0);
  if (vector.length > maxDimensions)
    throw new WeightsError("TOO_MANY", `a tensor has ${vector.length} dimensions`, { at: table });
  const shape: number[] = [];
  for (let i = 0; i < vector.length; i++) shape.push(await pages.i32(vector.at + 4 * i));
  return shape;
}

/** Buffer: data 0, or offset 1 and size 2 counted from the file's beginning. */
async function readBuffer(pages: Pages, table: number): Promise<{ offset: number; bytes: number } | undefined> {
  const offsetField = await fieldAt(pages, table, 1);
  const sizeField = await fieldAt(pages, table, 2);
  if (offsetField !== undefined && sizeField !== undefined) {
    const offset = await pages.u64(offsetField, "a buffer's offset");
    const bytes = await pages.u64(sizeField, "a buffer's size");
    if (offset > 1) return { offset, bytes }; // 1 stands for "not yet placed"
  }
  if ((await fieldAt(pages, table, 0)) === undefined) return undefined;
  const { at, length } = await vectorField(pages, table, 0);
  return { offset: at, bytes: length };
}

interface Vector {
  readonly at: number;
  readonly length: number;
}

/** Where a table's field lies; undefined if it is absent, also when the vtable is too short to name it. */
async function fieldAt(pages: Pages, table: number, index: number): Promise<number | undefined> {
  const vtable = table - (await pages.i32(table));
  if ((await pages.u16(vtable)) < 6 + 2 * index) return undefined;
  const offset = await pages.u16(vtable + 4 + 2 * index);
  return offset === 0 ? undefined : table + offset;
}

/** An absent vector is empty. */
async function vectorField(pages: Pages, table: number, index: number): Promise<Vector> {
  const field = await fieldAt(pages, table, index);
  if (field === undefined) return { at: 0, length: 0 };
  const at = field + (await pages.u32(field));
  return { at: at + 4, length: await pages.u32(at) };
}

/** The table that a vector's entry points to. */
async function element(pages: Pages, vector: Vector, index: number): Promise<number> {
  if (index >= vector.length) {
    throw new WeightsError("MALFORMED", `entry ${index} of a vector of ${vector.length}`, { at: vector.at });
  }
  const at = vector.at + 4 * index;
  return at + (await pages.u32(at));
}

async function readString(pages: Pages, field: number | undefined): Promise<string> {
  if (field === undefined) return "";
  const at = field + (await pages.u32(field));
  const length = await pages.u32(at);
  if (length > maxNameBytes) throw new WeightsError("TOO_LARGE", `a name of ${length} bytes`, { at });
  return new TextDecoder().decode(await pages.bytes(at + 4, length, "a name"));
}
