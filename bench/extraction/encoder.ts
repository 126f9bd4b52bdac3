// What an encoder's vectors cost and change in place of hashed ones. The encoder is whatever `--encoder MODEL --tokenizer FILE` names;
// without it, real word vectors out of a package of others, where `npm run bench -- weights zoo` has left it, averaged.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { loadEncoder, type Encoder } from "../../packages/gateway/src/index.ts";
import { encoderSkip, tinyModel } from "../../packages/gateway/src/testing/tiny-encoder.ts";
import { embedText, PromptPath, textKey, TextReader, type Prompt } from "../../packages/extraction/src/index.ts";
import { measurePrompts, readStreams, type PromptSignalResult, type PromptStream } from "./prompts.ts";

/** Universal Sentence Encoder lite (Apache-2.0); only the table of its word vectors is used. */
const words = join(tmpdir(), "outweigh-bench-zoo", "@energetic-ai+model-embeddings-en@0.2.0", "package", "dist");
const usual = `word vectors of ${basename(join(words, "..", ".."))}, averaged`;
/** Prompts that speed is measured on. */
const timed = 2000;
/** Signals that look at vectors; the others stay as they are. */
const looking = ["coverage", "novelty", "heaps"];

export interface EncoderResult {
  readonly name: string;
  readonly dimensions: number;
  /** Prompts a second of CPU time, vectors alone. */
  readonly promptsPerSecond: number;
  readonly hashedPerSecond: number;
  readonly signals: Readonly<Record<string, PromptSignalResult>>;
}

/** Undefined where there are no prompt streams, no encoder, or not the packages that run one. */
export async function measureEncoder(
  folder: string,
  splits: number,
  given: { readonly model: string | undefined; readonly tokenizer: string | undefined },
): Promise<EncoderResult | undefined> {
  const streams = readStreams(folder);
  if (!streams || encoderSkip !== false) return undefined;
  const { model, tokenizer } = given;
  const own = mkdtempSync(join(tmpdir(), "outweigh-bench-encoder-"));
  try {
    const files = model !== undefined && tokenizer !== undefined ? { model, tokenizer } : writeWordVectors(own);
    if (!files) return undefined;
    const encoder = await loadEncoder({ ...files, maxTokens: 256 });
    const measured = measurePrompts(folder, splits, { streams, vectors: await vectorsOf(encoder, streams) }) ?? {};
    return {
      name: model === undefined ? usual : basename(model),
      dimensions: encoder.dimensions,
      ...(await speeds(encoder, streams)),
      signals: Object.fromEntries(Object.entries(measured).filter(([it]) => looking.includes(it))),
    };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** Each text is encoded once: what is outside of templates does not depend on rates or keys. */
async function vectorsOf(encoder: Encoder, streams: readonly PromptStream[]) {
  const known = new Map<string, Float32Array>();
  const out = new Map<readonly Prompt[], Float32Array[]>();
  for (const { prompts } of streams) {
    const path = new PromptPath(new TextReader(textKey(new Uint8Array(32))), { elicitation: 0.01, grading: 0.01 });
    const vectors: Float32Array[] = [];
    for (const it of prompts) {
      const text = path.begin(it);
      const vector = known.get(text) ?? (await encoder.encode(text));
      known.set(text, vector);
      path.finish(it, vector);
      vectors.push(vector);
    }
    out.set(prompts, vectors);
  }
  return out;
}

async function speeds(encoder: Encoder, streams: readonly PromptStream[]) {
  const texts = streams.flatMap((it) => it.prompts.slice(0, 10).map(({ text }) => text)).slice(0, timed);
  const key = textKey(new Uint8Array(32));
  const began = process.cpuUsage();
  for (const it of texts) embedText(it, key);
  const hashed = process.cpuUsage(began).user;
  const then = process.cpuUsage();
  for (const it of texts) await encoder.encode(it);
  const encoded = process.cpuUsage(then).user;
  const perSecond = (us: number) => Math.round((1e6 * texts.length) / us);
  return { promptsPerSecond: perSecond(encoded), hashedPerSecond: perSecond(hashed) };
}

interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** Writes the word vectors as a model with a tokenizer; undefined where the package was not fetched. */
function writeWordVectors(to: string): { model: string; tokenizer: string } | undefined {
  if (!existsSync(join(words, "model.json"))) {
    process.stderr.write("no encoder: fetch one with `npm run bench -- weights zoo`, or name one with --encoder\n");
    return undefined;
  }
  const json = JSON.parse(readFileSync(join(words, "model.json"), "utf8"));
  const manifest = json.weightsManifest as { paths: string[]; weights: Weight[] }[];
  const bytes = Buffer.concat(manifest.flatMap((it) => it.paths.map((path) => readFileSync(join(words, path)))));
  let at = 0;
  let table: Float32Array | undefined;
  let width = 0;
  for (const { name, shape, dtype } of manifest.flatMap((it) => it.weights)) {
    if (dtype !== "float32" && dtype !== "int32") throw new Error(`${name}: unknown kind of numbers ${dtype}`);
    const size = 4 * shape.reduce((product, it) => product * it, 1);
    if (name.endsWith("Embeddings_en")) {
      width = shape[1] ?? 0;
      table = new Float32Array(Uint8Array.from(bytes.subarray(at, at + size)).buffer);
    }
    at += size;
  }
  if (!table) throw new Error(`${words}: expected a table of word vectors`);
  const rows = Array.from({ length: table.length / width }, (_, i) => [...table.subarray(i * width, (i + 1) * width)]);
  const vocab: unknown = JSON.parse(readFileSync(join(words, "vocab.json"), "utf8"));
  const space = { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always", split: true };
  const tokenizer = {
    version: "1.0",
    added_tokens: [],
    normalizer: { type: "Sequence", normalizers: [{ type: "NFKC" }, { type: "Lowercase" }] },
    pre_tokenizer: space,
    post_processor: null,
    decoder: space,
    model: { type: "Unigram", unk_id: 0, vocab },
  };
  const files = { model: join(to, "words.onnx"), tokenizer: join(to, "tokenizer.json") };
  writeFileSync(files.model, tinyModel(rows));
  writeFileSync(files.tokenizer, JSON.stringify(tokenizer));
  return files;
}
