import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { sha256 } from "./digest.ts";
import { EvidenceError } from "./error.ts";
import { rootOf } from "./merkle.ts";
import type { Head } from "./log.ts";

/** A signed statement that a log had these entries at this time. Whoever keeps one can prove a later fork or rollback. */
export interface Checkpoint {
  readonly origin: string;
  /** How many entries. */
  readonly size: number;
  /** Root of the Merkle tree over their hashes. */
  readonly root: string;
  /** In ms since 1970. */
  readonly time: number;
  /** The signer's public key, raw, as 64 hexadecimal digits. */
  readonly key: string;
  /** Ed25519 over `checkpointNote`, as 128 hexadecimal digits. */
  readonly signature: string;
}

/** Whoever can sign with an Ed25519 key. */
export interface Signer {
  /** Raw, as 64 hexadecimal digits. */
  readonly publicKey: string;
  /** @returns The signature's 64 bytes as hexadecimal digits. */
  sign(message: string): string;
}

/** @param privateKey Ed25519, as PEM (PKCS #8) or a key object. @throws {EvidenceError} BAD_KEY */
export function signerOf(privateKey: string | KeyObject): Signer {
  const key = typeof privateKey === "string" ? readKey(privateKey) : privateKey;
  if (key.type !== "private" || key.asymmetricKeyType !== "ed25519") {
    throw new EvidenceError("BAD_KEY", `expected a private Ed25519 key, found ${key.asymmetricKeyType ?? key.type}`);
  }
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return {
    publicKey: Buffer.from(x, "base64url").toString("hex"),
    sign: (message) => sign(null, Buffer.from(message), key).toString("hex"),
  };
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new EvidenceError("BAD_KEY", "the signing key is no private key in PEM form", { cause });
  }
}

/** What people compare and write down: `ed25519:` and the first 32 digits of the key's SHA-256. */
export function keyId(publicKey: string): string {
  return `ed25519:${sha256(Buffer.from(publicKey, "hex")).slice(0, 32)}`;
}

/** Whether a signature is this key's on this message. False for anything malformed. */
export function isSignedBy(publicKey: string, message: string, signature: string): boolean {
  if (!/^[0-9a-f]{64}$/.test(publicKey) || !/^[0-9a-f]{128}$/.test(signature)) return false;
  const x = Buffer.from(publicKey, "hex").toString("base64url");
  try {
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    return verify(null, Buffer.from(message), key, Buffer.from(signature, "hex"));
  } catch {
    // A key that is no point on the curve has signed nothing.
    return false;
  }
}

/** Signs where a log stands. @param time In ms since 1970. */
export function checkpoint(head: Head, time: number, signer: Signer): Checkpoint {
  if (!Number.isSafeInteger(time) || time < 0) {
    throw new EvidenceError("BAD_ENTRY", `time is ${time}, expected whole milliseconds since 1970`);
  }
  const open = { origin: head.origin, size: head.size, root: rootOf(head.frontier), time };
  return { ...open, key: signer.publicKey, signature: signer.sign(checkpointNote(open)) };
}

/** Whether a checkpoint is signed by the key that it names, and that key is one of `keys` (any if not given). */
export function verifyCheckpoint(it: Checkpoint, keys?: readonly string[]): boolean {
  return (keys === undefined || keys.includes(it.key)) && isSignedBy(it.key, checkpointNote(it), it.signature);
}

/**
 * The text that is signed: origin, size, root in Base64, and the time on a line of its own, each ended by a line feed.
 * Source: C2SP tlog-checkpoint, with the time as its optional extension line.
 */
export function checkpointNote(it: Pick<Checkpoint, "origin" | "size" | "root" | "time">): string {
  return `${it.origin}\n${it.size}\n${Buffer.from(it.root, "hex").toString("base64")}\ntime ${it.time}\n`;
}

/** The checkpoint as a signed note, to commit to git or hand to a witness. Source: C2SP signed-note, type 0x01. */
export function signedNote(it: Checkpoint): string {
  const signature = Buffer.concat([noteKeyHash(it.origin, it.key), Buffer.from(it.signature, "hex")]);
  return `${checkpointNote(it)}\n— ${it.origin} ${signature.toString("base64")}\n`;
}

/** The four bytes by which a note names its key. */
export function noteKeyHash(name: string, publicKey: string): Uint8Array {
  const hash = createHash("sha256")
    .update(`${name}\n`)
    .update(new Uint8Array([1]))
    .update(publicKey, "hex")
    .digest();
  return hash.subarray(0, 4);
}
