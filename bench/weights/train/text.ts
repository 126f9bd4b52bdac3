import { Random } from "../../../packages/weights/src/testing/random-model.ts";

/** A made-up language: each token has four likely successors, and topics with favourite tokens. Deterministic in its seed. */
export class Text {
  readonly #successors: Int32Array;
  readonly #topics: Int32Array;
  readonly #vocabulary: number;

  constructor(seed: number, vocabulary: number) {
    const random = new Random(seed);
    this.#vocabulary = vocabulary;
    this.#successors = Int32Array.from({ length: vocabulary * 4 }, () => random.below(vocabulary));
    this.#topics = Int32Array.from({ length: 16 * 24 }, () => random.below(vocabulary));
  }

  /** `count` sequences of `length` + 1 tokens, one after the other. */
  batch(random: Random, count: number, length: number): Int32Array {
    const out = new Int32Array(count * (length + 1));
    for (let s = 0; s < count; s++) {
      const topic = random.below(16);
      let token = random.below(this.#vocabulary);
      for (let t = 0; t <= length; t++) {
        out[s * (length + 1) + t] = token;
        token = this.#next(random, token, topic);
      }
    }
    return out;
  }

  #next(random: Random, token: number, topic: number): number {
    const drawn = random.uniform();
    const zipf = Math.floor(4 * random.uniform() ** 2);
    if (drawn < 0.7) return this.#successors[token * 4 + zipf] ?? 0;
    return this.#topics[topic * 24 + Math.floor(24 * random.uniform() ** 2)] ?? 0;
  }
}
