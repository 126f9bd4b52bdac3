import { headBytes } from "../limits.ts";
import type { ModelFile, Reader } from "../tensor.ts";
import { startsWith, type Format } from "./format.ts";

interface Magic {
  readonly name: string;
  readonly bytes: string;
  readonly at?: number;
  /** Nothing smaller is one: for magics that are short or common text. */
  readonly least?: number;
}

/** Formats that are recognised only: their digest is that of the whole file, and any change of it makes another model. */
const magics: readonly Magic[] = [
  { name: "onnxruntime", bytes: "ORTM", at: 4 },
  { name: "litert-lm", bytes: "LITERTLM" },
  { name: "executorch", bytes: "ET12", at: 4 },
  { name: "mindspore", bytes: "MSL0", at: 4 },
  { name: "mindspore", bytes: "MSL1", at: 4 },
  { name: "mindspore", bytes: "MSL2", at: 4 },
  { name: "ggml", bytes: "lmgg", least: 1024 },
  { name: "ggml", bytes: "fmgg", least: 1024 },
  { name: "ggml", bytes: "tjgg", least: 1024 },
  { name: "ggml", bytes: "algg", least: 1024 },
  { name: "tensorrt", bytes: "ptrt", least: 1024 },
  { name: "tensorrt", bytes: "ftrt", least: 1024 },
  { name: "rknn", bytes: "RKNN", least: 1024 },
  { name: "ncnn-param", bytes: "7767517\n" },
  { name: "xgboost", bytes: "binf", least: 64 },
  { name: "xgboost", bytes: "bs64", least: 64 },
  { name: "xgboost", bytes: "{L\0\0\0\0\0\0" },
  { name: "xgboost", bytes: '{"learner":' },
  { name: "lightgbm", bytes: "tree\nversion=v" },
  { name: "catboost", bytes: "CBM1", least: 64 },
];

/** One format for each name. */
export const wholeFormats: readonly Format[] = [...new Set(magics.map((it) => it.name))].map(wholeFormat);

function wholeFormat(name: string): Format {
  const own = magics.filter((it) => it.name === name);
  const mayBe = (head: Uint8Array, size: number): boolean =>
    own.some(({ bytes, at = 0, least = 0 }) => size >= least && startsWith(head, bytes, at));
  return {
    name,
    kind: "whole",
    mayBe,
    recognise: (head, reader) => mayBe(head, reader.size),
    read: async (reader): Promise<ModelFile> => ({
      format: name,
      tensors: [],
      metadata: {},
      findings: [],
      ...(await missingOf(name, reader)),
    }),
  };
}

/** Of the few formats that say how long they are, or how they end. Throws only what the reader throws. */
async function missingOf(name: string, reader: Reader): Promise<{ missingBytes?: number }> {
  const head = Buffer.from(await reader.read(0, Math.min(headBytes, reader.size)));
  const missing = Math.ceil((await lengthOf(name, head, reader)) - reader.size);
  return missing > 0 ? { missingBytes: missing } : {};
}

/** Least length in bytes; 0 where the format does not tell. */
async function lengthOf(name: string, head: Buffer, reader: Reader): Promise<number> {
  switch (name) {
    case "catboost":
      return head.length >= 8 ? 8 + head.readUInt32LE(4) : 0; // CBM1, length of the core
    case "executorch":
      return executorchLength(head);
    case "lightgbm":
      return lightgbmLength(head.toString("latin1"));
    case "xgboost":
      return head[0] === 0x7b && head[1] === 0x22 ? jsonLength(reader) : 0; // {"
    default:
      return 0;
  }
}

/** pytorch/executorch, schema/extended_header.h: length of the program, then where the segments begin and how long they are. */
function executorchLength(head: Buffer): number {
  if (head.length < 40 || head.toString("latin1", 8, 12) !== "eh00") return 0;
  const [program, segmentsAt] = [Number(head.readBigUInt64LE(16)), Number(head.readBigUInt64LE(24))];
  const segments = head.readUInt32LE(12) >= 32 ? Number(head.readBigUInt64LE(32)) : 0;
  return Math.max(program, segmentsAt + segments);
}

/** microsoft/LightGBM, gbdt_model_text.cpp: `tree_sizes` lists the bytes of each tree; they follow an empty line. */
function lightgbmLength(head: string): number {
  const sizes = /\ntree_sizes=([\d ]+)\n\n/.exec(head);
  if (!sizes) return 0;
  const trees = (sizes[1] ?? "").trim().split(" ");
  return sizes.index + sizes[0].length + trees.reduce((sum, it) => sum + Number(it), 0);
}

/** A text in JSON ends with its last brace. */
async function jsonLength(reader: Reader): Promise<number> {
  const length = Math.min(64, reader.size);
  const tail = Buffer.from(await reader.read(reader.size - length, length)).toString("latin1");
  return tail.trimEnd().endsWith("}") ? reader.size : reader.size + 1;
}
