// A small image classifier: five layers, ReLU, on made-up pictures of ten classes.
import { Random, type Weights } from "../../../packages/weights/src/testing/random-model.ts";
import { adamStep, parameter, type Parameter } from "./adam.ts";
import { softmaxLoss } from "./loss.ts";
import { addProduct, addTransposedProduct, timesTransposed } from "./matrix.ts";

const side = 16;
const classes = 10;
const widths = [side * side, 128, 96, 96, 80, classes] as const;
const batchSize = 64;

/** Ten smooth shapes, shifted and noisy. Deterministic in its seed. */
export class Pictures {
  readonly #shapes: Float32Array;

  constructor(seed: number) {
    const random = new Random(seed);
    this.#shapes = new Float32Array(classes * side * side);
    for (let c = 0; c < classes; c++) {
      const waves = Array.from({ length: 4 }, () => [
        random.normal(),
        random.normal(),
        6 * random.uniform(),
        random.normal(),
      ]);
      for (let i = 0; i < side * side; i++) {
        const [x, y] = [(i % side) / side, Math.floor(i / side) / side];
        this.#shapes[c * side * side + i] = waves.reduce(
          (sum, [a = 0, b = 0, phase = 0, size = 0]) => sum + size * Math.sin(4 * (a * x + b * y) + phase),
          0,
        );
      }
    }
  }

  batch(random: Random): { pictures: Float32Array; labels: Int32Array } {
    const pictures = new Float32Array(batchSize * side * side);
    const labels = Int32Array.from({ length: batchSize }, () => random.below(classes));
    for (const [b, label] of labels.entries()) {
      const [dx, dy] = [random.below(5), random.below(5)];
      for (let i = 0; i < side * side; i++) {
        const from = (((Math.floor(i / side) + dy) % side) * side + (((i % side) + dx) % side)) % (side * side);
        pictures[b * side * side + i] = (this.#shapes[label * side * side + from] ?? 0) + 0.7 * random.normal();
      }
    }
    return { pictures, labels };
  }
}

/** Trains a classifier from `weights`, or from fresh ones of `seed`. */
export function trainClassifier(
  pictures: Pictures,
  { seed, data, steps, from }: { seed: number; data: number; steps: number; from?: readonly Weights[] },
): { weights: Weights[]; loss: number } {
  const layers = from ? from.map((it) => parameter(it.name, it.shape, it.values.slice())) : freshLayers(seed);
  const random = new Random(data);
  let recent = 0;
  for (let step = 1; step <= steps; step++) {
    const loss = gradients(layers, pictures.batch(random));
    adamStep(layers, step, 2e-3);
    recent = step === 1 ? loss : 0.9 * recent + 0.1 * loss;
  }
  return { weights: layers.map(({ name, shape, value }) => ({ name, shape, values: value })), loss: recent };
}

function freshLayers(seed: number): Parameter[] {
  const random = new Random(seed);
  return widths.slice(1).map((rows, i) => {
    const cols = widths[i] ?? 1;
    const values = Float32Array.from({ length: rows * cols }, () => random.normal() * Math.sqrt(2 / cols));
    return parameter(`layers.${i}.weight`, [rows, cols], values);
  });
}

function gradients(
  layers: readonly Parameter[],
  { pictures, labels }: { pictures: Float32Array; labels: Int32Array },
): number {
  const inputs = [pictures];
  for (const [i, { value, shape }] of layers.entries()) {
    const [rows = 1, cols = 1] = shape;
    const out = new Float32Array(labels.length * rows);
    timesTransposed(inputs[i] ?? pictures, value, out, cols);
    inputs.push(i + 1 < layers.length ? out.map((it) => Math.max(0, it)) : out);
  }
  let gradient = inputs.pop() ?? pictures;
  const loss = softmaxLoss(gradient, labels, classes);
  for (const [i, layer] of [...layers.entries()].toReversed()) {
    const input = inputs[i] ?? pictures;
    const [rows = 1] = layer.shape;
    addTransposedProduct(gradient, input, layer.gradient, rows);
    const before = new Float32Array(input.length);
    addProduct(gradient, layer.value, before, rows);
    gradient = i > 0 ? before.map((it, k) => (input[k]! > 0 ? it : 0)) : before;
  }
  return loss;
}
