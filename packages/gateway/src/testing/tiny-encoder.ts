/** A text encoder small enough to be written by hand: a table of word vectors, as an ONNX file and a tokenizer.json. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Whether the packages that run an encoder are installed; else why a test is skipped. */
export const encoderSkip = await import("onnxruntime-web" as string)
  .then(() => import("@huggingface/tokenizers" as string))
  .then(
    () => false as const,
    () => "onnxruntime-web and @huggingface/tokenizers are not installed: they are optional",
  );

/** A number of protobuf: seven bits a byte, the lowest first. */
function varint(n: number): Buffer {
  const bytes: number[] = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n & 127) | 128);
  return Buffer.from([...bytes, n]);
}
const whole = (field: number, value: number) => Buffer.concat([varint(field * 8), varint(value)]);
const bytes = (field: number, value: Buffer) => Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);
const text = (field: number, value: string) => bytes(field, Buffer.from(value));

/** ONNX's numbers for types of elements. Source: onnx.proto, TensorProto.DataType. */
const [float32, int64] = [1, 7];

function node(op: string, inputs: readonly string[], output: string, attributes: readonly Buffer[] = []): Buffer {
  return Buffer.concat([
    ...inputs.map((it) => text(1, it)),
    text(2, output),
    text(4, op),
    ...attributes.map((it) => bytes(5, it)),
  ]);
}

function valueInfo(name: string, type: number, dims: readonly (number | string)[]): Buffer {
  const shape = dims.map((it) => bytes(1, typeof it === "number" ? whole(1, it) : text(2, it)));
  return Buffer.concat([
    text(1, name),
    bytes(2, bytes(1, Buffer.concat([whole(1, type), bytes(2, Buffer.concat(shape))]))),
  ]);
}

/** A tensor with its numbers in the file, or in another one: what a hostile model would read. */
function table(rows: readonly (readonly number[])[], outside?: string): Buffer {
  const width = rows[0]?.length ?? 0;
  const data = Buffer.from(Float32Array.from(rows.flat()).buffer);
  const where =
    outside === undefined ? bytes(9, data) : bytes(13, Buffer.concat([text(1, "location"), text(2, outside)]));
  const location = outside === undefined ? [] : [whole(14, 1)];
  return Buffer.concat([
    whole(1, rows.length),
    whole(1, width),
    whole(2, float32),
    text(8, "table"),
    where,
    ...location,
  ]);
}

function modelOf(nodes: readonly Buffer[], initialiser: Buffer, input: string, output: Buffer): Buffer {
  const graph = Buffer.concat([
    ...nodes.map((it) => bytes(1, it)),
    text(2, "tiny"),
    bytes(5, initialiser),
    bytes(11, valueInfo(input, int64, ["one", "tokens"])),
    bytes(12, output),
  ]);
  return Buffer.concat([whole(1, 8), bytes(7, graph), bytes(8, whole(2, 13))]);
}

export interface TinyEncoder {
  /** - `tokens`: a vector for each token. - `pooled`: their mean, by the model itself. - `labels`: a whole number each, which is no vector. */
  readonly answers?: "tokens" | "pooled" | "labels";
  readonly input?: string;
  /** A file that the model says its numbers are in. */
  readonly outside?: string;
  /** A regular expression that its tokenizer splits by: a bad one is never done with some texts. */
  readonly splits?: string;
}

/** The bytes of a model that looks words up in `rows`. */
export function tinyModel(rows: readonly (readonly number[])[], it: TinyEncoder = {}): Buffer {
  const { answers = "tokens", input = "input_ids", outside } = it;
  const width = rows[0]?.length ?? 0;
  const gather = (to: string) => node("Gather", ["table", input], to);
  if (answers === "labels") {
    const shape = node("Shape", [input], "out");
    return modelOf([gather("unused"), shape], table(rows, outside), input, valueInfo("out", int64, [2]));
  }
  if (answers === "tokens")
    return modelOf([gather("out")], table(rows, outside), input, valueInfo("out", float32, ["one", "tokens", width]));
  // AttributeProto: name, whole numbers, type INTS; and one whole number, type INT.
  const axes = Buffer.concat([text(1, "axes"), whole(8, 1), whole(20, 7)]);
  const keep = Buffer.concat([text(1, "keepdims"), whole(3, 0), whole(20, 2)]);
  const mean = node("ReduceMean", ["each"], "sentence_embedding", [axes, keep]);
  return modelOf(
    [gather("each"), mean],
    table(rows, outside),
    input,
    valueInfo("sentence_embedding", float32, ["one", width]),
  );
}

/** A tokenizer of whole words; the first is for those it does not know. */
function tinyTokenizer(words: readonly string[], splits: string | undefined): string {
  return JSON.stringify({
    version: "1.0",
    added_tokens: [],
    normalizer: { type: "Lowercase" },
    pre_tokenizer:
      splits === undefined
        ? { type: "WhitespaceSplit" }
        : { type: "Split", pattern: { Regex: splits }, behavior: "Isolated", invert: false },
    post_processor: null,
    decoder: null,
    model: {
      type: "WordPiece",
      unk_token: words[0],
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(words.map((it, i) => [it, i])),
    },
  });
}

/** Writes both; gives the settings that name them. */
export function writeTinyEncoder(
  folder: string,
  vectors: Readonly<Record<string, readonly number[]>>,
  it?: TinyEncoder,
) {
  const [model, tokenizer] = [join(folder, "encoder.onnx"), join(folder, "tokenizer.json")];
  writeFileSync(model, tinyModel(Object.values(vectors), it));
  writeFileSync(tokenizer, tinyTokenizer(Object.keys(vectors), it?.splits));
  return { model, tokenizer, maxTokens: 32 };
}
