// What a thief does to a copy, and what honest people do to their own models.
import { polar } from "../../packages/weights/src/compare/permuted/rotated.ts";
import { Random, type Weights } from "../../packages/weights/src/testing/random-model.ts";
import type { Size } from "./train/language-model.ts";

export function mapped(
  weights: readonly Weights[],
  change: (value: number, tensor: number, at: number) => number,
): Weights[] {
  return weights.map((it, t) => ({ ...it, values: it.values.map((value, at) => change(value, t, at)) }));
}

/** Sets the smallest entries of each matrix to 0. */
export function pruned(weights: readonly Weights[], share: number): Weights[] {
  return weights.map((it) => {
    if (it.shape.length < 2) return it;
    const sizes = it.values.map(Math.abs).sort();
    const least = sizes[Math.floor(share * sizes.length)] ?? 0;
    return { ...it, values: it.values.map((value) => (Math.abs(value) < least ? 0 : value)) };
  });
}

/** share a + (1 - share) b */
export function merged(a: readonly Weights[], b: readonly Weights[], share: number): Weights[] {
  return mapped(a, (value, tensor, at) => share * value + (1 - share) * (b[tensor]?.values[at] ?? 0));
}

/** Adds normal noise of `size` standard deviations of each tensor. */
export function noisy(weights: readonly Weights[], size: number, seed: number): Weights[] {
  const random = new Random(seed);
  return weights.map((it) => {
    const deviation = size * Math.sqrt(it.values.reduce((sum, value) => sum + value * value, 0) / it.values.length);
    return { ...it, values: it.values.map((value) => value + (it.shape.length > 1 ? deviation * random.normal() : 0)) };
  });
}

/** The entries of each matrix in another order: the same moments, nothing else. Vectors are fresh. */
export function scrambled(weights: readonly Weights[], seed: number): Weights[] {
  const random = new Random(seed);
  return weights.map((it) => {
    if (it.shape.length < 2) return { ...it, values: it.values.map((value) => value + 0.1 * random.normal()) };
    const order = random.shuffled(it.values.length);
    return { ...it, values: Float32Array.from(order, (from) => it.values[from] ?? 0) };
  });
}

export function renamed(weights: readonly Weights[]): Weights[] {
  return weights.map((it, i) => ({ ...it, name: `t.${(i * 7919) % 1009}` }));
}

/** Embedding and head with `more` fresh tokens at the end. */
export function grown(weights: readonly Weights[], vocabulary: number, more: number): Weights[] {
  const random = new Random(77);
  return weights.map((it) => {
    const [rows = 0, cols = 0] = it.shape;
    if (rows !== vocabulary || !/embed|head/.test(it.name)) return it;
    const values = Float32Array.from(
      { length: (rows + more) * cols },
      (_, i) => it.values[i] ?? 0.05 * random.normal(),
    );
    return { ...it, shape: [rows + more, cols], values };
  });
}

/** Without one layer, the following ones renumbered. */
export function layerDropped(weights: readonly Weights[], layer: number): Weights[] {
  return weights.flatMap((it) => {
    const found = layerOf(it.name);
    if (found === layer) return [];
    return [found !== undefined && found > layer ? withLayer(it, found - 1) : it];
  });
}

/** With every layer twice, as depth up-scaling does. */
export function layersDoubled(weights: readonly Weights[], layers: number): Weights[] {
  return weights.flatMap((it) => {
    const found = layerOf(it.name);
    return found === undefined ? [it] : [withLayer(it, found), withLayer(it, found + layers)];
  });
}

function layerOf(name: string): number | undefined {
  const found = /\.layers\.(\d+)\./.exec(name)?.[1];
  return found === undefined ? undefined : Number(found);
}

function withLayer(weights: Weights, layer: number): Weights {
  return { ...weights, name: weights.name.replace(/\.layers\.\d+\./, `.layers.${layer}.`) };
}

/** Changes that leave what a language model computes as it is. */
export interface Rearrangement {
  readonly dimensions?: boolean;
  readonly units?: boolean;
  readonly signs?: boolean;
  readonly scales?: boolean;
  /** Negates whole up and down matrices, and query and key. */
  readonly negated?: boolean;
}

/** The same function from rearranged weights. Norm gains follow their dimensions; scales go from up to down. */
export function rearranged(
  weights: readonly Weights[],
  { width, hidden, layers }: Size,
  what: Rearrangement,
  seed: number,
): Weights[] {
  const random = new Random(seed);
  const identity = (length: number): number[] => Array.from({ length }, (_, i) => i);
  const order = what.dimensions ? random.shuffled(width) : identity(width);
  const sign = order.map(() => (what.signs && random.uniform() < 0.5 ? -1 : 1));
  const units = Array.from({ length: layers }, () => (what.units ? random.shuffled(hidden) : identity(hidden)));
  const scales = units.map((it) => it.map(() => (what.scales ? 2 ** (2 * random.uniform() - 1) : 1)));
  return weights.map((it) => {
    const [rows = 0, cols = 0] = it.shape;
    if (it.shape.length === 1) return { ...it, values: it.values.map((_, k) => it.values[order[k] ?? 0] ?? 0) };
    const layer = layerOf(it.name) ?? 0;
    const [unit, scale] = [units[layer] ?? [], scales[layer] ?? []];
    const negative = what.negated && /up_proj|down_proj|q_proj|k_proj/.test(it.name) ? -1 : 1;
    const entry = (row: number, col: number): number => negative * (it.values[row * cols + col] ?? 0);
    const values = it.values.map((_, at) => {
      const [r, c] = [Math.floor(at / cols), at % cols];
      if (it.name.includes("down_proj")) return ((sign[r] ?? 1) * entry(order[r] ?? 0, unit[c] ?? 0)) / (scale[c] ?? 1);
      if (it.name.includes("o_proj")) return (sign[r] ?? 1) * entry(order[r] ?? 0, c);
      const towards = (sign[c] ?? 1) * entry(/gate_proj|up_proj/.test(it.name) ? (unit[r] ?? 0) : r, order[c] ?? 0);
      return it.name.includes("up_proj") ? (scale[r] ?? 1) * towards : towards;
    });
    return { ...it, shape: [rows, cols], values };
  });
}

/** The same function in other coordinates: gains folded into what follows them, then all dimensions mixed by one random rotation. */
export function rotated(weights: readonly Weights[], { width }: Size, seed: number): Weights[] {
  const random = new Random(seed);
  const rotation = polar(
    Float32Array.from({ length: width * width }, () => random.normal()),
    width,
  );
  return folded(weights).map((it) => {
    const [rows = 0, cols = 0] = it.shape;
    if (it.shape.length === 1) return it;
    const fromHidden = /down_proj|o_proj/.test(it.name); // writes into the dimensions instead of reading them
    const values = new Float32Array(it.values.length);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) {
        let sum = 0;
        for (let k = 0; k < width; k++) {
          sum += fromHidden
            ? (rotation[k * width + r] ?? 0) * (it.values[k * cols + c] ?? 0)
            : (it.values[r * cols + k] ?? 0) * (rotation[k * width + c] ?? 0);
        }
        values[r * cols + c] = sum;
      }
    }
    return { ...it, values };
  });
}

/** Gains become 1 and go into the matrices that read what they scale. */
function folded(weights: readonly Weights[]): Weights[] {
  const gains = new Map(weights.filter((it) => it.shape.length === 1).map((it) => [it.name, it.values]));
  const before = (name: string): Float32Array | undefined => {
    const layer = `model.layers.${layerOf(name)}`;
    if (/[qkv]_proj/.test(name)) return gains.get(`${layer}.input_layernorm.weight`);
    if (/gate_proj|up_proj/.test(name)) return gains.get(`${layer}.post_attention_layernorm.weight`);
    return name.startsWith("lm_head") ? gains.get("model.norm.weight") : undefined;
  };
  return weights.map((it) => {
    if (it.shape.length === 1) return { ...it, values: it.values.map(() => 1) };
    const [gain, cols = 1] = [before(it.name), it.shape[1]];
    return gain ? { ...it, values: it.values.map((value, at) => value * (gain[at % cols] ?? 1)) } : it;
  });
}

/** One layer of `from` in the place of one of `into`. */
export function layerTaken(into: readonly Weights[], from: readonly Weights[], layer: number): Weights[] {
  return into.map((it, i) => (layerOf(it.name) === layer ? (from[i] ?? it) : it));
}

/** A chain of layers with the units between them in another order. */
export function chainRearranged(weights: readonly Weights[], seed: number): Weights[] {
  const random = new Random(seed);
  const orders = weights.map((it, i) => (i + 1 < weights.length ? random.shuffled(it.shape[0] ?? 0) : undefined));
  return weights.map((it, i) => {
    const [, cols = 0] = it.shape;
    const [own, before] = [orders[i], orders[i - 1]];
    const values = it.values.map((_, at) => {
      const [r, c] = [Math.floor(at / cols), at % cols];
      return it.values[(own?.[r] ?? r) * cols + (before?.[c] ?? c)] ?? 0;
    });
    return { ...it, values };
  });
}
