// Source: ggml-org/ggml, docs/gguf.md; versions 1 to 3, either byte order.
import { Cursor, exactNumber } from "../cursor.ts";
import { sizeOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { maxAlignment, maxArrayElements, maxMetadataWalked, maxNameBytes, maxTensors } from "../limits.ts";
import type { ModelFile, Reader, Tensor } from "../tensor.ts";
import { Findings, Metadata, startsWith, type Format } from "./format.ts";
import { decodeText } from "./json.ts";

/** ggml.h, enum ggml_type; the numbers left out were removed or never written to files. */
const types: ReadonlyMap<number, string> = new Map([
  [0, "f32"],
  [1, "f16"],
  [2, "q4_0"],
  [3, "q4_1"],
  [6, "q5_0"],
  [7, "q5_1"],
  [8, "q8_0"],
  [9, "q8_1"],
  [10, "q2_k"],
  [11, "q3_k"],
  [12, "q4_k"],
  [13, "q5_k"],
  [14, "q6_k"],
  [15, "q8_k"],
  [16, "iq2_xxs"],
  [17, "iq2_xs"],
  [18, "iq3_xxs"],
  [19, "iq1_s"],
  [20, "iq4_nl"],
  [21, "iq3_s"],
  [22, "iq2_s"],
  [23, "iq4_xs"],
  [24, "i8"],
  [25, "i16"],
  [26, "i32"],
  [27, "i64"],
  [28, "f64"],
  [29, "iq1_m"],
  [30, "bf16"],
  [34, "tq1_0"],
  [35, "tq2_0"],
  [39, "mxfp4"],
  [40, "nvfp4"],
  [41, "q1_0"],
  [42, "q2_0"],
]);

const stringType = 8;
const arrayType = 9;

/** Bytes of each scalar metadata type: u8 i8 u16 i16 u32 i32 f32 bool – – u64 i64 f64. */
const scalarBytes: readonly (number | undefined)[] = [1, 1, 2, 2, 4, 4, 4, 1, undefined, undefined, 8, 8, 8];

/**
 * llama.cpp's format; also what an Ollama blob is.
 *
 * The query and key rows of a llama (also Mistral, Mixtral), which its converter permutes, are listed as such, so that an f16 GGUF has the
 * digests of the safetensors it was made of.
 *
 * Blind spot of exact digests: other architectures whose rows are permuted (granite, deepseek), Gemma's norms, to which 1 is added, and
 * GGUFs made of Meta's own files, which were never permuted.
 */
export const gguf: Format = {
  name: "gguf",
  kind: "tensors",
  mayBe: (head, size) => startsWith(head, "GGUF") && size >= 24,
  recognise: (head) => startsWith(head, "GGUF"),
  read,
};

async function read(reader: Reader): Promise<ModelFile> {
  const cursor = new Cursor(reader);
  const findings = new Findings();
  const metadata = new Metadata();
  const version = await readVersion(cursor);
  const tensorCount = await readCount(cursor, version, "the tensor count");
  const pairCount = await readCount(cursor, version, "the metadata count");
  if (tensorCount > maxTensors) throw new WeightsError("TOO_MANY", `${tensorCount} tensors`, { at: 8 });
  if (pairCount > maxMetadataWalked) throw new WeightsError("TOO_MANY", `${pairCount} metadata entries`, { at: 16 });

  metadata.set("gguf.version", String(version));
  let alignmentText: string | undefined;
  for (let i = 0; i < pairCount; i++) {
    const [key, value] = await readPair(cursor, version);
    if (!metadata.set(key, value)) findings.add(`metadata ${JSON.stringify(key)} appears twice`, cursor.at);
    if (key === "general.alignment") alignmentText ??= value;
  }
  const alignment = readAlignment(alignmentText);
  const relative: Tensor[] = [];
  for (let i = 0; i < tensorCount; i++) relative.push(await readTensor(cursor, version));

  const dataAt = Math.ceil(cursor.at / alignment) * alignment;
  const heads = headsOf(metadata.record);
  const tensors = relative.map((it) => withHeads(placed(it, dataAt, cursor.bigEndian), heads));
  reportDuplicates(tensors, findings);
  const end = tensors.reduce((most, it) => Math.max(most, it.offset + it.bytes), 0);
  if (end > reader.size) findings.add(`the file ends ${end - reader.size} bytes before its last tensor`, reader.size);
  return {
    format: "gguf",
    tensors,
    metadata: metadata.record,
    findings: findings.list,
    ...(end > reader.size && { missingBytes: end - reader.size }),
  };
}

/** Sets the cursor's byte order: a version that only makes sense swapped was written on a big-endian machine. */
async function readVersion(cursor: Cursor): Promise<number> {
  await cursor.want(8, "the beginning");
  cursor.skip(4, "the magic");
  const version = cursor.u32();
  if (version >= 1 && version <= 3) return version;
  cursor.bigEndian = true;
  cursor.seek(4, "the version");
  const swapped = cursor.u32();
  if (swapped < 1 || swapped > 3) throw new WeightsError("UNSUPPORTED", `GGUF version ${version}`, { at: 4 });
  return swapped;
}

async function readCount(cursor: Cursor, version: number, what: string): Promise<number> {
  await cursor.want(version === 1 ? 4 : 8, what);
  if (version === 1) return cursor.u32();
  return exactNumber(cursor.u64(), what, cursor.at - 8);
}

async function readString(cursor: Cursor, version: number, what: string): Promise<string> {
  const at = cursor.at;
  const length = await readCount(cursor, version, `the length of ${what}`);
  if (length > maxNameBytes) throw new WeightsError("TOO_LARGE", `${what} has ${length} bytes`, { at });
  await cursor.want(length, what);
  return decodeText(cursor.take(length), what, at);
}

async function readPair(cursor: Cursor, version: number): Promise<[key: string, value: string]> {
  const key = await readString(cursor, version, "a metadata key");
  await cursor.want(4, "a metadata type");
  return [key, await readValue(cursor, version, cursor.u32(), key)];
}

async function readValue(cursor: Cursor, version: number, type: number, key: string): Promise<string> {
  if (type === stringType) return readText(cursor, version, key);
  if (type === arrayType) return skipArray(cursor, version, key);
  const size = scalarBytes[type];
  if (size === undefined)
    throw new WeightsError("MALFORMED", `${key} has the metadata type ${type}`, { at: cursor.at });
  await cursor.want(size, key);
  return String(readScalar(cursor, type));
}

function readScalar(cursor: Cursor, type: number): number | bigint | boolean {
  switch (type) {
    case 0:
      return cursor.u8();
    case 1:
      return (cursor.u8() << 24) >> 24;
    case 2:
      return cursor.u16();
    case 3:
      return (cursor.u16() << 16) >> 16;
    case 4:
      return cursor.u32();
    case 5:
      return cursor.i32();
    case 6:
      return cursor.f32();
    case 7:
      return cursor.u8() !== 0;
    case 10:
      return cursor.u64();
    case 11:
      return cursor.i64();
    default:
      return cursor.f64();
  }
}

/** Long texts (chat templates, licences) are walked over, and only their beginning is kept. */
async function readText(cursor: Cursor, version: number, key: string): Promise<string> {
  const length = await readCount(cursor, version, `the length of ${key}`);
  const kept = Math.min(length, 4096);
  await cursor.want(kept, key);
  const text = new TextDecoder().decode(cursor.take(kept));
  cursor.skip(length - kept, key);
  return text;
}

/** Tokenizers store their vocabulary in arrays; none of it is kept. Source: gguf.md allows arrays of arrays, no writer makes them. */
async function skipArray(cursor: Cursor, version: number, key: string): Promise<string> {
  const at = cursor.at;
  await cursor.want(4, key);
  const type = cursor.u32();
  const length = await readCount(cursor, version, `the length of ${key}`);
  if (length > maxArrayElements) throw new WeightsError("TOO_MANY", `${key} has ${length} elements`, { at });
  if (type === arrayType) throw new WeightsError("UNSUPPORTED", `${key} is an array of arrays`, { at });

  const size = scalarBytes[type];
  if (size !== undefined) cursor.skip(length * size, key);
  else if (type === stringType) for (let i = 0; i < length; i++) await skipText(cursor, version, key);
  else throw new WeightsError("MALFORMED", `${key} is an array of the metadata type ${type}`, { at });
  return `[${length} values]`;
}

async function skipText(cursor: Cursor, version: number, key: string): Promise<void> {
  const prefix = version === 1 ? 4 : 8;
  if (!cursor.holds(prefix)) await cursor.want(prefix, key);
  cursor.skip(version === 1 ? cursor.u32() : exactNumber(cursor.u64(), key, cursor.at), key);
}

function readAlignment(text: string | undefined): number {
  const alignment = text === undefined ? 32 : Number(text);
  if (!Number.isInteger(Math.log2(alignment)) || alignment < 1 || alignment > maxAlignment) {
    throw new WeightsError("MALFORMED", `general.alignment is ${text}, not a power of two up to ${maxAlignment}`);
  }
  return alignment;
}

/** The offset is still relative to the data section, whose place is known only after the last tensor's entry. */
async function readTensor(cursor: Cursor, version: number): Promise<Tensor> {
  const at = cursor.at;
  const name = await readString(cursor, version, "a tensor's name");
  const what = `tensor ${JSON.stringify(name)}`;
  await cursor.want(4, what);
  const dimensions = cursor.u32();
  if (dimensions > 8) throw new WeightsError("TOO_MANY", `${what} has ${dimensions} dimensions`, { at });

  const shape: number[] = [];
  for (let i = 0; i < dimensions; i++) shape.push(await readCount(cursor, version, `a dimension of ${what}`));
  shape.reverse(); // ne[0] is the contiguous axis
  await cursor.want(12, what);
  const type = cursor.u32();
  const dtype = types.get(type);
  if (dtype === undefined) throw new WeightsError("UNSUPPORTED", `${what} has the GGML type ${type}`, { at });
  const offset = exactNumber(cursor.u64(), `the offset of ${what}`, at);
  return { name, dtype, shape, offset, bytes: sizeOf(dtype, shape, what) };
}

function placed(tensor: Tensor, dataAt: number, bigEndian: boolean): Tensor {
  const offset = dataAt + tensor.offset;
  if (!Number.isSafeInteger(offset + tensor.bytes)) {
    throw new WeightsError("OUT_OF_FILE", `tensor ${JSON.stringify(tensor.name)} lies at ${tensor.offset}`);
  }
  return { ...tensor, offset, ...(bigEndian && { byteOrder: "big" as const }) };
}

/** Most rows of an attention head, here: real ones have 64 to 256, and a table is made of them. */
const maxHeadRows = 4096;

interface Heads {
  readonly attn_q: number;
  readonly attn_k: number;
}

/** Undefined for architectures whose rows are not permuted. */
function headsOf(metadata: ModelFile["metadata"]): Heads | undefined {
  if (metadata["general.architecture"] !== "llama") return undefined;
  const queries = Number(metadata["llama.attention.head_count"]);
  return { attn_q: queries, attn_k: Number(metadata["llama.attention.head_count_kv"] ?? queries) };
}

function withHeads(tensor: Tensor, heads: Heads | undefined): Tensor {
  const kind = /^blk\.\d+\.(attn_q|attn_k)\.(?:weight|bias)$/.exec(tensor.name)?.[1];
  if (!heads || (kind !== "attn_q" && kind !== "attn_k")) return tensor;
  const count = heads[kind];
  const [rows = 0] = tensor.shape;
  const isWhole =
    count >= 1 && rows > 0 && rows / count <= maxHeadRows && rows % (2 * count) === 0 && tensor.bytes % rows === 0;
  return isWhole ? { ...tensor, interleavedHeads: count } : tensor;
}

function reportDuplicates(tensors: readonly Tensor[], findings: Findings): void {
  const names = new Set<string>();
  for (const { name } of tensors) {
    if (names.has(name)) findings.add(`two tensors are called ${JSON.stringify(name)}`);
    names.add(name);
  }
}
