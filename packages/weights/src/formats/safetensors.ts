// Source: huggingface/safetensors, README "Format".
import { exactNumber, readExactly } from "../cursor.ts";
import { sizeOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { maxSafetensorsHeaderBytes, maxTensors } from "../limits.ts";
import type { ModelFile, Reader, Tensor } from "../tensor.ts";
import { Findings, Metadata, type Format } from "./format.ts";
import { countPairs, decodeText, indexOf, isObject, member, parseObject, type JsonObject } from "./json.ts";

const brace = 0x7b;

/**
 * A JSON header after its length, then the tensors. Nothing in it can run.
 *
 * Gaps, overlaps and bytes after the last tensor, which the reference reader refuses, are findings here: a copy does not
 * become invisible by one byte more. A file shorter than its header says has `missingBytes`.
 */
export const safetensors: Format = { name: "safetensors", kind: "tensors", mayBe, recognise: mayBe, read };

function mayBe(head: Uint8Array, file: number | Reader): boolean {
  if (head.length < 9 || head[8] !== brace) return false;
  const length = headerLength(head);
  if (length < 2 || length > maxSafetensorsHeaderBytes) return false;
  const size = typeof file === "number" ? file : file.size;
  return 8 + length <= size || indexOf(head, '"data_offsets"') >= 0; // the second: cut off within its header
}

/** Reads more than 2^53 as Infinity, which is beyond every limit. */
function headerLength(head: Uint8Array): number {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  return view.getUint32(4, true) > 0x1fffff ? Infinity : view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
}

async function read(reader: Reader): Promise<ModelFile> {
  const prefix = await readExactly(reader, 0, 8, "the header's length");
  const length = exactNumber(
    new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true),
    "the header's length",
    0,
  );
  if (length > maxSafetensorsHeaderBytes) {
    throw new WeightsError("TOO_LARGE", `the header has ${length} bytes, more than ${maxSafetensorsHeaderBytes}`, {
      at: 0,
    });
  }
  const text = decodeText(
    await readExactly(reader, 8, length, "the header", maxSafetensorsHeaderBytes),
    "the header",
    8,
  );
  const header = parseObject(text, "the header", 8);

  const findings = new Findings();
  const { tensors, pairs } = readTensors(header, 8 + length);
  const metadata = readMetadata(member(header, "__metadata__"), findings);
  if (countPairs(text) !== pairs + metadata.pairs) {
    throw new WeightsError("DUPLICATE", "the header has a key twice, or one that the format does not know", { at: 8 });
  }
  const missingBytes = checkLayout(tensors, 8 + length, reader.size, findings);
  return {
    format: "safetensors",
    tensors,
    metadata: metadata.record,
    findings: findings.list,
    ...(missingBytes > 0 && { missingBytes }),
  };
}

/** `pairs` counts the keys that were understood, for the search for duplicates. */
function readTensors(header: JsonObject, dataAt: number): { tensors: Tensor[]; pairs: number } {
  const tensors: Tensor[] = [];
  let pairs = 0;
  for (const [name, entry] of Object.entries(header)) {
    pairs++;
    if (name === "__metadata__") continue;
    if (tensors.length >= maxTensors) throw new WeightsError("TOO_MANY", `more than ${maxTensors} tensors`);
    tensors.push(readTensor(name, entry, dataAt));
    pairs += 3;
  }
  return { tensors, pairs };
}

function readTensor(name: string, entry: unknown, dataAt: number): Tensor {
  const what = `tensor ${JSON.stringify(name)}`;
  if (!isObject(entry)) throw new WeightsError("MALFORMED", `${what} is not an object`);
  const dtype = member(entry, "dtype");
  const shape = member(entry, "shape");
  const offsets = member(entry, "data_offsets");
  if (typeof dtype !== "string") throw new WeightsError("MALFORMED", `${what} has no dtype`);
  if (!isCounts(shape)) throw new WeightsError("MALFORMED", `${what} has no shape of whole numbers`);
  if (!isCounts(offsets) || offsets.length !== 2) throw new WeightsError("MALFORMED", `${what} has no data_offsets`);

  const [begin = 0, end = 0] = offsets;
  if (end < begin || dataAt + end > Number.MAX_SAFE_INTEGER) {
    throw new WeightsError("OUT_OF_FILE", `${what} has data_offsets ${begin} to ${end}`);
  }
  const word = dtype.toLowerCase(); // our words are its own in lower case
  const bytes = sizeOf(word, shape, what);
  if (bytes !== end - begin) {
    throw new WeightsError("MALFORMED", `${what} needs ${bytes} bytes for its type and shape, and has ${end - begin}`);
  }
  return { name, dtype: word, shape, offset: dataAt + begin, bytes };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((it) => Number.isSafeInteger(it) && it >= 0);
}

function readMetadata(value: unknown, findings: Findings): { record: Record<string, string>; pairs: number } {
  const metadata = new Metadata();
  if (value === undefined) return { record: metadata.record, pairs: 0 };
  if (!isObject(value)) throw new WeightsError("MALFORMED", "__metadata__ is not an object");
  const entries = Object.entries(value);
  for (const [key, text] of entries) {
    if (typeof text !== "string")
      throw new WeightsError("MALFORMED", `__metadata__ ${JSON.stringify(key)} is no string`);
    metadata.set(key, text);
  }
  if (Object.hasOwn(value, "__encryption__"))
    findings.add("the tensors are encrypted: their bytes identify this sealed copy only");
  return { record: metadata.record, pairs: entries.length };
}

/** Reports gaps, overlaps and trailing bytes; answers how many bytes are missing at the end. */
function checkLayout(tensors: readonly Tensor[], dataAt: number, size: number, findings: Findings): number {
  const byOffset = tensors.toSorted((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  let end = dataAt;
  for (const tensor of byOffset) {
    if (tensor.offset > end) findings.add(`${tensor.offset - end} bytes belong to no tensor`, end);
    if (tensor.offset < end && tensor.bytes > 0) {
      findings.add(`tensor ${JSON.stringify(tensor.name)} overlaps the one before it`, tensor.offset);
    }
    end = Math.max(end, tensor.offset + tensor.bytes);
  }
  if (end < size) findings.add(`${size - end} bytes follow the last tensor`, end);
  if (end > size) findings.add(`the file ends ${end - size} bytes before its last tensor`, size);
  return Math.max(0, end - size);
}
