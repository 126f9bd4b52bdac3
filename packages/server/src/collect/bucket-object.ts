// What an object is called here, and which ones are not even asked for.
import { createHash } from "node:crypto";
import { storable } from "../store/text.ts";
import type { Listed } from "./bucket-store.ts";
import { maxKeyBytes, maxObjectBytes } from "./limits.ts";

const unnamed = "a key that cannot be kept, of SHA-256 ";

/** What an object is called in the database: its key, or the digest of one that no column holds. */
export function storedName({ object }: Pick<Listed, "object">): string {
  if (storable(object) === object && Buffer.byteLength(object) <= maxKeyBytes) return object;
  return `${unnamed}${createHash("sha256").update(object).digest("hex")}`;
}

/** Why an object, under its stored name, is not even asked for. */
export function unreadable({ object, size }: Pick<Listed, "object" | "size">): string | undefined {
  if (object.startsWith(unnamed)) return `it is longer than ${maxKeyBytes} bytes, or holds half a character`;
  if (size > maxObjectBytes) return `it has ${size} bytes, at most ${maxObjectBytes} are read`;
  return undefined;
}

/** Names an object's records, so that they count once however often they are read: 160 bits, so that no two share one. */
export function recordsName(bucket: string, { object, version }: Pick<Listed, "object" | "version">): string {
  const whole = JSON.stringify([bucket, object, version]);
  return `s3:${createHash("sha256").update(whole).digest("hex").slice(0, 40)}`;
}
