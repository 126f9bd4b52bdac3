import { mix } from "../../packages/extraction/src/hash.ts";

/** Random numbers that a seed decides: the same on every machine. */
export class Dice {
  readonly #seed: number;
  #drawn = 0;

  constructor(...seeds: readonly number[]) {
    this.#seed = seeds.reduce((h, it) => mix(h ^ it), 0x5eed);
  }

  /** Uniform in 0…1. */
  uniform(): number {
    return (mix(mix(this.#seed + this.#drawn) ^ this.#drawn++) + 0.5) / 2 ** 32;
  }

  /** Standard normal (Box and Muller 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** An index, each as likely as its weight. */
  pick(weights: readonly number[]): number {
    let left = this.uniform() * weights.reduce((sum, it) => sum + it, 0);
    const at = weights.findIndex((it) => (left -= it) < 0);
    return at < 0 ? weights.length - 1 : at;
  }

  /** 0 … n - 1 in random order. */
  shuffled(n: number): number[] {
    const out = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }
}
