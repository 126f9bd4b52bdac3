// Models of random weights in memory, for tests: the same seed gives the same model.
import type { ModelPart } from "../fingerprint/fingerprint.ts";
import type { Tensor } from "../tensor.ts";

/** Uniform and normal numbers from a seed; xoshiro128**, Blackman and Vigna 2018. */
export class Random {
  #state: Uint32Array;

  constructor(seed: number) {
    let x = seed >>> 0;
    const next = (): number => {
      x = (x + 0x9e3779b9) >>> 0;
      let z = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return (z ^ (z >>> 16)) >>> 0;
    };
    this.#state = Uint32Array.from({ length: 4 }, next);
  }

  /** 0 to 2^32 - 1. */
  word(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state;
    const scaled = Math.imul(b, 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9) >>> 0;
    const mixed = d ^ b;
    this.#state.set([a ^ mixed, b ^ (c ^ a), c ^ a ^ (b << 9), (mixed << 11) | (mixed >>> 21)]);
    return result;
  }

  /** Above 0, below 1. */
  uniform(): number {
    return (this.word() + 0.5) / 2 ** 32;
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  shuffled(count: number): number[] {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const kept = order[i] ?? 0;
      order[i] = order[j] ?? 0;
      order[j] = kept;
    }
    return order;
  }
}

/** A named array of weights, in C order. */
export interface Weights {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Independent normal weights of these shapes. */
export function randomWeights(seed: number, shapes: readonly (readonly number[])[], size = 0.02): Weights[] {
  const random = new Random(seed);
  return shapes.map((shape, i) => {
    const length = shape.reduce((product, it) => product * it, 1);
    return { name: `layers.${i}.weight`, shape, values: Float32Array.from({ length }, () => size * random.normal()) };
  });
}

/** The same shapes with each entry changed. */
export function changed(
  weights: readonly Weights[],
  change: (value: number, tensor: number, at: number) => number,
): Weights[] {
  return weights.map((it, t) => ({ ...it, values: it.values.map((value, at) => change(value, t, at)) }));
}

/** Out×in turned into in×out. */
export function turned({ name, shape, values }: Weights): Weights {
  const [rows = 1, cols = 1] = shape;
  const out = values.map((_, i) => values[(i % rows) * cols + Math.floor(i / rows)] ?? 0);
  return { name, shape: [cols, rows], values: out };
}

/** As a file of singles in memory, one tensor after the other. */
export function inMemory(weights: readonly Weights[]): ModelPart[] {
  let offset = 0;
  const tensors: Tensor[] = [];
  for (const { name, shape, values } of weights) {
    tensors.push({ name, dtype: "f32", shape, offset, bytes: values.byteLength });
    offset += values.byteLength;
  }
  const bytes = new Uint8Array(offset);
  for (const [i, { values }] of weights.entries()) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), tensors[i]?.offset);
  }
  const file = { format: "memory", tensors, metadata: {}, findings: [] };
  return [{ file, reader: { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) } }];
}
