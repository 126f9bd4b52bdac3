// The second factor: codes of an authenticator (RFC 6238), and recovery codes that are each good once.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { Secret, TOTP } from "otpauth";
import { digestOf } from "./tokens.ts";

/** RFC 4226 §4 R6 asks for 160 bits of secret. */
const secretBytes = 20;
/** Length of a step, in seconds, and how many steps a clock may be off: RFC 6238 §5.2 advises one. */
const period = 30;
const steps = 1;
/** Recovery codes that one account is given. */
const codes = 10;
/** Random bytes of each: their digests lie in the database, and must not be worth trying. */
const codeBytes = 10;

export function newTotp(): string {
  return new Secret({ buffer: new Uint8Array(randomBytes(secretBytes)).buffer }).base32;
}

/** What an authenticator reads: a link, as pages and QR codes hold it. */
export function totpUri(secret: string, account: string): string {
  return totpOf(secret, account).toString();
}

/** The step that a code is of, if it is of one about now and later than the last that was used. */
export function stepOf(secret: string, code: string, { now, last }: { readonly now: number; readonly last: number }) {
  if (!/^\d{6}$/.test(code)) return undefined;
  const delta = totpOf(secret, "").validate({ token: code, timestamp: now, window: steps });
  if (delta === null) return undefined;
  const step = Math.floor(now / 1000 / period) + delta;
  return step > last ? step : undefined;
}

function totpOf(secret: string, label: string): TOTP {
  return new TOTP({ issuer: "Outweigh", label, period, secret: Secret.fromBase32(secret) });
}

/** New recovery codes, and what is stored of them. */
export function newRecoveryCodes(): { readonly codes: string[]; readonly digests: string[] } {
  const made = Array.from({ length: codes }, () => {
    const text = new Secret({ buffer: new Uint8Array(randomBytes(codeBytes)).buffer }).base32.toLowerCase();
    return text.match(/.{4}/g)?.join("-") ?? text;
  });
  return { codes: made, digests: made.map(recoveryDigest) };
}

/** People type them with and without dashes, in any case. */
export function recoveryDigest(code: string): string {
  return digestOf(code.toLowerCase().replace(/[^a-z2-7]/g, ""));
}

/** AES-256-GCM with a key of the data folder: who steals the database alone makes no codes. */
export function encrypt(text: string, key: Buffer): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const encrypted = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]).toString("base64");
}

/** @throws for what was not encrypted with this key. */
export function decrypt(text: string, key: Buffer): string {
  const bytes = Buffer.from(text, "base64");
  const cipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
  cipher.setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([cipher.update(bytes.subarray(28)), cipher.final()]).toString("utf8");
}
