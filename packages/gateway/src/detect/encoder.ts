// An encoder of texts that the operator brings as an ONNX file. It runs in WebAssembly, in the detectors' thread, from bytes that were
// read here: nothing is downloaded, and the model cannot name a file.
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { GatewayEncoder } from "@outweigh/schema";
import { GatewayError } from "../error.ts";

/** Largest model read: base-sized encoders in 32 bits are below, and WebAssembly has 4 GiB in all (CWE-770). */
export const maxModelBytes = 512 * 1024 * 1024;
/** Largest tokenizer read: 250,000 words of several languages are 17 MB. */
export const maxTokenizerBytes = 32 * 1024 * 1024;
/** Longest vector of an answer; known encoders give up to 4,096 numbers. */
export const maxVectorLength = 8192;
/** Characters read for each token that is taken: words are shorter, and a tokenizer's time grows with its text. */
const charactersPerToken = 16;

/** Turns a text into a vector of unit length. */
export interface Encoder {
  /** SHA-256 of model, tokenizer and settings in hexadecimal: vectors of different encoders cannot be compared. */
  readonly digest: string;
  /** Length of its vectors. */
  readonly dimensions: number;
  /** @throws {GatewayError} BAD_ENCODER where the model fails, or answers in another shape than at its start. */
  encode(text: string): Promise<Float32Array>;
}

/** What we use of `@huggingface/tokenizers` and `onnxruntime-web`: optional peers, absent where nobody wants an encoder. */
interface Tokenizer {
  encode(text: string): { readonly ids: readonly number[] };
}
interface Tensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}
interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}
interface Runtime {
  readonly env: { readonly wasm: { numThreads?: number; proxy?: boolean }; logLevel?: string };
  readonly Tensor: new (type: "int64", data: BigInt64Array, dims: readonly number[]) => Tensor;
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
}

/**
 * Loads an encoder and tries it once.
 * @throws {GatewayError} BAD_ENCODER when a package or a file is missing, too large or not one, or the model does not answer a text
 * with one vector for each token or one for all.
 */
export async function loadEncoder(settings: GatewayEncoder): Promise<Encoder> {
  const model = readFile(settings.model, maxModelBytes);
  const tokenizer = readFile(settings.tokenizer, maxTokenizerBytes);
  const runtime: Runtime = await peer("onnxruntime-web");
  const { Tokenizer }: { Tokenizer: new (file: object, config: object) => Tokenizer } =
    await peer("@huggingface/tokenizers");
  const words = await attempt(settings.tokenizer, () => new Tokenizer(JSON.parse(tokenizer.toString("utf8")), {}));
  runtime.env.wasm.numThreads = 1;
  runtime.env.wasm.proxy = false;
  runtime.env.logLevel = "error";
  const session = await attempt(settings.model, () =>
    runtime.InferenceSession.create(model, { executionProviders: ["wasm"], graphOptimizationLevel: "all" }),
  );
  const output = outputOf(settings, session);
  const unknown = session.inputNames.find((it) => !(it in inputs));
  if (unknown !== undefined || !session.inputNames.includes("input_ids"))
    throw bad(
      `${settings.model}: expected the inputs ${Object.keys(inputs).join(", ")}, got ${session.inputNames.join(", ")}`,
    );

  const run = async (text: string): Promise<Float32Array> => {
    const cut = text.slice(0, settings.maxTokens * charactersPerToken);
    const ids = words.encode(cut).ids.slice(0, settings.maxTokens);
    // An empty prompt has no token, and no direction either.
    const taken = ids.length === 0 ? [0] : ids;
    const feeds = Object.fromEntries(
      session.inputNames.map((name) => {
        const data = BigInt64Array.from(taken, (id) => BigInt(inputs[name]?.(id) ?? 0));
        return [name, new runtime.Tensor("int64", data, [1, taken.length])];
      }),
    );
    const answer = (await session.run(feeds))[output];
    return pooled(settings.model, answer, taken.length);
  };
  const { length } = await attempt(settings.model, () => run("Which way does the wind blow?"));
  return {
    digest: createHash("sha256")
      .update(JSON.stringify([digestOf(model), digestOf(tokenizer), settings.maxTokens, output]))
      .digest("hex"),
    dimensions: length,
    encode: async (text) => {
      const vector = await attempt(settings.model, () => run(text));
      if (vector.length !== length) throw bad(`${settings.model}: expected ${length} numbers, got ${vector.length}`);
      return vector;
    },
  };
}

/** What a model may be asked with, from the id of each token. One text is one row, so nothing is masked. */
const inputs: Readonly<Record<string, (id: number) => number>> = {
  input_ids: (id) => id,
  attention_mask: () => 1,
  token_type_ids: () => 0,
};

/** The output named in the settings, else the one that models for sentences call so, else the first. */
function outputOf({ model, output }: GatewayEncoder, { outputNames }: Session): string {
  const name = output ?? (outputNames.includes("sentence_embedding") ? "sentence_embedding" : outputNames[0]);
  if (name === undefined || !outputNames.includes(name))
    throw bad(`${model}: expected an output ${name ?? "at all"}, got ${outputNames.join(", ")}`);
  return name;
}

/** The mean over the tokens, or the one vector there is, at unit length; zeros stay zeros. */
function pooled(model: string, answer: Tensor | undefined, tokens: number): Float32Array {
  const dims = answer?.dims ?? [];
  const rows = dims.length === 3 ? dims[1] : 1;
  const width = dims.at(-1) ?? 0;
  const isShape = (dims.length === 2 || (dims.length === 3 && rows === tokens)) && dims[0] === 1;
  const data = answer?.data;
  if (
    !isShape ||
    !(data instanceof Float32Array) ||
    data.length !== (rows ?? 0) * width ||
    width < 2 ||
    width > maxVectorLength
  ) {
    const got = `${answer?.type ?? "nothing"} [${dims.join(", ")}]`;
    throw bad(`${model}: expected float32 [1, ${tokens}, n] or [1, n] with n from 2 to ${maxVectorLength}, got ${got}`);
  }
  const sum = new Float64Array(width);
  for (let i = 0; i < data.length; i++) sum[i % width]! += data[i]!;
  const length = Math.sqrt(sum.reduce((squared, it) => squared + it * it, 0));
  if (!Number.isFinite(length)) throw bad(`${model}: a number of its answer is not finite`);
  return Float32Array.from(sum, (it) => (length === 0 ? 0 : it / length));
}

function readFile(path: string, most: number): Buffer {
  try {
    const { size } = statSync(path);
    if (size > most) throw new Error(`${size} bytes; at most ${most} are read`);
    return readFileSync(path);
  } catch (cause) {
    throw bad(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

/** A package that is installed only by those who want it; by a name in a variable, so that types need it no more than the program does. */
async function peer<T>(name: string): Promise<T> {
  try {
    return await import(name);
  } catch (cause) {
    throw bad(`an encoder needs the package ${name}: npm install onnxruntime-web @huggingface/tokenizers`, cause);
  }
}

/** Whatever a foreign package throws, as ours, with the file it is about. */
async function attempt<T>(file: string, what: () => T | Promise<T>): Promise<T> {
  try {
    return await what();
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw bad(`${file}: ${(cause instanceof Error ? cause.message : String(cause)).slice(0, 300)}`, cause);
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function bad(message: string, cause?: unknown): GatewayError {
  return new GatewayError("BAD_ENCODER", message, cause === undefined ? undefined : { cause });
}
