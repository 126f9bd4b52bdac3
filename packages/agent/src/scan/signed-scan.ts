// A scan's result, signed by who made it. The format and its proof are evidence's.
import type { KeyObject } from "node:crypto";
import {
  keyId,
  keyNames,
  readSignedScan as readText,
  signerOf,
  signScan as signText,
  type SignedScan,
} from "@outweigh/evidence";
import { scanReport, type ScanReport } from "@outweigh/schema";

interface ReadScan {
  /** The signer's public key, raw, as 64 hexadecimal digits. */
  readonly key: string;
  /** The names by which that key may be trusted. */
  readonly names: readonly string[];
  readonly report: ScanReport;
}

/** @throws {EvidenceError} BAD_KEY unless it is a private Ed25519 key. */
export function signScan(report: ScanReport, privateKey: KeyObject): SignedScan {
  return signText(JSON.stringify(report), signerOf(privateKey));
}

/** What was signed by whom; or why it does not hold. */
export function readSignedScan(bytes: Uint8Array): ReadScan | { readonly problem: string } {
  const read = readText(bytes);
  if ("problem" in read) return read;
  const report = scanReport.safeParse(parsed(read.report));
  if (!report.success) return { problem: "what was signed is no result of a scan" };
  return { key: read.key, names: keyNames(read.key), report: report.data };
}

/** The id of the key that signs, as it is compared. */
export function signerId(privateKey: KeyObject): string {
  return keyId(signerOf(privateKey).publicKey);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
