import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { digestTensors, modelDigest } from "../digest.ts";
import { readModelFile } from "../recognise.ts";
import { concat, u32, u64 } from "../testing/bytes.ts";
import { rejectsWith } from "../testing/errors.ts";
import { writeGguf } from "../testing/gguf.ts";
import { answersOrRefuses, damaged } from "../testing/properties.ts";
import { writeSafetensors } from "../testing/safetensors.ts";
import { aModel, seededBytes, sha256, strictReader, tensor, type TestTensor } from "../testing/tensors.ts";

const read = (bytes: Uint8Array) => readModelFile(strictReader(bytes));
const header = (...parts: Uint8Array[]) => concat("GGUF", u32(3), ...parts);

async function digestOf(bytes: Uint8Array): Promise<string | undefined> {
  return modelDigest(await digestTensors(strictReader(bytes), await read(bytes)));
}

test("turns the dimensions round, so that shapes read as in other formats", async () => {
  const file = await read(writeGguf(aModel(), { metadata: { "general.architecture": "llama" } }));
  assert.deepEqual(
    file.tensors.map((it) => it.shape),
    aModel().map((it) => it.shape),
  );
  assert.equal(file.metadata["general.architecture"], "llama");
});

test("versions 1 to 3, either byte order and any alignment hold the same weights as safetensors", async () => {
  const expected = await digestOf(writeSafetensors(aModel()));
  for (const options of [{}, { version: 1 }, { version: 2 }, { bigEndian: true }, { alignment: 128 }] as const) {
    assert.equal(await digestOf(writeGguf(aModel(), options)), expected, JSON.stringify(options));
  }
});

test("knows the size of quantised rows", async () => {
  const q8 = { name: "a", dtype: "q8_0", shape: [2, 64], data: seededBytes(2 * 2 * 34, "q") };
  const bytes = writeGguf([q8]);
  const file = await read(bytes);
  assert.equal(file.tensors[0]?.bytes, 136);
  assert.equal((await digestTensors(strictReader(bytes), file))[0]?.sha256, sha256(q8.data));
});

test("swaps the scales of big-endian blocks", async () => {
  const block = seededBytes(34, "q");
  const big = Uint8Array.from(block);
  [big[0] = 0, big[1] = 0] = [block[1] ?? 0, block[0] ?? 0];
  const tensor = { name: "a", dtype: "q8_0", shape: [32], data: big };
  const bytes = writeGguf([tensor], { bigEndian: true });
  assert.equal((await digestTensors(strictReader(bytes), await read(bytes)))[0]?.sha256, sha256(block));
});

test("walks over a vocabulary and keeps none of it", async () => {
  const tokens = Array.from({ length: 5000 }, (_, i) => `token-${i}`);
  const file = await read(writeGguf(aModel(), { metadata: { "tokenizer.ggml.tokens": tokens } }));
  assert.equal(file.metadata["tokenizer.ggml.tokens"], "[5000 values]");
});

test("refuses counts, lengths and dimensions that no file has", async () => {
  const name = concat(u64(1), "a");
  await rejectsWith("TOO_MANY", read(header(u64(2n ** 40n), u64(0))));
  await rejectsWith("TOO_LARGE", read(header(u64(2n ** 63n), u64(0))));
  await rejectsWith("TOO_MANY", read(header(u64(0), u64(2n ** 40n))));
  await rejectsWith("TOO_LARGE", read(header(u64(0), u64(1), u64(2n ** 62n))));
  await rejectsWith("TOO_MANY", read(header(u64(0), u64(1), name, u32(9), u32(0), u64(2n ** 50n))));
  await rejectsWith("UNSUPPORTED", read(header(u64(0), u64(1), name, u32(9), u32(9), u64(1), u32(0), u64(1))));
  await rejectsWith("TOO_MANY", read(header(u64(1), u64(0), name, u32(2 ** 31))));
  const dims = concat(u64(2n ** 40n), u64(2n ** 40n));
  await rejectsWith("TOO_LARGE", read(header(u64(1), u64(0), name, u32(2), dims, u32(0), u64(0))));
  await rejectsWith("UNSUPPORTED", read(header(u64(1), u64(0), name, u32(1), u64(1), u32(99), u64(0))));
});

test("refuses an alignment that is no power of two or larger than a MiB", async () => {
  for (const alignment of [0, 3, 2 ** 21]) {
    await rejectsWith("MALFORMED", read(withAlignment(alignment)));
  }
});

function withAlignment(alignment: number): Uint8Array {
  return header(u64(0), u64(1), u64(17), Buffer.from("general.alignment"), u32(4), u32(alignment));
}

test("a file that ends before its data says how much is missing", async () => {
  const whole = writeGguf(aModel());
  const file = await read(whole.subarray(0, whole.length - 64));
  assert.ok((file.missingBytes ?? 0) > 0);
});

test("any damaged file is read or refused, within its bytes", async () => {
  const file = writeGguf(aModel(), { metadata: { a: "b", c: ["d", "e"] } });
  await fc.assert(fc.asyncProperty(damaged(file), answersOrRefuses));
});

/** Stored row 2i + p of a head is original row p * half + i. Source: llama.cpp, conversion, `LlamaModel.permute`. */
function permuted(it: TestTensor, heads: number): TestTensor {
  const rows = (it.shape[0] ?? 0) / heads;
  const rowBytes = it.data.length / (rows * heads);
  const data = new Uint8Array(it.data.length);
  for (let row = 0; row < rows * heads; row++) {
    const [head, inHead] = [Math.floor(row / rows), row % rows];
    const [p, i] = [Math.floor(inHead / (rows / 2)), inHead % (rows / 2)];
    data.set(it.data.subarray(row * rowBytes, (row + 1) * rowBytes), (head * rows + 2 * i + p) * rowBytes);
  }
  return { ...it, data };
}

const llama = {
  "general.architecture": "llama",
  "llama.attention.head_count": "4",
  "llama.attention.head_count_kv": "2",
};

test("query and key rows of a llama are put back in the order of the safetensors it was made of, whatever their type", async () => {
  const block = { dtype: "q8_0", shape: [24, 32], data: seededBytes(24 * 34, "k") };
  const original = [
    tensor("blk.0.attn_q.weight", [24, 12]),
    tensor("blk.0.attn_q.bias", [24]),
    tensor("blk.1.attn_k.weight", [12, 12]),
    { name: "blk.1.attn_q.weight", ...block },
    tensor("blk.1.attn_v.weight", [12, 12]),
  ];
  const stored = original.map((it) =>
    it.name.includes("_q.") ? permuted(it, 4) : it.name.includes("_k.") ? permuted(it, 2) : it,
  );
  const digests = async (tensors: readonly TestTensor[], metadata: Readonly<Record<string, string>>) => {
    const reader = strictReader(writeGguf(tensors, { metadata }));
    return (await digestTensors(reader, await readModelFile(reader))).map((it) => it.sha256);
  };
  const expected = original.map((it) => sha256(it.data));
  assert.deepEqual(await digests(stored, llama), expected);
  assert.deepEqual(await digests(original, { ...llama, "general.architecture": "qwen2" }), expected);
  assert.notDeepEqual(await digests(stored, {}), expected);
});

test("numbers of heads that do not divide the rows change nothing", async () => {
  const model = [tensor("blk.0.attn_q.weight", [24, 12])];
  for (const heads of ["0", "-4", "5", "24", "x", "1e9", "0.5"]) {
    const metadata = { ...llama, "llama.attention.head_count": heads };
    const file = await read(writeGguf(model, { metadata }));
    assert.equal(file.tensors[0]?.interleavedHeads, undefined, heads);
  }
});
