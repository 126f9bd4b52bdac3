// Source: tensorflow/tfjs, tfjs-core/src/io/types.ts, WeightsManifestConfig.
import { readExactly } from "../cursor.ts";
import { countElements, sizeOf } from "../dtype.ts";
import { WeightsError } from "../error.ts";
import { maxJsonBytes, maxTensors, maxTopologyBytes } from "../limits.ts";
import { siblingName } from "../sibling.ts";
import type { Dtype, ModelFile, Reader, Tensor } from "../tensor.ts";
import { Findings, Metadata, type Format } from "./format.ts";
import { JsonKeys } from "./json-keys.ts";
import { decodeText, firstByte, indexOf, isJson, isObject, member } from "./json.ts";

/** Bytes of a topology scanned at a time. */
const scanBytes = 64 * 1024;

const types: ReadonlyMap<string, Dtype> = new Map([
  ["float32", "f32"],
  ["float16", "f16"],
  ["int32", "i32"],
  ["uint8", "u8"],
  ["uint16", "u16"],
  ["bool", "bool"],
  ["complex64", "c64"],
]);

/**
 * `model.json` of TensorFlow.js, or its weights manifest alone. The tensors of a group lie one after the other in its shards, which
 * have no header. Quantised tensors are listed as stored; their scale does not change who they are.
 */
export const tfjs: Format = {
  name: "tfjs",
  kind: "tensors",
  mayBe: (head) => looksLike(head),
  recognise: async (head, reader) => looksLike(head) && holdsManifest(head, reader),
  read,
};

function looksLike(head: Uint8Array): boolean {
  if (isJson(head))
    return ['"modelTopology"', '"weightsManifest"', '"graph-model"'].some((it) => indexOf(head, it) >= 0);
  return isManifest(head);
}

/** `[{"weights": [{"name": …, "shape": …, "dtype": …}], "paths": […]}]`, in any order. */
function isManifest(head: Uint8Array): boolean {
  if (firstByte(head) !== 0x5b) return false;
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 512)).toString("latin1");
  if (!/^\s*\[\s*\{\s*"(weights|paths)"/.test(start)) return false;
  return indexOf(head, '"dtype"') >= 0 && indexOf(head, '"shape"') >= 0;
}

/**
 * The manifest follows the topology, which may have megabytes: its key is looked for piece by piece. What is longer than
 * `maxTopologyBytes` is believed by its head: reading it says what is wrong with it.
 */
async function holdsManifest(head: Uint8Array, reader: Reader): Promise<boolean> {
  if (isManifest(head)) return true;
  const keys = new JsonKeys();
  const end = Math.min(reader.size, maxTopologyBytes);
  for (let at = 0; at < end; at += scanBytes) {
    const piece = await reader.read(at, Math.min(scanBytes, end - at));
    if (keys.add(piece).includes("weightsManifest")) return true;
    if (keys.ended || piece.length === 0) return false;
  }
  return reader.size > maxTopologyBytes;
}

async function read(reader: Reader): Promise<ModelFile> {
  const text = decodeText(await readExactly(reader, 0, reader.size, "the model", maxJsonBytes), "the model", 0);
  const model = parse(text);
  const manifest = Array.isArray(model) ? model : isObject(model) ? member(model, "weightsManifest") : undefined;
  if (!Array.isArray(manifest)) throw new WeightsError("MALFORMED", "there is no weightsManifest");
  const findings = new Findings();
  const tensors = manifest.flatMap((group: unknown) => readGroup(group, findings));
  if (tensors.length > maxTensors) throw new WeightsError("TOO_MANY", `more than ${maxTensors} tensors`);
  const metadata = new Metadata();
  for (const key of ["format", "generatedBy", "convertedBy"]) {
    const value = isObject(model) ? member(model, key) : undefined;
    if (typeof value === "string") metadata.set(key, value);
  }
  return { format: "tfjs", tensors, metadata: metadata.record, findings: findings.list };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WeightsError("MALFORMED", "the model is not JSON", { cause });
  }
}

function readGroup(group: unknown, findings: Findings): Tensor[] {
  const weights = isObject(group) ? member(group, "weights") : undefined;
  const paths = isObject(group) ? member(group, "paths") : undefined;
  if (!Array.isArray(weights) || !Array.isArray(paths) || !paths.every((it) => typeof it === "string")) {
    throw new WeightsError("MALFORMED", "a group of the weightsManifest has no weights or no paths");
  }
  const files: string[] = paths.map(siblingName);
  const place = files.length === 1 && files[0] !== undefined ? { file: files[0] } : { files };
  const tensors: Tensor[] = [];
  let offset = 0;
  for (const weight of weights) {
    const tensor = readWeight(weight);
    if (!tensor) {
      findings.add("texts among the weights hide where the rest of their group lies");
      break;
    }
    tensors.push({ ...tensor, ...place, offset });
    offset += tensor.bytes;
  }
  return tensors;
}

/** Undefined for texts, whose length is not in the manifest. */
function readWeight(weight: unknown): Omit<Tensor, "offset"> | undefined {
  if (!isObject(weight)) throw new WeightsError("MALFORMED", "a weight is no object");
  const name = member(weight, "name");
  const shape = member(weight, "shape");
  const quantization = member(weight, "quantization");
  const stored = isObject(quantization) ? member(quantization, "dtype") : member(weight, "dtype");
  if (typeof name !== "string" || !Array.isArray(shape) || !shape.every(Number.isSafeInteger)) {
    throw new WeightsError("MALFORMED", "a weight has no name or no shape");
  }
  if (stored === "string") return undefined;
  const dtype = typeof stored === "string" ? types.get(stored) : undefined;
  if (!dtype) throw new WeightsError("UNSUPPORTED", `weight ${JSON.stringify(name)} has the type ${String(stored)}`);
  countElements(shape, `weight ${JSON.stringify(name)}`);
  return { name, dtype, shape, bytes: sizeOf(dtype, shape, `weight ${JSON.stringify(name)}`) };
}
