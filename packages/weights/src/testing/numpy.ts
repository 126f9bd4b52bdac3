import { concat, u16 } from "./bytes.ts";
import type { TestTensor } from "./tensors.ts";

const codes: Readonly<Record<string, string>> = { f32: "f4", f16: "f2", i64: "i8", u8: "u1" };

interface NpyOptions {
  readonly order?: "<" | ">" | "|";
  readonly fortran?: boolean;
  /** Instead of the tensor's own type. */
  readonly code?: string;
}

/** One array; its bytes are written as they are given. */
export function writeNpy(
  { dtype, shape, data }: TestTensor,
  { order = "<", fortran = false, code }: NpyOptions = {},
): Uint8Array {
  const descr = code ?? order + (codes[dtype] ?? "f4");
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${tuple}, }`;
  const header = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + "\n";
  return concat("\x93NUMPY\x01\x00", u16(header.length), header, data);
}
