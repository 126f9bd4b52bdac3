/** Tensors of the Open Inference protocol, in JSON or behind it. */
import { at, isFields, parse, textOf } from "./reading.ts";

export interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** All numbers, row-major; undefined for texts and for types that we do not read. */
  readonly values: readonly number[] | undefined;
  readonly texts: readonly string[] | undefined;
  /** Where the binary data stand in the body; undefined for data in JSON. */
  readonly at: number | undefined;
  /** And how many bytes. */
  readonly size: number;
}

/** Most tensors of one request or answer that are read: models have a handful. */
const maxTensors = 64;

/** Sizes of the types that are read, in bytes, and how. Little endian. Source: binary tensor data extension. */
const readers: Readonly<Record<string, readonly [size: number, read: (from: Buffer, at: number) => number]>> = {
  FP16: [2, (from, place) => halfAt(from, place)],
  FP32: [4, (from, place) => from.readFloatLE(place)],
  FP64: [8, (from, place) => from.readDoubleLE(place)],
  BF16: [2, (from, place) => bfloatAt(from, place)],
  INT8: [1, (from, place) => from.readInt8(place)],
  INT16: [2, (from, place) => from.readInt16LE(place)],
  INT32: [4, (from, place) => from.readInt32LE(place)],
  INT64: [8, (from, place) => Number(from.readBigInt64LE(place))],
  UINT8: [1, (from, place) => from.readUInt8(place)],
  UINT16: [2, (from, place) => from.readUInt16LE(place)],
  UINT32: [4, (from, place) => from.readUInt32LE(place)],
  UINT64: [8, (from, place) => Number(from.readBigUInt64LE(place))],
  BOOL: [1, (from, place) => from.readUInt8(place)],
};

/**
 * The tensors of a body; `jsonLength` is the length of its JSON where data follow, undefined where all of it is JSON.
 * Undefined when sizes and shapes do not fit each other and the body: then nothing is known.
 */
export function tensorsOf(
  body: Buffer,
  jsonLength: number | undefined,
  list: "inputs" | "outputs",
): Tensor[] | undefined {
  if (jsonLength !== undefined && !(jsonLength > 0 && jsonLength <= body.length)) return undefined;
  const json = parse(jsonLength === undefined ? body : body.subarray(0, jsonLength));
  const entries = at(json, list);
  if (!Array.isArray(entries) || entries.length > maxTensors) return undefined;
  const out: Tensor[] = [];
  let place = jsonLength ?? body.length;
  for (const entry of entries) {
    if (!isFields(entry)) return undefined;
    const size = at(entry, "parameters", "binary_data_size");
    const [name, datatype] = [textOf(entry["name"]) ?? "", textOf(entry["datatype"]) ?? ""];
    const shape = Array.isArray(entry["shape"]) ? entry["shape"].map(Number) : [];
    if (size === undefined) {
      out.push({ name, datatype, shape, ...fromJson(entry["data"]), at: undefined, size: 0 });
      continue;
    }
    if (typeof size !== "number" || !Number.isInteger(size) || size < 0 || place + size > body.length) return undefined;
    out.push({ name, datatype, shape, ...fromBytes(body.subarray(place, place + size), datatype), at: place, size });
    place += size;
  }
  return out;
}

function fromJson(data: unknown): Pick<Tensor, "values" | "texts"> {
  const flat = Array.isArray(data) ? data.flat(8) : [];
  if (flat.length > 0 && flat.every((it) => typeof it === "number")) return { values: flat, texts: undefined };
  if (flat.length > 0 && flat.every((it) => typeof it === "string")) return { values: undefined, texts: flat };
  return { values: undefined, texts: undefined };
}

function fromBytes(bytes: Buffer, datatype: string): Pick<Tensor, "values" | "texts"> {
  if (datatype === "BYTES") return { values: undefined, texts: textsIn(bytes) };
  const reader = readers[datatype];
  if (!reader || bytes.length % reader[0] !== 0) return { values: undefined, texts: undefined };
  const [size, read] = reader;
  return { values: Array.from({ length: bytes.length / size }, (_, i) => read(bytes, i * size)), texts: undefined };
}

/** BYTES: each element is its length in four bytes, then the bytes. */
function textsIn(bytes: Buffer): string[] | undefined {
  const out: string[] = [];
  for (let i = 0; i < bytes.length;) {
    if (i + 4 > bytes.length) return undefined;
    const length = bytes.readUInt32LE(i);
    if (i + 4 + length > bytes.length) return undefined;
    out.push(bytes.toString("utf8", i + 4, i + 4 + length));
    i += 4 + length;
  }
  return out;
}

function halfAt(from: Buffer, place: number): number {
  return new DataView(from.buffer, from.byteOffset, from.byteLength).getFloat16(place, true);
}

function bfloatAt(from: Buffer, place: number): number {
  const wide = Buffer.alloc(4);
  wide.writeUInt16LE(from.readUInt16LE(place), 2);
  return wide.readFloatLE(0);
}
