/** A trained array: its value, its gradient, and what Adam remembers of it. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly value: Float32Array;
  readonly gradient: Float32Array;
  readonly mean: Float32Array;
  readonly square: Float32Array;
  /** Not trained if set. */
  frozen?: boolean;
}

export function parameter(name: string, shape: readonly number[], value: Float32Array): Parameter {
  const zeros = (): Float32Array => new Float32Array(value.length);
  return { name, shape, value, gradient: zeros(), mean: zeros(), square: zeros() };
}

/** One step of Adam (Kingma and Ba 2015) with betas .9 and .95; clears the gradients. @param step From 1. */
export function adamStep(parameters: readonly Parameter[], step: number, rate: number): void {
  const [first, second] = [1 - 0.9 ** step, 1 - 0.95 ** step];
  for (const { value, gradient, mean, square, frozen } of parameters) {
    for (let i = 0; i < value.length; i++) {
      const g = gradient[i]!;
      gradient[i] = 0;
      if (frozen) continue;
      const m = 0.9 * mean[i]! + 0.1 * g;
      const v = 0.95 * square[i]! + 0.05 * g * g;
      mean[i] = m;
      square[i] = v;
      value[i] = value[i]! - (rate * (m / first)) / (Math.sqrt(v / second) + 1e-8);
    }
  }
}
