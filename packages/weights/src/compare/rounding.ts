import type { Dtype } from "../tensor.ts";
import { roundedTo, type TileStats } from "../fingerprint/condition.ts";

/**
 * Root mean square error of a stored type, in standard deviations of normally distributed weights: f16 to q4_0 as `bench/weights` measures
 * them, the others after their number of levels.
 */
const errors: ReadonlyMap<string, number> = new Map([
  ["f16", 0.0002],
  ["bf16", 0.0016],
  ["f8_e4m3", 0.026],
  ["f8_e4m3fnuz", 0.026],
  ["f8_e5m2", 0.052],
  ["f8_e5m2fnuz", 0.052],
  ["i8", 0.01],
  ["u8", 0.01],
  ["q8_0", 0.006],
  ["q6_k", 0.02],
  ["q5_k", 0.038],
  ["q5_0", 0.046],
  ["q5_1", 0.042],
  ["q4_k", 0.075],
  ["q4_1", 0.086],
  ["q4_0", 0.092],
  ["iq4_nl", 0.085],
  ["iq4_xs", 0.085],
  ["mxfp4", 0.12],
  ["f4", 0.12],
  ["i4", 0.1],
  ["u4", 0.1],
  ["q3_k", 0.16],
  ["q2_k", 0.29],
  ["tq2_0", 0.6],
]);

/** As many values as 32 neighbours have once they were of so few bits, and the error that this meant. */
const byLevels = [
  { levels: 4, error: 0.29 },
  { levels: 8, error: 0.16 },
  { levels: 16, error: 0.092 },
] as const;

/**
 * How far rounding moved a matrix's weights, in their standard deviations: by its stored type, or by how few values neighbours have
 * where a quantised file was written back as floats. 0 for singles, doubles and types not known.
 */
export function roundingOf(dtype: Dtype, stats: TileStats): number {
  const levels = roundedTo(stats);
  const seen = levels === undefined ? 0 : (byLevels.find((it) => levels <= it.levels)?.error ?? 0);
  return Math.max(errors.get(dtype) ?? 0, seen);
}
