import { createHash, sign, verify, type KeyObject } from "node:crypto";
import { fromText, toText } from "./bytes.ts";
import type { Calibration } from "./calibration.ts";
import { ExtractionError } from "./error.ts";
import { signals } from "./scores.ts";

const format = "outweigh-extraction/5";
/** Largest snapshot read: bank and scores of 1,000 strata at 64 dimensions are below this. */
const maxBytes = 512 * 1024 * 1024;

/** Typed arrays by the name under which a snapshot keeps them. */
const kinds = { Int16Array, Float64Array, Uint32Array, Float32Array } as const;

/** A frozen calibration as bytes: the same calibration gives the same bytes, so its SHA-256 names it. */
export function freeze(calibration: Calibration): Uint8Array {
  const text = JSON.stringify({ format, calibration }, (_, value: unknown) => {
    for (const [name, kind] of Object.entries(kinds)) {
      if (value instanceof kind) return { array: name, length: value.length, data: toText(value) };
    }
    return value;
  });
  return new TextEncoder().encode(text);
}

/** The name of a frozen calibration: SHA-256 of its bytes, in hexadecimal. */
export function digestOf(frozen: Uint8Array): string {
  return createHash("sha256").update(frozen).digest("hex");
}

/** Whoever signs snapshots: an Ed25519 key, or a function that has a key service sign the bytes with one. */
export type Signer = KeyObject | ((bytes: Uint8Array) => Uint8Array);

/** Ed25519 signature over the bytes. The signer is the caller's. */
export function signSnapshot(frozen: Uint8Array, signer: Signer): Uint8Array {
  return typeof signer === "function" ? signer(frozen) : sign(null, frozen, signer);
}

/**
 * A calibration from its bytes, if the signature over them is the key's. Whoever can replace a calibration can blind a detector:
 * so nothing is read of bytes that were not signed.
 * @throws {ExtractionError} BAD_CALIBRATION for a wrong signature, another format, or other signals than this version has.
 */
export function thaw(frozen: Uint8Array, signature: Uint8Array, key: KeyObject): Calibration {
  if (frozen.length > maxBytes) throw new ExtractionError("BAD_CALIBRATION", `longer than ${maxBytes} bytes`);
  if (!verify(null, frozen, key, signature))
    throw new ExtractionError("BAD_CALIBRATION", "the signature is not the key's");
  const parsed: { format?: unknown; calibration?: Calibration } = JSON.parse(
    new TextDecoder().decode(frozen),
    (_, value) => (typeof value?.array === "string" ? arrayOf(value) : value),
  );
  const { calibration } = parsed;
  if (parsed.format !== format || !calibration || calibration.judge.scale.length !== signals.length) {
    throw new ExtractionError("BAD_CALIBRATION", `expected ${format} with ${signals.length} signals`);
  }
  return calibration;
}

function arrayOf({ array, length, data }: { array: string; length: number; data: string }) {
  const make = Object.entries(kinds).find(([name]) => name === array)?.[1];
  if (!make) throw new ExtractionError("BAD_CALIBRATION", `unknown kind of array ${array}`);
  const out = new make(length);
  fromText(out, data);
  return out;
}
