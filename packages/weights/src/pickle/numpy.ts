// Source: numpy/numpy, numpy/core/multiarray `__reduce__`; joblib/joblib, joblib/numpy_pickle.py.
import { bitsOf, sizeOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { maxInlineBytes } from "../limits.ts";
import type { Dtype, Tensor } from "../tensor.ts";
import { globalName, isPyObject, sequence, wholeNumbers, type PyBytes, type PyObject, type PyValue } from "./value.ts";

/** A numpy type description, such as `f4` with its byte order. */
interface NumpyType {
  readonly dtype: Dtype;
  readonly byteOrder?: "big";
}

/** Kind and width of numpy's type codes; `?` and `b1` are one byte. */
const kinds: ReadonlyMap<string, Dtype> = new Map([
  ["f2", "f16"],
  ["f4", "f32"],
  ["f8", "f64"],
  ["i1", "i8"],
  ["i2", "i16"],
  ["i4", "i32"],
  ["i8", "i64"],
  ["u1", "u8"],
  ["u2", "u16"],
  ["u4", "u32"],
  ["u8", "u64"],
  ["b1", "bool"],
  ["c8", "c64"],
  ["c16", "c128"],
]);

/**
 * `<f4`, `|u1`, `>i8`, or without the order, which then comes apart. Undefined for objects, texts, records and dates.
 */
export function numpyType(code: string, order = code[0] ?? ""): NumpyType | undefined {
  const dtype = kinds.get(code.replace(/^[<>|=]/, ""));
  if (!dtype) return undefined;
  return order === ">" && (bitsOf(dtype) ?? 8) > 8 ? { dtype, byteOrder: "big" } : { dtype };
}

/** The type that a pickled numpy.dtype stands for: its code in the arguments, its byte order in the state. */
export function pickledType(value: PyValue): NumpyType | undefined {
  if (!isPyObject(value)) return undefined;
  const callee = globalName(value.callee);
  if (callee !== "numpy.dtype" && !callee?.startsWith("numpy.dtypes.")) return undefined;
  const [code] = value.args;
  const order = sequence(value.state)?.[1];
  return typeof code === "string" ? numpyType(code, typeof order === "string" ? order : "") : undefined;
}

type Place = Omit<Tensor, "name">;

/**
 * The tensor that a pickled numpy array is; undefined for any other object and for arrays of Python objects.
 *
 * @param wrapped Where joblib put the bytes of the arrays that it keeps outside the pickle, by wrapper.
 * @throws {WeightsError} MALFORMED if shape, type and bytes disagree.
 */
export function numpyTensor(object: PyObject, wrapped: ReadonlyMap<PyObject, Place>): Place | undefined {
  const place = wrapped.get(object);
  if (place) return place;
  const callee = globalName(object.callee) ?? "";
  if (/^numpy(\._core|\.core)?\.multiarray\._reconstruct$/.test(callee)) return fromState(object);
  if (/^numpy(\._core|\.core)?\.numeric\._frombuffer$/.test(callee)) return fromBuffer(object);
  return undefined;
}

/** State: version, shape, type, whether in Fortran order, bytes (or a list of objects). */
function fromState(object: PyObject): Place | undefined {
  const state = sequence(object.state);
  if (!state) return undefined;
  const [, shape, type, fortran, data] = state.length === 5 ? state : [0, ...state];
  return arrayOf({ shape, type, fortran: fortran === true, data, at: object.at });
}

/** Protocol 5: bytes, type, shape, order `C` or `F`. */
function fromBuffer({ args, at }: PyObject): Place | undefined {
  const [data, type, shape, order] = args;
  return arrayOf({ shape, type, fortran: order === "F", data, at });
}

interface PickledArray {
  readonly shape: PyValue;
  readonly type: PyValue;
  readonly fortran: boolean;
  readonly data: PyValue;
  readonly at: number;
}

function arrayOf({ shape, type, fortran, data, at }: PickledArray): Place | undefined {
  const numpy = pickledType(type);
  const axes = wholeNumbers(shape);
  const bytes = rawBytes(data);
  if (!numpy || !axes || !bytes) return undefined;
  const size = sizeOf(numpy.dtype, axes, "a numpy array");
  if (size !== bytes.length) {
    throw new WeightsError("MALFORMED", `a numpy array needs ${size} bytes and has ${bytes.length}`, { at });
  }
  const strides = fortran && axes.length > 1 ? fortranStrides(axes) : undefined;
  const place = { ...numpy, shape: axes, bytes: size, offset: bytes.at };
  if (!bytes.data) return { ...place, ...(strides && { strides }) };
  return { ...place, inline: strides ? inCOrder(bytes.data, axes) : bytes.data };
}

/** Turns Fortran order into C order: the last index runs fastest in the answer, the first one in `data`. */
function inCOrder(data: Uint8Array, shape: readonly number[]): Uint8Array {
  const count = shape.reduce((product, it) => product * it, 1);
  const size = data.length / Math.max(1, count);
  const strides = fortranStrides(shape);
  const index = shape.map(() => 0);
  const out = new Uint8Array(data.length);
  for (let i = 0; i < count; i++) {
    const from = index.reduce((sum, it, axis) => sum + it * (strides[axis] ?? 0), 0) * size;
    out.set(data.subarray(from, from + size), i * size);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break;
      index[axis] = 0;
    }
  }
  return out;
}

/** Bytes as they are, or what Python 3 writes in protocol 2: `_codecs.encode(text, "latin1")`. */
function rawBytes(value: PyValue): PyBytes | undefined {
  if (typeof value === "string") return { kind: "bytes", at: 0, length: value.length, data: latin1(value) };
  if (typeof value !== "object") return undefined;
  if (value.kind === "bytes") return value;
  if (value.kind !== "object" || globalName(value.callee) !== "_codecs.encode") return undefined;
  const [text] = value.args;
  if (typeof text === "object" && text.kind === "text")
    throw new WeightsError("TOO_LARGE", `an array that is escaped as a text of ${text.length} bytes`, { at: text.at });
  if (typeof text !== "string" || text.length > maxInlineBytes) return undefined;
  return { kind: "bytes", at: value.at, length: text.length, data: latin1(text) };
}

function latin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

/** In elements: the first axis is contiguous. */
export function fortranStrides(shape: readonly number[]): number[] {
  let stride = 1;
  return shape.map((length) => {
    const own = stride;
    stride *= length;
    return own;
  });
}
