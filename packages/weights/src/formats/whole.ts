import type { ModelFile } from "../tensor.ts";
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
    read: (): Promise<ModelFile> => Promise.resolve({ format: name, tensors: [], metadata: {}, findings: [] }),
  };
}
