// Source: huggingface/transformers, `*.safetensors.index.json` and `pytorch_model.bin.index.json`.
import { readExactly } from "../cursor.ts";
import { WeightsError } from "../error.ts";
import { maxJsonBytes, maxRecogniseBytes } from "../limits.ts";
import type { ModelFile, Reader } from "../tensor.ts";
import { Metadata, type Format } from "./format.ts";
import { siblingName } from "../sibling.ts";
import { countPairs, decodeText, indexOf, isJson, isObject, member, parseObject } from "./json.ts";

/** The list of which tensor lies in which shard: `{"metadata": {…}, "weight_map": {tensor: file}}`. */
export const shardIndex: Format = {
  name: "shard-index",
  kind: "index",
  mayBe: (head) => isJson(head) && indexOf(head, '"weight_map"') >= 0,
  recognise: async (_, reader) =>
    indexOf(await reader.read(0, Math.min(reader.size, maxRecogniseBytes / 2)), '"weight_map"') >= 0,
  read,
};

async function read(reader: Reader): Promise<ModelFile> {
  const text = decodeText(await readExactly(reader, 0, reader.size, "the index", maxJsonBytes), "the index", 0);
  const index = parseObject(text, "the index", 0);
  const map = member(index, "weight_map");
  if (!isObject(map)) throw new WeightsError("MALFORMED", "weight_map is not an object");
  const shards = new Set<string>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== "string")
      throw new WeightsError("MALFORMED", `${JSON.stringify(tensor)} lies in no named file`);
    shards.add(siblingName(file));
  }
  const metadata = new Metadata();
  const given = member(index, "metadata");
  for (const [key, value] of isObject(given) ? Object.entries(given) : []) {
    if (typeof value === "string" || typeof value === "number") metadata.set(key, String(value));
  }
  metadata.set("tensors", String(Object.keys(map).length));
  const findings =
    countPairs(text) > countKeys(index) ? [{ what: "the index names a tensor twice; the last one counts" }] : [];
  return { format: "shard-index", tensors: [], metadata: metadata.record, shards: [...shards].sort(), findings };
}

function countKeys(value: unknown, depth = 0): number {
  if (typeof value !== "object" || value === null || depth > 8) return 0;
  const inner = Object.values(value);
  const own = Array.isArray(value) ? 0 : inner.length;
  return inner.reduce((sum: number, it) => sum + countKeys(it, depth + 1), own);
}
