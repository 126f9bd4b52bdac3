import { concat, u32 } from "./bytes.ts";
import { bytes, number, varint } from "./protobuf.ts";
import type { TestTensor } from "./tensors.ts";

const shapeOf = (shape: readonly number[]): Uint8Array => concat(...shape.map((it) => bytes(2, number(1, it))));

/** `model.json` and its shards, cut every `shardBytes`. */
export function writeTfjs(
  tensors: readonly TestTensor[],
  shardBytes = Infinity,
): { model: Uint8Array; shards: Record<string, Uint8Array> } {
  const data = concat(...tensors.map((it) => it.data));
  const shards: Record<string, Uint8Array> = {};
  const count = Math.max(1, Math.ceil(data.length / Math.min(shardBytes, data.length)));
  for (let i = 0; i < count; i++) {
    shards[`group1-shard${i + 1}of${count}.bin`] =
      count === 1 ? data : data.slice(i * shardBytes, (i + 1) * shardBytes);
  }
  const weights = tensors.map(({ name, shape }) => ({ name, shape, dtype: "float32" }));
  const model = {
    format: "graph-model",
    modelTopology: {},
    weightsManifest: [{ paths: Object.keys(shards), weights }],
  };
  return { model: Buffer.from(JSON.stringify(model)), shards };
}

/** A frozen graph of Const nodes. */
export function writeGraph(tensors: readonly TestTensor[]): Uint8Array {
  return concat(...tensors.map((it) => bytes(1, node(it))), bytes(4, number(1, 1395)));
}

/** A SavedModel whose graph holds constants. */
export function writeSavedModel(tensors: readonly TestTensor[]): Uint8Array {
  return concat(number(1, 1), bytes(2, bytes(1, bytes(4, "serve")), bytes(2, writeGraph(tensors))));
}

function node({ name, shape, data }: TestTensor): Uint8Array {
  const tensor = concat(number(1, 1), bytes(2, shapeOf(shape)), bytes(4, data));
  return concat(bytes(1, name), bytes(2, "Const"), bytes(5, bytes(1, "value"), bytes(2, bytes(8, tensor))));
}

/** The index of a checkpoint and its one data file. */
export function writeCheckpoint(tensors: readonly TestTensor[]): { index: Uint8Array; data: Uint8Array } {
  let offset = 0;
  const header = { key: "", value: concat(number(1, 1), bytes(3, number(1, 1))) };
  const sorted = tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const entries = sorted.map(({ name, shape, data }) => {
    const value = concat(number(1, 1), bytes(2, shapeOf(shape)), number(4, offset), number(5, data.length));
    offset += data.length;
    return { key: name, value };
  });
  const block = writeBlock([header, ...entries]);
  const index = writeBlock([{ key: "~", value: concat(varint(0), varint(block.length - 5)) }]);
  const handles = concat(varint(0), varint(0), varint(block.length), varint(index.length - 5));
  const footer = concat(handles, new Uint8Array(40 - handles.length), "\x57\xfb\x80\x8b\x24\x75\x47\xdb");
  return { index: concat(block, index, footer), data: concat(...sorted.map((it) => it.data)) };
}

/** Entries that share prefixes, one restart, no compression, a checksum that nobody here checks. */
function writeBlock(entries: readonly { readonly key: string; readonly value: Uint8Array }[]): Uint8Array {
  let last = "";
  const parts = entries.map(({ key, value }) => {
    let shared = 0;
    while (shared < Math.min(last.length, key.length) && last[shared] === key[shared]) shared++;
    last = key;
    return concat(varint(shared), varint(key.length - shared), varint(value.length), key.slice(shared), value);
  });
  return concat(...parts, u32(0), u32(1), Uint8Array.of(0), u32(0));
}
