// Source: HDF5 File Format Specification 3.0, IV.A.2.b (dataspace), IV.A.2.d (datatype), IV.A.2.i (layout).
import { sizeOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { maxDimensions } from "../limits.ts";
import type { Dtype, Reader, Tensor } from "../tensor.ts";
import { readChunkIndex } from "./chunk-index.ts";
import { ChunkedReader } from "./chunked.ts";
import { readLength, readMessages, readOffset, type Hdf5File, type Message } from "./file.ts";
import { unknownFilter } from "./filters.ts";
import { readChunkLayout, readFill, readFilters } from "./layout.ts";

const dataspace = 0x01;
const datatype = 0x03;
const fillValue = 0x05;
const layout = 0x08;
const pipeline = 0x0b;

/** Whether an object is a dataset: groups have no layout. */
export function isDataset(messages: readonly Message[]): boolean {
  return messages.some((it) => it.type === layout);
}

/**
 * How `Tensor.file` begins where the bytes are those of a chunked dataset: its object header's address follows, and behind `!/` the
 * member that holds the HDF5 file, if it lies in one.
 */
export const chunkedPrefix = "!hdf5/";

/**
 * The tensor of a dataset; a text that says why where its bytes can't be put together; undefined if it holds no numbers.
 * @throws {WeightsError} MALFORMED if layout, shape and type disagree.
 */
export async function readDataset(
  file: Hdf5File,
  { name, address, messages }: { name: string; address: number; messages: readonly Message[] },
): Promise<Tensor | string | undefined> {
  const [space, type, place] = [dataspace, datatype, layout].map((wanted) => messages.find((it) => it.type === wanted));
  if (!space || !type || !place) return undefined;
  const numbers = await readType(file, type.at);
  if (!numbers) return undefined;
  const what = `dataset ${JSON.stringify(name)}`;
  const { shape } = await readShape(file, space.at);
  const bytes = sizeOf(numbers.dtype, shape, what);
  const found = await readPlace(file, place.at);
  if (typeof found === "string") return bytes === 0 ? undefined : `${what} ${found}`;
  if ("chunked" in found) {
    const filter = unknownFilter(await readFilters(file, messageOf(messages, pipeline)));
    if (filter !== undefined) return `${what} is packed by filter ${filter}, which can't be undone`;
    return { name, ...numbers, shape, bytes, offset: 0, file: `${chunkedPrefix}${address}` };
  }
  if (found.bytes < bytes) {
    throw new WeightsError("MALFORMED", `${what} needs ${bytes} bytes and has ${found.bytes}`, { at: place.at });
  }
  return { name, ...numbers, shape, bytes, offset: found.offset };
}

/** The bytes of a chunked dataset, in C order, by its object header's address. @throws {WeightsError} whatever is wrong with it. */
export async function openChunked(file: Hdf5File, reader: Reader, address: number): Promise<Reader> {
  const messages = await readMessages(file, address);
  const [space, type, place] = [dataspace, datatype, layout].map((wanted) => messageOf(messages, wanted));
  if (!space || !type || !place) throw new WeightsError("MALFORMED", "no HDF5 dataset", { at: file.base + address });
  const filters = await readFilters(file, messageOf(messages, pipeline));
  const found = await readChunkLayout(file, place);
  const shape = await readShape(file, space.at);
  const elementBytes = await file.pages.u32(type.at + 4);
  const dataset = { ...found, ...shape, elementBytes, isFiltered: filters.length > 0 };
  const chunks = await readChunkIndex(file, dataset);
  const fill = await readFill(file, messageOf(messages, fillValue));
  return new ChunkedReader(reader, { ...dataset, filters, fill, chunks });
}

function messageOf(messages: readonly Message[], type: number): Message | undefined {
  return messages.find((it) => it.type === type);
}

interface Shape {
  readonly shape: number[];
  /** How far it may grow: Infinity for any length. */
  readonly maxShape: number[];
}

async function readShape(file: Hdf5File, at: number): Promise<Shape> {
  const version = await file.pages.u8(at);
  const rank = await file.pages.u8(at + 1);
  if (rank > maxDimensions) throw new WeightsError("TOO_MANY", `a dataset of ${rank} dimensions`, { at });
  const dimsAt = at + (version === 1 ? 8 : 4);
  const shape: number[] = [];
  for (let i = 0; i < rank; i++) shape.push((await readLength(file, dimsAt + i * file.lengthBytes)) ?? -1);
  if (((await file.pages.u8(at + 2)) & 1) === 0) return { shape, maxShape: shape };
  const maxAt = dimsAt + rank * file.lengthBytes;
  const maxShape: number[] = [];
  for (let i = 0; i < rank; i++) maxShape.push((await readLength(file, maxAt + i * file.lengthBytes)) ?? Infinity);
  return { shape, maxShape };
}

interface Numbers {
  readonly dtype: Dtype;
  readonly byteOrder?: "big";
}

/** Class 0 fixed-point and 1 floating-point; an enumeration (8) of bytes is how h5py stores booleans. */
async function readType({ pages }: Hdf5File, at: number): Promise<Numbers | undefined> {
  const kind = (await pages.u8(at)) & 0x0f;
  const flags = await pages.u8(at + 1);
  const size = await pages.u32(at + 4);
  const byteOrder = (flags & 1) !== 0 && size > 1 ? { byteOrder: "big" as const } : {};
  if (kind === 8) return size === 1 ? { dtype: "bool" } : undefined;
  if (kind === 0 && [1, 2, 4, 8].includes(size)) return { dtype: `${flags & 8 ? "i" : "u"}${size * 8}`, ...byteOrder };
  if (kind !== 1) return undefined;
  if (size === 4) return { dtype: "f32", ...byteOrder };
  if (size === 8) return { dtype: "f64", ...byteOrder };
  const exponentBits = await pages.u8(at + 8 + 5);
  return size === 2 ? { dtype: exponentBits === 8 ? "bf16" : "f16", ...byteOrder } : undefined;
}

type Place = { readonly offset: number; readonly bytes: number } | { readonly chunked: true };

/** Layout message, versions 1 to 5: 0 compact, 1 contiguous, 2 chunked; anything else is said in words. */
async function readPlace(file: Hdf5File, at: number): Promise<Place | string> {
  const { pages } = file;
  const version = await pages.u8(at);
  const isOld = version < 3;
  const kind = await pages.u8(at + (isOld ? 2 : 1));
  if (kind === 2) return { chunked: true };
  if (kind > 2) return "is put together from other files";
  if (isOld) return oldPlace(file, at, kind);
  if (kind === 0) return { offset: at + 4, bytes: await pages.u16(at + 2) };
  const address = await readOffset(file, at + 2);
  const bytes = await readLength(file, at + 2 + file.offsetBytes);
  return address === undefined ? "was never written" : { offset: file.base + address, bytes: bytes ?? 0 };
}

async function oldPlace(file: Hdf5File, at: number, kind: number): Promise<Place | string> {
  const rank = await file.pages.u8(at + 1);
  const dimsAt = at + 8 + (kind === 1 ? file.offsetBytes : 0);
  if (kind === 0) return { offset: dimsAt + 4 * rank + 4, bytes: await file.pages.u32(dimsAt + 4 * rank) };
  const address = await readOffset(file, at + 8);
  return address === undefined ? "was never written" : { offset: file.base + address, bytes: Infinity };
}
