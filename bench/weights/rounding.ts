// How far each stored type moves normally distributed weights: the numbers that `rounding.ts` of the package holds.
import { dequantise } from "../../packages/weights/src/index.ts";
import { roundingOf } from "../../packages/weights/src/compare/rounding.ts";
import { Random } from "../../packages/weights/src/testing/random-model.ts";
import { encode, type Encoded } from "../../packages/weights/src/testing/quantise.ts";
import { printTable } from "./table.ts";

const types: readonly Encoded[] = ["f16", "bf16", "i8", "q8_0", "q6_k", "q5_k", "q4_k", "q4_0"];

const noLevels = { mean: 0, sd: 1, kurtosis: 3, zeroFraction: 0, levels: 32 };

export async function benchRounding({ json }: { readonly json: boolean }) {
  const random = new Random(1);
  const values = Float32Array.from({ length: 65_536 }, () => random.normal());
  const results = types.map((dtype) => {
    const back = dequantise(dtype, encode(values, dtype));
    let [square, cross, own] = [0, 0, 0];
    for (const [i, it] of values.entries()) {
      square += it * it;
      cross += it * (back[i] ?? 0);
      own += (back[i] ?? 0) ** 2;
    }
    const rho = cross / Math.sqrt(square * own);
    // What is left after the best scale, which integers without a stored scale need.
    const error = Math.sqrt(Math.max(0, 1 - rho * rho)) / rho;
    return { dtype, rho, error, assumed: roundingOf(dtype, noLevels) };
  });
  if (!json) {
    printTable([
      ["type", "rho", "error, in deviations", "assumed"],
      ...results.map((it) => [it.dtype, it.rho.toFixed(6), it.error.toFixed(4), it.assumed.toFixed(4)]),
    ]);
  }
  return { results };
}
