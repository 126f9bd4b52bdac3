import { hash, randomInt } from "node:crypto";
import { makeClientKey } from "@outweigh/schema";

/** A new key. It is shown once; only its digest is kept. */
export function newKey(): string {
  return makeClientKey((below) => randomInt(below));
}

/** What is stored of a key: SHA-256 in hexadecimal. It is random, so a fast digest is enough. */
export function keyDigest(key: string): string {
  return hash("sha256", key, "hex");
}
