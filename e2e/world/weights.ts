// Weights for the stories: real safetensors files, made from a seed, small enough to hash in no time.
import { createCipheriv, createHash } from "node:crypto";

/** Size of one tensor's side in the stories' models: 64 KiB a tensor. */
const side = 128;

/** The bytes of tensor number `n` of the model named by `seed`: float32 values that no other seed gives. */
function tensorBytes(seed: string, n: number): Buffer {
  const out = Buffer.alloc(side * side * 4);
  let block = createHash("sha256").update(`${seed}|${n}`).digest();
  for (let at = 0; at < out.length; at += 4) {
    if (at % 32 === 0) block = createHash("sha256").update(block).digest();
    // A value in -0.5 … 0.5, as weights are.
    out.writeFloatLE(block.readUInt32LE(at % 32) / 2 ** 32 - 0.5, at);
  }
  return out;
}

/** A safetensors file with the chosen tensors of a model. The header is padded with spaces to a multiple of 8, as the format asks. */
export function safetensors(
  seed: string,
  tensors: readonly number[],
  name = (n: number) => `layers.${n}.weight`,
): Buffer {
  const bodies = tensors.map((n) => tensorBytes(seed, n));
  const header: Record<string, unknown> = {};
  let at = 0;
  tensors.forEach((n, i) => {
    const length = bodies[i]?.length ?? 0;
    header[name(n)] = { dtype: "F32", shape: [side, side], data_offsets: [at, at + length] };
    at += length;
  });
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, 0x20)]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...bodies]);
}

/** A safetensors file of one tensor with `bytes` bytes of noise, as large as a test needs it. No two seeds share a byte pattern. */
export function noiseSafetensors(seed: string, bytes: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  const body = createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
  // Half precision: its sign, exponent and mantissa bits may be anything but infinity and NaN.
  for (let at = 1; at < body.length; at += 2) body[at] = (body[at] ?? 0) & 0xb7;
  const header = { "model.weight": { dtype: "F16", shape: [bytes / 2], data_offsets: [0, bytes] } };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, body]);
}
