// A thief with code of its own: asks a model through whatever it is handed, and trains a copy on the answers.
import { dice } from "./dice.ts";
import { classes, side, softmax } from "./victim.ts";

const pixels = side * side;
const hiddenUnits = 64;

/** An answered query: the image, and what the thief believes the model said. */
export interface Stolen {
  readonly image: Float32Array;
  /** Probabilities, or one for the label where only that came back. */
  readonly answer: ArrayLike<number>;
}

/** The copy: one hidden layer, trained by Adam on soft answers. */
export class Copy {
  readonly #w1 = new Float32Array(hiddenUnits * pixels);
  readonly #b1 = new Float32Array(hiddenUnits);
  readonly #w2 = new Float32Array(classes * hiddenUnits);
  readonly #b2 = new Float32Array(classes);
  readonly #moments: { readonly m: Float32Array; readonly v: Float32Array }[];
  readonly #random: () => number;
  #steps = 0;

  constructor(seed: number) {
    this.#random = dice(seed);
    const spread = (weights: Float32Array, inputs: number) => {
      for (let i = 0; i < weights.length; i++) weights[i] = (this.#random() * 2 - 1) * Math.sqrt(3 / inputs);
    };
    spread(this.#w1, pixels);
    spread(this.#w2, hiddenUnits);
    this.#moments = this.#all().map((it) => ({ m: new Float32Array(it.length), v: new Float32Array(it.length) }));
  }

  #all(): Float32Array[] {
    return [this.#w1, this.#b1, this.#w2, this.#b2];
  }

  train(data: readonly Stolen[], epochs: number, batch = 32): void {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = data.map((_, i) => i).sort(() => this.#random() - 0.5);
      for (let from = 0; from < order.length; from += batch) {
        this.#step(order.slice(from, from + batch).flatMap((i) => data[i] ?? []));
      }
    }
  }

  #hidden(image: ArrayLike<number>): Float32Array {
    const out = new Float32Array(hiddenUnits);
    for (let h = 0; h < hiddenUnits; h++) {
      let sum = this.#b1[h]!;
      for (let i = 0, at = h * pixels; i < pixels; i++) sum += image[i]! * this.#w1[at + i]!;
      out[h] = Math.max(0, sum);
    }
    return out;
  }

  #outputs(hidden: Float32Array): Float32Array {
    const out = new Float32Array(classes);
    for (let c = 0; c < classes; c++) {
      let sum = this.#b2[c]!;
      for (let h = 0; h < hiddenUnits; h++) sum += hidden[h]! * this.#w2[c * hiddenUnits + h]!;
      out[c] = sum;
    }
    return softmax(out);
  }

  classify(image: ArrayLike<number>): number {
    const out = this.#outputs(this.#hidden(image));
    return out.indexOf(Math.max(...out));
  }

  #step(batch: readonly Stolen[]): void {
    const gradients = this.#all().map((it) => new Float32Array(it.length));
    for (const { image, answer } of batch) {
      const hidden = this.#hidden(image);
      const error = this.#outputs(hidden).map((it, c) => (it - (answer[c] ?? 0)) / batch.length);
      this.#back(image, hidden, error, gradients);
    }
    this.#adam(gradients);
  }

  /** Adds one example's gradients. @returns What reaches the hidden layer. */
  #back(
    image: ArrayLike<number>,
    hidden: Float32Array,
    error: Float32Array,
    [g1, gb1, g2, gb2]: Float32Array[],
  ): Float32Array {
    const below = new Float32Array(hiddenUnits);
    for (let c = 0; c < classes; c++) {
      const e = error[c]!;
      if (gb2) gb2[c]! += e;
      for (let h = 0; h < hiddenUnits; h++) {
        if (g2) g2[c * hiddenUnits + h]! += e * hidden[h]!;
        below[h]! += e * this.#w2[c * hiddenUnits + h]!;
      }
    }
    for (let h = 0; h < hiddenUnits; h++) {
      if (hidden[h] === 0) below[h] = 0;
      const e = below[h]!;
      if (e === 0 || !g1 || !gb1) continue;
      gb1[h]! += e;
      for (let i = 0, at = h * pixels; i < pixels; i++) g1[at + i]! += e * image[i]!;
    }
    return below;
  }

  /** Source: Kingma and Ba 2015, with its usual constants. */
  #adam(gradients: readonly Float32Array[]): void {
    this.#steps++;
    const rate = (0.001 * Math.sqrt(1 - 0.999 ** this.#steps)) / (1 - 0.9 ** this.#steps);
    this.#all().forEach((weights, k) => {
      const [gradient, moment] = [gradients[k], this.#moments[k]];
      if (!gradient || !moment) return;
      for (let i = 0; i < weights.length; i++) {
        const g = gradient[i]!;
        moment.m[i] = 0.9 * moment.m[i]! + 0.1 * g;
        moment.v[i] = 0.999 * moment.v[i]! + 0.001 * g * g;
        weights[i]! -= (rate * moment.m[i]!) / (Math.sqrt(moment.v[i]!) + 1e-8);
      }
    });
  }

  /** The image moved one step of `epsilon` up the copy's loss: where the copy is least sure. Source: Goodfellow et al. 2015, FGSM. */
  fool(image: Float32Array, label: number, epsilon: number): Float32Array {
    const hidden = this.#hidden(image);
    const error = this.#outputs(hidden).map((it, c) => it - (c === label ? 1 : 0));
    const below = this.#back(image, hidden, error, []);
    return image.map((it, i) => {
      let slope = 0;
      for (let h = 0; h < hiddenUnits; h++) slope += below[h]! * this.#w1[h * pixels + i]!;
      return Math.min(1, Math.max(0, it + epsilon * Math.sign(slope)));
    });
  }
}

/** Share of images on which a copy and the model agree. */
export function fidelity(copy: Copy, images: readonly Float32Array[], labels: readonly number[]): number {
  let same = 0;
  images.forEach((it, i) => {
    if (copy.classify(it) === labels[i]) same++;
  });
  return same / images.length;
}

/** Asks one image; undefined when nothing came back. */
export type Ask = (image: Float32Array, n: number) => Promise<ArrayLike<number> | undefined>;

/**
 * Jacobian-based augmentation: asks its seeds, trains a copy, moves every image to where the copy is unsure, asks those, and so on
 * until `most` were asked. Source: Papernot et al. 2017.
 */
export async function augment(ask: Ask, seeds: readonly Float32Array[], most: number, seed: number): Promise<Stolen[]> {
  const stolen: Stolen[] = [];
  let wave: readonly Float32Array[] = seeds;
  for (let asked = 0; asked < most && wave.length > 0;) {
    for (const image of wave) {
      if (asked >= most) break;
      const answer = await ask(image, asked++);
      if (answer) stolen.push({ image, answer });
    }
    const copy = new Copy(seed);
    copy.train(stolen, 8);
    wave = stolen.map(({ image, answer }) => copy.fool(image, labelOf(answer), 0.1));
  }
  return stolen;
}

/** Asks images of its own in order: a thief who has data like the victim's users. */
export async function copycat(ask: Ask, images: readonly Float32Array[], most: number): Promise<Stolen[]> {
  const stolen: Stolen[] = [];
  for (const [n, image] of images.slice(0, most).entries()) {
    const answer = await ask(image, n);
    if (answer) stolen.push({ image, answer });
  }
  return stolen;
}

export function labelOf(answer: ArrayLike<number>): number {
  let best = 0;
  for (let c = 1; c < answer.length; c++) if ((answer[c] ?? 0) > (answer[best] ?? 0)) best = c;
  return best;
}
