// A small fully connected network with two hidden layers, trained by Adam: the second victim, and what thieves train on its answers.
import type { Dice } from "./dice.ts";

/** Widths of the input, the two hidden layers and the output. */
export type Widths = readonly [input: number, first: number, second: number, classes: number];

export interface Layers {
  /** Per layer `out × (in + 1)` weights, the bias last in each row. */
  readonly weights: readonly Float64Array[];
  readonly widths: Widths;
}

export interface Answer {
  /** The second hidden layer after ReLU. */
  readonly hidden: Float64Array;
  readonly probabilities: Float64Array;
  readonly label: number;
}

/** An input with the probabilities to learn. */
export interface Lesson {
  readonly input: ArrayLike<number>;
  readonly probabilities: ArrayLike<number>;
}

export function newLayers(widths: Widths, dice: Dice): Layers {
  const weights = [0, 1, 2].map((l) => {
    const [width, out] = [widths[l]!, widths[l + 1]!];
    return Float64Array.from({ length: out * (width + 1) }, (_, i) =>
      i % (width + 1) === width ? 0 : dice.normal() * Math.sqrt(2 / width),
    );
  });
  return { weights, widths };
}

function dense(weights: Float64Array, input: ArrayLike<number>, out: Float64Array, relu: boolean): void {
  const width = input.length;
  for (let o = 0, at = 0; o < out.length; o++) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += weights[at++]! * input[i]!;
    sum += weights[at++]!;
    out[o] = relu && sum < 0 ? 0 : sum;
  }
}

function softmax(it: Float64Array): void {
  const top = Math.max(...it);
  let sum = 0;
  for (let c = 0; c < it.length; c++) sum += it[c] = Math.exp(it[c]! - top);
  for (let c = 0; c < it.length; c++) it[c]! /= sum;
}

function forward({ weights, widths }: Layers, input: ArrayLike<number>): Float64Array[] {
  const out = [1, 2, 3].map((l) => new Float64Array(widths[l]!));
  dense(weights[0]!, input, out[0]!, true);
  dense(weights[1]!, out[0]!, out[1]!, true);
  dense(weights[2]!, out[1]!, out[2]!, false);
  softmax(out[2]!);
  return out;
}

/** What the network answers to one input. */
export function ask(layers: Layers, input: ArrayLike<number>): Answer {
  const [, hidden, probabilities] = forward(layers, input);
  return { hidden: hidden!, probabilities: probabilities!, label: probabilities!.indexOf(Math.max(...probabilities!)) };
}

/** Adds the gradient of the cross-entropy for one lesson to `into`; gives the gradient with respect to the input. */
function backward(layers: Layers, lesson: Lesson, into: readonly Float64Array[] | undefined): Float64Array {
  const { weights, widths } = layers;
  const out = forward(layers, lesson.input);
  let delta = Float64Array.from(out[2]!, (p, c) => p - lesson.probabilities[c]!);
  for (let l = 2; l >= 0; l--) {
    const input = l === 0 ? lesson.input : out[l - 1]!;
    const width = widths[l]!;
    const below = new Float64Array(width);
    for (let o = 0; o < delta.length; o++) {
      const [d, at] = [delta[o]!, o * (width + 1)];
      if (d === 0) continue;
      const gradient = into?.[l];
      for (let i = 0; i < width; i++) {
        below[i]! += d * weights[l]![at + i]!;
        if (gradient) gradient[at + i]! += d * input[i]!;
      }
      if (gradient) gradient[at + width]! += d;
    }
    if (l > 0) for (let i = 0; i < width; i++) if (input[i]! <= 0) below[i] = 0;
    delta = below;
  }
  return delta;
}

/** The direction in which an input becomes less certain of `label`: what a fast gradient step follows. */
export function inputGradient(layers: Layers, input: ArrayLike<number>, label: number): Float64Array {
  const probabilities = Float64Array.from({ length: layers.widths[3] }, (_, c) => (c === label ? 1 : 0));
  return backward(layers, { input, probabilities }, undefined);
}

/** Trains by Adam (step 3e-3, batches of 32); changes the layers in place and gives them back. */
export function train(layers: Layers, lessons: readonly Lesson[], epochs: number, dice: Dice): Layers {
  const { weights } = layers;
  const zeros = () => weights.map((it) => new Float64Array(it.length));
  const [first, second] = [zeros(), zeros()];
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = dice.shuffled(lessons.length);
    for (let from = 0; from < order.length; from += 32) {
      const batch = order.slice(from, from + 32);
      const gradient = zeros();
      for (const i of batch) backward(layers, lessons[i]!, gradient);
      step++;
      const rate = (3e-3 * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
      weights.forEach((w, l) => {
        const [g, m, v] = [gradient[l]!, first[l]!, second[l]!];
        for (let i = 0; i < w.length; i++) {
          const it = g[i]! / batch.length;
          m[i] = 0.9 * m[i]! + 0.1 * it;
          v[i] = 0.999 * v[i]! + 0.001 * it * it;
          w[i]! -= (rate * m[i]!) / (Math.sqrt(v[i]!) + 1e-8);
        }
      });
    }
  }
  return layers;
}
