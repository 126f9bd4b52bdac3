// A scan's result that stands on its own: whoever holds it can check which agent said so, and that nothing was changed since.
import { createHash, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { scanReport, type ScanReport } from "@outweigh/schema";

/** Longest document, in bytes: a result as long as an agent sends, every character of it escaped once more. */
export const maxSignedScanBytes = 80 * 1024 * 1024;

interface ReadScan {
  /** The signer's public key, raw, as 64 hexadecimal digits. */
  readonly key: string;
  /** The names by which that key may be trusted: in full, its id, and as the evidence of its enrolment has it. */
  readonly names: readonly string[];
  readonly report: ScanReport;
}

/** One line of JSON: the result's own text, exactly as signed, with Ed25519 over its digest. */
export function signScan(report: ScanReport, privateKey: KeyObject): string {
  const text = JSON.stringify(report);
  const key = rawKeyOf(privateKey);
  const signature = sign(null, signedText(text), privateKey).toString("hex");
  return `${JSON.stringify({ signedScan: 1, key, signature, report: text })}\n`;
}

/** Whether this is meant to be such a document, by its first bytes. */
export function looksSigned(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 64)).toString("latin1").startsWith('{"signedScan":1,');
}

/** What was signed by whom; or why it does not hold. */
export function readSignedScan(bytes: Uint8Array): ReadScan | { readonly problem: string } {
  const value = parsed(Buffer.from(bytes).toString("utf8"));
  const { signedScan, key, signature, report: text } = { ...(isObject(value) && value) };
  if (signedScan !== 1 || typeof key !== "string" || typeof signature !== "string" || typeof text !== "string")
    return { problem: "it is no signed scan of version 1" };
  const publicKey = keyOf(key);
  if (!publicKey || !/^[0-9a-f]{128}$/.test(signature)) return { problem: "its key or signature is none" };
  if (!verify(null, signedText(text), publicKey, Buffer.from(signature, "hex")))
    return { problem: "its signature is not of this key on this result: it was changed, or another signed it" };
  const report = scanReport.safeParse(parsed(text));
  if (!report.success) return { problem: "what was signed is no result of a scan" };
  const spki = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  return { key, names: [key, keyIdOf(key), spki], report: report.data };
}

/** `ed25519:` and the first 32 digits of the key's SHA-256, as evidence names its signers. @param key Raw, in hexadecimal. */
export function keyIdOf(key: string): string {
  return `ed25519:${createHash("sha256").update(Buffer.from(key, "hex")).digest("hex").slice(0, 32)}`;
}

/** The id of the key that signs, as it is compared. */
export function signerId(privateKey: KeyObject): string {
  return keyIdOf(rawKeyOf(privateKey));
}

function rawKeyOf(privateKey: KeyObject): string {
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  return Buffer.from(x, "base64url").toString("hex");
}

function signedText(report: string): Buffer {
  return Buffer.from(`outweigh scan 1\n${createHash("sha256").update(report).digest("hex")}`);
}

function keyOf(key: string): KeyObject | undefined {
  if (!/^[0-9a-f]{64}$/.test(key)) return undefined;
  const x = Buffer.from(key, "hex").toString("base64url");
  try {
    return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  } catch {
    return undefined; // no point on the curve
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
