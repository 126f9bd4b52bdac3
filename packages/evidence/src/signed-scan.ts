// A scan's result that stands on its own: whoever holds it can check who said so, and that nothing was changed since.
import { isSignedBy, keyId, type Signer } from "./checkpoint.ts";
import { sha256 } from "./digest.ts";

/** Longest document, in bytes: a result as long as an agent sends, every character of it escaped once more. */
export const maxSignedScanBytes = 80 * 1024 * 1024;

/** What was signed by whom. */
export interface SignedScan {
  /** The signer's public key, raw, as 64 hexadecimal digits. */
  readonly key: string;
  /** Ed25519 over `signedScanText`, as 128 hexadecimal digits. */
  readonly signature: string;
  /** The result as JSON, exactly as signed. */
  readonly report: string;
}

/** @param report The result as JSON: its text is what is signed. */
export function signScan(report: string, signer: Signer): SignedScan {
  return { key: signer.publicKey, signature: signer.sign(signedScanText(report)), report };
}

/** What is signed. Its first line keeps it from being taken for anything else that the same key signs. */
function signedScanText(report: string): string {
  return `outweigh scan 1\n${sha256(report)}`;
}

/** Whether the signature is this key's on this result. */
export function isSignedScan({ key, signature, report }: SignedScan): boolean {
  return isSignedBy(key, signedScanText(report), signature);
}

/** As a file: one line of JSON. */
export function signedScanLine({ key, signature, report }: SignedScan): string {
  return `${JSON.stringify({ signedScan: 1, key, signature, report })}\n`;
}

/** Whether this is meant to be such a file, by its first bytes. */
export function looksSigned(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes.subarray(0, 64)).startsWith('{"signedScan":1,');
}

/** What such a file says, if its signature holds; or why it does not hold. Never throws. What is signed may be anything. */
export function readSignedScan(bytes: Uint8Array): SignedScan | { readonly problem: string } {
  const { signedScan, key, signature, report } = objectIn(bytes);
  if (signedScan !== 1 || typeof key !== "string" || typeof signature !== "string" || typeof report !== "string")
    return { problem: "it is no signed scan of version 1" };
  if (!/^[0-9a-f]{64}$/.test(key) || !/^[0-9a-f]{128}$/.test(signature))
    return { problem: "its key or signature is none" };
  const it = { key, signature, report };
  if (isSignedScan(it)) return it;
  return { problem: "its signature is not of this key on this result: it was changed, or another signed it" };
}

/** The names by which people trust a key: its id, in full, and as the evidence of an agent's enrolment has it. */
export function keyNames(key: string): readonly string[] {
  // RFC 8410 §4: SubjectPublicKeyInfo of an Ed25519 key is this and its 32 bytes.
  const spki = Buffer.from(`302a300506032b6570032100${key}`, "hex").toString("base64");
  return [keyId(key), key, spki];
}

function objectIn(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return { ...(typeof value === "object" && value !== null && value) };
  } catch {
    return {};
  }
}
