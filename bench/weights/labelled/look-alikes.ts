// What lies beside models on a disk and is none: near misses of every format that is read, and what else fills disks.
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { concat, crc32, u16, u32, u64 } from "../../../packages/weights/src/testing/bytes.ts";
import { writeGguf } from "../../../packages/weights/src/testing/gguf.ts";
import { writeHdf5 } from "../../../packages/weights/src/testing/hdf5.ts";
import { writeNpy } from "../../../packages/weights/src/testing/numpy.ts";
import { writeOnnx } from "../../../packages/weights/src/testing/onnx.ts";
import * as pickle from "../../../packages/weights/src/testing/pickle.ts";
import { bytes, number } from "../../../packages/weights/src/testing/protobuf.ts";
import { Random } from "../../../packages/weights/src/testing/random-model.ts";
import { withHeader } from "../../../packages/weights/src/testing/safetensors.ts";
import { writeTar } from "../../../packages/weights/src/testing/tar.ts";
import { seededBytes } from "../../../packages/weights/src/testing/tensors.ts";
import { writeZip } from "../../../packages/weights/src/testing/zip.ts";
import type { Sample } from "./models.ts";

/** One file for each kind; `modelName` is what a model would be called there. */
export function lookAlikesOf(seed: number): Sample[] {
  const made = {
    ...texts(seed),
    ...archives(seed),
    ...pickles(seed),
    ...arrays(seed),
    ...media(seed),
    ...nearMisses(seed),
  };
  return Object.entries(made).map(([name, [data, modelName]]) => ({
    kind: name,
    files: { [name.replaceAll(/[ ,]+/g, "-")]: data },
    main: name.replaceAll(/[ ,]+/g, "-"),
    renamed: { [modelName]: data },
  }));
}

/** Tables of floating numbers that are data, not weights: by content alone the two cannot be told apart. */
export function numbersOf(seed: number): Sample[] {
  const random = new Random(seed);
  const table = { name: "x", dtype: "f32", shape: [500, 16], data: floats(8000, () => random.uniform() * 100) };
  return [
    { kind: "npy of measurements", files: { "x.npy": writeNpy(table) }, main: "x.npy" },
    { kind: "HDF5 of measurements", files: { "x.h5": writeHdf5([table]) }, main: "x.h5" },
    { kind: "pickle of measurements", files: { "x.pkl": pickle.writePickle([table]) }, main: "x.pkl" },
  ];
}

/** Bytes, and a name that promises a model. */
type Made = Record<string, readonly [Uint8Array, string]>;

function floats(length: number, value: () => number): Uint8Array {
  return new Uint8Array(Float32Array.from({ length }, value).buffer);
}

function words(seed: number, count: number): string {
  const random = new Random(seed);
  const list = [
    "weights",
    "model",
    "tensor",
    "of",
    "the",
    "layer",
    "GGUF",
    "safetensors",
    "is",
    "a",
    "PK",
    "TFL3",
    "learner",
  ];
  return Array.from({ length: count }, () => list[random.below(list.length)]).join(" ");
}

function text(value: string): Uint8Array {
  return Buffer.from(value);
}

function json(value: unknown): Uint8Array {
  return text(JSON.stringify(value, undefined, 2));
}

function texts(seed: number): Made {
  const rows = Array.from({ length: 300 }, (_, i) => `${i},${i / (seed + 1)},${Math.sin(i)}`);
  const vocabulary = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`token${i * seed}`, i]));
  return {
    "json settings": [
      json({ hidden_size: 64 * seed, architectures: ["LlamaForCausalLM"], torch_dtype: "bfloat16" }),
      "model.safetensors",
    ],
    "json tokenizer": [json({ version: "1.0", model: { type: "BPE", vocab: vocabulary, merges: [] } }), "model.json"],
    "json lock file": [
      json({ name: "x", lockfileVersion: 3, packages: { "node_modules/a": { version: `1.0.${seed}` } } }),
      "model.safetensors.index.json",
    ],
    "json of another model.json": [
      json({ metadata: { version: 3, type: "Geometry" }, vertices: Array.from({ length: 300 }, (_, i) => i * seed) }),
      "model.json",
    ],
    "json lines": [text(rows.map((it) => JSON.stringify({ it })).join("\n")), "model.bin"],
    "json of a learner": [json({ learner: "Ada", course: seed }), "xgboost.json"],
    "prose on formats": [text(`GGUF is a format. ${words(seed, 2000)}`), "model.gguf"],
    csv: [text(`a,b,c\n${rows.join("\n")}`), "model.bin"],
    "source code": [text(`import torch\nmodel = torch.load("model-${seed}.pt")\n`.repeat(50)), "model.py.bin"],
    yaml: [text(`tree:\n  version: v${seed}\n  weights: [1, 2, 3]\n`.repeat(40)), "model.txt"],
    "text that begins with tree": [text(`tree\nversions of this garden\n${words(seed, 400)}`), "model.txt"],
    svg: [
      text(`<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><net name="x"/></svg>\n${" ".repeat(seed)}`),
      "model.xml",
    ],
    "xml of a network": [
      text(`<?xml version="1.0"?>\n<network name="n${seed}"><node id="1"/></network>\n`),
      "model.xml",
    ],
    pem: [
      text(
        `-----BEGIN CERTIFICATE-----\n${Buffer.from(seededBytes(900, `pem${seed}`)).toString("base64")}\n-----END CERTIFICATE-----\n`,
      ),
      "model.bin",
    ],
    "base64 of noise": [text(Buffer.from(seededBytes(30_000, `b64${seed}`)).toString("base64")), "model.b64"],
  };
}

function archives(seed: number): Made {
  const prose = text(words(seed, 3000));
  const python = text(`class Model:\n    weights = ${seed}\n`.repeat(30));
  return {
    "zip of text": [writeZip([{ name: "a.txt", data: prose, deflated: true }]), "model.pt"],
    wheel: [
      writeZip([
        { name: "torchy/__init__.py", data: python, deflated: true },
        { name: "torchy-1.0.dist-info/METADATA", data: text("Name: torchy\n"), deflated: true },
        { name: "torchy-1.0.dist-info/RECORD", data: text("torchy/__init__.py,,\n"), deflated: true },
      ]),
      "archive.pt",
    ],
    "office document": [
      writeZip([
        { name: "[Content_Types].xml", data: text("<Types/>"), deflated: true },
        { name: "word/document.xml", data: prose, deflated: true },
      ]),
      "model.keras",
    ],
    jar: [
      writeZip([
        { name: "META-INF/MANIFEST.MF", data: text("Manifest-Version: 1.0\n") },
        { name: "a/B.class", data: concat("\xca\xfe\xba\xbe", seededBytes(900, `jar${seed}`)) },
      ]),
      "model.npz",
    ],
    "tar of text": [
      writeTar([
        { name: "a.txt", data: prose },
        { name: "b.py", data: python },
      ]),
      "model.nemo",
    ],
    "zip of settings of a torch run": [
      writeZip(
        [
          { name: "archive/data.pkl", data: settings(seed) },
          { name: "archive/version", data: text("3\n") },
        ],
        { asTorch: true },
      ),
      "pytorch_model.bin",
    ],
    "git pack": [concat("PACK", u32(0x02000000), seededBytes(20_000, `git${seed}`)), "model.bin"],
  };
}

function settings(seed: number): Uint8Array {
  return concat(
    pickle.proto(2),
    pickle.dict([
      [pickle.text("lr"), pickle.int(seed)],
      [pickle.text("epochs"), pickle.int(3)],
      [pickle.text("layers"), pickle.tuple(...[64, 128, 256].map(pickle.int))],
    ]),
    pickle.stop,
  );
}

function pickles(seed: number): Made {
  const many = Array.from({ length: 400 }, (_, i) => [pickle.text(`key ${i}`), pickle.int(i * seed)] as const);
  return {
    "pickle of settings": [settings(seed), "model.pkl"],
    "pickle of a large dict": [concat(pickle.proto(4), pickle.dict(many), pickle.stop), "pytorch_model.bin"],
    "pickle of texts": [
      concat(pickle.proto(4), pickle.tuple(...many.map(([key]) => key)), pickle.stop),
      "model.joblib",
    ],
    "pickle of a date": [
      concat(
        pickle.proto(4),
        pickle.call(pickle.global("datetime", "date"), pickle.rawBytes(Uint8Array.of(7, 234, 11, seed))),
        pickle.stop,
      ),
      "model.pkl",
    ],
    "pickle, protocol 0": [text(`(dp0\nVlr\np1\nI${seed}\nsVepochs\np2\nI3\ns.`), "model.pkl"],
  };
}

function arrays(seed: number): Made {
  const random = new Random(seed);
  const i64 = (length: number): Uint8Array => concat(...Array.from({ length }, () => u64(random.below(1000))));
  const pixels = seededBytes(10 * 28 * 28, `mnist${seed}`);
  const few = floats(9 + seed, () => random.normal());
  const images = { name: "images", dtype: "u8", shape: [10, 28, 28], data: pixels };
  const labels = { name: "labels", dtype: "i64", shape: [200], data: i64(200) };
  return {
    "npy of indexes": [writeNpy(labels), "weights.npy"],
    "npy of images": [writeNpy(images), "weights.npy"],
    "npy of a few numbers": [writeNpy({ name: "few", dtype: "f32", shape: [9 + seed], data: few }), "weights.npy"],
    "npy of texts": [
      writeNpy({ name: "t", dtype: "u8", shape: [50], data: new Uint8Array(50 * 20) }, { code: "<U5" }),
      "weights.npy",
    ],
    "npz of images and labels": [
      writeZip([
        { name: "images.npy", data: writeNpy(images) },
        { name: "labels.npy", data: writeNpy(labels) },
      ]),
      "weights.npz",
    ],
    "HDF5 without data": [writeHdf5([]), "model.h5"],
  };
}

/** PNG, RFC 2083 chunk. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = concat(type, data);
  return concat(u32(data.length).reverse(), body, u32(crc32(body)).reverse());
}

function media(seed: number): Made {
  const noise = (name: string, length = 20_000): Uint8Array => seededBytes(length, `${name}${seed}`);
  const png = concat(
    "\x89PNG\r\n\x1a\n",
    chunk("IHDR", concat(u32(64).reverse(), u32(64).reverse(), Uint8Array.of(8, 2, 0, 0, 0))),
    chunk("IDAT", new Uint8Array(deflateSync(noise("png", 64 * 193)))),
    chunk("IEND", new Uint8Array(0)),
  );
  const sqlite = concat("SQLite format 3\0", u16(0x0010), Uint8Array.of(1, 1, 0, 64, 32, 32), noise("sqlite", 8170));
  return {
    png: [png, "model.bin"],
    jpeg: [concat("\xff\xd8\xff\xe0\0\x10JFIF\0", noise("jpeg")), "model.pt"],
    wav: [
      concat(
        "RIFF",
        u32(20_036),
        "WAVEfmt ",
        u32(16),
        u16(1),
        u16(1),
        u32(8000),
        u32(16_000),
        u16(2),
        u16(16),
        "data",
        u32(20_000),
        noise("wav"),
      ),
      "model.bin",
    ],
    mp4: [concat(u32(0x18000000), "ftypisom", noise("mp4")), "model.tflite"],
    sqlite: [sqlite, "model.db"],
    parquet: [concat("PAR1", noise("parquet"), u32(100), "PAR1"), "model.bin"],
    arrow: [concat("ARROW1\0\0", noise("arrow"), "ARROW1"), "model.bin"],
    tfrecord: [concat(u64(200), u32(1), bytes(1, noise("tfr", 190)), u32(2)), "model.pb"],
    pdf: [concat("%PDF-1.7\n", noise("pdf")), "model.pt"],
    font: [concat("wOF2", noise("font")), "model.bin"],
    elf: [concat("\x7fELF\x02\x01\x01", new Uint8Array(9), noise("elf")), "m.llamafile"],
    "windows program": [concat("MZ\x90\0", noise("exe")), "m.llamafile"],
    pyc: [concat("\xcb\x0d\x0d\x0a", new Uint8Array(12), "\xe3", noise("pyc", 2000)), "model.pkl"],
    "compressed noise": [new Uint8Array(deflateSync(noise("z"))), "model.bin"],
  };
}

/** Begin as a format does and go on otherwise, or are of the format and hold no weight. */
function nearMisses(seed: number): Made {
  const noise = (length: number): Uint8Array => seededBytes(length, `near${seed}`);
  const digest = createHash("sha256").update(String(seed)).digest();
  return {
    "random bytes": [noise(50_000), "model.bin"],
    zeros: [new Uint8Array(4096 * seed), "model.bin"],
    "a key of 32 bytes": [new Uint8Array(digest), "model.bin"],
    "length and brace": [
      concat(u64(64), `{"hello": "world", "n": ${seed}}`.padEnd(64), noise(500)),
      "model.safetensors",
    ],
    "safetensors without tensors": [withHeader('{"__metadata__":{"format":"pt"}}'), "model.safetensors"],
    "GGUF of a vocabulary": [
      writeGguf([], {
        metadata: { "general.architecture": "llama", "tokenizer.ggml.tokens": ["a", "b", String(seed)] },
      }),
      "ggml-vocab.gguf",
    ],
    "ONNX without weights": [writeOnnx([]).model, "model.onnx"],
    "another protobuf": [
      concat(number(1, 8), bytes(2, words(seed, 40)), bytes(3, noise(300)), number(4, seed)),
      "model.onnx",
    ],
    "another flatbuffer": [concat(u32(24), "MONS", noise(3000)), "model.tflite"],
    "SSTable without magic": [concat(noise(3000), new Uint8Array(48)), "variables.index"],
    "opcodes of chance": [concat("\x80\x04", noise(3000)), "model.pkl"],
  };
}
