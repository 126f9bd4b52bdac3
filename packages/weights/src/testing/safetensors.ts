import { concat, u64 } from "./bytes.ts";
import type { TestTensor } from "./tensors.ts";

/** A safetensors file, tensors in the order given. */
export function writeSafetensors(tensors: readonly TestTensor[], metadata?: Record<string, string>): Uint8Array {
  let end = 0;
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  for (const { name, dtype, shape, data } of tensors) {
    header[name] = { dtype: dtype.toUpperCase(), shape, data_offsets: [end, (end += data.length)] };
  }
  return withHeader(JSON.stringify(header), concat(...tensors.map((it) => it.data)));
}

/** Any text as the header, for files that no writer makes. */
export function withHeader(json: string, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = Buffer.from(json);
  const padded = concat(text, " ".repeat((8 - (text.length % 8)) % 8));
  return concat(u64(padded.length), padded, data);
}
