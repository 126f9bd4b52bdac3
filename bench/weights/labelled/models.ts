// Models in every format that is read, small, with seeded weights. The writers know nothing of the readers.
import { createHash } from "node:crypto";
import { writeCoreml, writeOpenvino } from "../../../packages/weights/src/testing/apple-intel.ts";
import { concat, u32, u64 } from "../../../packages/weights/src/testing/bytes.ts";
import { writeGguf } from "../../../packages/weights/src/testing/gguf.ts";
import { writeHdf5 } from "../../../packages/weights/src/testing/hdf5.ts";
import { writeNpy } from "../../../packages/weights/src/testing/numpy.ts";
import { writeOnnx } from "../../../packages/weights/src/testing/onnx.ts";
import * as pickle from "../../../packages/weights/src/testing/pickle.ts";
import { encode, type Encoded } from "../../../packages/weights/src/testing/quantise.ts";
import { Random } from "../../../packages/weights/src/testing/random-model.ts";
import { writeSafetensors } from "../../../packages/weights/src/testing/safetensors.ts";
import { writeTar } from "../../../packages/weights/src/testing/tar.ts";
import {
  writeCheckpoint,
  writeGraph,
  writeSavedModel,
  writeTfjs,
} from "../../../packages/weights/src/testing/tensorflow.ts";
import { seededBytes, type TestTensor } from "../../../packages/weights/src/testing/tensors.ts";
import { writeTflite } from "../../../packages/weights/src/testing/tflite.ts";
import { writeZip } from "../../../packages/weights/src/testing/zip.ts";

/** Something on a disk: one file, or several that need each other. */
export interface Sample {
  readonly kind: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** The file that holds most: the one that is cut. */
  readonly main: string;
  /** The same under names that tell nothing. Default: the only file as `holiday.jpg`. */
  readonly renamed?: Readonly<Record<string, Uint8Array>>;
}

/** One model for each format. */
export function modelsOf(seed: number): Sample[] {
  const tensors = network(seed);
  return [
    ...safetensorsModels(tensors, seed),
    ...ggufModels(seed),
    ...pythonModels(tensors),
    ...graphModels(tensors),
    ...treeModels(seed),
  ];
}

/** A small network whose sizes depend on the seed. */
function network(seed: number, dtype: Encoded = "f32"): TestTensor[] {
  const random = new Random(9000 + seed);
  const [width, hidden] = [64 + 32 * (seed % 3), 128 + 32 * (seed % 4)];
  const shapes: [string, number[]][] = [["embed.weight", [160 + 32 * seed, width]]];
  for (let layer = 0; layer < 2; layer++) {
    shapes.push([`layers.${layer}.up.weight`, [hidden, width]], [`layers.${layer}.down.weight`, [width, hidden]]);
    shapes.push([`layers.${layer}.norm.weight`, [width]]);
  }
  return shapes.map(([name, shape]) => {
    const length = shape.reduce((product, it) => product * it, 1);
    const values = Float32Array.from({ length }, () => 0.05 * random.normal());
    const stored = shape.length > 1 ? dtype : "f32";
    return { name, dtype: stored, shape, data: encode(values, stored) };
  });
}

function one(kind: string, name: string, data: Uint8Array): Sample {
  return { kind, files: { [name]: data }, main: name };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value, undefined, 2));
}

function safetensorsModels(tensors: readonly TestTensor[], seed: number): Sample[] {
  const half = tensors.length >> 1;
  const shards = [writeSafetensors(tensors.slice(0, half)), writeSafetensors(tensors.slice(half))] as const;
  const names = [1, 2].map((it) => `model-0000${it}-of-00002.safetensors`);
  const map = Object.fromEntries(tensors.map((it, i) => [it.name, names[Number(i >= half)] ?? ""]));
  const index = json({ metadata: { total_size: 1 }, weight_map: map });
  const [first = "", second = ""] = names;
  return [
    one("safetensors", "model.safetensors", writeSafetensors(tensors, { format: "pt" })),
    one("safetensors bf16", "model.safetensors", writeSafetensors(network(seed, "bf16"))),
    {
      kind: "safetensors, sharded",
      files: { [first]: shards[0], [second]: shards[1], "model.safetensors.index.json": index },
      main: second,
      renamed: { "a.bin": shards[0], "b.bin": shards[1] },
    },
    {
      kind: "LoRA adapter",
      files: {
        "adapter_config.json": json({ peft_type: "LORA", r: 8, base_model_name_or_path: "some/base" }),
        "adapter_model.safetensors": writeSafetensors(adapter(seed)),
      },
      main: "adapter_model.safetensors",
      renamed: { "holiday.jpg": writeSafetensors(adapter(seed)) },
    },
  ];
}

function adapter(seed: number): TestTensor[] {
  return [0, 1].flatMap((layer) =>
    (["A", "B"] as const).map((side) => {
      const name = `base_model.model.layers.${layer}.q_proj.lora_${side}.weight`;
      const shape = side === "A" ? [8, 256] : [256, 8];
      return { name, dtype: "f32", shape, data: small(8 * 256, `${seed} ${name}`) };
    }),
  );
}

/** Small normal floats; the seed is text. */
function small(count: number, seed: string): Uint8Array {
  const words = new DataView(seededBytes(4, seed).buffer);
  const random = new Random(words.getUint32(0));
  return new Uint8Array(Float32Array.from({ length: count }, () => 0.02 * random.normal()).buffer);
}

function ggufModels(seed: number): Sample[] {
  const metadata = { "general.architecture": "llama", "tokenizer.ggml.tokens": ["<s>", "a", "b"] };
  const file = (dtype: Encoded): Uint8Array => writeGguf(blocks(network(seed, dtype)), { metadata });
  const blob = file("q8_0");
  const digest = createHash("sha256").update(blob).digest("hex");
  const media = "application/vnd.ollama.image.model";
  return [
    one("GGUF f16", "model.gguf", file("f16")),
    one("GGUF q4_0", "model-Q4_0.gguf", file("q4_0")),
    {
      kind: "Ollama blob",
      files: {
        [`blobs/sha256-${digest}`]: blob,
        "manifests/library/m/latest": json({
          layers: [{ mediaType: media, digest: `sha256:${digest}`, size: blob.length }],
        }),
      },
      main: `blobs/sha256-${digest}`,
      renamed: { "holiday.jpg": blob },
    },
    one(
      "llamafile",
      "m.llamafile",
      writeZip(
        [
          { name: ".args", data: Buffer.from("-m\nmodel.gguf\n") },
          { name: "model.gguf", data: file("f16"), alignment: 65536 },
        ],
        { prefix: concat("MZqFpD='\n", seededBytes(30_000, `ape ${seed}`)) },
      ),
    ),
  ];
}

/** Rows of whole blocks only: the vectors stay, as llama.cpp keeps them. */
function blocks(tensors: readonly TestTensor[]): TestTensor[] {
  return tensors.filter((it) => it.shape.length === 1 || (it.shape[1] ?? 0) % 32 === 0);
}

function pythonModels(tensors: readonly TestTensor[]): Sample[] {
  const code = { name: "code/__torch__/m.py", data: Buffer.from("class M(Module):\n  pass\n") };
  const constants = { name: "constants.pkl", data: concat(pickle.proto(2), ")", pickle.stop) };
  const matrices = tensors.filter((it) => it.shape.length === 2);
  const [first = tensors[0]] = matrices;
  const npz = (deflated: boolean): Uint8Array =>
    writeZip(tensors.map((it) => ({ name: `${it.name}.npy`, data: writeNpy(it), deflated })));
  return [
    one("PyTorch zip", "pytorch_model.bin", pickle.writeTorchZip(tensors)),
    one("TorchScript", "model.pt", pickle.writeTorchZip(tensors, { root: "m", extra: [code, constants] })),
    one("PyTorch legacy", "model.pth", pickle.writeTorchLegacy(tensors)),
    one("pickle", "model.pkl", pickle.writePickle(tensors)),
    one("pickle, protocol 2", "model.pkl", pickle.writePickleAsText(tensors)),
    one("joblib", "model.joblib", writeJoblib(tensors)),
    one("npy", "weights.npy", first ? writeNpy(first) : new Uint8Array(0)),
    one("npz", "weights.npz", npz(false)),
    one("npz, compressed", "weights.npz", npz(true)),
    one("HDF5", "model.h5", writeHdf5(tensors)),
    one(
      "Keras",
      "model.keras",
      writeZip([
        { name: "metadata.json", data: json({ keras_version: "3.5.0" }), deflated: true },
        { name: "config.json", data: json({ class_name: "Functional", config: { layers: [] } }), deflated: true },
        { name: "model.weights.h5", data: writeHdf5(tensors) },
      ]),
    ),
    one(
      "NeMo",
      "model.nemo",
      writeTar([
        { name: "./model_config.yaml", data: Buffer.from("target: nemo.collections.asr\n") },
        { name: "./model_weights.ckpt", data: pickle.writeTorchZip(tensors) },
      ]),
    ),
  ];
}

/** A dict of arrays as joblib 1.x dumps it: each array's bytes follow its wrapper, aligned to 16. */
export function writeJoblib(tensors: readonly TestTensor[]): Uint8Array {
  let out = concat(pickle.proto(4), "}");
  for (const { name, shape, data } of tensors) {
    const type = concat(
      pickle.call(pickle.global("numpy", "dtype"), pickle.text("f4"), concat("\x89"), concat("\x88")),
      pickle.tuple(
        pickle.int(3),
        pickle.text("<"),
        pickle.none,
        pickle.none,
        pickle.none,
        pickle.int(-1),
        pickle.int(-1),
        pickle.int(0),
      ),
      "b",
    );
    const state = pickle.dict([
      [pickle.text("subclass"), pickle.global("numpy", "ndarray")],
      [pickle.text("shape"), pickle.tuple(...shape.map(pickle.int))],
      [pickle.text("order"), pickle.text("C")],
      [pickle.text("dtype"), type],
      [pickle.text("allow_mmap"), concat("\x88")],
      [pickle.text("numpy_array_alignment_bytes"), pickle.int(16)],
    ]);
    const wrapper = concat(pickle.global("joblib.numpy_pickle", "NumpyArrayWrapper"), ")\x81", state, "b");
    out = concat(out, pickle.text(name), wrapper);
    const gap = 16 - ((out.length + 1) % 16);
    out = concat(out, Uint8Array.of(gap), new Uint8Array(gap).fill(0xff), data, "s");
  }
  return concat(out, pickle.stop);
}

function graphModels(tensors: readonly TestTensor[]): Sample[] {
  const external = writeOnnx(tensors, { external: "weights.bin" });
  const total = tensors.reduce((sum, it) => sum + it.data.length, 0);
  const tfjs = writeTfjs(tensors, Math.ceil(total / 2));
  const { xml, bin } = writeOpenvino(tensors);
  const { index, data } = writeCheckpoint(tensors);
  const part = "data-00000-of-00001";
  const [shard = ""] = Object.keys(tfjs.shards);
  return [
    one("ONNX", "model.onnx", writeOnnx(tensors).model),
    {
      kind: "ONNX, external data",
      files: { "model.onnx": external.model, "weights.bin": external.data },
      main: "weights.bin",
      renamed: { "holiday.jpg": external.model, "weights.bin": external.data },
    },
    one("TFLite", "model.tflite", writeTflite(tensors)),
    one("frozen graph", "graph.pb", writeGraph(tensors)),
    {
      kind: "SavedModel",
      files: {
        "saved_model.pb": writeSavedModel([]),
        "variables/variables.index": index,
        [`variables/variables.${part}`]: data,
      },
      main: `variables/variables.${part}`,
      renamed: { "notes.index": index, [`notes.${part}`]: data },
    },
    {
      kind: "TensorFlow checkpoint",
      files: { "model.ckpt-100.index": index, [`model.ckpt-100.${part}`]: data },
      main: `model.ckpt-100.${part}`,
      renamed: { "notes.index": index, [`notes.${part}`]: data },
    },
    {
      kind: "TensorFlow.js",
      files: { "model.json": tfjs.model, ...tfjs.shards },
      main: shard,
      renamed: { "notes.txt": tfjs.model, ...tfjs.shards },
    },
    {
      kind: "Core ML",
      files: {
        "m.mlpackage/Data/weights/weight.bin": writeCoreml(tensors),
        "m.mlpackage/Manifest.json": json({ fileFormatVersion: "1.0.0" }),
      },
      main: "m.mlpackage/Data/weights/weight.bin",
      renamed: { "holiday.jpg": writeCoreml(tensors) },
    },
    {
      kind: "OpenVINO",
      files: { "model.xml": xml, "model.bin": bin },
      main: "model.bin",
      renamed: { "notes.txt": xml, "notes.bin": bin },
    },
  ];
}

/** Recognised by their first bytes alone. */
function treeModels(seed: number): Sample[] {
  const trees = Array.from(
    { length: 60 },
    (_, i) => `Tree=${i}\nnum_leaves=31\nsplit_feature=${i * seed} 7 3\nthreshold=0.5 ${i / 7} 2\n`,
  );
  const treeSizes = trees.map((it) => it.length).join(" ");
  const body = (name: string): Uint8Array => seededBytes(20_000, `${name} ${seed}`);
  const random = new Random(seed);
  const splits = (): number[] => Array.from({ length: 63 }, () => random.normal());
  const boosted = Array.from({ length: 20 }, (_, id) => ({ id, split_conditions: splits(), base_weights: splits() }));
  const learner = { learner: { attributes: {}, gradient_booster: { model: { trees: boosted } } }, version: [2, 1, 1] };
  return [
    one("XGBoost", "model.json", Buffer.from(JSON.stringify(learner))),
    one(
      "LightGBM",
      "model.txt",
      Buffer.from(`tree\nversion=v4\nnum_class=1\ntree_sizes=${treeSizes}\n\n${trees.join("")}\nend of trees\n`),
    ),
    one("CatBoost", "model.cbm", concat("CBM1", u32(20_000), body("cbm"))),
    one("TensorRT engine", "model.engine", concat("ftrt", u32(0), body("trt"))),
    one(
      "ExecuTorch",
      "model.pte",
      concat(u32(32), "ET12", "eh00", u32(32), u64(4096), u64(4096), u64(20_000 - 4096 + 40), body("pte")),
    ),
  ];
}
