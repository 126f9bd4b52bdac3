// A small decoder as large ones are built: embedding, attention, gated MLP, RMS norms, untied head; trained by hand-written gradients.
import { Random, type Weights } from "../../../packages/weights/src/testing/random-model.ts";
import { adamStep, parameter, type Parameter } from "./adam.ts";
import { attend, attendBack, type Attended } from "./attention.ts";
import { softmaxLoss } from "./loss.ts";
import { addProduct, addTransposedProduct, timesTransposed } from "./matrix.ts";
import type { Text } from "./text.ts";

export interface Size {
  readonly vocabulary: number;
  readonly width: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
}

/** Rows of 256 and 512, so that every GGML block type fits. */
export const usualSize: Size = { vocabulary: 320, width: 256, hidden: 512, layers: 2, heads: 4 };

const sequences = 4;
const sequenceLength = 32;

/** A low-rank addition to one matrix: up (out x rank) times down (rank x in). */
interface Adapter {
  readonly target: Parameter;
  readonly up: Parameter;
  readonly down: Parameter;
}

export class LanguageModel {
  readonly size: Size;
  readonly parameters: readonly Parameter[];
  readonly #byName: ReadonlyMap<string, Parameter>;
  #steps = 0;

  private constructor(size: Size, parameters: readonly Parameter[]) {
    this.size = size;
    this.parameters = parameters;
    this.#byName = new Map(parameters.map((it) => [it.name, it]));
  }

  /** Fresh weights, all from `seed`. */
  static fresh(seed: number, size = usualSize): LanguageModel {
    const random = new Random(seed);
    const { vocabulary, width, hidden, layers } = size;
    const normal = (name: string, rows: number, cols: number, scale = 1): Parameter => {
      const deviation = (scale * 0.7) / Math.sqrt(cols);
      return parameter(
        name,
        [rows, cols],
        Float32Array.from({ length: rows * cols }, () => deviation * random.normal()),
      );
    };
    const ones = (name: string): Parameter => parameter(name, [width], new Float32Array(width).fill(1));
    const layer = (i: number): Parameter[] => [
      ones(`model.layers.${i}.input_layernorm.weight`),
      normal(`model.layers.${i}.mlp.down_proj.weight`, width, hidden, 0.5),
      normal(`model.layers.${i}.mlp.gate_proj.weight`, hidden, width),
      normal(`model.layers.${i}.mlp.up_proj.weight`, hidden, width),
      ones(`model.layers.${i}.post_attention_layernorm.weight`),
      normal(`model.layers.${i}.self_attn.k_proj.weight`, width, width),
      normal(`model.layers.${i}.self_attn.o_proj.weight`, width, width, 0.5),
      normal(`model.layers.${i}.self_attn.q_proj.weight`, width, width),
      normal(`model.layers.${i}.self_attn.v_proj.weight`, width, width),
    ];
    return new LanguageModel(size, [
      normal("lm_head.weight", vocabulary, width),
      normal("model.embed_tokens.weight", vocabulary, width, 8),
      ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
      ones("model.norm.weight"),
    ]);
  }

  /** The same weights, with a fresh optimiser. */
  static from(weights: readonly Weights[], size = usualSize): LanguageModel {
    return new LanguageModel(
      size,
      weights.map((it) => parameter(it.name, it.shape, it.values.slice())),
    );
  }

  weights(): Weights[] {
    return this.parameters.map(({ name, shape, value }) => ({ name, shape, values: value.slice() }));
  }

  /** Trains on batches drawn by `seed`. @returns The mean loss of the last steps, in nats a token. */
  train(text: Text, seed: number, steps: number, rate = 2e-3): number {
    const random = new Random(seed);
    let recent = 0;
    for (let i = 0; i < steps; i++) {
      const loss = this.#gradients(text.batch(random, sequences, sequenceLength));
      adamStep(this.parameters, ++this.#steps, rate * Math.min(1, (i + 1) / 8));
      recent = i === 0 ? loss : 0.8 * recent + 0.2 * loss;
    }
    return recent;
  }

  /** Trains additions of rank `rank` to all matrices of the layers, then adds them, as merging a LoRA adapter does. */
  trainAdapters(
    text: Text,
    seed: number,
    { steps, rank, rate = 5e-3 }: { steps: number; rank: number; rate?: number },
  ): void {
    const random = new Random(seed);
    const targets = this.parameters.filter((it) => it.name.includes("_proj"));
    const adapters = targets.map((target): Adapter => {
      const [rows = 0, cols = 0] = target.shape;
      const down = Float32Array.from({ length: rank * cols }, () => random.normal() / Math.sqrt(cols));
      return {
        target,
        up: parameter("up", [rows, rank], new Float32Array(rows * rank)),
        down: parameter("down", [rank, cols], down),
      };
    });
    for (const it of this.parameters) it.frozen = true;
    const start = targets.map((it) => it.value.slice());
    for (let i = 1; i <= steps; i++) {
      for (const [k, it] of adapters.entries()) merge(it, start[k] ?? it.target.value);
      this.#gradients(text.batch(random, sequences, sequenceLength));
      for (const it of adapters) passDown(it);
      adamStep(
        adapters.flatMap((it) => [it.up, it.down]),
        i,
        rate,
      );
      adamStep(this.parameters, i, 0);
    }
    for (const [k, it] of adapters.entries()) merge(it, start[k] ?? it.target.value);
    for (const it of this.parameters) it.frozen = false;
  }

  #parameter(name: string): Parameter {
    const found = this.#byName.get(name);
    if (!found) throw new RangeError(`no parameter ${name}`);
    return found;
  }

  /** Adds the gradients of the mean loss of one batch. */
  #gradients(batch: Int32Array): number {
    const { width, layers } = this.size;
    const [inputs, targets] = shifted(batch);
    const embedding = this.#parameter("model.embed_tokens.weight");
    let stream = gather(embedding.value, inputs, width);
    const tape: Layer[] = [];
    for (let i = 0; i < layers; i++) {
      const layer = this.#forward(stream, `model.layers.${i}`);
      tape.push(layer);
      stream = layer.out;
    }
    const final = normalise(stream, this.#parameter("model.norm.weight"), width);
    const head = this.#parameter("lm_head.weight");
    const logits = new Float32Array(inputs.length * this.size.vocabulary);
    timesTransposed(final.out, head.value, logits, width);
    const loss = softmaxLoss(logits, targets, this.size.vocabulary); // logits are now their gradient

    const back = new Float32Array(final.out.length);
    addProduct(logits, head.value, back, this.size.vocabulary);
    addTransposedProduct(logits, final.out, head.gradient, this.size.vocabulary);
    let gradient = final.back(back);
    for (const layer of tape.toReversed()) gradient = layer.back(gradient);
    for (const [t, token] of inputs.entries()) {
      for (let k = 0; k < width; k++) {
        embedding.gradient[token * width + k] = embedding.gradient[token * width + k]! + gradient[t * width + k]!;
      }
    }
    return loss;
  }

  #forward(stream: Float32Array, prefix: string): Layer {
    const attention = this.#attention(stream, prefix);
    const mlp = this.#mlp(attention.out, prefix);
    return { out: mlp.out, back: (gradient) => attention.back(mlp.back(gradient)) };
  }

  #attention(stream: Float32Array, prefix: string): Layer {
    const { width, heads } = this.size;
    const norm = normalise(stream, this.#parameter(`${prefix}.input_layernorm.weight`), width);
    const project = (name: string, input: Float32Array): Projected =>
      linear(input, this.#parameter(`${prefix}.self_attn.${name}_proj.weight`));
    const [q, k, v] = [project("q", norm.out), project("k", norm.out), project("v", norm.out)];
    const attended: Attended = attend(q.out, k.out, v.out, { width, heads, length: sequenceLength });
    const o = project("o", attended.out);
    return {
      out: sum(stream, o.out),
      back: (gradient) => {
        const parts = attendBack(attended, o.back(gradient));
        const before = sum(sum(q.back(parts.q), k.back(parts.k)), v.back(parts.v));
        return sum(gradient, norm.back(before));
      },
    };
  }

  #mlp(stream: Float32Array, prefix: string): Layer {
    const norm = normalise(stream, this.#parameter(`${prefix}.post_attention_layernorm.weight`), this.size.width);
    const gate = linear(norm.out, this.#parameter(`${prefix}.mlp.gate_proj.weight`));
    const up = linear(norm.out, this.#parameter(`${prefix}.mlp.up_proj.weight`));
    const open = gate.out.map((it) => it / (1 + Math.exp(-it))); // SiLU
    const down = linear(
      open.map((it, i) => it * up.out[i]!),
      this.#parameter(`${prefix}.mlp.down_proj.weight`),
    );
    return {
      out: sum(stream, down.out),
      back: (gradient) => {
        const inner = down.back(gradient);
        const toUp = inner.map((it, i) => it * open[i]!);
        const toGate = inner.map((it, i) => {
          const x = gate.out[i]!;
          const logistic = 1 / (1 + Math.exp(-x));
          return it * up.out[i]! * logistic * (1 + x * (1 - logistic));
        });
        return sum(gradient, norm.back(sum(up.back(toUp), gate.back(toGate))));
      },
    };
  }
}

/** A result, and how its gradient becomes that of the input. */
interface Layer {
  readonly out: Float32Array;
  back(gradient: Float32Array): Float32Array;
}
type Projected = Layer;

function linear(input: Float32Array, { value, gradient, shape }: Parameter): Projected {
  const [rows = 1, cols = 1] = shape;
  const out = new Float32Array((input.length / cols) * rows);
  timesTransposed(input, value, out, cols);
  return {
    out,
    back: (outer) => {
      addTransposedProduct(outer, input, gradient, rows);
      const inner = new Float32Array(input.length);
      addProduct(outer, value, inner, rows);
      return inner;
    },
  };
}

function normalise(input: Float32Array, { value: gain, gradient }: Parameter, width: number): Layer {
  const count = input.length / width;
  const unit = new Float32Array(input.length);
  const sizes = new Float32Array(count);
  for (let t = 0; t < count; t++) {
    let square = 0;
    for (let k = 0; k < width; k++) square += input[t * width + k]! ** 2;
    const size = Math.sqrt(square / width + 1e-6);
    sizes[t] = size;
    for (let k = 0; k < width; k++) unit[t * width + k] = input[t * width + k]! / size;
  }
  return {
    out: unit.map((it, i) => it * gain[i % width]!),
    back: (outer) => {
      const inner = new Float32Array(outer.length);
      for (let t = 0; t < count; t++) {
        let shared = 0;
        for (let k = 0; k < width; k++) {
          const i = t * width + k;
          gradient[k] = gradient[k]! + outer[i]! * unit[i]!;
          shared += outer[i]! * gain[k]! * unit[i]!;
        }
        for (let k = 0; k < width; k++) {
          const i = t * width + k;
          inner[i] = (outer[i]! * gain[k]! - (unit[i]! * shared) / width) / sizes[t]!;
        }
      }
      return inner;
    },
  };
}

function shifted(batch: Int32Array): [inputs: Int32Array, targets: Int32Array] {
  const length = sequenceLength + 1;
  const pick = (from: number): Int32Array =>
    Int32Array.from({ length: sequences * sequenceLength }, (_, i) => {
      return batch[Math.floor(i / sequenceLength) * length + (i % sequenceLength) + from] ?? 0;
    });
  return [pick(0), pick(1)];
}

function gather(table: Float32Array, tokens: Int32Array, width: number): Float32Array {
  const out = new Float32Array(tokens.length * width);
  for (const [t, token] of tokens.entries()) out.set(table.subarray(token * width, (token + 1) * width), t * width);
  return out;
}

function sum(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((it, i) => it + b[i]!);
}

/** target = start + up down. */
function merge({ target, up, down }: Adapter, start: Float32Array): void {
  target.value.set(start);
  addProduct(up.value, down.value, target.value, down.shape[0] ?? 1);
}

/** The gradient of the matrix becomes those of its adapter: to up, G down'; to down, up' G. */
function passDown({ target, up, down }: Adapter): void {
  const [rank = 1, cols = 1] = down.shape;
  timesTransposed(target.gradient, down.value, up.gradient, cols, true);
  addTransposedProduct(up.value, target.gradient, down.gradient, rank);
}
