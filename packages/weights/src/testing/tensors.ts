// Small tensors with seeded contents, for tests and as the seeds of the fuzzer.
import { createCipheriv, createHash } from "node:crypto";

/** A tensor with its bytes, in C order and little-endian. */
export interface TestTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** Bytes that look random and are the same for the same text: a key stream. */
export function seededBytes(length: number, seed: string): Uint8Array {
  const key = createHash("sha256").update(seed).digest();
  return new Uint8Array(createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length)));
}

/** Three float matrices and a vector, each large enough to tell one model from another. */
export function aModel(seed = "a"): TestTensor[] {
  return [
    tensor("layer.0.weight", [16, 12], seed),
    tensor("layer.0.bias", [16], seed),
    tensor("layer.1.weight", [8, 16], seed),
    tensor("head.weight", [4, 8, 3], seed),
  ];
}

/** An f32 tensor with seeded bytes. */
export function tensor(name: string, shape: readonly number[], seed = "a"): TestTensor {
  const elements = shape.reduce((product, it) => product * it, 1);
  return { name, dtype: "f32", shape, data: seededBytes(elements * 4, `${seed}|${name}`) };
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A reader over bytes that fails the test when asked for bytes outside the file. */
export function strictReader(bytes: Uint8Array): { size: number; read(at: number, length: number): Uint8Array } {
  return {
    size: bytes.length,
    read(at, length) {
      if (
        !Number.isSafeInteger(at) ||
        !Number.isSafeInteger(length) ||
        at < 0 ||
        length < 0 ||
        at + length > bytes.length
      ) {
        throw new RangeError(`read of ${length} bytes at ${at} in a file of ${bytes.length}`);
      }
      return bytes.subarray(at, at + length);
    },
  };
}
