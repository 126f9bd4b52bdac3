// Linear layers as GPTQ, AWQ and MLX pack them: 4 bits a weight in 32-bit words, with a scale and a zero for each group of inputs.
import type { Weights } from "./random-model.ts";
import type { TestTensor } from "./tensors.ts";

const group = 64;

/** Levels 0 to 15 of each weight, by groups of a row. */
function levelsOf({ values }: Weights): Uint8Array {
  const levels = new Uint8Array(values.length);
  for (let at = 0; at < values.length; at += group) {
    const part = values.subarray(at, at + group);
    const [least, most] = [Math.min(...part), Math.max(...part)];
    for (const [k, it] of part.entries()) levels[at + k] = Math.round(((it - least) / (most - least)) * 15);
  }
  return levels;
}

/** 32-bit words of eight nibbles: `nibble(word, k)` says which level stands where. */
function words(count: number, nibble: (word: number, k: number) => number): Uint8Array {
  const packed = new Uint32Array(count);
  for (let word = 0; word < count; word++) {
    for (let k = 0; k < 8; k++) packed[word] = ((packed[word] ?? 0) | (nibble(word, k) << (4 * k))) >>> 0;
  }
  return new Uint8Array(packed.buffer);
}

/** Scales and zeros are not read, so they are left 0. */
function zeros(name: string, dtype: string, ...shape: number[]): TestTensor {
  const elements = shape.reduce((product, it) => product * it, 1);
  return { name, dtype, shape, data: new Uint8Array(elements * (dtype === "f16" ? 2 : 4)) };
}

function sizesOf({ shape: [out = 0, inputs = 0] }: Weights): { out: number; inputs: number; groups: number } {
  return { out, inputs, groups: inputs / group };
}

/** in/8 x out, eight inputs in a word. */
export function gptq(it: Weights): TestTensor[] {
  const { out, inputs, groups } = sizesOf(it);
  const levels = levelsOf(it);
  const at = (row: number, col: number): number => levels[col * inputs + row] ?? 0; // in x out
  const data = words((inputs / 8) * out, (word, k) => at(Math.floor(word / out) * 8 + k, word % out));
  return [
    { name: `${it.name}.qweight`, dtype: "i32", shape: [inputs / 8, out], data },
    zeros(`${it.name}.qzeros`, "i32", groups, out / 8),
    zeros(`${it.name}.scales`, "f16", groups, out),
  ];
}

/** in x out/8, eight outputs in a word, in AWQ's order. */
export function awq(it: Weights): TestTensor[] {
  const { out, inputs, groups } = sizesOf(it);
  const levels = levelsOf(it);
  const order = [0, 2, 4, 6, 1, 3, 5, 7];
  const data = words(inputs * (out / 8), (word, k) => {
    const [row, first] = [Math.floor(word / (out / 8)), (word % (out / 8)) * 8];
    return levels[(first + (order[k] ?? 0)) * inputs + row] ?? 0;
  });
  return [
    { name: `${it.name}.qweight`, dtype: "i32", shape: [inputs, out / 8], data },
    zeros(`${it.name}.qzeros`, "i32", groups, out / 8),
    zeros(`${it.name}.scales`, "f16", groups, out),
  ];
}

/** out x in/8, eight inputs in a word. */
export function mlx(it: Weights): TestTensor[] {
  const { out, inputs, groups } = sizesOf(it);
  const levels = levelsOf(it);
  const stem = it.name.replace(/\.weight$/, "");
  const data = words((out * inputs) / 8, (word, k) => levels[word * 8 + k] ?? 0);
  return [
    { name: `${stem}.weight`, dtype: "u32", shape: [out, inputs / 8], data },
    zeros(`${stem}.scales`, "f16", out, groups),
    zeros(`${stem}.biases`, "f16", out, groups),
  ];
}
