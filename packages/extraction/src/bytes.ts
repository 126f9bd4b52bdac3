import { ExtractionError } from "./error.ts";

/** The arrays that states are made of. Stored as they lie in memory: little-endian, as all machines that we run on are. */
export type Packed = Int8Array | Uint8Array | Int16Array | Uint16Array | Uint32Array | Float32Array | Float64Array;

/** An array's bytes as base64. */
export function toText(it: Packed): string {
  return Buffer.from(it.buffer, it.byteOffset, it.byteLength).toString("base64");
}

/**
 * Fills an array from `toText`.
 * @throws {ExtractionError} BAD_STATE when it was of another size.
 */
export function fromText(target: Packed, text: string): void {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== target.byteLength) {
    throw new ExtractionError("BAD_STATE", `expected ${target.byteLength} bytes of state, got ${bytes.length}`);
  }
  new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(bytes);
}
