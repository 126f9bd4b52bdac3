import { hash, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** 43 characters of 62 are 256 bits: too many to guess, so a fast digest is enough to store. */
const bodyLength = 43;
const checkLength = 6;
const prefix = "owk_";

/** A new key. It is shown once; only its digest is kept. */
export function newKey(): string {
  let body = "";
  for (let i = 0; i < bodyLength; i++) body += alphabet[randomInt(alphabet.length)] ?? "";
  return prefix + body + checkOf(body);
}

/** Whether a text can be a key at all: told without looking anything up, so that guesses cost us next to nothing. */
export function isKeyShaped(text: string): boolean {
  if (text.length !== prefix.length + bodyLength + checkLength || !text.startsWith(prefix)) return false;
  const body = text.slice(prefix.length, prefix.length + bodyLength);
  return checkOf(body) === text.slice(prefix.length + bodyLength);
}

/** What is stored of a key: SHA-256 in hexadecimal. */
export function keyDigest(key: string): string {
  return hash("sha256", key, "hex");
}

function checkOf(body: string): string {
  let rest = crc32(body);
  let out = "";
  for (let i = 0; i < checkLength; i++) {
    out += alphabet[rest % alphabet.length] ?? "";
    rest = Math.floor(rest / alphabet.length);
  }
  return out;
}
