// Source: pytorch/pytorch, torch/_utils.py and torch/serialization.py.
import { bitsOf, sizeOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import type { Dtype, Tensor } from "../tensor.ts";
import { collectTensors } from "./collect.ts";
import {
  globalName,
  isPyObject,
  sequence,
  wholeNumbers,
  type PyObject,
  type PyPersistent,
  type PyValue,
} from "./value.ts";

/** Where one storage lies. */
export interface StoragePlace {
  /** As `Tensor.file`: undefined for the file itself. */
  readonly file?: string;
  readonly at: number;
  readonly bytes: number;
  /** Set for archives written on a big-endian machine. */
  readonly byteOrder?: "big";
}

/** A storage as the persistent id of a pickle names it. `elements` counts in `dtype`. */
export interface StorageId {
  readonly key: string;
  readonly dtype: Dtype;
  readonly elements: number;
  readonly offset: number;
}

const storageTypes: ReadonlyMap<string, Dtype> = new Map([
  ["DoubleStorage", "f64"],
  ["FloatStorage", "f32"],
  ["HalfStorage", "f16"],
  ["BFloat16Storage", "bf16"],
  ["LongStorage", "i64"],
  ["IntStorage", "i32"],
  ["ShortStorage", "i16"],
  ["CharStorage", "i8"],
  ["ByteStorage", "u8"],
  ["BoolStorage", "bool"],
  ["ComplexFloatStorage", "c64"],
  ["ComplexDoubleStorage", "c128"],
  ["QInt8Storage", "i8"],
  ["QUInt8Storage", "u8"],
  ["QInt32Storage", "i32"],
  ["QUInt4x2Storage", "u8"],
  ["QUInt2x4Storage", "u8"],
  ["UntypedStorage", "u8"],
]);

/** torch.dtype objects, which newer tensors name beside an untyped storage. */
const dtypes: ReadonlyMap<string, Dtype> = new Map([
  ["torch.float8_e4m3fn", "f8_e4m3"],
  ["torch.float8_e5m2", "f8_e5m2"],
  ["torch.float8_e4m3fnuz", "f8_e4m3fnuz"],
  ["torch.float8_e5m2fnuz", "f8_e5m2fnuz"],
  ["torch.float8_e8m0fnu", "f8_e8m0"],
  ["torch.uint16", "u16"],
  ["torch.uint32", "u32"],
  ["torch.uint64", "u64"],
  ["torch.float64", "f64"],
  ["torch.float32", "f32"],
  ["torch.float16", "f16"],
  ["torch.bfloat16", "bf16"],
  ["torch.int64", "i64"],
  ["torch.int32", "i32"],
  ["torch.int16", "i16"],
  ["torch.int8", "i8"],
  ["torch.uint8", "u8"],
  ["torch.bool", "bool"],
  ["torch.complex64", "c64"],
]);

/** Callees whose first four arguments are storage, offset in elements, size and stride. */
const rebuilders: ReadonlySet<string> = new Set([
  "torch._utils._rebuild_tensor",
  "torch._utils._rebuild_tensor_v2",
  "torch._utils._rebuild_tensor_v3",
  "torch._utils._rebuild_qtensor",
]);

/**
 * The tensor that a call of one of torch's rebuilders stands for; undefined for any other call.
 *
 * @throws {WeightsError} MALFORMED for a call whose arguments no PyTorch writes; OUT_OF_FILE for a view beyond its storage.
 */
export function torchTensor(
  object: PyObject,
  placeOf: (id: StorageId) => StoragePlace,
): Omit<Tensor, "name"> | undefined {
  const callee = globalName(object.callee);
  if (callee === undefined || !rebuilders.has(callee)) return undefined;
  const [storage, offset, size, stride] = object.args;
  const id = storageId(storage);
  const shape = wholeNumbers(size);
  const strides = wholeNumbers(stride);
  if (!id || !shape || !strides || shape.length !== strides.length || typeof offset !== "number") {
    throw new WeightsError("MALFORMED", `${callee} with arguments that no writer makes`, { at: object.at });
  }
  if (strides.some((it) => it < 0) || shape.some((it) => it < 0) || offset < 0) {
    throw new WeightsError("MALFORMED", "a view with a negative size, stride or offset", { at: object.at });
  }
  const dtype = callee.endsWith("_v3") ? (dtypes.get(globalName(object.args[6]) ?? "") ?? id.dtype) : id.dtype;
  return viewOf({ ...id, dtype }, { shape, strides, offset, at: object.at }, placeOf(id));
}

/** A tensor as a view on a storage; `offset` and strides count in elements. */
export interface View {
  readonly shape: number[];
  readonly strides: number[];
  readonly offset: number;
  /** Where the file says so. */
  readonly at: number;
}

/** The tensor that a view is. @throws {WeightsError} OUT_OF_FILE beyond its storage; as `sizeOf`. */
export function viewOf(id: StorageId, { shape, strides, offset, at }: View, place: StoragePlace): Omit<Tensor, "name"> {
  const what = `a view of storage ${JSON.stringify(id.key)}`;
  const bytes = sizeOf(id.dtype, shape, what);
  const size = (bitsOf(id.dtype) ?? 8) / 8;
  const start = (id.offset + offset) * size;
  const span = bytes === 0 ? 0 : shape.reduce((sum, it, axis) => sum + (it - 1) * (strides[axis] ?? 0), 1) * size;
  if (!Number.isSafeInteger(start + span))
    throw new WeightsError("OUT_OF_FILE", `${what} ends at ${start + span}`, { at });
  if (start + span > place.bytes) {
    throw new WeightsError("OUT_OF_FILE", `${what} ends at ${start + span}, the storage at ${place.bytes}`, { at });
  }
  const contiguous = isContiguous(shape, strides);
  return {
    dtype: id.dtype,
    shape,
    offset: place.at + start,
    bytes,
    ...(!contiguous && { strides }),
    ...(place.byteOrder && { byteOrder: place.byteOrder }),
    ...(place.file !== undefined && { file: place.file }),
  };
}

/** Axes of length 1 may have any stride. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis] ?? 0;
    if (length === 0) return true;
    if (length > 1 && strides[axis] !== expected) return false;
    expected *= length;
  }
  return true;
}

/**
 * The storage that a persistent id or a typed storage around it names: `('storage', type, key, location, elements[, view])`, where a
 * view is `(key, offset, elements)`. Undefined for anything else.
 */
function storageId(value: PyValue): StorageId | undefined {
  const inner =
    isPyObject(value) && globalName(value.callee) === "torch.storage.TypedStorage" ? typedStorage(value) : undefined;
  const persistent = inner ?? value;
  if (!isPersistent(persistent)) return undefined;
  const [tag, type, key, , elements, view] = sequence(persistent.id) ?? [];
  if (tag !== "storage" || (typeof key !== "string" && typeof key !== "number") || typeof elements !== "number")
    return undefined;
  const dtype = storageDtype(type);
  const offset = sequence(view)?.[1] ?? 0;
  if (!dtype || typeof offset !== "number" || !isCount(elements) || !isCount(offset)) return undefined;
  return { key: String(key), dtype, elements, offset };
}

/** The element type of a storage class: `torch.FloatStorage`. */
export function storageDtype(type: PyValue): Dtype | undefined {
  return storageTypes.get(typeof type === "object" && type.kind === "global" ? type.name : "");
}

/** Every storage that an object names, by key, found as its tensors are. */
export function collectStorages(root: PyValue): Map<string, StorageId> {
  const ids = new Map<string, StorageId>();
  collectTensors(root, (object) => {
    for (const it of object.args) {
      const id = storageId(it);
      if (id) ids.set(id.key, id);
    }
    return undefined;
  });
  return ids;
}

/** TypedStorage(wrap_storage=…): its untyped storage is in its state or arguments. */
function typedStorage({ args, state }: PyObject): PyValue {
  const attributes = typeof state === "object" && state.kind === "dict" ? state.entries.map(([, it]) => it) : [];
  return [...args, ...attributes].find(isPersistent);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isPersistent(value: PyValue): value is PyPersistent {
  return typeof value === "object" && value.kind === "persistent";
}
