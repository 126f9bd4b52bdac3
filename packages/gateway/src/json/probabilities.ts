import type { AnswerDial } from "@outweigh/schema";

/** How numbers of an answer are made coarser. */
export interface Coarsening {
  readonly dial: AnswerDial;
  readonly decimals: number;
  /** How many of the largest are left, for `top-k`. */
  readonly top?: number | undefined;
}

/** Probabilities that `top-k` leaves where an order names no number. */
export const usualTop = 3;

/**
 * Probabilities as the dial lets them out, in the shape they came in: nested arrays of numbers, whose innermost rows are
 * distributions, or objects of numbers by label. Top-k leaves the k largest, rounded, and 0 for the rest; label-only leaves 1 for the largest and 0 for the rest; of equals, the first.
 * A flat array of `classes` × n numbers is cut into rows. Anything else comes back as undefined: it was no distribution.
 */
export function coarsen(value: unknown, to: Coarsening, classes?: number): unknown {
  if (to.dial === "full") return undefined;
  if (isNumbers(value)) {
    const width = classes !== undefined && value.length % classes === 0 ? classes : value.length;
    const out: number[] = [];
    for (let at = 0; at < value.length; at += width) out.push(...row(value.slice(at, at + width), to));
    return out;
  }
  if (Array.isArray(value)) {
    const inner = value.map((it) => coarsen(it, to, classes));
    return inner.every((it) => it !== undefined) && inner.length > 0 ? inner : undefined;
  }
  if (typeof value === "object" && value !== null) {
    const names = Object.keys(value);
    const numbers = Object.values(value);
    if (!isNumbers(numbers) || numbers.length === 0) return undefined;
    const coarse = row(numbers, to);
    return Object.fromEntries(names.map((name, i) => [name, coarse[i]]));
  }
  return undefined;
}

/** One distribution, made coarser. */
export function row(values: readonly number[], { dial, decimals, top = usualTop }: Coarsening): number[] {
  const parts = 10 ** decimals;
  const rounded = (it: number) => Math.round(it * parts) / parts;
  if (dial === "rounded") return values.map(rounded);
  if (dial === "top-k") {
    const order = values.map((_, i) => i).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
    const left = new Set(order.slice(0, top));
    return values.map((it, i) => (left.has(i) ? rounded(it) : 0));
  }
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return values.map((_, i) => (i === best ? 1 : 0));
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((it) => typeof it === "number");
}
