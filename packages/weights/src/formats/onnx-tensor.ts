// Source: onnx/onnx, onnx.proto3, TensorProto.
import type { Cursor } from "../cursor.ts";
import { bitsOf, countElements, sizeOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { maxDimensions, maxInlineBytes, maxNameBytes, maxTensors } from "../limits.ts";
import type { Dtype, Tensor } from "../tensor.ts";
import type { Findings } from "./format.ts";
import { decodeText } from "./json.ts";
import { readVarint, walkMessage, type Field } from "./protobuf.ts";
import { siblingName } from "../sibling.ts";

/** Where the tensors of a file gather. `inlineBytes` counts what had to be decoded into memory. */
export interface TensorSink {
  readonly tensors: Tensor[];
  readonly findings: Findings;
  inlineBytes?: number;
}

/** TensorProto.DataType; 8 is string. */
const types: ReadonlyMap<number, Dtype> = new Map([
  [1, "f32"],
  [2, "u8"],
  [3, "i8"],
  [4, "u16"],
  [5, "i16"],
  [6, "i32"],
  [7, "i64"],
  [9, "bool"],
  [10, "f16"],
  [11, "f64"],
  [12, "u32"],
  [13, "u64"],
  [14, "c64"],
  [15, "c128"],
  [16, "bf16"],
  [17, "f8_e4m3"],
  [18, "f8_e4m3fnuz"],
  [19, "f8_e5m2"],
  [20, "f8_e5m2fnuz"],
  [21, "u4"],
  [22, "i4"],
  [23, "f4"],
  [24, "f8_e8m0"],
  [25, "u2"],
  [26, "i2"],
]);

const stringType = 8;

/** Numbers in fields of their own: 4 float, 5 int32, 7 int64, 10 double, 11 uint64. */
const numberFields: ReadonlySet<number> = new Set([4, 5, 7, 10, 11]);

interface Draft {
  name: string;
  type: number;
  readonly shape: number[];
  raw?: Field;
  readonly numbers: Field[];
  readonly external: Map<string, string>;
  location: number;
}

/**
 * Records where one TensorProto keeps its bytes. Text tensors are passed over. Numbers written as varints, which have no place of
 * their own, are decoded into `inline`.
 * @throws {WeightsError} MALFORMED if type, shape and bytes disagree; BAD_PATH for external data outside the folder.
 */
export async function readTensorProto(cursor: Cursor, sink: TensorSink, field: Field, prefix: string): Promise<void> {
  const draft: Draft = { name: "", type: 0, shape: [], numbers: [], external: new Map(), location: 0 };
  await walkMessage(cursor, field.at + field.length, "a tensor", (it) => readTensorField(cursor, draft, it));
  if (draft.type === stringType) return;
  if (sink.tensors.length >= maxTensors) throw new WeightsError("TOO_MANY", `more than ${maxTensors} tensors`);
  const what = `tensor ${JSON.stringify(prefix + draft.name)}`;
  const dtype = types.get(draft.type);
  if (!dtype) throw new WeightsError("UNSUPPORTED", `${what} has the type ${draft.type}`, { at: field.at });
  const bytes = sizeOf(dtype, draft.shape, what);
  const basis = { name: prefix + draft.name, dtype, shape: draft.shape, bytes };
  const place = await placeOf(cursor, sink, draft, basis);
  if (place) sink.tensors.push({ ...basis, ...place });
  else sink.findings.add(`${what} has a type and a shape but no bytes`, field.at);
}

async function readTensorField(cursor: Cursor, draft: Draft, field: Field): Promise<void> {
  if (field.number === 1) return readDims(cursor, draft.shape, field);
  if (field.number === 2) draft.type = Number(field.value);
  else if (field.number === 8) draft.name = await text(cursor, field);
  else if (field.number === 9 && field.wire === 2) draft.raw = field;
  else if (field.number === 13) await readExternal(cursor, draft, field);
  else if (field.number === 14) draft.location = Number(field.value);
  else if (numberFields.has(field.number)) draft.numbers.push(field);
}

async function readDims(cursor: Cursor, shape: number[], field: Field): Promise<void> {
  if (field.wire === 0) shape.push(Number(field.value));
  while (field.wire === 2 && cursor.at < field.at + field.length) shape.push(Number(await readVarint(cursor, "dims")));
  if (shape.length > maxDimensions)
    throw new WeightsError("TOO_MANY", `a tensor has ${shape.length} dimensions`, { at: field.at });
}

async function readExternal(cursor: Cursor, draft: Draft, field: Field): Promise<void> {
  let key = "";
  let value = "";
  await walkMessage(cursor, field.at + field.length, "external data", async (it) => {
    if (it.number === 1) key = await text(cursor, it);
    if (it.number === 2) value = await text(cursor, it);
  });
  if (draft.external.size < 16) draft.external.set(key, value);
}

type Place = Pick<Tensor, "offset"> & Partial<Tensor>;
type Basis = Pick<Tensor, "name" | "dtype" | "shape" | "bytes">;

async function placeOf(cursor: Cursor, sink: TensorSink, draft: Draft, basis: Basis): Promise<Place | undefined> {
  const what = `tensor ${JSON.stringify(basis.name)}`;
  if (draft.location === 1 || draft.external.has("location")) return placeOutside(draft, basis.bytes, what);
  if (draft.raw) {
    if (draft.raw.length !== basis.bytes) {
      throw new WeightsError("MALFORMED", `${what} needs ${basis.bytes} bytes and has ${draft.raw.length}`, {
        at: draft.raw.at,
      });
    }
    return { offset: draft.raw.at };
  }
  const [first] = draft.numbers;
  if (!first) return basis.bytes === 0 ? { offset: 0 } : undefined;
  const fixed = first.number === 4 || first.number === 10;
  if (fixed && draft.numbers.length === 1 && first.length === basis.bytes) return { offset: first.at };
  return { offset: first.at, inline: await decodeNumbers(cursor, sink, draft.numbers, basis) };
}

function placeOutside({ external }: Draft, bytes: number, what: string): Place {
  const offset = Number(external.get("offset") ?? 0);
  const length = Number(external.get("length") ?? bytes);
  if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(offset + bytes) || length !== bytes) {
    throw new WeightsError("MALFORMED", `${what} needs ${bytes} bytes; its external data has ${length} at ${offset}`);
  }
  return { offset, file: siblingName(external.get("location") ?? "") };
}

/** Packed or single varints (or fixed floats in several pieces) as the little-endian bytes that raw_data would hold. */
async function decodeNumbers(
  cursor: Cursor,
  sink: TensorSink,
  fields: readonly Field[],
  basis: Basis,
): Promise<Uint8Array> {
  const what = `tensor ${JSON.stringify(basis.name)}`;
  sink.inlineBytes = (sink.inlineBytes ?? 0) + basis.bytes;
  if (sink.inlineBytes > maxInlineBytes) {
    throw new WeightsError("TOO_LARGE", `more than ${maxInlineBytes} bytes of weights are written as single numbers`);
  }
  const count = countElements(basis.shape, what);
  const size = (bitsOf(basis.dtype) ?? 0) / 8;
  if (size < 1 || basis.dtype.startsWith("c"))
    throw new WeightsError("UNSUPPORTED", `${what} has packed ${basis.dtype}`);
  const out = new Uint8Array(basis.bytes);
  const view = new DataView(out.buffer);
  let done = 0;
  const put = (value: bigint): void => {
    if (done >= count) throw new WeightsError("MALFORMED", `${what} has more numbers than its shape`);
    for (let b = 0; b < size; b++) view.setUint8(done * size + b, Number((value >> BigInt(8 * b)) & 0xffn));
    done++;
  };
  for (const field of fields) await eachNumber(cursor, field, size, put);
  if (done !== count) throw new WeightsError("MALFORMED", `${what} has ${done} numbers, its shape has ${count}`);
  return out;
}

async function eachNumber(cursor: Cursor, field: Field, size: number, put: (value: bigint) => void): Promise<void> {
  if (field.wire === 0) {
    put(field.value);
    return;
  }
  cursor.seek(field.at, "numbers");
  const fixed = field.number === 4 || field.number === 10 || field.wire !== 2;
  while (cursor.at < field.at + field.length) {
    if (!fixed) put(await readVarint(cursor, "a number"));
    else {
      await cursor.want(size, "a number");
      put(size === 8 ? cursor.u64() : BigInt(cursor.u32()));
    }
  }
}

async function text(cursor: Cursor, { at, length, wire }: Field): Promise<string> {
  if (wire !== 2 || length > maxNameBytes) throw new WeightsError("MALFORMED", `a text of ${length} bytes`, { at });
  await cursor.want(length, "a text");
  return decodeText(cursor.take(length), "a text", at);
}
