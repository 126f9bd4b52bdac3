import { concat, padding, u32, u64 } from "./bytes.ts";
import type { TestTensor } from "./tensors.ts";

const types: Readonly<Record<string, number>> = { f32: 0, f16: 1, q4_0: 2, q8_0: 8, q4_k: 12, bf16: 30 };

interface GgufOptions {
  readonly version?: 1 | 2 | 3;
  readonly bigEndian?: boolean;
  readonly alignment?: number;
  /** Strings, or lists of strings as tokenizers have. */
  readonly metadata?: Readonly<Record<string, string | readonly string[]>>;
}

/** A GGUF file. Data is swapped for big-endian files of element types; block types are written as they are given. */
export function writeGguf(tensors: readonly TestTensor[], options: GgufOptions = {}): Uint8Array {
  const { version = 3, bigEndian = false, alignment = 32, metadata = {} } = options;
  const order = (bytes: Uint8Array): Uint8Array => (bigEndian ? Uint8Array.from(bytes).reverse() : bytes);
  const n32 = (value: number): Uint8Array => order(u32(value));
  const n64 = (value: number): Uint8Array => order(u64(value));
  const count = version === 1 ? n32 : n64;
  const text = (value: string): Uint8Array => concat(count(Buffer.byteLength(value)), Buffer.from(value));

  const pairs = Object.entries(metadata).map(([key, value]) => {
    if (typeof value === "string") return concat(text(key), n32(8), text(value));
    return concat(text(key), n32(9), n32(8), count(value.length), ...value.map(text));
  });
  if (alignment !== 32) pairs.push(concat(text("general.alignment"), n32(4), n32(alignment)));

  let offset = 0;
  const infos: Uint8Array[] = [];
  const data: Uint8Array[] = [];
  for (const { name, dtype, shape, data: bytes } of tensors) {
    infos.push(
      concat(text(name), n32(shape.length), ...shape.toReversed().map(count), n32(types[dtype] ?? 0), n64(offset)),
    );
    const stored = bigEndian
      ? swapped(bytes, dtype === "f32" ? 4 : dtype === "f16" || dtype === "bf16" ? 2 : 1)
      : bytes;
    const gap = padding(stored.length, alignment);
    data.push(stored, gap);
    offset += stored.length + gap.length;
  }
  const head = concat("GGUF", n32(version), count(tensors.length), count(pairs.length), ...pairs, ...infos);
  return concat(head, padding(head.length, alignment), ...data);
}

function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (const [i, byte] of bytes.entries()) out[i - (i % size) + size - 1 - (i % size)] = byte;
  return out;
}
