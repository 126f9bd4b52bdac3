// Valid files, small, one list for each format: what the fuzzer mutates.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync, deflateSync, zstdCompressSync } from "node:zlib";
import { writeGguf } from "../src/testing/gguf.ts";
import { writeOnnx } from "../src/testing/onnx.ts";
import { numpyArray, proto, stop, writePickle, writeTorchLegacy, writeTorchZip } from "../src/testing/pickle.ts";
import { writeCoreml, writeOpenvino } from "../src/testing/apple-intel.ts";
import { writeHdf5 } from "../src/testing/hdf5.ts";
import { writeNpy } from "../src/testing/numpy.ts";
import { writeCheckpoint, writeGraph, writeSavedModel, writeTfjs } from "../src/testing/tensorflow.ts";
import { writeTflite } from "../src/testing/tflite.ts";
import { writeSafetensors } from "../src/testing/safetensors.ts";
import { writeTar } from "../src/testing/tar.ts";
import { concat } from "../src/testing/bytes.ts";
import { aModel, tensor } from "../src/testing/tensors.ts";
import { writeZip } from "../src/testing/zip.ts";

const model = [tensor("a.weight", [6, 5]), tensor("b", [3])];
const file = writeSafetensors(model, { format: "pt" });

const source = join(import.meta.dirname, "..", "src");
const packed: Record<string, string> = JSON.parse(
  readFileSync(join(source, "containers", "fixtures", "packed.json"), "utf8"),
);
const chunked: { small: Record<string, string> } = JSON.parse(
  readFileSync(join(source, "hdf5", "fixtures", "chunked.json"), "utf8"),
);
const tarred: { file: string } = JSON.parse(
  readFileSync(join(source, "formats", "fixtures", "pytorch-tar.json"), "utf8"),
);
const fixture = (name: string): Uint8Array => new Uint8Array(Buffer.from(packed[name] ?? "", "base64"));
const heads = { "llama.attention.head_count": "2", "general.architecture": "llama" };
const loose = fixture("loose.7z");

/** By the name that the command line takes. */
export const seeds: Readonly<Record<string, readonly Uint8Array[]>> = {
  safetensors: [file, writeSafetensors(aModel())],
  gguf: [
    writeGguf(model, { metadata: { "general.architecture": "llama", "tokenizer.ggml.tokens": ["a", "b", "c"] } }),
    writeGguf([tensor("blk.0.attn_q.weight", [8, 5]), tensor("blk.0.attn_k.weight", [4, 5])], { metadata: heads }),
    writeGguf(model, { version: 1 }),
    writeGguf(model, { bigEndian: true, alignment: 64 }),
  ],
  onnx: [
    writeOnnx(model).model,
    writeOnnx(model, { inBody: true, domain: "own" }).model,
    writeOnnx(model, { external: "weights.bin" }).model,
  ],
  pytorch: [
    writeTorchZip(model),
    writeTorchZip(model, { deflated: true, extra: [{ name: "code/x.py", data: concat("pass") }] }),
  ],
  "pytorch-legacy": [writeTorchLegacy(model)],
  "pytorch-tar": [new Uint8Array(Buffer.from(tarred.file, "base64")).slice(0, 6 * 1024)],
  pickle: [writePickle(model), concat(proto(2), numpyArray(tensor("t", [4, 3]), true), stop)],
  npy: [writeNpy(tensor("a", [3, 4])), writeNpy(tensor("a", [7]), { order: ">" })],
  npz: [
    writeZip(model.map((it) => ({ name: `${it.name}.npy`, data: writeNpy(it) }))),
    writeZip(model.map((it) => ({ name: `${it.name}.npy`, data: writeNpy(it), deflated: true }))),
  ],
  hdf5: [writeHdf5(model)],
  "hdf5-chunked": Object.values(chunked.small).map((it) => new Uint8Array(gunzipSync(Buffer.from(it, "base64")))),
  keras: [
    writeZip([
      { name: "config.json", data: concat("{}") },
      { name: "model.weights.h5", data: writeHdf5(model) },
    ]),
  ],
  tflite: [writeTflite(model)],
  tfjs: [writeTfjs(model).model],
  "tf-checkpoint": [writeCheckpoint(model).index],
  "tf-graph": [writeGraph(model), writeSavedModel(model)],
  coreml: [writeCoreml(model)],
  openvino: [writeOpenvino(model).xml],
  "shard-index": [
    concat(
      JSON.stringify({
        metadata: { total_size: 9 },
        weight_map: { a: "model-00001-of-00002.safetensors", b: "x.bin" },
      }),
    ),
  ],
  zip: [
    writeZip([
      { name: "a/b.bin", data: file },
      { name: "c", data: file, deflated: true },
    ]),
  ],
  tar: [
    writeTar([
      { name: "a/b.bin", data: file },
      { name: "c.pt", data: writeTorchZip(model) },
    ]),
  ],
  xz: [fixture("xz"), fixture("two-streams.xz"), fixture("xz.zip")],
  lzma: [fixture("lzma"), fixture("lzma.zip")],
  bzip2: [fixture("bz2"), fixture("two-streams.bz2"), fixture("bzip2.zip")],
  lz4: [fixture("lz4"), fixture("sums.lz4"), fixture("linked.lz4")],
  "7z": ["bcj.7z", "lzma.7z", "lzma2.7z", "copy.7z", "loose.7z", "encrypted.7z"].map(fixture),
  "7z-header": [loose.slice(loose.length - headerBytes(loose))],
  lzma2: [fixture("xz").slice(24)],
  streams: [new Uint8Array(gzipSync(file)), new Uint8Array(deflateSync(file)), new Uint8Array(zstdCompressSync(file))],
};

/** Of a 7z's header, which stands at its end. */
function headerBytes(archive: Uint8Array): number {
  return Number(new DataView(archive.buffer, archive.byteOffset).getBigUint64(20, true));
}
