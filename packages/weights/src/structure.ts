import { createHash } from "node:crypto";
import { bitsOf } from "./dtype.ts";
import type { Dtype, Tensor } from "./tensor.ts";

/**
 * A key that two files share when their matrices have the same shapes, in hex; undefined for a file without tensors.
 *
 * Equal keys say "same structure", never "same weights": every fine-tune of a base has its key. Names, order, transposition,
 * axes of size 1, vectors and the width of the number type do not matter, so a quantised or converted copy keeps its key.
 * Blind spot: fused or split projections, padded vocabularies, a tied head stored twice.
 */
export function structuralKey(tensors: readonly Pick<Tensor, "shape" | "dtype">[]): string | undefined {
  const lines = tensors.map(({ shape, dtype }) => ({ axes: canonicalShape(shape), kind: kindOf(dtype) }));
  const matrices = lines.filter(({ axes }) => axes.length >= 2);
  const chosen = matrices.length > 0 ? matrices : lines;
  if (chosen.length === 0) return undefined;
  const text = chosen
    .map(({ axes, kind }) => `${kind} ${axes.join("x")}`)
    .sort()
    .join("\n");
  return createHash("sha256").update(text).digest("hex");
}

/** Its axes longer than 1, longest first. */
function canonicalShape(shape: readonly number[]): number[] {
  return shape.filter((it) => it !== 1).toSorted((a, b) => b - a);
}

/** Integers of 16 bits and more are indexes or counters; everything else may be a weight, quantised or not. */
function kindOf(dtype: Dtype): "weight" | "number" {
  return /^[iu]/.test(dtype) && !dtype.startsWith("iq") && (bitsOf(dtype) ?? 0) >= 16 ? "number" : "weight";
}
